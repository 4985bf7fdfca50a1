"""Penstock's models behind the interface of StatsForecast and NeuralForecast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import narwhals.stable.v2 as nw
import numpy as np

from penstock.errors import DataError, OptionError
from penstock.estimator import Estimator
from penstock.evaluation.compare import compare
from penstock.evaluation.result import unique_name
from penstock.evaluation.rolling_origin import RollingOrigin

__all__ = ["Forecasts"]


class Forecasts:
    """Several models with ``fit(df)``, ``predict()`` and ``cross_validation(df)``; each is a column of the answers.

    Frames are long: ``unique_id``, ``ds``, ``y``, in pandas or polars. All other columns of a fit are known covariates
    of the models that use them.

    Parameters
    ----------
    models
        Models of Penstock, or models by name. They are cloned.
    freq
        Not needed: how times go on is read from the rows. It is taken so that calls need no change.

    Attributes
    ----------
    models_
        The fitted models by name.

    Examples
    --------
    >>> import pandas as pd
    >>> from penstock.baselines.drift import Drift
    >>> df = pd.DataFrame({"unique_id": "a", "ds": range(20), "y": np.arange(20.0)})
    >>> Forecasts([Drift()], freq=1).fit(df, h=2).predict().to_dict("list")
    {'unique_id': ['a', 'a'], 'ds': [20, 21], 'Drift': [20.0, 21.0]}
    """

    def __init__(self, models: Sequence[Estimator] | dict[str, Estimator], freq: Any = None) -> None:
        self.models: dict[str, Estimator] = dict(models) if isinstance(models, dict) else {}
        self.freq = freq
        for model in () if isinstance(models, dict) else models:
            self.models[unique_name(model.label, self.models)] = model

    def fit(
        self, df: Any, *, h: int | None = None, id_col: str = "unique_id", time_col: str = "ds", target_col: str = "y"
    ) -> Self:
        """Fit every model afresh.

        Parameters
        ----------
        df
            Long frame.
        h
            Steps ahead; left out: the horizon of each model.
        id_col, time_col, target_col
            Names of its columns.

        Returns
        -------
        This object.
        """
        self._columns, models = (id_col, time_col, target_col), {}
        for name, given in self.models.items():
            model = given.clone() if h is None else given.clone().set_params(horizon=h)
            known = _known(df, self._columns) if "known" in model.covariates else []
            models[name] = model.fit(df, id=id_col, time=time_col, target=target_col, known=known)
        self.models_ = models
        return self

    def predict(self, h: int | None = None, *, X_df: Any = None, level: float | Sequence[float] = ()) -> Any:
        """Forecast the steps after the end of each series.

        Parameters
        ----------
        h
            Steps ahead, at most those of the fit; left out: as many as the model with the longest horizon.
        X_df
            Rows of known covariates ahead (``futr_df`` of NeuralForecast).
        level
            Levels of intervals in percent: columns such as ``AR(3)-lo-80``.

        Returns
        -------
        ``unique_id``, ``ds`` and a column a model.
        """
        if not hasattr(self, "models_"):
            raise OptionError("not fitted yet; call fit(df) first.")
        steps = max(model.horizon for model in self.models_.values()) if h is None else h
        short = [name for name, model in self.models_.items() if model.horizon < steps]
        if short:
            raise OptionError(
                f"h={steps}, but {short[0]} was fitted for {self.models_[short[0]].horizon}; fit for as many: "
                f"fit(df, h={steps})."
            )
        id_col, time_col, _ = self._columns
        tables = {}
        for name, model in self.models_.items():
            future = X_df if model.kind_.columns.known else None
            found = nw.from_native(model.predict(future=future, level=level), eager_only=True)
            rows = np.flatnonzero(np.arange(len(found)) % model.horizon < steps)
            tables[name] = nw.maybe_reset_index(found[rows.tolist()])
        first = next(iter(tables.values()))
        columns = [first[each].alias(each) for each in (id_col, time_col) if each in first.columns]
        for name, table in tables.items():
            columns += [table["yhat"].alias(name)]
            columns += [table[each].alias(f"{name}-{each}") for each in table.columns if each[:3] in ("lo-", "hi-")]
        return first.select(columns).to_native()

    def cross_validation(
        self,
        df: Any,
        h: int,
        *,
        n_windows: int = 1,
        step_size: int = 1,
        refit: bool | int = True,
        input_size: int | None = None,
        level: float | Sequence[float] = (),
        id_col: str = "unique_id",
        time_col: str = "ds",
        target_col: str = "y",
    ) -> Any:
        """Forecast from the last cutoffs of each series.

        Parameters
        ----------
        df
            Long frame.
        h
            Steps ahead.
        n_windows, step_size
            Number of cutoffs, and steps from one to the next.
        refit
            Whether models are fitted afresh at every cutoff, or after how many; False: once, before the first.
        input_size
            Newest rows of each series that are fitted to; left out: all.
        level
            Levels of intervals in percent, of the models' own.
        id_col, time_col, target_col
            Names of the columns.

        Returns
        -------
        ``unique_id``, ``ds``, ``cutoff``, ``y`` and a column a model, in the order of the series.
        """
        names = (id_col, time_col, target_col)
        every = int(refit) if refit else None
        split = RollingOrigin(
            horizon=h, test=h + step_size * (n_windows - 1), step=step_size, refit=every, train=input_size,
            align="series",
        )  # fmt: skip
        models = {name: model.clone().set_params(horizon=h) for name, model in self.models.items()}
        uses = any("known" in model.covariates for model in models.values())
        known = _known(df, names) if uses else []
        result = compare(
            models, df, split, id=id_col, time=time_col, target=target_col, known=known, strict=True,
            level=level or None, intervals="own" if level else "conformal",
        )  # fmt: skip
        table = nw.from_native(result.forecasts, eager_only=True)
        order = np.argsort(result.panel.series_of(result.origins).repeat(h), kind="stable")  # folds, series by series
        parts = {name: nw.maybe_reset_index(table.filter(nw.col("model") == name)[order.tolist()]) for name in models}
        first = next(iter(parts.values()))
        columns = [first[each].alias(each) for each in (id_col, time_col, "cutoff") if each in first.columns]
        columns.append(first["y"].alias(target_col))
        for name, part in parts.items():
            columns += [part["yhat"].alias(name)]
            columns += [part[each].alias(f"{name}-{each}") for each in part.columns if each[:3] in ("lo-", "hi-")]
        return first.select(columns).to_native()


def _known(df: Any, names: tuple[str, ...]) -> list[str]:
    columns = nw.from_native(df, eager_only=True).columns
    if missing := [name for name in names[1:] if name not in columns]:
        raise DataError(f"the frame has no column {missing[0]!r}; it has {columns}.")
    return [name for name in columns if name not in names]
