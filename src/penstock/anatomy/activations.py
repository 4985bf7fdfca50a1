"""Sigmoid and tanh beside each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from penstock.argument_types import checked_types
from penstock.cells.activations import ACTIVATIONS
from penstock.errors import OptionError, nearest
from penstock.report.lines import Curves, curves_picture
from penstock.report.numbers import show_minus
from penstock.report.page import Page, Reported, Section
from penstock.report.table import Table

__all__ = ["Activations", "activations"]

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Activations(Reported):
    """Activations and their slopes.

    Attributes
    ----------
    x
        Where, ``[n]``.
    values, slopes
        By name, each ``[n]``.
    """

    x: Values
    values: dict[str, Values]
    slopes: dict[str, Values]

    def frame(self) -> Any:
        """Return all as a pandas frame: x, then each activation and its slope."""
        import pandas as pd

        columns = {name: each for name in self.values for name, each in self._columns(name)}
        return pd.DataFrame({"x": self.x, **columns})

    def _columns(self, name: str) -> list[tuple[str, Values]]:
        return [(name, self.values[name]), (f"{name}'", self.slopes[name])]

    def page(self) -> Page:
        """Show them beside each other, and what their slopes do to a gradient."""
        both = curves_picture(
            "Values and slopes",
            "Left (on a phone above): the activations. Right (below): their slopes, which a gradient is multiplied by "
            "on its way back.",
            [
                Curves(
                    {name: (self.x, each) for name, each in self.values.items()}, "x", "value", limits=(-1.15, 1.15)
                ),
                Curves({name: (self.x, each) for name, each in self.slopes.items()}, "x", "slope", limits=(-0.05, 1.1)),
            ],
            height=3.2,
            narrow_height=5.6,
        )
        rows = [
            [
                name,
                f"{show_minus(values.min(), '.2f')} to {show_minus(values.max(), '.2f')}",
                f"{self.at(values, 0):.2f}",
                f"{slopes.max():.2f}",
                f"{self.at(slopes, 3):.3f}",
                f"{slopes.max() ** 10:.1e}",
            ]
            for name, values, slopes in ((n, self.values[n], self.slopes[n]) for n in self.values)
        ]
        heading = ["activation", "range shown", "at 0", "largest slope", "slope at 3", "ten steps at best"]
        return Page(
            "Sigmoid and tanh beside each other",
            [
                "They are the same curve: tanh is a sigmoid stretched to run from −1 to 1, tanh(x) = 2 σ(2x) − 1. "
                "Gates use the sigmoid, because a gate is a share between 0 and 1; states use tanh, because what is "
                "written may be positive or negative.",
                "The sigmoid's slope is at most 1/4, that of tanh at most 1. Ten sigmoids in a row pass on less than a "
                "millionth of a gradient even at their best.",
            ],
            sections=[
                Section(
                    "Two curves, two slopes",
                    ["Far from zero both are flat: a saturated unit hardly learns."],
                    [
                        "sigmoid\tσ(x) = 1 / (1 + e⁻ˣ)",
                        "its slope\tσ'(x) = σ(x) (1 − σ(x))  ≤  1/4",
                        "tanh\ttanh(x) = 2 σ(2x) − 1",
                        "its slope\ttanh'(x) = 1 − tanh²(x)  ≤  1",
                    ],
                    [both],
                    [Table.of("In numbers", heading, rows)],
                )
            ],
        )

    def at(self, values: Values, x: float) -> float:
        """Give the value nearest x.

        Parameters
        ----------
        values
            Values at the points, ``[points]``.
        x
            Where to read them off.

        Returns
        -------
        The value at the point nearest to `x`.
        """
        return float(values[np.argmin(np.abs(self.x - x))])


@checked_types("low", "high", at_least={"points": 2})
def activations(*names: str, low: float = -6.0, high: float = 6.0, points: int = 481) -> Activations:
    """Give activations and their slopes.

    Parameters
    ----------
    *names
        Which: sigmoid and tanh if left out.
    low, high, points
        Where.

    Returns
    -------
    The activations with their slopes.

    Raises
    ------
    OptionError
        For a name that is no activation.

    Examples
    --------
    >>> found = activations()
    >>> found.slopes["sigmoid"].max().round(4).item(), found.slopes["tanh"].max().round(4).item()
    (0.25, 1.0)
    """
    chosen = names or ("sigmoid", "tanh")
    for name in chosen:
        if name not in ACTIVATIONS:
            raise OptionError(f"activation {name!r} is unknown; {nearest(name, ACTIVATIONS)}")
    x = np.linspace(float(low), float(high), points)
    with jax.enable_x64(True):
        given = jnp.asarray(x)
        values = {name: np.asarray(ACTIVATIONS[name](given)) for name in chosen}
        slopes = {name: np.asarray(jax.vmap(jax.grad(ACTIVATIONS[name]))(given)) for name in chosen}
    return Activations(x, values, slopes)
