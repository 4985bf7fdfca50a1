"""The score of a fitted model of series on later rows, and what scikit-learn asks of an estimator beside it."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.later import LaterRows, read_later
from penstock.data.panel import Panel
from penstock.data.reading.table import with_target
from penstock.errors import DataError

__all__ = ["LaterForecasts", "SeriesScore", "forecast_later"]


@dataclass(frozen=True, eq=False)
class LaterForecasts:
    """Forecasts from every cutoff among later rows whose whole horizon lies within them.

    Attributes
    ----------
    later, panel
        The rows that the model keeps followed by the later ones, and their panel.
    origins
        Flat rows of the cutoffs, ``[n]``.
    y, yhat, naive
        Values, forecasts, and the last value at each cutoff, ``[n, horizon]``.
    known
        Values that no missing one was carried into, ``[n, horizon]``.
    """

    later: LaterRows
    panel: Panel
    origins: NDArray[np.int64]
    y: NDArray[np.float64]
    yhat: NDArray[np.float64]
    naive: NDArray[np.float64]
    known: NDArray[np.bool_]


def forecast_later(model: Any, frame: Any) -> LaterForecasts:
    """Forecast from the last row that a fitted model knows, and from every later row.

    Parameters
    ----------
    model
        A fitted model of series; it is not fitted again.
    frame
        Later rows in the columns of its fit. Those that it has seen are left out.

    Returns
    -------
    Forecasts, values and last values.

    Raises
    ------
    DataError
        Where no horizon lies within the later rows, or the frame cannot be read.
    """
    (later, panel), steps = read_later(model, frame), model.horizon
    firsts = [max(later.kept.get(name, 0), model.rows_needed) - 1 for name in panel.ids]
    spans = [
        np.arange(panel.offsets[series] + first, panel.offsets[series + 1] - steps)
        for series, first in enumerate(firsts)
    ]
    origins = np.concatenate(spans) if spans else np.zeros(0, dtype=np.int64)
    if not len(origins):
        raise DataError(
            f"{later.new} rows came after those that the {model.label} has seen ({later.seen + later.older} of the "
            f"frame are left out); a forecast needs {steps} to be scored."
        )
    targets: NDArray[np.int64] = origins[:, None] + np.arange(1, steps + 1)
    yhat = model.aggregate(model.forecast_panel(panel, origins))
    naive = np.repeat(panel.y[origins][:, None], steps, axis=1)
    return LaterForecasts(later, panel, origins, panel.y[targets], yhat, naive, ~panel.filled[targets])


class SeriesScore(abc.ABC):
    """A model of series among scikit-learn's tools: its score on rows that came after its fit, and its tags."""

    @property
    @abc.abstractmethod
    def label(self) -> str:
        """Short name in tables."""

    @abc.abstractmethod
    def _require_fit(self) -> None:
        """Refuse to go on where there is no fit, or none with these options."""

    def aggregate(self, members: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mean of the members' forecasts.

        Parameters
        ----------
        members
            Forecasts ``[members, ...]``.

        Returns
        -------
        Their mean, ``[...]``.
        """
        return members.mean(axis=0)

    def not_scored(self, panel: Panel) -> str:
        """Say why forecasts cannot be scored against the target of a panel; empty where they can."""
        return ""

    def score(self, frame: Any, y: Any = None) -> float:
        """Return the skill over the last value on rows that came after the fit: 1 − MSE / MSE of the last value.

        Each row is a cutoff: `horizon` steps are forecast from the last row of the fit and from every later one, as far
        as values follow, without fitting again. 0 is as good as the last value, 1 is without error. It is what
        scikit-learn's searches maximise unless they are given another ``scoring``.

        Parameters
        ----------
        frame
            Rows in the columns of the fit that follow those of the fit; rows that the model has seen are left out.
        y
            Values of the target, one a row, where the frame does not hold them.

        Returns
        -------
        The skill.

        Raises
        ------
        DataError
            Where no whole horizon lies within the later rows, rows are missing between, the last value makes no error,
            or forecasts are no values of the target.
        OptionError
            Before a fit.
        """
        self._require_fit()
        target = self.kind_.columns.target  # type: ignore[attr-defined]  # a fit keeps it
        found = forecast_later(self, with_target(frame, y, target))
        if reason := self.not_scored(found.panel):
            raise DataError(f"no score: {reason}.")
        error, naive = (float(np.mean((found.y - each)[found.known] ** 2)) for each in (found.yhat, found.naive))
        if naive == 0:
            raise DataError(f"{self.label}: the last value makes no error in these rows; skill over it does not exist.")
        return 1 - error / naive

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, Tags, TargetTags

        return Tags(
            estimator_type=None,
            target_tags=TargetTags(required=False),
            input_tags=InputTags(two_d_array=True, string=True, allow_nan=True),
        )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "fitted_options_")
