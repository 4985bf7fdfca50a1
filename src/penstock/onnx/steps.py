"""One step of a recurrent network as an ONNX file, with its state as explicit inputs and outputs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from penstock.errors import OptionError
from penstock.files import check_destination, write_whole
from penstock.layers.dropout import DropoutModule
from penstock.layers.layer_norm import LayerNormModule
from penstock.layers.recurrent import RecurrentModule
from penstock.networks.module import NetworkModule, look_up_categories
from penstock.onnx.decoder_steps import step_of_decoder
from penstock.onnx.functions import FunctionFile
from penstock.onnx.graph import BATCH, Port
from penstock.onnx.members import modules_of, state_names
from penstock.onnx.series import SeriesReader
from penstock.sequences.to_sequence import SequenceToSequence
from penstock.version import __version__

__all__ = ["write_step"]


def write_step(path: str | Path, model: Any, *, time: int | None = None) -> Path:
    """Write one step as an ONNX file: of a forecaster a raw row and the state in, forecast and state out.

    Of a model with ``stateful=True``, every step gives the forecast of ``predict`` at its row. Of one of windows, the
    forecast after the last row of a window is that of ``predict``, from the initial state at its first; a state that is
    carried on beyond a window is another function, for the network was trained on windows that start afresh.

    Parameters
    ----------
    path
        Where to write it, such as ``"step.onnx"``.
    model
        A fitted :class:`penstock.Forecaster` of recurrent layers, dropout and layer norm, one above the other, and
        dense layers; or a :class:`penstock.SequenceToSequence`, of whose decoder a step is written.
    time
        Of a decoder: steps of a source at most, as given to :func:`write_encoder`.

    Returns
    -------
    Path
        The path. The file reads ``y`` ``[batch, 1]`` (``[batch, series, 1]`` with ``joint=True``; ``[batch, 2]``, the
        value before in front, with a transform by differences), ``series`` ``[batch]`` where series have scales or
        categories of their own, ``past`` ``[batch, 1, columns]``, ``known`` ``[batch, 1 + horizon, columns]``,
        ``filled`` ``[batch, 1]``, as :func:`write` says, and for each part of the state, such as ``layers0_h``,
        ``[batch, members, units]``; it puts out ``forecast`` ``[batch, horizon]`` (``[batch, series, horizon]`` with
        ``joint=True``; with ``strategy="recursive"`` the next value alone, to be fed in as ``y`` for the one after) and
        the parts of the next state, such as ``next_layers0_h``. The fact ``initial_state`` holds the first state of one
        sample, by name, as JSON; with ``stateful=True`` the fact ``last_state`` that of each series after its last row,
        ``[series, members, units]``.

        The step of a decoder reads what the file of :func:`write_encoder` puts out, with attention ``lengths``
        ``[batch]``, and what was put out before: ``label`` ``[batch]``, first the number of the fact ``opening``; or of
        values ``output`` ``[batch, members, columns]``, first zeros. It puts out ``probabilities``
        ``[batch, labels + 1]`` (the last one of the end) and ``next_label``, or ``value`` ``[batch, columns]`` in units
        and ``next_output``; and the parts of the next state, such as ``next_decoder_h``.

    Raises
    ------
    OptionError
        Where the model is no plain stack, or a row cannot be read without its window; the message names the part.
    """
    path = check_destination(path)
    if isinstance(model, SequenceToSequence):
        return write_whole(path, step_of_decoder(model, time))
    if time is not None:
        raise OptionError(f"time={time} is for decoders; a forecaster's step reads one row. Leave it out.")
    if not hasattr(model, "weights_") or not hasattr(model, "strategy"):
        raise OptionError(
            f"{type(model).__name__} has no step to export; allowed: a fitted penstock.Forecaster, "
            "and penstock.SequenceToSequence."
        )
    reader = SeriesReader(model, one_step=True)
    modules = _stacks(model)
    states = _states(modules)
    ports = [Port(name, np.dtype(leaf.dtype), (BATCH, len(modules), *leaf.shape[2:])) for name, leaf in states.items()]
    file = FunctionFile([*reader.inputs, *ports])
    file.apply(reader.read, [port.name for port in reader.inputs], double=True)
    beside = [name for name in ("categories", "extra") if file.has(name)]

    def step(x: jax.Array, *more: jax.Array) -> dict[str, jax.Array]:
        outs, after = [], []
        found = dict(zip(beside, more, strict=False))
        for member, module in enumerate(modules):
            given = iter(more[len(beside) :])
            out, leaves = x[:, 0], []
            for layer in module.layers:
                if isinstance(layer, RecurrentModule):
                    leaves_now, tree = jax.tree.flatten(layer.cell.initial_state(1))
                    state = jax.tree.unflatten(tree, [next(given)[:, member] for _ in leaves_now])
                    out, state = layer.cell(out, state)
                    leaves += jax.tree.leaves(state)
                else:
                    out = layer(out[:, None], key=None)[:, 0]  # type: ignore[operator]
            vectors = look_up_categories(module.embeddings, found.get("categories"))
            out = jnp.concatenate([out, *vectors, *([found["extra"]] if "extra" in found else [])], axis=-1)
            for dense in module.dense:
                out = dense(out, key=None)  # type: ignore[operator]
            outs.append(out)
            after.append(leaves)
        stacked = [jnp.stack(each, axis=1) for each in zip(*after, strict=True)]
        return {"out": jnp.stack(outs), **{f"next_{name}": each for name, each in zip(states, stacked, strict=True)}}

    file.apply(step, ["x", *beside, *states], double=reader.dtype == jnp.float64)
    file.apply(reader.forecast, ["out", "last", "base", "spread"], double=True)
    file.add_output("forecast")
    for name, leaf in states.items():
        file.add_output(f"next_{name}", np.dtype(leaf.dtype))
    first = {name: leaf[0].tolist() for name, leaf in states.items()}
    facts = {"penstock": __version__, "model": repr(model), **reader.facts(), "initial_state": json.dumps(first)}
    if model.stateful:
        last = zip(states, jax.tree.leaves(model.states_after()), strict=True)
        facts["last_state"] = json.dumps({name: np.swapaxes(leaf, 0, 1).tolist() for name, leaf in last})
    return write_whole(path, file.content(facts, f"one step of {model.label}, fitted by Penstock"))


def _stacks(model: Any) -> list[NetworkModule]:
    """Return the network of each member; refuse what is no plain stack, and what is read of a whole window."""
    reads = {"scale='window' or season=": model.additive, "reverse=True": model.reverse}
    for part, there in reads.items():
        if there:
            raise OptionError(f"{model.label}: a step with {part} is not exported; write() exports the whole window.")
    modules = modules_of(model.network, model.weights_, model.inputs_, model.outputs(len(model.ids_)))
    if not isinstance(modules[0], NetworkModule):
        kind = type(model.network).__name__
        raise OptionError(f"{model.label}: a step of {kind} is not exported; allowed: a Network.")
    for layer in modules[0].layers:
        if not isinstance(layer, (RecurrentModule, DropoutModule, LayerNormModule)):
            kind = type(layer).__name__.removesuffix("Module")
            raise OptionError(
                f"{model.label}: a step of {kind} is not exported; allowed: recurrent layers, Dropout, LayerNorm."
            )
    return modules


def _states(modules: list[NetworkModule]) -> dict[str, Any]:
    """Return the initial state of one sample by name, each part ``[1, members, ...]``."""
    found: dict[str, list[Any]] = {}
    for module in modules:
        for place, layer in enumerate(module.layers):
            if not isinstance(layer, RecurrentModule):
                continue
            leaves = jax.tree.leaves(layer.cell.initial_state(1))
            for name, leaf in zip(state_names(layer.cell, len(leaves)), leaves, strict=True):
                found.setdefault(f"layers{place}_{name}", []).append(np.asarray(leaf))
    return {name: np.stack(leaves, axis=1) for name, leaves in found.items()}
