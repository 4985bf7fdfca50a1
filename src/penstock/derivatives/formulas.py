"""The formulas: weighted values of a function at a few points beside x, over a power of the step."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from penstock.errors import OptionError
from penstock.registry import resolve

__all__ = [
    "FORMULAS",
    "Formula",
    "four_point",
    "one_sided",
    "resolve_formula",
    "second",
    "second_wide",
    "six_point",
    "symmetric",
]


@dataclass(frozen=True)
class Formula:
    r"""A difference formula: :math:`f^{(k)}(x) ≈ h^{-k} \sum_j w_j f(x + n_j h)`, with an error of the order h^p.

    Call it on a function of one variable. Where the function works on each value of an array for itself, x may be an
    array of any shape, as in ``scipy.differentiate.derivative``.

    Attributes
    ----------
    name
        What it is called.
    nodes, weights
        The points n, in steps from x, and the weights w.
    order
        k: 1 for the first derivative, 2 for the second.
    accuracy
        p: the error of the formula itself falls as h to this power.

    Examples
    --------
    >>> import math
    >>> f"{symmetric(math.exp, 0.0):.9f}", f"{symmetric(math.exp, 0.0, h=0.1):.5f}"
    ('1.000000000', '1.00167')
    """

    name: str
    nodes: tuple[int, ...]
    weights: tuple[float, ...]
    order: int
    accuracy: int

    def __call__(self, f: Callable[[Any], Any], x: Any, h: Any = None, *, dtype: Any = np.float64) -> Any:
        """Give the derivative of f at x.

        Parameters
        ----------
        f
            A function of one variable; or of an array, value by value.
        x
            Where: a number or an array.
        h
            The step, a number or an array like x; :meth:`best_step` for x if left out. The step that is taken is the
            one that the numbers can hold: (x + h) − x.
        dtype
            ``float64`` or ``float32``: what x, the step and the values of f are rounded to.

        Raises
        ------
        OptionError
            Where h is zero, negative or not finite, or vanishes beside x.
        """
        dtype = _floating(dtype)
        x = np.asarray(x, dtype)
        step = np.asarray(self.best_step(x, dtype=dtype) if h is None else h, dtype)
        step = (x + step) - x  # what x + h really differs by: an error here would count in full
        if not (np.isfinite(step).all() and (step > 0).all()):
            raise OptionError(
                f"{self.name}: the step h={h!r} is not above zero, or vanishes beside x in {dtype.name}; leave it out, "
                f"or give some {float(np.max(self.best_step(x, dtype=dtype))):.1e}."
            )
        value = self.at(lambda point: np.asarray(f(point), dtype), x, step)
        return value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value

    def at(self, f: Callable[[Any], Any], x: Any, h: Any) -> Any:
        """Do what a call does, without its checks and roundings: on numbers, numpy's arrays or JAX's.

        Parameters
        ----------
        f
            The function.
        x
            Where to differentiate.
        h
            Step.

        Returns
        -------
        The derivative by this formula.
        """
        total = sum(weight * f(x + node * h) for node, weight in zip(self.nodes, self.weights, strict=True))
        return total / h**self.order

    @property
    def remainder(self) -> float:
        """The constant C of the error C h^p f^(k+p)(x), from the first term of Taylor's series that is left."""
        left = self.order + self.accuracy
        return abs(math.fsum(w * n**left for n, w in zip(self.nodes, self.weights, strict=True))) / math.factorial(left)

    def best_step(self, x: Any = 1.0, *, dtype: Any = np.float64, value: float = 1.0, higher: float = 1.0) -> Any:
        r"""Give the step at which the errors of the formula and of rounding are smallest together.

        The values of f are right to ½ε|f| each, so that rounding adds up to R/h^k with R = ½ε|f| Σ|w|; the formula
        errs by C h^p |f^(k+p)|. The sum is smallest where its slope in h is zero,

        .. math:: h = \left(\frac{k R}{p\, C\, |f^{(k+p)}|}\right)^{1/(k+p)},

        which is some √ε for the one-sided and ∛ε for the symmetric formula.

        Parameters
        ----------
        x
            Where; the step grows with \|x\| above 1, as the spacing of the numbers does.
        dtype
            ``float64`` (ε = 2.2e-16) or ``float32`` (ε = 1.2e-7).
        value, higher
            Sizes of f and of its derivative of the order k + p near x.

        Returns
        -------
        The step with the smallest expected error.

        Examples
        --------
        >>> [f"{formula.best_step():.0e}" for formula in (one_sided, symmetric, four_point)]
        ['2e-08', '7e-06', '1e-03']
        >>> f"{symmetric.best_step(dtype='float32'):.0e}"
        '6e-03'
        """
        ε = float(np.finfo(_floating(dtype)).eps)
        rounding = 0.5 * ε * value * math.fsum(map(abs, self.weights))
        ratio = self.order * rounding / (self.accuracy * self.remainder * higher)
        scale: Any = np.maximum(np.abs(x), 1.0)
        return ratio ** (1 / (self.order + self.accuracy)) * scale


one_sided = Formula("one-sided", (0, 1), (-1.0, 1.0), order=1, accuracy=1)
"""(f(x+h) − f(x)) / h, O(h)."""

symmetric = Formula("symmetric", (-1, 1), (-1 / 2, 1 / 2), order=1, accuracy=2)
"""(f(x+h) − f(x−h)) / 2h, O(h²)."""

four_point = Formula("four-point", (-2, -1, 1, 2), (1 / 12, -8 / 12, 8 / 12, -1 / 12), order=1, accuracy=4)
"""(f(x−2h) − 8 f(x−h) + 8 f(x+h) − f(x+2h)) / 12h, O(h⁴)."""

six_point = Formula(
    "six-point", (-3, -2, -1, 1, 2, 3), (-1 / 60, 9 / 60, -45 / 60, 45 / 60, -9 / 60, 1 / 60), order=1, accuracy=6
)
"""(−f(x−3h) + 9 f(x−2h) − 45 f(x−h) + 45 f(x+h) − 9 f(x+2h) + f(x+3h)) / 60h, O(h⁶)."""

second = Formula("second", (-1, 0, 1), (1.0, -2.0, 1.0), order=2, accuracy=2)
"""(f(x+h) − 2 f(x) + f(x−h)) / h², O(h²)."""

second_wide = Formula("second (2h)", (-2, 0, 2), (1 / 4, -1 / 2, 1 / 4), order=2, accuracy=2)
"""(f(x+2h) − 2 f(x) + f(x−2h)) / (2h)²: the symmetric formula taken twice, and what a Hessian's diagonal becomes."""

FORMULAS: dict[str, Formula] = {
    "one_sided": one_sided,
    "symmetric": symmetric,
    "four_point": four_point,
    "six_point": six_point,
    "second": second,
    "second_wide": second_wide,
}
"""The formulas by name."""


def resolve_formula(given: str | Formula) -> Formula:
    """Return the formula that a name stands for, with its defaults, or what was given."""
    return resolve("formula", given, FORMULAS, Formula)


def _floating(dtype: Any) -> np.dtype[Any]:
    try:
        given = np.dtype(dtype)
    except TypeError:
        given = np.dtype(object)
    if given.kind != "f" or given.itemsize < 4:
        raise OptionError(f"dtype={dtype!r} is not allowed; allowed: 'float64', 'float32'.")
    return given
