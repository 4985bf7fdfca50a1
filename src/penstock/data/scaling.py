"""Standardising: by column or by series, fitted on training rows only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.errors import DataError

__all__ = ["SCALINGS", "Standardizer", "fit_scaling", "mean_steps"]

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Standardizer:
    """An affine map of each column, or of each series: scaled = (x − shift) / scale.

    Attributes
    ----------
    shift, scale
        Of each column or series, ``[columns]``.

    Examples
    --------
    >>> fitted = Standardizer.fit(np.array([[2.0, 7.0], [4.0, 7.0], [6.0, 7.0]]), "minmax")
    >>> fitted.transform(np.array([8.0, 9.0])).tolist(), fitted.inverse(np.array([1.5, 2.0])).tolist()
    ([1.5, 2.0], [8.0, 9.0])
    """

    shift: Values
    scale: Values

    @classmethod
    def fit(cls, values: Values, name: str) -> Self:
        """Fit on training rows ``[rows, columns]`` by the scaling of a name; a constant column is only shifted."""
        fitted = np.stack(SCALINGS[name](np.ascontiguousarray(values.T, dtype=np.float64)), axis=1)
        return cls(fitted[:, 0], np.where(fitted[:, 1] > 0, fitted[:, 1], 1.0))

    def __len__(self) -> int:
        return len(self.shift)

    def __getitem__(self, columns: slice) -> Self:
        """Return the map of some columns."""
        return type(self)(self.shift[columns], self.scale[columns])

    def transform(self, values: Values, series: NDArray[np.int64] | None = None) -> Values:
        """Scale values ``[..., columns]``; or ``[n]``, ``[n, horizon]`` that belong to the given series ``[n]``."""
        shift, scale = self._aligned(values, series)
        return (values - shift) / scale

    def inverse(self, values: Values, series: NDArray[np.int64] | None = None) -> Values:
        """Bring scaled values back to their units; the arguments are those of :meth:`transform`."""
        shift, scale = self._aligned(values, series)
        return values * scale + shift

    def arrays(self, prefix: str) -> dict[str, Values]:
        """Return shift and scale by their names in a model file, which begin with `prefix`."""
        return {f"{prefix}shift": self.shift, f"{prefix}scale": self.scale}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, Values], prefix: str) -> Self:
        """Make the map that :meth:`arrays` gave.

        Raises
        ------
        ValueError
            Where the arrays are not one number each for the same columns.
        """
        shift, scale = arrays[f"{prefix}shift"], arrays[f"{prefix}scale"]
        if shift.ndim != 1 or shift.shape != scale.shape or {shift.dtype.kind, scale.dtype.kind} != {"f"}:
            raise ValueError(f"{prefix}shift and {prefix}scale have the shapes {shift.shape} and {scale.shape}")
        return cls(shift, scale)

    def _aligned(self, values: Values, series: NDArray[np.int64] | None) -> tuple[Values, Values]:
        if series is None:
            return self.shift, self.scale
        shape = (len(series),) + (1,) * (values.ndim - 1)
        return self.shift[series].reshape(shape), self.scale[series].reshape(shape)


def _minmax(y: Values) -> tuple[Values, Values]:
    return y.min(axis=1), y.max(axis=1) - y.min(axis=1)


def _standard(y: Values) -> tuple[Values, Values]:
    return y.mean(axis=1), y.std(axis=1)


def _none(y: Values) -> tuple[Values, Values]:
    return np.zeros(len(y)), np.ones(len(y))


def _near_zero(y: Values) -> tuple[Values, Values]:
    """Bring values near zero and one, whatever they are: windows are then scaled by themselves in single precision."""
    spread = np.where(np.ptp(y, axis=1) > 0, y.std(axis=1), 0.0)
    spread = np.where(spread > 0, spread, np.abs(y).max(axis=1))
    return y.mean(axis=1), np.where(spread > 0, spread, 1.0)


SCALINGS: dict[str, Callable[[Values], tuple[Values, Values]]] = {
    "minmax": _minmax,
    "standard": _standard,
    "none": _none,
    "window": _near_zero,
}
"""The scalings by name: to [0, 1], to mean 0 and deviation 1, not at all, or each window by itself.

