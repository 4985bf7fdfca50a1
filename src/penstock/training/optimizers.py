"""Optimisers, described; Optax does the work."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import optax

from penstock.kernels.rows import Rule
from penstock.options import Description, option
from penstock.registry import resolve

__all__ = ["OPTIMIZERS", "SGD", "Adam", "AdamW", "Optimizer", "RMSprop", "resolve_optimizer", "scale_updates"]


@dataclass(frozen=True, repr=False)
class Optimizer(Description):
    """An optimiser described."""

    @abc.abstractmethod
    def build(self) -> optax.GradientTransformation:
        """Make the Optax transformation, which works on each weight for itself."""

    def decay_idle_state(self, state: Any, steps: jax.Array) -> Any:
        """Give the state of a table's rows after `steps` steps ``[n, 1]`` in which they were not looked up.

        By default it is what it was: moments rest too.

        Parameters
        ----------
        state
            State of the optimiser for some rows.
        steps
            Steps in which each of them had no gradient.

        Returns
        -------
        The state as these steps leave it.
        """
        return state

    def rule(self) -> Rule | None:
        """Give in numbers what :meth:`build` does to each weight, for the compiled update of tables; None: it has none.

        The arrays of the state that are shaped as the weights are the rule's running means, in its order.
        """
        return None

    @property
    def compiled(self) -> Rule | None:
        """The rule, unless a class below has another :meth:`build` and says nothing of its numbers."""
        for kind in type(self).__mro__:
            if "rule" in vars(kind):
                return self.rule()
            if "build" in vars(kind):
                return None
        return None


@dataclass(frozen=True, repr=False)
class SGD(Optimizer):
    """Stochastic gradient descent, with momentum if wanted."""

    traced: ClassVar[tuple[str, ...]] = ("learning_rate",)

    learning_rate: float = option(0.01, "step size", above=0)
    momentum: float = option(0.0, "share of the last step kept", at_least=0, below=1)

    def build(self) -> optax.GradientTransformation:
        """Make the Optax transformation."""
        return optax.sgd(self.learning_rate, momentum=self.momentum or None)

    def rule(self) -> Rule | None:
        """Give the numbers, which momentum is not among."""
        return None if self.momentum else Rule("sgd", self.learning_rate)


@dataclass(frozen=True, repr=False)
class RMSprop(Optimizer):
    """RMSprop (Hinton 2012) as Keras 3 computes it: ε under the root, squares averaged from zero."""

    traced: ClassVar[tuple[str, ...]] = ("learning_rate",)

    learning_rate: float = option(0.001, "step size", above=0)
    decay: float = option(0.9, "ρ of the running mean of squares", at_least=0, below=1)
    epsilon: float = option(1e-8, "ε, added to the mean of squares", above=0)

    def build(self) -> optax.GradientTransformation:
        """Make the Optax transformation."""
        return optax.rmsprop(self.learning_rate, decay=self.decay, eps=self.epsilon, eps_in_sqrt=True)

    def rule(self) -> Rule | None:
        """Give the numbers."""
        return Rule("rmsprop", self.learning_rate, squares=self.decay, epsilon=self.epsilon)

    def decay_idle_state(self, state: Any, steps: jax.Array) -> Any:
        """Let the mean of squares decay, as steps with a gradient of zero would."""
        # The barrier: without it XLA fuses the power into the product and takes it once for each weight.
        kept = jax.lax.optimization_barrier(jnp.power(self.decay, steps))  # type: ignore[no-untyped-call]
        return jax.tree.map(lambda squares: squares * kept.astype(squares.dtype), state)


@dataclass(frozen=True, repr=False)
class Adam(Optimizer):
    """Adam (Kingma & Ba 2015), algorithm 1."""

    traced: ClassVar[tuple[str, ...]] = ("learning_rate",)

    learning_rate: float = option(0.001, "step size α", above=0)
    beta1: float = option(0.9, "decay of the mean", at_least=0, below=1)
    beta2: float = option(0.999, "decay of the mean of squares", at_least=0, below=1)
    epsilon: float = option(1e-8, "ε, added to the root", above=0)

    def build(self) -> optax.GradientTransformation:
        """Make the Optax transformation."""
        return optax.adam(self.learning_rate, b1=self.beta1, b2=self.beta2, eps=self.epsilon)

    def rule(self) -> Rule | None:
        """Give the numbers."""
        return Rule("adam", self.learning_rate, self.beta1, self.beta2, self.epsilon)


@dataclass(frozen=True, repr=False)
class AdamW(Optimizer):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019), algorithm 2.

    Each step also takes the share ``learning_rate · weight_decay`` off every weight matrix; biases do not decay.
    """

    traced: ClassVar[tuple[str, ...]] = ("learning_rate", "weight_decay")

    learning_rate: float = option(0.001, "step size α", above=0)
    beta1: float = option(0.9, "decay of the mean", at_least=0, below=1)
    beta2: float = option(0.999, "decay of the mean of squares", at_least=0, below=1)
    epsilon: float = option(1e-8, "ε, added to the root", above=0)
    weight_decay: float = option(0.01, "decay λ of the weights", at_least=0)

    def build(self) -> optax.GradientTransformation:
        """Make the Optax transformation."""
        return optax.adamw(
            self.learning_rate,
            b1=self.beta1,
            b2=self.beta2,
            eps=self.epsilon,
            weight_decay=self.weight_decay,
            mask=lambda weights: jax.tree.map(lambda leaf: leaf.ndim > 1, weights),
        )


OPTIMIZERS: dict[str, type[Optimizer]] = {"sgd": SGD, "rmsprop": RMSprop, "adam": Adam, "adamw": AdamW}
"""The optimisers by name, each with its usual settings."""


def scale_updates(updates: Any, rate: jax.Array | None) -> Any:
    """Multiply the updates of an optimiser, each proportional to its learning rate, by a factor of that rate."""
    return updates if rate is None else jax.tree.map(lambda update: update * rate.astype(update.dtype), updates)


def resolve_optimizer(given: str | Optimizer) -> Optimizer:
    """Return the optimiser that a name stands for, with its defaults, or what was given.

    Examples
    --------
    >>> resolve_optimizer("rmsprop").learning_rate
    0.001
    """
    return resolve("optimizer", given, OPTIMIZERS, Optimizer)  # type: ignore[type-abstract]
