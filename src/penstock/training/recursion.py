"""Recursive forecasts: one step ahead at a time, each fed back as if it had been observed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from penstock.networks.inputs import Inputs
from penstock.networks.network import Network
from penstock.networks.segrnn import SegRNN
from penstock.programs import keep_programs
from penstock.training.compile_options import quickly
from penstock.training.forward import run_blocks
from penstock.training.source import Source

__all__ = ["recurse"]


@keep_programs(64)
def _compiled(
    network: Network | SegRNN, inputs: Inputs, targets: tuple[int, ...], marks: tuple[int, ...], window: int, steps: int
) -> Callable[[Any, Source, jax.Array], jax.Array]:
    def member(weights: Any, source: Source, starts: jax.Array) -> jax.Array:
        module = network.with_weights(weights, inputs, len(targets))
        reverse, forwards = source.reverse, replace(source, reverse=False)

        def run(chunk: jax.Array) -> jax.Array:
            def step(x: jax.Array, ahead: jax.Array) -> tuple[jax.Array, jax.Array]:
                _, _, categories, extra = forwards.read(chunk + ahead, window)
                y = module(x[:, ::-1] if reverse else x, categories=categories, extra=extra)
                row = source.values.at[chunk + window + ahead].get(mode="clip")  # its known covariates stay
                row = row.at[:, np.array(targets)].set(y)
                row = row.at[:, np.array(marks, dtype=int)].set(0) if marks else row
                return jnp.concatenate([x[:, 1:], row[:, None]], axis=1), y

            ys = jax.lax.scan(step, forwards.read(chunk, window).x, jnp.arange(steps))[1]
            return jnp.moveaxis(ys, 0, 1).reshape(len(chunk), -1)

        return jax.lax.map(run, starts)

    return jax.jit(jax.vmap(member, in_axes=(0, None, None)), compiler_options=quickly())


def recurse(
    network: Network | SegRNN,
    weights: Any,
    source: Source,
    starts: NDArray[np.int64],
    window: int,
    steps: int,
    targets: tuple[int, ...],
    marks: tuple[int, ...] = (),
) -> NDArray[np.float64]:
    """Run every member `steps` times on the windows that begin at `starts`, its outputs fed back.

    Parameters
    ----------
    network, weights, source, starts, window
        As for :func:`penstock.training.forward.forward`; the network puts out one step ahead.
    steps
        Steps ahead.
    targets
        Columns of the inputs that the outputs are values of.
    marks
        Columns that are zero in rows ahead.

    Returns
    -------
    Outputs ``[members, n, steps · targets]``, still scaled.
    """
    run = _compiled(network, source.widths, targets, marks, window, steps)
    return run_blocks(run, weights, source, starts, window, ahead=steps + source.ahead)