Each takes the values of series of one length, ``[series, rows]``, and gives their shifts and scales.
"""


def fit_scaling(name: str, panel: Panel, skip: int = 0) -> Standardizer:
    """Fit a scaling on the rows of `panel`, which must be training rows, leaving out the first `skip` of each series.

    Raises
    ------
    DataError
        Where a series is constant, so that no scale exists.

    Examples
    --------
    >>> from penstock.data.panel import Panel
    >>> import numpy as np
    >>> panel = Panel(np.array([2.0, 4.0, 6.0]), np.arange(3), np.array([0, 3]), (None,))
    >>> fit_scaling("minmax", panel).transform(np.array([2.0, 4.0, 8.0]), np.zeros(3, int)).tolist()
    [0.0, 0.5, 1.5]
    """
    shift, scale = np.empty(len(panel)), np.empty(len(panel))
    constant = np.empty(len(panel), dtype=bool)
    for rows in np.unique(panel.lengths).tolist():
        mine = np.flatnonzero(panel.lengths == rows)
        y = panel.y[panel.offsets[mine][:, None] + np.arange(skip, rows)]
        shift[mine], scale[mine] = SCALINGS[name](y)
        constant[mine] = np.ptp(y, axis=1) == 0
    if name not in ("none", "window") and constant.any():
        series = int(constant.argmax())
        raise DataError(
            f"the training rows{panel.name(series)} are constant ({panel.y[panel.offsets[series] + skip]:g}"
            f"{', once transformed' if skip else ''}), so {name!r} "
            "scaling would divide by zero; use scale='none', or leave this series out."
        )
    return Standardizer(shift, scale)


def mean_steps(panel: Panel, rows: NDArray[np.int64], season: int = 1) -> Values:
    """Return the mean absolute step of the series of each flat row, over its values up to there, ``[n]``.

    Parameters
    ----------
    panel, rows
        The series, and flat rows.
    season
        Rows that a step spans: of 12 in months it is the seasonal difference, the unit of MASE. Where there are not
        enough rows for one, steps of one row are taken; at least a twentieth of these, as a season may repeat itself.

    Examples
    --------
    >>> panel = Panel(np.array([2.0, 4.0, 3.0]), np.arange(3), np.array([0, 3]), (None,))
    >>> mean_steps(panel, np.array([0, 1, 2])).tolist()
    [0.0, 2.0, 1.5]
    >>> mean_steps(panel, np.array([0, 1, 2]), season=2).tolist()
    [0.0, 2.0, 1.0]
    """
    if season > 1:
        steps, whole = mean_steps(panel, rows), _mean_steps(panel, rows, season)
        enough = rows - panel.offsets[panel.series_of(rows)] >= season
        return np.where(enough, np.maximum(whole, steps / 20), steps)
    return _mean_steps(panel, rows, 1)


def _mean_steps(panel: Panel, rows: NDArray[np.int64], season: int) -> Values:
    found = np.zeros(len(rows))
    series = panel.series_of(rows)
    steps = rows - panel.offsets[series]
    for count in np.unique(panel.lengths[series]).tolist():  # one block of series of one length after the other
        mine = np.flatnonzero(panel.lengths[series] == count)
        own, place = np.unique(series[mine], return_inverse=True)
        y = panel.y[panel.offsets[own][:, None] + np.arange(count)]
        total = np.zeros(y.shape)
        np.cumsum(np.abs(y[:, season:] - y[:, : max(count - season, 0)]), axis=1, out=total[:, season:])
        found[mine] = total[place, steps[mine]] / np.maximum(steps[mine] - season + 1, 1)
    return found
