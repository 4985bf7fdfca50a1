"""What a stream answers to a row."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.errors import OptionError

__all__ = ["StreamForecast"]

Values = NDArray[np.float64]


class StreamForecast:
    """The forecast made after a row of one series.

    Attributes
    ----------
    id
        Name of the series; None for a single series without one.
    values
        The forecasts, then the lower and the upper bounds of each level, ``[1 + 2 levels, horizon]``.
    levels
        Levels of the intervals in percent, ascending.
    time
        Time of the row, as a whole number: counted steps, or nanoseconds in UTC since 1970.

    Examples
    --------
    >>> forecast = StreamForecast("A", np.array([[5.0], [4.0], [6.5]]), (80,), lambda series, time: time + 1, 0, 7)
    >>> forecast.yhat.tolist(), [bound.tolist() for bound in forecast.interval(80)], forecast
    ([5.0], [[4.0], [6.5]], StreamForecast('A': 5 [80 %: 4, 6.5]))
    """

    __slots__ = ("_after", "_series", "id", "levels", "time", "values")

    def __init__(
        self,
        id: Hashable,
        values: Values,
        levels: tuple[float, ...],
        after: Callable[[int, int], NDArray[Any]],
        series: int,
        time: int,
    ) -> None:
        self.id = id
        self.values = values
        self.levels = levels
        self._after = after
        self._series = series
        self.time = time

    @property
    def yhat(self) -> Values:
        """The forecasts of the steps ahead, ``[horizon]``."""
        return self.values[0]

    @property
    def times(self) -> NDArray[Any]:
        """The times of the steps ahead, ``[horizon]``, in UTC where the column had a zone."""
        return self._after(self._series, self.time)

    def interval(self, level: float | None = None) -> tuple[Values, Values]:
        """Return the lower and the upper bounds of a level.

        Parameters
        ----------
        level
            Level in percent, one of those that the stream was made with; None: the only one.

        Returns
        -------
        Lower and upper bounds, ``[horizon]`` each; infinite as long as too few errors are known.

        Raises
        ------
        OptionError
            Where the stream gives no such interval.

        Examples
        --------
        >>> StreamForecast(None, np.zeros((1, 1)), (), lambda series, time: time, 0, 7).interval(80)
        Traceback (most recent call last):
        penstock.errors.OptionError: level=80 is not given by this stream; allowed: model.stream(level=80).
        """
        if level is None and len(self.levels) == 1:
            level = self.levels[0]
        if level not in self.levels:
            shown = ", ".join(f"{each:g}" for each in self.levels) or f"model.stream(level={level or 80})"
            raise OptionError(f"level={level} is not given by this stream; allowed: {shown}.")
        place = 1 + 2 * self.levels.index(level)
        return self.values[place], self.values[place + 1]

    def __repr__(self) -> str:
        """Show the first step ahead."""
        bounds = "".join(
            f" [{level:g} %: {self.values[1 + 2 * place][0]:g}, {self.values[2 + 2 * place][0]:g}]"
            for place, level in enumerate(self.levels)
        )
        whose = "" if self.id is None else f"{self.id!r}: "
        return f"StreamForecast({whose}{self.values[0][0]:g}{bounds})"
