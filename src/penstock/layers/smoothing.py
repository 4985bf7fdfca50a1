"""Exponential smoothing inside a network: level and season of every window, with learned rates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from penstock.cells.padding import check_sequence, last_step, true_steps, without_padding
from penstock.layers.layer import Layer
from penstock.options import option

__all__ = ["Smoothing", "SmoothingModule"]


class SmoothingModule(eqx.Module):
    r"""Smooth the first feature of a window by `rates` pairs of rates, and put what it finds beside all features.

    With the level :math:`l` and the season :math:`s` of period m (additive Holt-Winters without a trend)

    .. math::
        l_t &= α (y_t - s_{t-m}) + (1 - α) l_{t-1} \\
        s_t &= γ (y_t - l_t) + (1 - γ) s_{t-m}

    of each pair the remainder :math:`y_t - l_t - s_t`, the level and the season one period after :math:`s_t`'s next
    step, :math:`s_{t+1-m}`, are put out. The first value is the first level; the first season is zero.

    Attributes
    ----------
    alpha, gamma
        The rates before their sigmoid, ``[rates]``.
    """

    alpha: jax.Array
    gamma: jax.Array
    season: int = eqx.field(static=True)

    def __call__(
        self,
        x: jax.Array,
        *,
        lengths: jax.Array | None = None,
        sequence: bool = True,
        key: jax.Array | None = None,
    ) -> jax.Array:
        """Map ``[batch, time, features]`` to ``[batch, time, features + 3 · rates]``, or to its last true step."""
        check_sequence("Smoothing", x, lengths)
        x = without_padding(x, lengths)
        α, γ = jax.nn.sigmoid(self.alpha), jax.nn.sigmoid(self.gamma)
        y = jnp.moveaxis(x[..., :1], 1, 0)  # [time, batch, 1]
        true = jnp.ones(x.shape[:2], bool) if lengths is None else true_steps(lengths, x.shape[1])
        level = jnp.broadcast_to(y[0], (x.shape[0], len(α)))
        season = jnp.zeros((self.season, *level.shape), x.dtype)

        def step(
            carry: tuple[jax.Array, jax.Array], now: tuple[jax.Array, jax.Array]
        ) -> tuple[tuple[jax.Array, jax.Array], jax.Array]:
            (level, season), (value, there) = carry, now
            after = α * (value - season[0]) + (1 - α) * level
            own = γ * (value - after) + (1 - γ) * season[0]
            rolled = jnp.concatenate([season[1:], own[None]])
            out = jnp.concatenate([value - after - own, after, rolled[0]], axis=-1)
            kept = jnp.where(there, after, level), jnp.where(there, rolled, season)
            return kept, jnp.where(there, out, 0)

        _, found = jax.lax.scan(step, (level, season), (y, true.T[..., None]))
        out = jnp.concatenate([x, jnp.moveaxis(found, 0, 1)], axis=-1)
        return out if sequence else last_step(out, lengths)


@dataclass(frozen=True, repr=False)
class Smoothing(Layer):
    """Exponential smoothing as a layer, described (Smyl 2020, equations 1 to 3, in additive form).

    The rates are learned with the network, by gradients through the smoothing; level and season are those of each
    window, so that series that were not fitted have theirs as well. It reads the first feature, the target, and puts
    remainder, level and season of every pair of rates beside the features. Windows should be scaled by themselves.

    Examples
    --------
    >>> from penstock.layers.declared import GRU
    >>> from penstock.networks.network import Network
    >>> Network([Smoothing(12, rates=2), GRU(32)])
    Network([Smoothing(12, rates=2), GRU(32)])
    >>> Smoothing(12, rates=2).width(1)
    7

    References
    ----------
    Smyl (2020), *A hybrid method of exponential smoothing and recurrent neural networks for time series forecasting*.
    """

    over_time: ClassVar[bool] = True

    season: int = option(help="period in steps; 1 for a level alone", at_least=1)
    rates: int = option(1, "pairs of rates, for the level and for the season", at_least=1)

    @property
    def outputs(self) -> None:
        """As many as the input has, and three for each pair of rates."""

    def width(self, inputs: int) -> int:
        """Give the width of the output for ``inputs`` features."""
        return inputs + 3 * self.rates

    def build(self, inputs: int, key: jax.Array) -> SmoothingModule:
        """Spread the rates evenly between slow and quick: sigmoids of −2 to 2."""
        dtype = jax.dtypes.canonicalize_dtype(float)
        spread = jnp.linspace(-2.0, 2.0, self.rates + 2, dtype=dtype)[1:-1]
        return SmoothingModule(spread, spread - 1, self.season)
