"""Models of other libraries, told apart by the package that their class comes from."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from penstock.data.columns import Columns
from penstock.errors import OptionError
from penstock.estimator import Estimator

__all__ = ["LagRegressor", "SeriesBySeries", "WholeFrame", "library_model"]

Values = NDArray[np.float64]

_LAGS = 12


@dataclass(eq=False)
class SeriesBySeries:
    """A model of one series: it is fitted afresh to the rows of each series whenever it forecasts.

    Attributes
    ----------
    model
        The library's model, unfitted.
    forecast
        ``forecast(model, values, horizon)`` gives the values to come.
    """

    model: Any
    forecast: Callable[[Any, Values, int], Any]
    columns: Columns
    horizon: int

    def fit(self, frame: Any) -> None:
        """Learn nothing yet."""

    def predict(self, frame: Any) -> Values:
        """Fit to each series of a frame and forecast it, ``[series, horizon]``."""
        return np.stack(
            [
                np.asarray(self.forecast(copy.deepcopy(self.model), y, self.horizon), dtype=np.float64).ravel()
                for y in _series(frame, self.columns)
            ]
        )


@dataclass(eq=False)
class WholeFrame:
    """A model of a library that reads a long frame with its own column names, and is fitted afresh to each."""

    model: Any
    forecast: Callable[[Any, Any, int], Any]
    columns: Columns
    horizon: int

    def fit(self, frame: Any) -> None:
        """Learn nothing yet."""

    def predict(self, frame: Any) -> Any:
        """Fit to a frame and forecast it."""
        table = nw.from_native(frame, eager_only=True)
        names = {self.columns.id: "unique_id", self.columns.time: "ds", self.columns.target: "y"}
        table = table.rename({given: name for given, name in names.items() if given in table.columns})
        if "unique_id" not in table.columns:
            table = table.with_columns(unique_id=nw.lit("series"))
        return self.forecast(copy.deepcopy(self.model), table.to_pandas(), self.horizon)


@dataclass(eq=False)
class LagRegressor:
    """A regressor of scikit-learn's grammar on the last values: one for each step ahead, for all series together.

    Each window is scaled by its own mean and mean absolute step, so that series of any level are learned together.
    """

    model: Any
    columns: Columns
    horizon: int

    def fit(self, frame: Any) -> None:
        """Fit one copy of the regressor for each step ahead."""
        from sklearn.base import clone

        self.fitted = []
        series = _series(frame, self.columns)
        self.lags = min(_LAGS, max(min(len(y) for y in series) - self.horizon - 1, 1))
        for step in range(1, self.horizon + 1):
            parts = [self._windows(y, len(y) - step) for y in series]
            X = np.concatenate([X for X, _, _ in parts])
            y = np.concatenate(
                [
                    (values[self.lags - 1 + step :] - level) / spread
                    for values, (_, level, spread) in zip(series, parts, strict=True)
                ]
            )
            if not len(y):
                raise OptionError(
                    f"{type(self.model).__name__}: no series has a row {step} steps after {self.lags} lags; give more "
                    "rows, fewer lags, or a shorter horizon."
                )
            self.fitted.append(clone(self.model).fit(X, y))

    def predict(self, frame: Any) -> Values:
        """Forecast each series of a frame, ``[series, horizon]``."""
        found = []
        for y in _series(frame, self.columns):
            X, level, spread = self._windows(y, len(y))
            steps = [float(np.ravel(each.predict(X[-1:]))[0]) for each in self.fitted]
            found.append(level[-1] + spread[-1] * np.array(steps))
        return np.stack(found)

    def _windows(self, y: Values, ends: int) -> tuple[Values, Values, Values]:
        """Return the windows of the first `ends` rows, scaled, with the level and the spread of each."""
        windows = (
            np.lib.stride_tricks.sliding_window_view(y[:ends], self.lags) if ends >= self.lags else np.empty((0, 1))
        )
        level = windows.mean(axis=1)
        spread = np.abs(np.diff(windows, axis=1)).mean(axis=1) if self.lags > 1 else np.ones(len(windows))
        spread = np.where(spread > 0, spread, 1.0)
        return (windows - level[:, None]) / spread[:, None], level, spread


def library_model(model: Any, columns: Columns, horizon: int) -> SeriesBySeries | WholeFrame | LagRegressor | None:
    """Wrap a model of a library that is known; None for any other.

    Raises
    ------
    OptionError
        Where the library's model cannot be fitted to other rows.
    """
    packages = {kind.__module__.partition(".")[0] for kind in type(model).__mro__}
    name = type(model).__name__
    if "statsmodels" in packages:
        raise OptionError(
            f"{name} of statsmodels holds the rows that it was made with; give a function that makes it from those of "
            f"each cutoff: def {name.lower()}(frame, horizon): return "
            f"{name}(frame['y'].to_numpy()).fit().forecast(horizon)."
        )
    held = getattr(model, "estimator", None)
    if "sklearn" in packages and isinstance(held, Estimator):
        space = getattr(model, "param_grid", None) or getattr(model, "param_distributions", "{...}")
        raise OptionError(
            f"{name} cuts rows of X and y, and {held.label} forecasts series; give penstock.Tuned({held!r}, {space!r})"
            ", which chooses on the training rows of each fit."
        )
    if "statsforecast" in packages:
        if hasattr(model, "models") and hasattr(model, "forecast"):
            return WholeFrame(model, _statsforecast_frame, columns, horizon)
        return SeriesBySeries(model, lambda one, y, h: one.forecast(y=y, h=h)["mean"], columns, horizon)
    if "neuralforecast" in packages and hasattr(model, "models"):
        return WholeFrame(model, _neuralforecast_frame, columns, horizon)
    if "sktime" in packages:
        return SeriesBySeries(model, _sktime, columns, horizon)
    if "darts" in packages:
        return SeriesBySeries(model, _darts, columns, horizon)
    if {"sklearn", "lightgbm", "xgboost"} & packages and hasattr(model, "fit") and hasattr(model, "predict"):
        return LagRegressor(model, columns, horizon)
    return None


def _statsforecast_frame(model: Any, frame: Any, horizon: int) -> Any:
    return model.forecast(df=frame, h=horizon)


def _neuralforecast_frame(model: Any, frame: Any, horizon: int) -> Any:
    model.fit(frame)
    return model.predict(frame)


def _sktime(model: Any, y: Values, horizon: int) -> Any:
    import pandas as pd

    steps = list(range(1, horizon + 1))
    model.fit(pd.Series(y), fh=steps)
    return model.predict(fh=steps).to_numpy()


def _darts(model: Any, y: Values, horizon: int) -> Any:
    from darts import TimeSeries

    model.fit(TimeSeries.from_values(y))
    return model.predict(horizon).values()[:, 0]


def _series(frame: Any, columns: Columns) -> list[Values]:
    """Give the values of each series of a frame, in the order in which they appear."""
    table = nw.from_native(frame, eager_only=True)
    y = np.asarray(table[columns.target].to_numpy(), dtype=np.float64)
    if columns.id not in table.columns:
        return [y]
    names = table[columns.id].to_list()
    places = {name: place for place, name in enumerate(dict.fromkeys(names))}
    own = np.array([places[name] for name in names])
    return [y[own == place] for place in range(len(places))]
