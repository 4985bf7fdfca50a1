"""The echo state: a fixed random reservoir."""

from __future__ import annotations

from typing import Annotated, ClassVar, Unpack

import equinox as eqx
import jax
import jax.numpy as jnp

from penstock import kernels
from penstock.cells.cell import DropoutUnrollOptions, HiddenCell, masked
from penstock.options import option

__all__ = ["EchoStateCell", "spectral_radius"]


def spectral_radius(matrix: jax.Array) -> jax.Array:
    """Give the largest magnitude of an eigenvalue: the limit of ‖Mᵏ‖^(1/k) (Gelfand), at k = 2¹⁶, on any device.

    Examples
    --------
    >>> round(float(spectral_radius(jnp.asarray([[0.0, 0.5], [-0.5, 0.0]]))), 4)
    0.5
    """

    def square(_: int, so_far: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        power, log = so_far
        norm = jnp.linalg.norm(power)
        power = power / jnp.where(norm > 0, norm, 1)
        return power @ power, 2 * (log + jnp.log(norm))

    power, log = jax.lax.fori_loop(0, 16, square, (matrix, jnp.zeros((), matrix.dtype)))
    return jnp.exp((log + jnp.log(jnp.linalg.norm(power))) / 2**16)


class EchoStateCell(HiddenCell):
    r"""One step of a reservoir: leaky units with random weights that are never trained.

    .. math:: h' = (1 - a) h + a \tanh(x W + h U + b)

    Only the layers above learn, from what the reservoir echoes of its inputs; for a closed form see
    :func:`penstock.networks.readout.fit_readout`.

    Parameters
    ----------
    features
        Width of the input.
    units
        Hidden units.
    key
        JAX key that the weights are drawn from.
    radius
        Spectral radius of the recurrent weights.
    leak
        Share of its new value that a unit takes at each step.
    input_scale
        Largest weight of an input, and largest bias.
    density
        Share of recurrent weights that are not zero.

    Attributes
    ----------
    W, b
        Input weights ``[features, units]`` and biases ``[units]``, uniform between ± `input_scale`. No gradient.
    U
        Recurrent weights, ``[units, units]``: a share `density` of them uniform, the others zero, scaled to the
        spectral radius. No gradient.
    leak
        a, the share of its new value that a unit takes at each step.

    Examples
    --------
    >>> cell = EchoStateCell(features=1, units=50, key=jax.random.key(0), radius=0.8)
    >>> output, h = cell(jnp.ones((3, 1)), cell.initial_state(batch=3))
    >>> output.shape, round(float(spectral_radius(cell.U)), 3)
    ((3, 50), 0.8)

    References
    ----------
    Jaeger (2001), The "echo state" approach; Lukoševičius (2012), A practical guide, equations 2 and 3.
    """

    supports_input_dropout: ClassVar[bool] = True
    untrained: ClassVar[tuple[str, ...]] = ("W", "U", "b")
    W: jax.Array
    U: jax.Array
    b: jax.Array
    leak: float = eqx.field(static=True)

    def __init__(
        self,
        features: int,
        units: int,
        key: jax.Array,
        radius: Annotated[float, option(help="spectral radius of the recurrent weights", above=0)] = 0.9,
        leak: Annotated[
            float, option(help="share of its new value that a unit takes at each step", above=0, at_most=1)
        ] = 1.0,
        input_scale: Annotated[float, option(help="largest weight of an input, and largest bias", above=0)] = 1.0,
        density: Annotated[
            float, option(help="share of recurrent weights that are not zero", above=0, at_most=1)
        ] = 0.1,
    ) -> None:
        key_W, key_U, key_b, key_zero = jax.random.split(key, 4)
        dtype = jax.dtypes.canonicalize_dtype(float)
        self.W = jax.random.uniform(key_W, (features, units), dtype, -input_scale, input_scale)
        self.b = jax.random.uniform(key_b, (units,), dtype, -input_scale, input_scale)
        U = jax.random.uniform(key_U, (units, units), dtype, -1, 1)
        U = jnp.where(jax.random.uniform(key_zero, U.shape, dtype) < density, U, 0)
        found = spectral_radius(U)  # zero where no path of weights closes: nothing echoes, whatever the scale
        self.U = U * jnp.where(found > 0, radius / jnp.where(found > 0, found, 1), 1)
        self.leak = leak

    def run(
        self, x: jax.Array, h: jax.Array, **options: Unpack[DropoutUnrollOptions]
    ) -> tuple[jax.Array | None, jax.Array]:
        """Run a whole sequence by the compiled kernel, or its ``lax.scan`` twin."""
        W, U, b = jax.lax.stop_gradient((self.W, self.U, self.b))
        return kernels.leaky(x, h, W, U, b, self.leak, **options)

    def __call__(self, x: jax.Array, state: jax.Array, mask: jax.Array | None = None) -> tuple[jax.Array, jax.Array]:
        """Take one step; the output is h."""
        W, U, b = jax.lax.stop_gradient((self.W, self.U, self.b))
        h = (1 - self.leak) * state + self.leak * jnp.tanh(x @ W + masked(state, mask) @ U + b)
        return h, h
