"""The forecaster's own intervals: from the network where it has learned them, else from the validation tail."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.errors import OptionError
from penstock.forecaster.options import ForecasterOptions
from penstock.forecaster.reader import Reader
from penstock.intervals.tail import TailErrors
from penstock.training.heads import Value

__all__ = ["ForecasterIntervals"]


class ForecasterIntervals(ForecasterOptions):
    """What :class:`penstock.forecaster.Forecaster` says of its own errors."""

    reader_: Reader
    tail_rows_: NDArray[np.int64]
    errors_: TailErrors | None = None

    @abstractmethod
    def _outputs_at(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> NDArray[np.float64]:
        """Give the outputs for the series of each origin, still scaled, ``[members, n, horizon, width]``."""

    @abstractmethod
    def _in_units(
        self, steps: NDArray[np.float64], panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Bring what a head says of scaled steps ahead ``[members, n, horizon]`` to the units of the target."""

    def _bounds(
        self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64], levels: tuple[float, ...]
    ) -> NDArray[np.float64]:
        head = self.head()
        if isinstance(head, Value):
            spreads = self.reader_.spreads(panel, origins, fitted)
            around = self._tail_errors().bounds(fitted[panel.series_of(origins)], spreads, levels)
            return self.aggregate(self._forecast(panel, origins, fitted)) + around
        out = self._outputs_at(panel, origins, fitted)
        sides = [head.bounds(out, level) for level in levels]
        return np.array([[self.aggregate(self._in_units(s, panel, origins, fitted)) for s in pair] for pair in sides])

    def _sigma(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> NDArray[np.float64] | None:
        head = self.head()
        if isinstance(head, Value):
            spreads = self.reader_.spreads(panel, origins, fitted)
            return self._tail_errors().deviations(fitted[panel.series_of(origins)], spreads)
        out = self._outputs_at(panel, origins, fitted)
        deviation, centre = head.deviation(out), head.centre(out)
        if deviation is None:
            return None
        upper, middle = (self._in_units(each, panel, origins, fitted) for each in (centre + deviation, centre))
        return self.aggregate(upper - middle)

    def _tail_errors(self) -> TailErrors:
        """Forecast the validation tail, which stands in the rows that are kept; after an update its errors are kept."""
        if self.errors_ is not None:
            return self.errors_
        panel, horizon = self.tail_, self.horizon
        if (self.tail_rows_ < horizon).all():
            raise OptionError(
                f"{self.label} has no validation tail of training rows to take intervals from; fit it with validation= "
                "above 0 and no validation frame, or with loss='pinball', 'gaussian' or 'student'."
            )
        tails = [(end, rows) for end, rows in zip(panel.offsets[1:], self.tail_rows_, strict=True) if rows >= horizon]
        origins = np.concatenate([np.arange(end - rows - 1, end - horizon) for end, rows in tails])
        targets = origins[:, None] + np.arange(1, horizon + 1)
        errors = panel.y[targets] - self.aggregate(self.forecast_panel(panel, origins))
        spreads = self.reader_.spreads(panel, origins, self._fitted_series(panel))[:, None]
        unknown = panel.filled[targets] | (spreads == 0)
        errors = np.where(unknown, np.nan, errors / np.where(spreads == 0, 1, spreads))
        return TailErrors(errors, panel.series_of(origins))
