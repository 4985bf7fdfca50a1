"""Heads: what a network's outputs say of each value ahead, and the loss that teaches them to."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from statistics import NormalDist
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import gammaln
from numpy.typing import NDArray

from penstock.errors import OptionError, nearest
from penstock.training.losses import VALUE_LOSSES

__all__ = ["HEADS", "Direction", "Gaussian", "Head", "Quantiles", "Student", "Value", "resolve_head"]

Values = NDArray[np.float64]

_LEAST = 1e-4  # least deviation and distance of quantiles, in scaled units: keeps likelihoods finite


@dataclass(frozen=True)
class Head(abc.ABC):
    """Outputs ``[..., width]`` for each value; called with targets and outputs, it gives one loss a sample.

    Attributes
    ----------
    gaps
        Whether targets may be missing (NaN); these are not counted.
    summed
        Steps over which targets are summed up before they are compared, so that outputs speak of the whole change up
        to each step; one: they are not.
    """

    gaps: bool = False
    summed: int = 1

    probability: ClassVar[bool] = False
    """Whether forecasts are probabilities instead of values."""

    @property
    def width(self) -> int:
        """Outputs for each value."""
        return 1

    @abc.abstractmethod
    def each(self, y: jax.Array, out: jax.Array) -> jax.Array:
        """Give the loss of each value: targets ``[...]`` and outputs ``[..., width]`` in, ``[...]`` out."""

    def centre(self, out: Values) -> Values:
        """Give the forecast that outputs ``[..., width]`` stand for, ``[...]``."""
        return out[..., 0]

    def bounds(self, out: Values, level: float) -> tuple[Values, Values]:
        """Give the bounds of the central interval of a level in percent, ``[...]`` each."""
        raise OptionError(
            f"loss={type(self).__name__.lower()!r} learns no intervals; leave level= out, or fit with loss='pinball', "
            "'gaussian' or 'student'."
        )

    def deviation(self, out: Values) -> Values | None:
        """Give the standard deviation, ``[...]``; None where there is none."""
        return None

    def __call__(self, y: jax.Array, out: jax.Array) -> jax.Array:
        """Average the losses of the values of each sample: ``[batch, values]`` and ``[batch, values · width]`` in."""
        if self.summed > 1:
            y = jnp.cumsum(y.reshape(len(y), self.summed, -1), axis=1).reshape(y.shape)
        out = out.reshape(*y.shape, self.width)
        if not self.gaps:
            return jnp.mean(self.each(y, out), axis=-1)
        seen = jnp.isfinite(y)
        losses = jnp.where(seen, self.each(jnp.where(seen, y, 0), out), 0)
        return jnp.sum(losses, axis=-1) / jnp.maximum(jnp.sum(seen, axis=-1), 1)


@dataclass(frozen=True)
class Value(Head):
    """The value itself, by a loss of :data:`penstock.training.losses.VALUE_LOSSES`."""

    loss: str = "mse"

    def each(self, y: jax.Array, out: jax.Array) -> jax.Array:
        """Give the loss of each value."""
        return VALUE_LOSSES[self.loss](y[..., None], out)


@dataclass(frozen=True)
class Direction(Head):
    """The probability that the value lies above zero, by binary cross-entropy; targets are 0 and 1."""

    probability: ClassVar[bool] = True

    def each(self, y: jax.Array, out: jax.Array) -> jax.Array:
        """Give −log of the probability of what came."""
        logit = out[..., 0]
        return jax.nn.softplus(logit) - y * logit

    def centre(self, out: Values) -> Values:
        """Give the probability."""
        return 1 / (1 + np.exp(-np.clip(out[..., 0], -500, 500)))


@dataclass(frozen=True)
class Quantiles(Head):
    """The median, and the bounds of each level, by the pinball loss averaged over all of them.

    Each bound lies beyond the one within by the softplus of an output, so that quantiles never cross.

    References
    ----------
    Koenker & Bassett (1978), *Econometrica* 46.
    """

    levels: tuple[float, ...] = (80, 95)

    @property
    def width(self) -> int:
        """The median, then the upper distances from the inside out, then the lower ones."""
        return 1 + 2 * len(self.levels)

    def each(self, y: jax.Array, out: jax.Array) -> jax.Array:
        """Give the mean pinball loss."""
        count = len(self.levels)
        apart = jnp.cumsum(jax.nn.softplus(out[..., 1:]).reshape(*y.shape, 2, count) + _LEAST, axis=-1)
        middle = out[..., :1]
        quantiles = jnp.concatenate([middle, middle + apart[..., 0, :], middle - apart[..., 1, :]], axis=-1)
        upper = 0.5 + np.array(self.levels) / 200
        shares = jnp.asarray(np.concatenate([[0.5], upper, 1 - upper]), out.dtype)
        error = y[..., None] - quantiles
        return jnp.mean(jnp.maximum(shares * error, (shares - 1) * error), axis=-1)

    def bounds(self, out: Values, level: float) -> tuple[Values, Values]:
        """Give the bounds of a level that was learned."""
        if level not in self.levels:
            learned = ", ".join(f"{each:g}" for each in self.levels)
            raise OptionError(f"level={level:g} was not learned; allowed: {learned}, or a fit with levels={level:g}.")
        count, place = len(self.levels), self.levels.index(level) + 1
        apart = np.logaddexp(0, out[..., 1:]) + _LEAST
        up, down = apart[..., :place].sum(axis=-1), apart[..., count : count + place].sum(axis=-1)
        return out[..., 0] - down, out[..., 0] + up


@dataclass(frozen=True)
class Gaussian(Head):
    """Mean μ and deviation σ (the softplus of an output) of a Gaussian, by its negative log-likelihood."""

    @property
    def width(self) -> int:
        """Two: μ and σ."""
        return 2

    def each(self, y: jax.Array, out: jax.Array) -> jax.Array:
        """Give log σ + ((y − μ) / σ)² / 2 + log(2π) / 2."""
        sigma = jax.nn.softplus(out[..., 1]) + _LEAST
        return jnp.log(sigma) + jnp.square((y - out[..., 0]) / sigma) / 2 + np.log(2 * np.pi) / 2

    def bounds(self, out: Values, level: float) -> tuple[Values, Values]:
        """Give μ ± z σ."""
        half = NormalDist().inv_cdf(0.5 + level / 200) * self.deviation(out)
        return out[..., 0] - half, out[..., 0] + half

    def deviation(self, out: Values) -> Values:
        """Give σ."""
        return np.logaddexp(0, out[..., 1]) + _LEAST


@dataclass(frozen=True)
class Student(Head):
    """Place μ, scale σ and degrees of freedom ν > 2 of Student's t, by its negative log-likelihood."""

    @property
    def width(self) -> int:
        """Three: μ, σ and ν."""
        return 3

    def each(self, y: jax.Array, out: jax.Array) -> jax.Array:
        """Give −log of the density at y."""
        sigma, nu = jax.nn.softplus(out[..., 1]) + _LEAST, 2.01 + jax.nn.softplus(out[..., 2] + 2)
        z = jnp.square((y - out[..., 0]) / sigma)
        constant = gammaln(nu / 2) - gammaln((nu + 1) / 2) + jnp.log(np.pi * nu) / 2
        return constant + jnp.log(sigma) + (nu + 1) / 2 * jnp.log1p(z / nu)

    def bounds(self, out: Values, level: float) -> tuple[Values, Values]:
        """Give μ ± t σ."""
        from scipy.special import stdtrit

        sigma, nu = self._scale(out)
        half = stdtrit(nu, 0.5 + level / 200) * sigma
        return out[..., 0] - half, out[..., 0] + half

    def deviation(self, out: Values) -> Values:
        """Give σ √(ν / (ν − 2))."""
        sigma, nu = self._scale(out)
        return sigma * np.sqrt(nu / (nu - 2))

    @staticmethod
    def _scale(out: Values) -> tuple[Values, Values]:
        return np.logaddexp(0, out[..., 1]) + _LEAST, 2.01 + np.logaddexp(0, out[..., 2] + 2)


HEADS: dict[str, type[Head]] = {
    **dict.fromkeys(VALUE_LOSSES, Value),
    "direction": Direction,
    "pinball": Quantiles,
    "gaussian": Gaussian,
    "student": Student,
}
"""The heads by the name of the loss that asks for them."""


def resolve_head(loss: str, levels: tuple[float, ...] = (80, 95), *, gaps: bool = False, steps: int = 1) -> Head:
    """Make the head of a loss; `steps` are summed where the head speaks of a distribution.

    Examples
    --------
    >>> resolve_head("mae"), resolve_head("pinball", (90,)).width
    (Value(gaps=False, summed=1, loss='mae'), 3)
    """
    if loss not in HEADS:
        raise OptionError(f"loss={loss!r} is unknown; {nearest(loss, HEADS)}")
    if HEADS[loss] is Value:
        return Value(gaps, loss=loss)
    if HEADS[loss] is Direction:
        return Direction(gaps)
    return Quantiles(gaps, steps, levels) if HEADS[loss] is Quantiles else HEADS[loss](gaps, steps)
