"""Memory length: how far back an input still matters to the output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from penstock.anatomy.contrasts import contrasts
from penstock.anatomy.subject import Subject, subject_of
from penstock.errors import OptionError
from penstock.report.lines import Curves, curves_picture
from penstock.report.page import Page, Reported, Section
from penstock.report.table import Table

__all__ = ["Memory", "Reach", "memory"]

Values = NDArray[np.float64]

_LEAST = 1e-12
_SEQUENCES = 32
_MOST_SAID = 3  # networks that are spoken of one by one


@dataclass(frozen=True, eq=False)
class Reach:
    """How far back one network looks.

    Attributes
    ----------
    effect
        Root mean square change of the output when the input of one step is replaced by its mean, ``[time]``.
    gradient
        Root mean square of ‖∂y/∂x_t‖, ``[time]``.
    share
        The share of the largest effect that counts.
    """

    effect: Values
    gradient: Values
    share: float

    @property
    def length(self) -> int:
        """Steps back to the earliest input whose effect is at least `share` of the largest; the newest input is 1."""
        if not self.effect.max() > 0:
            return 0
        return len(self.effect) - int(np.argmax(self.effect >= self.share * self.effect.max()))

    @property
    def bounded(self) -> bool:
        """Whether the sequence was too short to see the memory end."""
        return self.length == len(self.effect)


@dataclass(frozen=True, eq=False)
class Memory(Reported):
    """How far back an input still matters, by network.

    Parameters
    ----------
    networks
        How far back each network reaches, by its name.
    """

    networks: Mapping[str, Reach]

    def frame(self) -> Any:
        """Return all numbers as a pandas frame: network, steps back (0: the newest), effect, gradient."""
        import pandas as pd

        parts = [
            pd.DataFrame(
                {
                    "network": name,
                    "back": np.arange(len(reach.effect))[::-1],
                    "effect": reach.effect,
                    "gradient": reach.gradient,
                }
            )
            for name, reach in self.networks.items()
        ]
        return pd.concat(parts, ignore_index=True)

    def page(self) -> Page:
        """Explain how far back each network looks."""
        share = next(iter(self.networks.values())).share

        def lines(part: str) -> dict[str, tuple[Any, Any]]:
            return {
                name: (np.arange(len(reach.effect))[::-1], np.maximum(getattr(reach, part), _LEAST))
                for name, reach in self.networks.items()
            }

        effect = curves_picture(
            "Effect of one input",
            "Change of the output when the input of one step is replaced by its mean, by how many steps back it lies; "
            "root mean square over the sequences, on a logarithmic scale.",
            Curves(lines("effect"), "steps back", "change of the output", log="y"),
            height=3.6,
        )
        slope = curves_picture(
            "Gradient of one input",
            "‖∂y/∂x_t‖, what the output changes for a very small change of the input: the same question asked by "
            "back-propagation. Where a gate is shut or a unit saturated it may be small although the input mattered.",
            Curves(lines("gradient"), "steps back", "norm of the gradient", log="y"),
            height=3.4,
        )
        rows = [
            [name, f"{reach.length}{' or more' if reach.bounded else ''}", f"{reach.effect.max():.3g}"]
            for name, reach in self.networks.items()
        ]
        table = Table.of("Memory length", ["network", "steps", "largest effect"], rows)
        return Page(
            "Memory length",
            self._said(),
            sections=[
                Section(
                    "How far back an input still matters",
                    [
                        "Take one input away, put its mean in its place, and see how far the output moves. Done for "
                        "every step, this tells how long a network remembers what it reads: the memory length is the "
                        f"number of steps back at which the effect last reaches {share:.0%} of the largest one.",
                    ],
                    pictures=[effect],
                    tables=[table],
                ),
                Section("The same by gradients", pictures=[slope]),
            ],
        )

    def _said(self) -> list[str]:
        if len(self.networks) > _MOST_SAID:
            steps = len(next(iter(self.networks.values())).effect)
            whole = [name for name, reach in self.networks.items() if reach.bounded]
            rest = [f"{name} {reach.length}" for name, reach in self.networks.items() if not reach.bounded]
            return [
                "A network's memory is as long as an input still moves its output, not as long as its window.",
                f"In steps: {', '.join(rest)}. The whole {steps}: {', '.join(whole) or 'none'}.",
            ]
        return [_sentence(name, reach) for name, reach in self.networks.items()]


def _sentence(name: str, reach: Reach) -> str:
    if reach.length == 0:
        return f"{name}: no input moves the output."
    if reach.bounded:
        return f"{name}: inputs matter back to the first of the {len(reach.effect)} steps it was shown."
    return f"{name}: inputs matter for {reach.length} steps; what lies farther back hardly moves the output."


def memory(model: Any = None, x: Any = None, *, share: float = 0.05, member: int = 0) -> Memory:
    """Measure how far back an input still matters.

    Parameters
    ----------
    model
        Whatever :func:`penstock.anatomy.subject_of` takes. Left out: simple RNNs, leaky units, a GRU and LSTMs
        with fresh weights, on white noise of 100 steps.
    x
        Sequences of numbers; see :func:`penstock.anatomy.subject_of`.
    share
        The share of the largest effect that counts as mattering.
    member
        Which of a forecaster's networks.

    Returns
    -------
    How far back each network reaches.

    Raises
    ------
    OptionError
        Where the network reads token ids, which have no mean.

    Examples
    --------
    >>> import numpy as np
    >>> from penstock.layers.declared import RNN
    >>> reach = memory(RNN(4), np.random.default_rng(0).normal(size=(8, 30, 1))).networks["RNN(4)"]
    >>> reach.effect.shape, 1 < reach.length <= 30
    ((30,), True)
    """
    if not 0 < share < 1:
        raise OptionError(f"share={share!r} is out of range; allowed: a number above 0 and below 1.")
    if model is None:
        return Memory({subject.name: _reach(subject, share) for subject in contrasts(_SEQUENCES)})
    subject = subject_of(model, x, member=member)
    return Memory({subject.name: _reach(subject, share)})


def _reach(subject: Subject, share: float) -> Reach:
    x = subject.x
    if not jnp.issubdtype(x.dtype, jnp.floating):
        raise OptionError(f"{subject.name} reads token ids; allowed: a model that reads numbers.")

    @jax.jit
    def measured(x: jax.Array) -> tuple[jax.Array, jax.Array]:
        whole = subject.run(subject.module, x)
        middle = x.mean(axis=(0, 1))

        def without(step: jax.Array) -> jax.Array:
            moved = subject.run(subject.module, x.at[:, step].set(middle)) - whole
            return jnp.sqrt(jnp.mean(jnp.sum(jnp.square(moved), axis=-1)))

        effect = jax.lax.map(without, jnp.arange(x.shape[1]))
        slope = jax.grad(lambda x: subject.run(subject.module, x).sum())(x)
        return effect, jnp.sqrt(jnp.mean(jnp.sum(jnp.square(slope), axis=-1), axis=0))

    effect, gradient = measured(x)
    return Reach(np.asarray(effect, float), np.asarray(gradient, float), share)
