"""Decoders of sequences written with their loop: each step is fed what was put out before."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from penstock.onnx.functions import FunctionFile
from penstock.onnx.members import modules_of
from penstock.onnx.samples import SampleReader

__all__ = ["write_decoder"]


def write_decoder(file: FunctionFile, reader: SampleReader) -> None:
    """Write encoder, decoder and the loop around it.

    Parameters
    ----------
    file
        Where samples have been read into ``x``, ``lengths`` and ``extra``.
    reader
        How they are read.
    """
    reads = [name for name in ("x", "lengths", "extra") if file.has(name)]
    model, end = reader.model, reader.outputs - 1
    tells_labels = reader.output == "labels"

    def run(*arrays: jax.Array) -> dict[str, jax.Array]:
        x, *others = arrays
        options = dict(zip(reads[1:], others, strict=True))
        modules = modules_of(model.network, reader.weights, reader.widths, reader.outputs)
        encoded = [module.encode(module.look_up(x), **options) for module in modules]
        begin = [module.first_state(each) for module, each in zip(modules, encoded, strict=True)]
        fed = [module.opening(x.shape[0]) for module in modules]

        def step(carry: Any, _: None) -> tuple[Any, jax.Array]:
            ended, states, fed = carry
            each = [m.step(f, s, e) for m, f, s, e in zip(modules, fed, states, encoded, strict=True)]
            states = [after for _, after, _ in each]
            if not tells_labels:
                fed = [
                    module.feed(out) if module.autoregressive else now
                    for module, now, (out, _, _) in zip(modules, fed, each, strict=True)
                ]
                return (ended, states, fed), jnp.stack([out for out, _, _ in each])
            shares = sum(jax.nn.softmax(out, axis=-1) for out, _, _ in each)
            token = jnp.where(ended, end, jnp.argmax(shares, axis=-1).astype(jnp.int32))
            return (token == end, states, [module.feed(token) for module in modules]), token

        ended = jnp.zeros(x.shape[0], bool)
        found = jax.lax.scan(step, (ended, begin, fed), None, length=model.max_target_length_)[1]
        return {"out": jnp.swapaxes(found, 0, 1) if tells_labels else jnp.moveaxis(found, 0, 2)}

    file.apply(run, reads, double=reader.dtype == jnp.float64)
    file.apply(reader.answer, ["out"], double=True)
    file.add_output(reader.output, np.int64 if tells_labels else np.float64)
