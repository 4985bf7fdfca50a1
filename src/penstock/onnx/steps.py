"""One step of a recurrent network as an ONNX file, with its state as explicit inputs and outputs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from penstock.errors import OptionError
from penstock.files import check_destination, write_whole
from penstock.layers.dropout import DropoutModule
from penstock.layers.recurrent import RecurrentModule
from penstock.networks.module import NetworkModule
from penstock.onnx.functions import FunctionFile
from penstock.onnx.graph import BATCH, Port
from penstock.onnx.members import modules_of
from penstock.onnx.series import SeriesReader
from penstock.version import __version__

__all__ = ["write_step"]


def write_step(path: str | Path, model: Any) -> Path:
    """Write one step of a forecaster as an ONNX file: a raw value and the state in, forecast and state out.

    From the initial state, the forecast after the last of a window's values is that of ``predict``. A state that is
    carried on beyond a window is another function: the network was trained on windows that start afresh.

    Parameters
    ----------
    path
        Where to write it, such as ``"step.onnx"``.
    model
        A fitted :class:`penstock.Forecaster` of recurrent layers, one above the other, and dense layers.

    Returns
    -------
    Path
        The path. The file reads ``y`` ``[batch, 1]`` (``[batch, series, 1]`` with ``joint=True``), ``series``
        ``[batch]`` where series have scales of their own, and for each part of the state, such as ``layers0_h``,
        ``[batch, members, units]``; it puts out ``forecast`` ``[batch, horizon]`` (``[batch, series, horizon]`` with
        ``joint=True``; with ``strategy="recursive"`` the next value alone, to be fed in as ``y`` for the one after) and
        the parts of the next state, such as ``next_layers0_h``. The fact ``initial_state`` holds the first state of one
        sample, by name, as JSON.

    Raises
    ------
    OptionError
        Where the model is no plain stack, or reads more than the target; the message names the part.
    """
    path = check_destination(path)
    if not hasattr(model, "weights_") or not hasattr(model, "strategy"):
        raise OptionError(f"{type(model).__name__} has no step to export; allowed: a fitted penstock.Forecaster.")
    reader = SeriesReader(model, one_step=True)
    modules = _stacks(model, reader)
    states = _states(modules)
    ports = [Port(name, np.dtype(leaf.dtype), (BATCH, len(modules), *leaf.shape[2:])) for name, leaf in states.items()]
    raw = [replace(port, shape=(*port.shape[:-1], 1)) if port.name == "y" else port for port in reader.inputs]
    file = FunctionFile([*raw, *ports])
    file.apply(reader.read, [port.name for port in raw], double=True)

    def step(x: jax.Array, *before: jax.Array) -> dict[str, jax.Array]:
        outs, after = [], []
        for member, module in enumerate(modules):
            given = iter(before)
            out, leaves = x[:, 0], []
            for layer in module.layers:
                if isinstance(layer, RecurrentModule):
                    leaves_now, tree = jax.tree.flatten(layer.cell.initial_state(1))
                    state = jax.tree.unflatten(tree, [next(given)[:, member] for _ in leaves_now])
                    out, state = layer.cell(out, state)
                    leaves += jax.tree.leaves(state)
            for dense in module.dense:
                out = dense(out, key=None)  # type: ignore[operator]
            outs.append(out)
            after.append(leaves)
        found = [jnp.stack(each, axis=1) for each in zip(*after, strict=True)]
        return {"out": jnp.stack(outs), **{f"next_{name}": each for name, each in zip(states, found, strict=True)}}

    file.apply(step, ["x", *states], double=reader.dtype == jnp.float64)
    file.apply(reader.forecast, ["out", "last", "base", "spread"], double=True)
    file.add_output("forecast")
    for name, leaf in states.items():
        file.add_output(f"next_{name}", np.dtype(leaf.dtype))
    first = {name: leaf[0].tolist() for name, leaf in states.items()}
    facts = {"penstock": __version__, "model": repr(model), **reader.facts(), "initial_state": json.dumps(first)}
    return write_whole(path, file.content(facts, f"one step of {model.label}, fitted by Penstock"))


def _stacks(model: Any, reader: SeriesReader) -> list[NetworkModule]:
    """Return the network of each member; refuse what is no plain stack over the target alone."""
    columns = model.kind_.columns
    reads = {"past covariates": columns.past, "known covariates": columns.known, "static covariates": columns.static,
             "missing='indicator'": reader.reader.gaps, "scale='window' or season=": model.additive,
             "reverse=True": model.reverse, f"transform={model.transform!r}": reader.lost}  # fmt: skip
    for part, there in reads.items():
        if there:
            raise OptionError(f"{model.label}: a step with {part} is not exported; write() exports the whole window.")
    modules = modules_of(model.network, model.weights_, model.inputs_, model.outputs(len(model.ids_)))
    if not isinstance(modules[0], NetworkModule):
        kind = type(model.network).__name__
        raise OptionError(f"{model.label}: a step of {kind} is not exported; allowed: a Network.")
    for layer in modules[0].layers:
        if not isinstance(layer, (RecurrentModule, DropoutModule)):
            kind = type(layer).__name__.removesuffix("Module")
            raise OptionError(f"{model.label}: a step of {kind} is not exported; allowed: recurrent layers and dense.")
    return modules


def _states(modules: list[NetworkModule]) -> dict[str, Any]:
    """Return the initial state of one sample by name, each part ``[1, members, ...]``."""
    found: dict[str, list[Any]] = {}
    for module in modules:
        for place, layer in enumerate(module.layers):
            if not isinstance(layer, RecurrentModule):
                continue
            leaves = jax.tree.leaves(layer.cell.initial_state(1))
            names = layer.cell.state_names
            names = names if len(names) == len(leaves) else tuple(map(str, range(len(leaves))))
            for name, leaf in zip(names, leaves, strict=True):
                found.setdefault(f"layers{place}_{name}", []).append(np.asarray(leaf))
    return {name: np.stack(leaves, axis=1) for name, leaves in found.items()}
