"""Numerical derivatives: the error of each formula over its step."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from penstock.argument_types import checked_types
from penstock.derivatives.curve import ErrorCurve, error_curve
from penstock.derivatives.formulas import FORMULAS
from penstock.errors import OptionError
from penstock.report.lines import Curves, curves_picture
from penstock.report.page import Page, Reported, Section
from penstock.report.table import Table

__all__ = ["Differences", "differences"]

_LEAST = 1e-17


@dataclass(frozen=True, eq=False)
class Differences(Reported):
    """The error of each formula over its step.

    Attributes
    ----------
    function
        What was differentiated, in words.
    curves
        By the formula's name, in float64.
    single
        The symmetric formula in float32.
    """

    function: str
    curves: Mapping[str, ErrorCurve]
    single: ErrorCurve

    def frame(self) -> Any:
        """Return the curves as a pandas frame: formula, h, error."""
        import pandas as pd

        parts = [pd.DataFrame({"formula": name, "h": c.h, "error": c.error}) for name, c in self.curves.items()]
        return pd.concat(parts, ignore_index=True)

    def page(self) -> Page:
        """Explain the U."""
        first = {c.formula.name: c for c in self.curves.values() if c.formula.order == 1}
        second = {c.formula.name: c for c in self.curves.values() if c.formula.order == 2}

        def lines(curves: Mapping[str, ErrorCurve], least: float = 0.0) -> dict[str, tuple[Any, Any]]:
            shown = {name: c.h > least for name, c in curves.items()}
            return {name: (c.h[shown[name]], np.maximum(c.error, _LEAST)[shown[name]]) for name, c in curves.items()}

        spans = {"1e-8 to 1e-6": (1e-8, 1e-6), "1e-5 to 5e-4": (1e-5, 5e-4)}
        u = curves_picture(
            "The error over the step",
            f"Error of the first derivative of {self.function} over the step h, both on logarithmic scales. Read from "
            "the right: a smaller step helps, with the slope of the formula's order, until rounding takes over. "
            "Shaded: the steps that are usually advised for the one-sided and for the symmetric formula.",
            Curves(lines(first), "h", "error", log="xy", spans=spans),
            height=4.2,
            narrow_height=4.0,
        )
        others = curves_picture(
            "Second derivatives, and float32",
            "Left (on a phone above): the second derivative, whose rounding error grows as 1/h² (from 1e-9). Right "
            "(below): the symmetric formula in float32 and in float64.",
            [
                Curves(lines(second, 1e-9), "h", "error", log="xy"),
                Curves(lines({"float32": self.single, "float64": self.curves["symmetric"]}), "h", "error", log="xy"),
            ],
            height=3.3,
            narrow_height=5.8,
        )
        rows = [
            [
                c.formula.name,
                f"h{_power(c.formula.accuracy)}",
                *(f"{value:.0e}" for value in (float(c.formula.best_step()), *c.best)),
            ]
            for c in self.curves.values()
        ]
        table = Table.of("The best step", ["formula", "order", "h by theory", "h measured", "error there"], rows)
        one, two = first["one-sided"], first["symmetric"]
        return Page(
            "Numerical derivatives",
            [
                "A derivative can be had from values of the function alone: step a little to the side and see how "
                "much it changes. The step must be neither too large nor too small: the error over the step is a U.",
                f"In float64 the one-sided formula is right to {one.best[1]:.0e} at best and the symmetric one to "
                f"{two.best[1]:.0e}, for one more value of the function.",
            ],
            sections=[
                Section(
                    "The formulas",
                    formulas=[
                        "one-sided\t( f(x+h) − f(x) ) / h",
                        "symmetric\t( f(x+h) − f(x−h) ) / 2h",
                        "four-point\t( f(x−2h) − 8 f(x−h) + 8 f(x+h) − f(x+2h) ) / 12h",
                        "six-point\t( −f(x−3h) + 9 f(x−2h) − 45 f(x−h) + 45 f(x+h) − 9 f(x+2h) + f(x+3h) ) / 60h",
                        "second\t( f(x+h) − 2 f(x) + f(x−h) ) / h²",
                        "(2h) form\t( f(x+2h) − 2 f(x) + f(x−2h) ) / 4h²",
                    ],
                    pictures=[u],
                ),
                Section(
                    "The best step",
                    [
                        "The formula's own error is C hᵖ; rounding adds some ε|f|/h, because the values of f are "
                        "right to ε only and their difference is divided by h. Their sum is smallest where the slope "
                        "is zero. For the one-sided formula that is near √ε, for the symmetric one near ∛ε; ε is "
                        "2.2e-16 in float64 and 1.2e-7 in float32.",
                        "How large f and its higher derivatives are moves the place a little, which is why advice "
                        "comes as a range. Too large a step costs less than too small a one.",
                    ],
                    [
                        "error\tC |f⁽ᵏ⁺ᵖ⁾| hᵖ  +  R / hᵏ",
                        "best step\th*  =  ( k R / (p C |f⁽ᵏ⁺ᵖ⁾|) )^(1/(k+p))",
                    ],
                    [others],
                    [table],
                ),
                Section(
                    "What it is good for",
                    [
                        "Back-propagation is exact and fast, but easily programmed wrong. check_gradients compares it "
                        "with the symmetric formula at two steps, in float64, and names the weight that is farthest "
                        "off.",
                    ],
                ),
            ],
        )


@checked_types("f", "x", "exact", "second")
def differences(
    f: Callable[[Any], Any] | None = None, x: float = 1.0, exact: float | None = None, *, second: float | None = None
) -> Differences:
    """Measure the error of every formula over its step.

    Parameters
    ----------
    f, x
        A function of one variable that works on numpy's numbers, and where; e^sin x at 1 if left out.
    exact, second
        Its first and second derivative there: `exact` is needed with an `f` of your own; without `second`, formulas of
        the second derivative are left out.

    Returns
    -------
    The error of each formula over its step.

    Raises
    ------
    OptionError
        Where `f` is given without its derivative, or a derivative without `f`.

    Examples
    --------
    >>> found = differences()
    >>> found.curves["one_sided"].best[1] > 100 * found.curves["symmetric"].best[1]
    True
    """
    name = getattr(f, "__name__", "f")
    if f is None and (exact is not None or second is not None):
        raise OptionError(
            "differences: a derivative was given without its function; give f too: differences(f, x, exact=...)."
        )
    if f is not None and exact is None:
        raise OptionError(
            f"differences: the errors of {name} need its exact derivative at x={x:g}; give it: "
            f"differences({name}, {x:g}, exact=...)."
        )
    if f is None or exact is None:
        sin, cos = math.sin(x), math.cos(x)
        name, f = f"e^sin x at {x:g}", lambda x: np.exp(np.sin(x))
        exact, second = cos * math.exp(sin), (cos**2 - sin) * math.exp(sin)
    truths = {1: exact, 2: second}
    curves = {
        key: error_curve(f, x, truth, formula)
        for key, formula in FORMULAS.items()
        if (truth := truths[formula.order]) is not None
    }
    return Differences(name, curves, error_curve(f, x, exact, "symmetric", dtype="float32"))


def _power(number: int) -> str:
    return {1: "", 2: "²", 4: "⁴", 6: "⁶"}[number]
