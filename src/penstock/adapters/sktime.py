"""Penstock's models as forecasters of sktime."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from penstock.errors import DataError
from penstock.estimator import Estimator
from penstock.extras import library

__all__ = ["SktimeForecaster"]

_base: Any = library("sktime.forecasting.base", "sktime", "penstock.adapters.sktime")


class SktimeForecaster(_base.BaseForecaster):  # type: ignore[misc]  # sktime is not typed
    """A model of series with sktime's interface: pipelines, searches, evaluation and reconciliation take it.

    The horizon of the model is the largest step of the forecasting horizon that ``fit`` is given. Panels and
    hierarchies are fitted together, series by series for models that do so. Exogenous columns are known covariates of
    models that use them (``capability:exogenous``). After ``update(y, update_params=False)`` forecasts start from the
    newer rows without another fit; ``update_params=True`` fits again on all rows.

    Parameters
    ----------
    model : penstock.estimator.Estimator
        Any forecaster or baseline of Penstock. It is cloned; its options are reached as ``model__window``.
    missing : str, default="error"
        What is done where values are missing, as in the model's ``fit``.

    Attributes
    ----------
    model_
        The fitted model.

    Examples
    --------
    >>> import pandas as pd
    >>> from penstock.baselines.drift import Drift
    >>> y = pd.Series([1.0, 2.0, 3.0], index=pd.period_range("2024-01", periods=3, freq="M"))
    >>> SktimeForecaster(Drift()).fit(y, fh=[1, 3]).predict().tolist()
    [4.0, 6.0]
    """

    _tags: ClassVar[dict[str, Any]] = {
        "authors": ["The Penstock developers"],
        "maintainers": ["The Penstock developers"],
        "python_dependencies": None,
        "y_inner_mtype": ["pd.Series", "pd-multiindex", "pd_multiindex_hier"],
        "X_inner_mtype": ["pd.DataFrame", "pd-multiindex", "pd_multiindex_hier"],
        "capability:multivariate": False,
        "capability:exogenous": True,
        "capability:insample": False,
        "capability:pred_int": True,
        "capability:pred_int:insample": False,
        "capability:missing_values": False,
        "capability:non_contiguous_X": False,
        "capability:categorical_in_X": False,
        "capability:unequal_length": False,
        "capability:update": True,
        "requires-fh-in-fit": True,
    }

    def __init__(self, model: Estimator, missing: str = "error") -> None:
        self.model = model
        self.missing = missing
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of the default that the next line sets
            super().__init__()
        self.set_config(remember_data=False)  # the rows are kept here, in the form that they are read in
        self.set_tags(**{"capability:exogenous": "known" in model.covariates})
        if missing != "error":
            self.set_tags(**{"capability:missing_values": True})

    def _fit(self, y: Any, X: Any, fh: Any) -> SktimeForecaster:
        self._rows, self._exogenous = y, X if "known" in self.model.covariates else None
        known = [] if self._exogenous is None else _names(X)
        model = self.model.clone().set_params(horizon=int(self._steps(fh).max()))
        self.model_ = model.fit(_long(y, self._exogenous), known=known, missing=self.missing)
        return self

    def _update(self, y: Any, X: Any = None, update_params: bool = True) -> SktimeForecaster:
        rows = _followed(self._rows, y)
        exogenous = None if self._exogenous is None else _followed(self._exogenous, X)
        if update_params:
            return self._fit(rows, exogenous, self.fh)
        self._rows, self._exogenous = rows, exogenous
        return self

    def _predict(self, fh: Any, X: Any) -> Any:
        values, index = self._forecast(X, ())["yhat"].to_numpy()[self._places(fh)], self._index(fh)
        if isinstance(self._rows, pd.Series):
            return pd.Series(values, index=index, name=self._rows.name)
        return pd.DataFrame({self._rows.columns[0]: values}, index=index)

    def _predict_interval(self, fh: Any, X: Any, coverage: Any) -> Any:
        levels = [100 * share for share in coverage]
        found, places = self._forecast(X, levels), self._places(fh)
        columns = pd.MultiIndex.from_product([self._get_varnames(), coverage, ["lower", "upper"]])
        bounds = [found[f"{side}-{level:g}"].to_numpy()[places] for level in levels for side in ("lo", "hi")]
        return pd.DataFrame(np.column_stack(bounds), index=self._index(fh), columns=columns)

    def _forecast(self, X: Any, level: Any) -> Any:
        future = None if self._exogenous is None else _ahead(X, self._rows)
        return self.model_.predict(_long(self._rows, self._exogenous), future=future, level=level)

    def _steps(self, fh: Any) -> Any:
        steps = np.asarray(fh.to_relative(self.cutoff).to_numpy())
        if (steps != np.round(steps)).any() or (steps < 1).any():
            raise DataError(f"the forecasting horizon {steps.tolist()} is not ahead of the cutoff in whole steps.")
        return steps.astype(np.int64)

    def _places(self, fh: Any) -> Any:
        """Return the rows of the forecasts of all series that were asked for."""
        starts = np.arange(_instances(self._rows)) * self.model_.horizon
        return (starts[:, None] + self._steps(fh) - 1).ravel()

    def _index(self, fh: Any) -> Any:
        ahead = fh.to_absolute_index(self.cutoff)
        if isinstance(self._rows, pd.Series):
            return ahead
        keys = self._rows.index.droplevel(-1).unique()
        rows = [(*(key if isinstance(key, tuple) else (key,)), time) for key in keys for time in ahead]
        return pd.MultiIndex.from_tuples(rows, names=self._rows.index.names)

    @classmethod
    def get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:
        """Return the settings that sktime's own checks run.

        Parameters
        ----------
        parameter_set
            Name of the set; there is one.

        Returns
        -------
        Arguments of the constructor.
        """
        from penstock.baselines.arx import ARX
        from penstock.baselines.drift import Drift

        return [{"model": Drift()}, {"model": ARX(2)}]


def _names(X: Any) -> list[str]:
    """Return names for exogenous columns that no other column has."""
    return [f"known {place}" for place in range(X.shape[1])]


def _followed(rows: Any, later: Any) -> Any:
    """Return rows followed by later ones; those at the same times are replaced."""
    return later if rows is None else pd.concat([rows[~rows.index.isin(later.index)], later]).sort_index()


def _instances(y: Any) -> int:
    return 1 if y.index.nlevels == 1 else len(y.index.droplevel(-1).unique())


def _long(y: Any, X: Any) -> Any:
    """Return the rows of a series, a panel or a hierarchy of sktime as a long frame, with exogenous columns."""
    index = y.index
    values = y.to_numpy() if y.ndim == 1 else y.iloc[:, 0].to_numpy()
    data: dict[str, Any] = {"ds": index if index.nlevels == 1 else index.get_level_values(-1), "y": values}
    if index.nlevels > 1:
        data["unique_id"] = _ids(index)
    if X is not None:
        aligned = X.reindex(index) if not X.index.equals(index) else X
        data |= {name: aligned.iloc[:, place].to_numpy(float) for place, name in enumerate(_names(X))}
    return pd.DataFrame(data)


def _ids(index: Any) -> list[str]:
    keys = index.droplevel(-1)
    return [" / ".join(map(str, key)) if isinstance(key, tuple) else str(key) for key in keys]


def _ahead(X: Any, y: Any) -> Any:
    """Return the exogenous rows after the last of each series."""
    index = X.index
    if index.nlevels == 1:
        X = X[index > y.index[-1]]
        return pd.DataFrame({"ds": X.index} | {n: X.iloc[:, p].to_numpy(float) for p, n in enumerate(_names(X))})
    X = X[index.get_level_values(-1) > y.index.get_level_values(-1).max()]
    data: dict[str, Any] = {"unique_id": _ids(X.index), "ds": X.index.get_level_values(-1)}
    return pd.DataFrame(data | {n: X.iloc[:, p].to_numpy(float) for p, n in enumerate(_names(X))})
