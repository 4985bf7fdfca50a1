"""Encoder and decoder as two ONNX files: the reading of a source, and a step with its state as inputs and outputs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from penstock.errors import OptionError
from penstock.files import check_destination, write_whole
from penstock.networks.decoder import Encoded
from penstock.onnx.functions import FunctionFile
from penstock.onnx.graph import BATCH, Port
from penstock.onnx.members import modules_of, state_names
from penstock.onnx.samples import SampleReader
from penstock.sequences.to_sequence import SequenceToSequence
from penstock.version import __version__

__all__ = ["step_of_decoder", "write_encoder"]


def write_encoder(path: str | Path, model: Any, *, time: int) -> Path:
    """Write the encoder of a :class:`penstock.SequenceToSequence` as an ONNX file, for the steps of :func:`write_step`.

    Parameters
    ----------
    path
        Where to write it, such as ``"encoder.onnx"``.
    model
        The fitted model.
    time
        Steps of a source at most.

    Returns
    -------
    Path
        The path. The file reads what that of :func:`write` reads; it puts out ``encoded`` ``[batch, members, width]``,
        with attention also ``steps`` ``[batch, members, time, width]``, and each part of the decoder's first state,
        such as ``decoder_h`` ``[batch, members, units]``.

    Raises
    ------
    OptionError
        Where the model is another one, or is not fitted.
    """
    path = check_destination(path)
    decoder = _Decoder(model, time)
    reader, file = decoder.reader, FunctionFile(decoder.reader.inputs)
    file.apply(reader.read, [port.name for port in reader.inputs], double=True)
    reads = [name for name in ("x", "lengths", "extra") if file.has(name)]

    def run(x: jax.Array, *others: jax.Array) -> dict[str, jax.Array]:
        options = dict(zip(reads[1:], others, strict=True))
        encoded = [module.encode(module.look_up(x), **options) for module in decoder.modules]
        states = [
            jax.tree.leaves(module.first_state(each)) for module, each in zip(decoder.modules, encoded, strict=True)
        ]
        found = {"encoded": jnp.stack([each.vector for each in encoded], axis=1)}
        if decoder.attends:
            found["steps"] = jnp.stack([each.steps for each in encoded], axis=1)
        parts = zip(decoder.states, zip(*states, strict=True), strict=True)
        return found | {name: jnp.stack(leaves, axis=1) for name, leaves in parts}

    file.apply(run, reads, double=reader.dtype == jnp.float64)
    for name in ("encoded", *(["steps"] if decoder.attends else []), *decoder.states):
        file.add_output(name, reader.dtype)
    return write_whole(path, file.content(decoder.facts(), f"encoder of {type(model).__name__}, fitted by Penstock"))


def step_of_decoder(model: Any, time: int | None) -> bytes:
    """Return the ONNX file of one step of a decoder (:func:`penstock.onnx.write_step`).

    Raises
    ------
    OptionError
        Where the model is not fitted.
    """
    decoder = _Decoder(model, time)
    reader, modules = decoder.reader, decoder.modules
    members, width, dtype = len(modules), modules[0].W0.shape[0], np.dtype(reader.dtype)
    labels, feeds = reader.output == "labels", modules[0].autoregressive
    ports = [Port("encoded", dtype, (BATCH, members, width))]
    if feeds:
        before = Port("label", np.dtype(np.int64), (BATCH,))
        ports.append(before if labels else Port("output", dtype, (BATCH, members, reader.outputs)))
    if decoder.attends:
        wide = width - reader.widths.extra
        ports += [
            Port("steps", dtype, (BATCH, members, time or 1, wide)),
            Port("lengths", np.dtype(np.int64), (BATCH,)),
        ]
    ports += [Port(name, dtype, (BATCH, members, *shape)) for name, shape in decoder.states.items()]
    file, names = FunctionFile(ports), [port.name for port in ports]

    whole = [port.name for port in ports if port.dtype == np.int64]
    if whole:  # traced in 64 bits, which the other function may not know

        def narrow(*arrays: jax.Array) -> dict[str, jax.Array]:
            return {name: each.astype(jnp.int32) for name, each in zip(whole, arrays, strict=True)}

        file.apply(narrow, whole, double=True)

    def run(*arrays: jax.Array) -> dict[str, jax.Array]:
        given = dict(zip(names, arrays, strict=True))
        outs, after = [], []
        for member, module in enumerate(modules):
            vector = given["encoded"][:, member]
            steps = given["steps"][:, member] if decoder.attends else vector[:, None]
            lengths = given["lengths"] if decoder.attends else None
            fed = module.opening(vector.shape[0])
            if feeds:
                fed = module.feed(given["label"] if labels else given["output"][:, member])
            leaves = [given[name][:, member] for name in decoder.states]
            state = jax.tree.unflatten(jax.tree.structure(module.decoder.cell.initial_state(1)), leaves)
            out, state, _ = module.step(fed, state, Encoded(steps, lengths, vector))
            outs.append(out)
            after.append(jax.tree.leaves(state))
        parts = zip(decoder.states, zip(*after, strict=True), strict=True)
        found = {f"next_{name}": jnp.stack(leaves, axis=1) for name, leaves in parts}
        if not labels:
            return {**found, "out": jnp.stack(outs), "next_output": jnp.stack(outs, axis=1)}
        total: Any = sum(jax.nn.softmax(out, axis=-1) for out in outs)
        shares = total / members
        return {**found, "probabilities": shares, "next_label": jnp.argmax(shares, axis=-1)}

    file.apply(run, names, double=reader.dtype == jnp.float64)
    if labels:
        file.add_output("probabilities")
        file.add_output("next_label", np.int64)
    else:
        file.apply(reader.answer, ["out"], double=True)
        file.add_output("value")
        if feeds:
            file.add_output("next_output", dtype)
    for name in decoder.states:
        file.add_output(f"next_{name}", dtype)
    return file.content(decoder.facts(), f"one step of the decoder of {type(model).__name__}, fitted by Penstock")


class _Decoder:
    """What both files are written of: the networks of all members, and the parts of the decoder's state, by name."""

    def __init__(self, model: Any, time: int | None) -> None:
        if not isinstance(model, SequenceToSequence):
            raise OptionError(f"{type(model).__name__} has no decoder; allowed: a fitted penstock.SequenceToSequence.")
        if not hasattr(model, "weights_"):
            raise OptionError(f"{type(model).__name__} is not fitted; call fit first.")
        if not isinstance(time, int) or time < 1:
            raise OptionError(f"time={time}: give the steps of a source at most, such as time=20.")
        self.reader = SampleReader(model, time)
        self.modules = modules_of(model.network, self.reader.weights, self.reader.widths, self.reader.outputs)
        self.attends = self.modules[0].attention is not None
        cell = self.modules[0].decoder.cell
        leaves = jax.tree.leaves(cell.initial_state(1))
        names = state_names(cell, len(leaves))
        self.states = {f"decoder_{name}": leaf.shape[1:] for name, leaf in zip(names, leaves, strict=True)}

    def facts(self) -> dict[str, str]:
        """Return what the files say of themselves."""
        facts = {"penstock": __version__, "model": repr(self.reader.model.network), **self.reader.facts()}
        if self.reader.output == "labels":
            facts["opening"] = str(self.reader.outputs - 1)
        return facts | {"most_steps": json.dumps(self.reader.model.max_target_length_)}
