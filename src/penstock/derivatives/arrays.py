"""Derivatives of functions of several variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.derivatives.formulas import Formula, resolve_formula, second_wide
from penstock.errors import OptionError

__all__ = ["gradient", "hessian"]

Values = NDArray[np.floating[Any]]


def gradient(
    f: Callable[[Values], Any],
    x: Any,
    formula: str | Formula = "symmetric",
    h: float | None = None,
    *,
    dtype: Any = np.float64,
) -> Values:
    """Give the gradient of a scalar function of an array, one entry after the other.

    Parameters
    ----------
    f
        A function of an array like x that gives one number.
    x
        Where, of any shape.
    formula
        A formula for the first derivative, or its name.
    h
        The step; the formula's best one for each entry if left out.
    dtype
        ``float64`` or ``float32``.

    Returns
    -------
    The derivatives, in the shape of x.

    Raises
    ------
    OptionError
        Where the formula is unknown or is one for the second derivative.

    Examples
    --------
    >>> gradient(lambda x: x[0] ** 2 * x[1], [3.0, 5.0]).round(6).tolist()
    [30.0, 9.0]
    """
    chosen = resolve_formula(formula)
    if chosen.order != 1:
        raise OptionError(f"formula={chosen.name!r} gives second derivatives; allowed: 'symmetric' and the like.")
    x = np.asarray(x, dtype)
    result = np.empty(x.shape, x.dtype)
    for index in np.ndindex(x.shape):

        def along(value: Any, index: tuple[int, ...] = index) -> Any:
            moved = x.copy()
            moved[index] = value
            return f(moved)

        result[index] = chosen(along, x[index], h, dtype=dtype)
    return result


def hessian(f: Callable[[Values], Any], x: Any, h: float | None = None, *, dtype: Any = np.float64) -> Values:
    """Give the matrix of second derivatives of a scalar function of a vector ``[n]``: ``[n, n]``, symmetric.

    Each entry is the symmetric formula taken once along i and once along j,
    (f(x+hᵢ+hⱼ) − f(x+hᵢ−hⱼ) − f(x−hᵢ+hⱼ) + f(x−hᵢ−hⱼ)) / 4hᵢhⱼ, which on the diagonal is the (2h) form of the second
    derivative.

    Parameters
    ----------
    f
        A function of an array that returns a number.
    x
        Where to differentiate.
    h
        Step; by theory if left out.
    dtype
        Type to compute in.

    Returns
    -------
    The second derivatives, ``[n, n]`` for n entries of `x`.

    Raises
    ------
    OptionError
        Where `x` is no vector, or the step is not above zero or vanishes beside `x`.

    Examples
    --------
    >>> hessian(lambda x: x[0] ** 2 * x[1], [3.0, 5.0]).round(4).tolist()
    [[10.0, 6.0], [6.0, 0.0]]
    """
    x = np.asarray(x, dtype)
    if x.ndim != 1:
        raise OptionError(f"hessian takes a vector, but x has the shape {x.shape}; flatten it.")
    steps = np.asarray(second_wide.best_step(x, dtype=dtype) if h is None else np.full(x.shape, h), x.dtype)
    steps = (x + steps) - x
    if not (steps > 0).all():
        raise OptionError(f"hessian: the step h={h!r} is not above zero, or vanishes beside x; leave it out.")
    moves = np.diag(steps)

    def mixed(i: int, j: int) -> Any:
        total = sum(a * b * float(f(x + a * moves[i] + b * moves[j])) for a in (1, -1) for b in (1, -1))
        return total / (4 * float(steps[i]) * float(steps[j]))

    result = np.empty((len(x), len(x)), x.dtype)
    for i in range(len(x)):
        for j in range(i + 1):
            result[i, j] = result[j, i] = mixed(i, j)
    return result
