"""Transforms of a series before scaling, with their exact inverses: logs, differences and log returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.errors import DataError

__all__ = ["TRANSFORMS", "Transform"]

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Transform:
    """A change of variable and the way back.

    Attributes
    ----------
    lost
        First rows of each series that have no transformed value.
    apply
        Panel in, values ``[rows]`` out; the lost rows hold zero and belong to no window.
    invert
        Forecasts ``[..., n, horizon]`` and the last observed levels ``[n]`` in, levels out.
    """

    lost: int
    apply: Callable[[Panel], Values]
    invert: Callable[[Values, Values], Values]


def _steps(panel: Panel, values: Values) -> Values:
    steps = np.diff(values, prepend=values[:1])
    steps[panel.offsets[:-1]] = 0.0
    return steps


def _log_returns(panel: Panel) -> Values:
    _require_positive(panel, "log returns need", "difference")
    return _steps(panel, np.log(panel.y))


def _logs(panel: Panel) -> Values:
    _require_positive(panel, "logs need", "none")
    return np.log(panel.y)


def _require_positive(panel: Panel, what: str, instead: str) -> None:
    if (panel.y <= 0).any():
        row = int((panel.y <= 0).argmax())
        raise DataError(
            f"{what} positive values, but {panel.place(row)} holds {panel.y[row]:g}; use transform={instead!r} instead."
        )


TRANSFORMS: dict[str, Transform] = {
    "none": Transform(0, lambda panel: panel.y, lambda forecast, last: forecast),
    "log": Transform(0, _logs, lambda forecast, last: np.exp(forecast)),
    "difference": Transform(
        1,
        lambda panel: _steps(panel, panel.y),
        lambda forecast, last: last[:, None] + np.cumsum(forecast, axis=-1),
    ),
    "log_return": Transform(
        1,
        _log_returns,
        lambda forecast, last: last[:, None] * np.exp(np.cumsum(forecast, axis=-1)),
    ),
}
"""The transforms by name: levels as they are, their logs, differences y_t − y_{t−1}, log returns log(y_t / y_{t−1})."""
