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
        fitted = np.array([SCALINGS[name](column) for column in values.T], dtype=np.float64).reshape(-1, 2)
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


def _minmax(y: Values) -> tuple[float, float]:
    return float(y.min()), float(y.max() - y.min())


def _standard(y: Values) -> tuple[float, float]:
    return float(y.mean()), float(y.std())


def _none(y: Values) -> tuple[float, float]:
    return 0.0, 1.0


def _near_zero(y: Values) -> tuple[float, float]:
    """Bring values near zero and one, whatever they are: windows are then scaled by themselves in single precision."""
    spread = float(y.std()) if np.ptp(y) > 0 else 0.0
    return float(y.mean()), spread or float(np.abs(y).max()) or 1.0


SCALINGS: dict[str, Callable[[Values], tuple[float, float]]] = {
    "minmax": _minmax,
    "standard": _standard,
    "none": _none,
    "window": _near_zero,
}
"""The scalings by name: to [0, 1], to mean 0 and deviation 1, not at all, or each window by itself."""


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
    parts = [panel.y[panel.span(series)][skip:] for series in range(len(panel))]
    shift, scale = np.array([SCALINGS[name](part) for part in parts]).T
    constant = np.array([np.ptp(part) == 0 for part in parts])
    if name not in ("none", "window") and constant.any():
        series = int(constant.argmax())
        raise DataError(
            f"the training rows{panel.name(series)} are constant ({parts[series][0]:g}"
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
    order = np.argsort(series, kind="stable")
    for part in np.split(order, np.flatnonzero(np.diff(series[order])) + 1):
        place = int(series[part[0]])
        y = panel.y[panel.span(place)]
        total = np.concatenate([np.zeros(min(season, len(y))), np.cumsum(np.abs(y[season:] - y[:-season]))])
        steps = rows[part] - panel.offsets[place]
        found[part] = total[steps] / np.maximum(steps - season + 1, 1)
    return found
