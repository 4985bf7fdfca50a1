"""The recurrences as `lax.scan`: what the kernels must equal, and the path of every other machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
from jax import lax

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.kernels.spec import Operands, Spec

Outputs = tuple[jax.Array | None, jax.Array, jax.Array | None]


def unroll(spec: Spec, given: Operands) -> Outputs:
    """Walk the sequence; return the states of every step (or None), the last `h`, the last `c` (or None).

    Steps from a sample's length on leave its state alone, and their output is zero.
    """
    time = given.x.shape[1]
    x, U, mask = given.x, given.U, given.mask
    mask = None if mask is None else lax.stop_gradient(mask)
    active = None
    if given.lengths is not None:
        active = jnp.arange(time)[:, None] < given.lengths[None, :]
        # What stands in the padding may be anything, NaN included; it must not reach a gradient.
        x = jnp.where(active.T[:, :, None], x, 0)
    if given.x_mask is not None:
        x = x * lax.stop_gradient(given.x_mask)[:, None]
    xz = jnp.swapaxes(x @ given.W + given.b, 0, 1)
    sigmoid = _sigmoid(spec.recurrent_activation)

    def step(state: tuple[jax.Array, jax.Array | None], now: tuple[jax.Array, jax.Array | None]):  # type: ignore[no-untyped-def]
        h, c = state
        z, alive = now
        hm = h if mask is None else h * mask
        if spec.cell == "lstm":
            assert c is not None  # noqa: S101
            new_h, new_c = _lstm(z + hm @ U, c, sigmoid)
        else:
            new_h, new_c = _single(spec, given, z, h, hm, sigmoid), None
        out = new_h
        if alive is not None:
            keep = alive[:, None]
            out, new_h = jnp.where(keep, new_h, 0), jnp.where(keep, new_h, h)
            new_c = None if c is None or new_c is None else jnp.where(keep, new_c, c)
        return (new_h, new_c), out if spec.sequence else None

    (h, c), hs = lax.scan(step, (given.h, given.c), (xz, active), reverse=spec.reverse)
    return (None if hs is None else jnp.swapaxes(hs, 0, 1)), h, c


def _sigmoid(name: str) -> Callable[[jax.Array], jax.Array]:
    if name == "sigmoid":
        return jax.nn.sigmoid
    if name == "hard_sigmoid_keras2":
        return lambda x: jnp.clip(0.2 * x + 0.5, 0, 1)
    return lambda x: jnp.clip(x + 3, 0, 6) / 6


def _lstm(z: jax.Array, c: jax.Array, sigmoid: Callable[[jax.Array], jax.Array]) -> tuple[jax.Array, jax.Array]:
    i, f, g, o = jnp.split(z, 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * jnp.tanh(g)
    return sigmoid(o) * jnp.tanh(c), c


def _single(
    spec: Spec,
    given: Operands,
    z: jax.Array,
    h: jax.Array,
    hm: jax.Array,
    sigmoid: Callable[[jax.Array], jax.Array],
) -> jax.Array:
    """Step a cell whose state is `h` alone; `z` is x W + b, `hm` what enters the recurrent product."""
    U, H = given.U, h.shape[-1]
    if spec.cell == "gru_after":
        assert given.bU is not None  # noqa: S101
        xr, xu, xn = jnp.split(z, 3, axis=-1)
        hr, hu, hn = jnp.split(hm @ U + given.bU, 3, axis=-1)
        u = sigmoid(xu + hu)
        n = jnp.tanh(xn + sigmoid(xr + hr) * hn)
        return u * h + (1 - u) * n
    if spec.cell == "gru_before":
        xr, xu, xn = jnp.split(z, 3, axis=-1)
        hr, hu = jnp.split(hm @ U[:, : 2 * H], 2, axis=-1)
        u = sigmoid(xu + hu)
        n = jnp.tanh(xn + (sigmoid(xr + hr) * hm) @ U[:, 2 * H :])
        return u * h + (1 - u) * n
    z = z + hm @ U
    if spec.cell == "rnn_relu":
        return jax.nn.relu(z)
    if spec.cell == "rnn_tanh":
        return jnp.tanh(z)
    assert given.a is not None  # noqa: S101
    return (1 - given.a) * h + given.a * jnp.tanh(z)
