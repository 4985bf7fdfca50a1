"""The error of a formula over its step: a U, falling while the formula errs, rising while rounding does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.derivatives.formulas import Formula, resolve_formula
from penstock.errors import OptionError

__all__ = ["ErrorCurve", "error_curve"]

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ErrorCurve:
    """Errors of one formula over the step.

    Attributes
    ----------
    formula
        The formula.
    h, error
        The steps and the absolute errors, each ``[n]``.
    """

    formula: Formula
    h: Values
    error: Values

    @property
    def best(self) -> tuple[float, float]:
        """The step with the smallest error in a window of a quarter of a decade's steps, and that error.

        Single errors may vanish by chance; the median of five neighbours does not.
        """
        padded = np.pad(self.error, 2, mode="edge")
        smooth = np.median(np.lib.stride_tricks.sliding_window_view(padded, 5), axis=1)
        place = int(np.argmin(smooth))
        return float(self.h[place]), float(smooth[place])

    def slope(self, low: float, high: float) -> float:
        """Give the slope of log error over log h between steps: p where the formula errs, −k where it is rounding.

        Parameters
        ----------
        low
            Smallest step that is looked at.
        high
            Largest step.

        Returns
        -------
        The slope of the logarithm of the error over that of the step.
        """
        within = (self.h >= low) & (self.h <= high) & (self.error > 0)
        return float(np.polyfit(np.log(self.h[within]), np.log(self.error[within]), 1)[0])


def error_curve(
    f: Callable[[Any], Any],
    x: float,
    exact: float,
    formula: str | Formula = "symmetric",
    steps: Any = None,
    *,
    dtype: Any = np.float64,
) -> ErrorCurve:
    """Give the error of a formula at many steps.

    Parameters
    ----------
    f, x
        A function of one variable, and where.
    exact
        The true derivative there.
    formula
        The formula, or its name.
    steps
        The steps; if left out, 20 a decade from 1e-15 (1e-7 in float32) to 1.
    dtype
        ``float64`` or ``float32``.

    Returns
    -------
    The error at each step.

    Raises
    ------
    OptionError
        Where the steps are no list of numbers above zero.

    Examples
    --------
    >>> import numpy as np
    >>> curve = error_curve(np.sin, 1.0, np.cos(1.0))
    >>> 1e-6 < curve.best[0] < 1e-4, round(curve.slope(1e-3, 1e-1), 2)
    (True, 2.0)
    """
    chosen = resolve_formula(formula)
    least = -15 if np.dtype(dtype).itemsize == 8 else -7
    h = np.asarray(np.logspace(least, 0, 20 * -least + 1) if steps is None else steps, dtype=np.float64)
    if h.ndim != 1 or not (h > 0).all():
        raise OptionError("error_curve: steps must be a list of numbers above zero.")
    held = np.array([(np.asarray(x, dtype) + np.asarray(step, dtype)) - np.asarray(x, dtype) for step in h], float)
    h = h[held > 0]  # a step that vanishes beside x measures nothing
    error = np.array([abs(float(chosen(f, x, step, dtype=dtype)) - exact) for step in h])
    return ErrorCurve(chosen, h, error)
