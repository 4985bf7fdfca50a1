"""Initial weights as Keras draws them, so that published models start from the same distributions."""

from __future__ import annotations

from jax.nn.initializers import glorot_uniform, orthogonal

__all__ = ["input_weights", "recurrent_weights"]

input_weights = glorot_uniform()
"""Glorot & Bengio (2010), uniform: U(−√(6/(in+out)), √(6/(in+out))) over the whole matrix, all gates together."""

recurrent_weights = orthogonal()
"""Saxe et al. (2014): a matrix with orthonormal rows, ``[H, 4H]`` for the four gates together."""
