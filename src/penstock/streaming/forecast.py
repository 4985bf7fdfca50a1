"""What a stream answers to a row."""

from __future__ import annotations

from collections.abc import Hashable
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
    values
        The forecasts, then the lower and the upper bounds of each level, ``[1 + 2 levels, horizon]``.
    time
        Time of the row, as a whole number: counted steps, or nanoseconds in UTC since 1970.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> stream = SimpleNamespace(ids=["A"], levels=(80,))
    >>> forecast = StreamForecast(stream, 0, 7, np.array([[5.0], [4.0], [6.5]]))
    >>> forecast.yhat.tolist(), [bound.tolist() for bound in forecast.interval(80)], forecast
    ([5.0], [[4.0], [6.5]], StreamForecast('A': 5 [80 %: 4, 6.5]))
    """

    __slots__ = ("_series", "_stream", "time", "values")

    def __init__(self, stream: Any, series: int, time: int, values: Values) -> None:
        self._stream = stream
        self._series = series
        self.time = time
        self.values = values

    @property
    def id(self) -> Hashable:
        """Name of the series; None for a single series without one."""
        name: Hashable = self._stream.ids[self._series]
        return name

    @property
    def levels(self) -> tuple[float, ...]:
        """Levels of the intervals in percent, ascending."""
        levels: tuple[float, ...] = self._stream.levels
        return levels

    @property
    def yhat(self) -> Values:
        """The forecasts of the steps ahead, ``[horizon]``."""
        return self.values[0]

    @property
    def times(self) -> NDArray[Any]:
        """The times of the steps ahead, ``[horizon]``, in UTC where the column had a zone."""
        after: NDArray[Any] = self._stream._times_after(self._series, self.time)
        return after

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
        >>> from types import SimpleNamespace
        >>> StreamForecast(SimpleNamespace(ids=[None], levels=()), 0, 7, np.zeros((1, 1))).interval(80)
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
