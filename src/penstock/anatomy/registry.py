"""Every explanation by its name, for the command line and for lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from penstock.anatomy.activations import activations
from penstock.anatomy.backward import gradients
from penstock.anatomy.descent import descent
from penstock.anatomy.differences import differences
from penstock.anatomy.memory import memory
from penstock.anatomy.overfitting import overfitting
from penstock.anatomy.rounding import rounding
from penstock.anatomy.trace import trace
from penstock.anatomy.unrolled import unrolled
from penstock.anatomy.walk import walk
from penstock.errors import OptionError, nearest
from penstock.report.page import Reported

__all__ = ["EXPLANATIONS", "Explanation", "resolve_explanation"]


@dataclass(frozen=True)
class Explanation:
    """Something that can be explained.

    Attributes
    ----------
    name, summary
        Its name, and one line that says what it shows.
    explain
        Gives the numbers; where `takes_model`, of a model of one's own too.
    takes_model
        Whether it can look into a fitted model.
    takes_x
        Whether it shows what the model does with sequences, which can be given.
    """

    name: str
    summary: str
    explain: Callable[..., Reported]
    takes_model: bool = False
    takes_x: bool = False

    def __call__(self, model: Any = None, x: Any = None) -> Reported:
        """Explain the mechanism, on a model of one's own where one is given, and on sequences for it to read."""
        if model is None:
            return self.explain()
        if not self.takes_model:
            able = [each.name for each in EXPLANATIONS.values() if each.takes_model]
            raise OptionError(f"{self.name} explains no single model; those that do: {', '.join(able)}.")
        if x is None:
            return self.explain(model)
        if not self.takes_x:
            raise OptionError(f"{self.name} shows the model itself, whatever it reads; leave the sequences out.")
        return self.explain(model, x)


EXPLANATIONS: dict[str, Explanation] = {
    each.name: each
    for each in (
        Explanation("gates", "every gate and state of a network over a sequence, as heat maps", trace, True, True),
        Explanation("lstm", "one step of an LSTM walked gate by gate, with its numbers", walk, True, True),
        Explanation("graph", "the network folded, and unrolled over its steps", unrolled, True),
        Explanation("gradients", "gradients back through time: what vanishes, what explodes", gradients, True, True),
        Explanation("memory", "how far back an input still matters", memory, True, True),
        Explanation("activations", "sigmoid and tanh beside each other, and their slopes", activations),
        Explanation("descent", "steepest descent, momentum, RMSprop, Adam and Newton on one surface", descent),
        Explanation("overfitting", "ridge, lasso, dropout and early stopping on one example", overfitting),
        Explanation("derivatives", "numerical derivatives, and the best step", differences),
        Explanation("floats", "why the order of a sum decides in float32", rounding),
    )
}
"""The explanations, in the order in which they are listed."""


def resolve_explanation(name: str) -> Explanation:
    """Find an explanation, or name the nearest.

    Parameters
    ----------
    name
        Name of an explanation, as ``penstock explain`` lists it.

    Returns
    -------
    The explanation.

    Raises
    ------
    OptionError
        For a name that is none; the message names the nearest.
    """
    if name not in EXPLANATIONS:
        raise OptionError(f"there is no explanation {name!r}; {nearest(name, EXPLANATIONS)}")
    return EXPLANATIONS[name]
