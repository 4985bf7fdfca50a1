"""Scaling: per series, fitted on training rows only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.errors import DataError

__all__ = ["SCALINGS", "Scaling", "fit_scaling"]

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scaling:
    """An affine map a series: scaled = (y − shift) / scale, both ``[series]``."""

    shift: Values
    scale: Values

    def forward(self, y: Values, series: NDArray[np.int64]) -> Values:
        """Scale values ``[n]`` or ``[n, horizon]`` that belong to the given series ``[n]``."""
        shift, scale = self._aligned(y, series)
        return (y - shift) / scale

    def inverse(self, y: Values, series: NDArray[np.int64]) -> Values:
        """Bring scaled values back to their units."""
        shift, scale = self._aligned(y, series)
        return y * scale + shift

    def _aligned(self, y: Values, series: NDArray[np.int64]) -> tuple[Values, Values]:
        shape = (len(series),) + (1,) * (y.ndim - 1)
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


def fit_scaling(name: str, panel: Panel, skip: int = 0) -> Scaling:
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
    >>> fit_scaling("minmax", panel).forward(np.array([2.0, 4.0, 8.0]), np.zeros(3, int)).tolist()
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
    return Scaling(shift, scale)
