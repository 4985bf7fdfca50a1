"""The linear recurrent unit."""

from __future__ import annotations

import math
from typing import Annotated

import jax
import jax.numpy as jnp

from penstock.cells.parallel import ParallelCell
from penstock.options import option

__all__ = ["LRUCell"]


class LRUCell(ParallelCell):
    r"""One step of a linear recurrent unit: a diagonal, complex, stable recurrence whose steps run in parallel.

    .. math::
        λ = \exp(-e^ν + i e^θ) \quad h' = λ ⊙ h + e^γ ⊙ (x B) \quad y = \mathrm{Re}(h' C) + x D

    Its output is linear in its inputs; what is to be nonlinear comes from the layers above.

    Parameters
    ----------
    features
        Width of the input.
    units
        Hidden units.
    key
        JAX key that the weights are drawn from.
    r_min
        Smallest magnitude of λ at first.
    r_max
        Largest magnitude of λ at first.
    max_phase
        Largest phase of λ at first.

    Attributes
    ----------
    ν, θ
        Logarithms of the decay and of the phase of each state, ``[units]``: at first the magnitude of λ is spread
        between `r_min` and `r_max` (uniform on the ring's area), its phase from 0 to `max_phase`.
    γ
        Logarithm of the inputs' scale, ``[units]``: at first √(1 − |λ|²).
    B, C
        Weights into and out of the states, real parts and imaginary, ``[2, features, units]``, ``[2, units, units]``.
    D
        Weights past the states, ``[features, units]``.

    Examples
    --------
    >>> cell = LRUCell(features=1, units=20, key=jax.random.key(0))
    >>> output, h = cell(jnp.ones((3, 1)), cell.initial_state(batch=3))
    >>> output.shape, h.dtype.name
    ((3, 20), 'complex64')

    References
    ----------
    Orvieto et al. (2023), Resurrecting Recurrent Neural Networks for Long Sequences, appendix A.
    """

    ν: jax.Array
    θ: jax.Array
    γ: jax.Array
    B: jax.Array
    C: jax.Array
    D: jax.Array

    def __init__(
        self,
        features: int,
        units: int,
        key: jax.Array,
        r_min: Annotated[float, option(help="smallest magnitude of λ at first", at_least=0, below=1)] = 0.0,
        r_max: Annotated[float, option(help="largest magnitude of λ at first", above=0, at_most=1)] = 1.0,
        max_phase: Annotated[float, option(help="largest phase of λ at first", above=0)] = 2 * math.pi,
    ) -> None:
        dtype = jax.dtypes.canonicalize_dtype(float)
        key_ν, key_θ, key_B, key_C, key_D = jax.random.split(key, 5)
        area = jax.random.uniform(key_ν, (units,), dtype, 1e-6, 1 - 1e-6)
        squared = r_min**2 + area * (r_max**2 - r_min**2)
        self.ν = jnp.log(-0.5 * jnp.log(squared))
        self.θ = jnp.log(max_phase * jax.random.uniform(key_θ, (units,), dtype, 1e-6))
        self.γ = 0.5 * jnp.log1p(-squared)
        self.B = jax.random.normal(key_B, (2, features, units), dtype) / math.sqrt(2 * features)
        self.C = jax.random.normal(key_C, (2, units, units), dtype) / math.sqrt(units)
        self.D = jax.random.normal(key_D, (features, units), dtype) / math.sqrt(features)

    @property
    def λ(self) -> jax.Array:
        """What each state is multiplied by at each step, complex ``[units]``, of a magnitude below one."""
        return jnp.exp(jax.lax.complex(-jnp.exp(self.ν), jnp.exp(self.θ)))

    def initial_state(self, batch: int) -> jax.Array:
        """Give h before the first step: complex zeros ``[batch, units]``."""
        return jnp.zeros((batch, self.ν.size), jnp.result_type(self.ν.dtype, jnp.complex64))

    def terms(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Give λ and the scaled input."""
        scale = jnp.exp(self.γ)
        return self.λ, jax.lax.complex(scale * (x @ self.B[0]), scale * (x @ self.B[1]))

    def readout(self, h: jax.Array, x: jax.Array) -> jax.Array:
        """Give y: the real part of h C, and x D."""
        return h.real @ self.C[0] - h.imag @ self.C[1] + x @ self.D
