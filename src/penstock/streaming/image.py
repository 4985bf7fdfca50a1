"""A fitted forecaster as the bytes that the compiled steps read; `native/stream_network.h` says what stands where."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from penstock.cells.gru import GRUCell
from penstock.cells.initializers import or_zeros
from penstock.cells.leaky import LeakyCell
from penstock.cells.lstm import LSTMCell
from penstock.cells.rnn import RNNCell
from penstock.data.window_scaling import LEVELS, SPREADS, WindowScale
from penstock.intervals.conformal import ModelIntervals
from penstock.layers.dense import DenseModule
from penstock.layers.dropout import DropoutModule
from penstock.layers.flatten import FlattenModule
from penstock.layers.layer_norm import LayerNormModule
from penstock.layers.recurrent import RecurrentModule
from penstock.networks.module import NetworkModule, look_up_categories
from penstock.networks.network import Network
from penstock.training.heads import Direction, Gaussian, Quantiles, Value

__all__ = ["build_image", "refusal"]

Array = NDArray[Any]

MAGIC = 0x31504554534E4550
KINDS = ("lstm", "gru_before", "gru_after", "rnn_tanh", "rnn_relu", "leaky", "norm", "dense")
ACTIVATIONS = ("linear", "relu", "tanh", "sigmoid", "hard_sigmoid", "hard_sigmoid_keras2")
TRANSFORMS = ("none", "log", "difference", "log_return")
CELLS = (LSTMCell, GRUCell, RNNCell, LeakyCell)
SEASONS = 4


def refusal(stream: Any) -> str | None:
    """Say why the compiled steps cannot compute a stream; None where they can."""
    model = stream.model
    if model.joint and len(model.ids_) > 1:
        return "joint=True reads all series together"
    if not isinstance(model.network, Network):
        return f"{type(model.network).__name__} reads segments"
    if model.calendar_features:
        return "calendar features are read from the times"
    if len(model.season_) > SEASONS:
        return f"it has {len(model.season_)} seasons"
    own = isinstance(stream.intervals, ModelIntervals) and bool(stream.levels)
    if own and not isinstance(model.head(), (Gaussian, Quantiles)):
        return f"intervals='own' with loss={model.loss!r}"
    module = _module(model, 0)
    over_time = [each for each, runs in zip(module.layers, module.over_time, strict=True) if runs]
    for layer in module.layers:
        if isinstance(layer, FlattenModule) and len(over_time) == 1 and isinstance(module.layers[0], FlattenModule):
            continue
        if isinstance(layer, RecurrentModule):
            cell = layer.cell
            if type(cell) not in CELLS or (
                isinstance(cell, LSTMCell) and (cell.p is not None or cell.forget != "gate")
            ):
                return f"{type(cell).__name__} has no compiled step, or not with these options"
            if isinstance(cell, RNNCell) and cell.activation not in ("tanh", "relu"):
                return f"RNN with activation={cell.activation!r} has no compiled step"
        elif not isinstance(layer, (DropoutModule, LayerNormModule)):
            return f"{type(layer).__name__.removesuffix('Module')} has no compiled step"
    return None


def _module(model: Any, member: int) -> NetworkModule:
    weights = jax.tree.map(lambda leaf: jnp.asarray(leaf[member]), model.weights_)
    module: NetworkModule = model.network.with_weights(weights, model.inputs_, model.outputs(len(model.ids_)))
    return module


def _layer(layer: Any, width: int) -> tuple[tuple[Any, ...], list[Any]]:
    """Describe a layer, and list its weights."""
    if isinstance(layer, DenseModule):
        return ("dense", *layer.W.shape, layer.activation, 0.0), [layer.W, layer.b]
    if isinstance(layer, LayerNormModule):
        return ("norm", width, width, "linear", layer.epsilon), [layer.g, layer.b]
    cell, units = layer.cell, layer.units
    b = or_zeros(cell.b, cell.U)
    weights, kind, gate = [cell.W, cell.U, b], "lstm", "sigmoid"
    if isinstance(cell, LSTMCell):
        gate = cell.recurrent_activation
    elif isinstance(cell, GRUCell):
        kind, gate = ("gru_after" if cell.reset_after else "gru_before"), cell.recurrent_activation
        weights += [or_zeros(cell.bU, cell.U)] if cell.reset_after else []
    elif isinstance(cell, RNNCell):
        kind = f"rnn_{cell.activation}"
    else:
        kind = "leaky"
        weights.append(jnp.broadcast_to(jnp.asarray(cell.a, cell.U.dtype), (units,)))
    return (kind, width, units, gate, 0.0), weights


def _stack(module: NetworkModule, width: int, beside: int) -> tuple[list[tuple[Any, ...]], list[list[Any]], int, int]:
    """Describe the layers over time, then the dense ones; Flatten and dropout are no layers here."""
    entries, weights, flatten = [], [], 0
    for layer in module.layers:
        if isinstance(layer, FlattenModule):
            flatten, width = layer.steps, width * layer.steps
        elif not isinstance(layer, DropoutModule):
            entry, own = _layer(layer, width)
            entries.append(entry)
            weights.append(own)
            width = entry[2]
    below, width = len(entries), width + beside
    for layer in module.dense:
        if not isinstance(layer, DropoutModule):
            entry, own = _layer(layer, width)
            entries.append(entry)
            weights.append(own)
    return entries, weights, below, flatten


class _Bytes:
    """Arrays one after another, each at a multiple of eight bytes."""

    def __init__(self, first: int) -> None:
        self.parts, self.size = [], first

    parts: list[bytes]

    def add(self, array: Any, dtype: Any = np.float64) -> int:
        """Append an array and return where it stands."""
        content = np.ascontiguousarray(array, dtype).tobytes()
        content += bytes(-len(content) % 8)
        self.parts.append(content)
        self.size += len(content)
        return self.size - len(content)


def build_image(stream: Any, *, rows: bool = False) -> bytes:
    """Return the bytes of a stream's network, scales and options; with `rows` also the rows and errors it holds."""
    model, bounds = stream.model, stream._bounds
    reader, head, season = model.reader_, model.head(), model.season_
    past, known = len(model.kind_.columns.past), len(model.kind_.columns.known)
    modules = [_module(model, member) for member in range(model.members)]
    static = [stream._static[series] for series in range(len(stream.ids))]
    statics = [_statics(module, reader.encoding.values, static) for module in modules]
    features = 1 + reader.gaps + past + 3 * len(season) + known * model.known_in_window
    dtype = np.dtype(jax.tree.leaves(model.weights_)[0].dtype)
    beside = model.inputs_.extra + statics[0].shape[1]
    stacks = [_stack(module, features, beside) for module in modules]
    entries, _, below, flatten = stacks[0]
    scale = reader.windows.scale if reader.windows is not None else None
    own = isinstance(stream.intervals, ModelIntervals)
    shift, spread = np.zeros((2, len(stream.ids)))
    fitted = len(model.ids_)
    lost = model.transform in ("difference", "log_return")
    shift[:fitted] = 0 if reader.windows is not None and lost else reader.scaling.shift
    spread[:fitted] = reader.scaling.scale
    kinds = (Value, Direction, Gaussian, Quantiles)
    width = 48
    out = _Bytes(8 * width)
    numbers = reader.encoding.numbers
    places = {
        "scaling": out.add(np.stack([shift, spread], axis=1)),
        "encoding": out.add(np.stack([numbers.shift, numbers.scale], axis=1)),
        "targets": out.add(1 - np.array(stream.levels) / 100),
        "fewest": out.add([1 if own else stream.intervals.fewest(level) for level in stream.levels], np.int64),
        "own": out.add([_own(head, level) if own else 0.0 for level in stream.levels]),
        "statics": out.add(np.stack(statics), dtype),
    }
    table, flat, total = [], [], 0
    for number, (kind, inputs, units, activation, epsilon) in enumerate(entries):
        members = [np.concatenate([np.ravel(np.asarray(w, dtype)) for w in stack[1][number]]) for stack in stacks]
        entry = [KINDS.index(kind), inputs, units, ACTIVATIONS.index(activation)]
        table.append([*entry, int(np.float64(epsilon).view(np.int64)), total, len(members[0]), 0])
        flat += members
        total += sum(map(len, members))
    places["layers"] = out.add(np.array(table), np.int64)
    places["weights"] = out.add(np.concatenate(flat), dtype)
    places["steps"] = out.add([stream._clock.step(name) for name in stream.ids], np.int64)
    places["rows"] = out.add(_rows(stream), np.uint8) if rows else 0
    header = [
        MAGIC, out.size, dtype.itemsize, model.members, model.horizon, model.steps, head.width, past, known,
        model.known_in_window, reader.gaps, reader.window, model.shortest_window, model.reverse,
        TRANSFORMS.index(model.transform), kinds.index(type(head)) if type(head) in kinds else 4, head.summed,
        model.ensemble == "median", model.stateful, len(stream.ids), statics[0].shape[1], reader.windows is not None,
        LEVELS.index(scale.level) if isinstance(scale, WindowScale) else 0,
        SPREADS.index(scale.spread) if isinstance(scale, WindowScale) else len(SPREADS),
        len(season), *season, *[0] * (SEASONS - len(season)), below, len(entries) - below, flatten, len(stream.levels),
        bounds.window, stream._rows.kept, features, 0 if not stream.levels else 2 if own else 1, places["scaling"],
        places["encoding"], places["targets"], places["fewest"], places["own"], places["statics"], places["layers"],
        places["weights"], places["steps"], places["rows"], int(np.float64(bounds.rate).view(np.int64)),
    ]  # fmt: skip
    assert len(header) == width, (len(header), width)  # noqa: S101
    return b"".join([np.array(header, dtype=np.int64).tobytes(), *out.parts])


def _own(head: Any, level: float) -> float:
    """Return the number from which the compiled steps compute an interval of this level.

    It is the place of the level among the learned quantiles, from 1, or the normal quantile of the level.
    """
    if isinstance(head, Quantiles):
        head.bounds(np.zeros(head.width), level)  # refuses a level that was not learned
        return float(head.levels.index(level) + 1)
    return NormalDist().inv_cdf(0.5 + level / 200)


def _statics(module: NetworkModule, values: tuple[tuple[Any, ...], ...], static: list[Any]) -> Array:
    """Return the vectors of the static categories of every series side by side, ``[series, width]``."""
    if not values:
        return np.zeros((len(static), 0))
    codes = [[own.index(value) for own, value in zip(values, list(row), strict=True)] for row in static]
    vectors = look_up_categories(module.embeddings, jnp.asarray(codes, jnp.int32))
    return np.concatenate([np.asarray(each) for each in vectors], axis=1)


def _rows(stream: Any) -> Array:
    """Return the rows and errors of every series as bytes, as ``SeriesParts`` reads them."""
    rows, bounds, kept = stream._rows, stream._bounds, stream._rows.kept
    states = stream.states
    shapes = {
        "alpha": (bounds.horizon, len(stream.levels)),
        "half": (bounds.horizon, len(stream.levels), bounds.horizon),
    }
    found = []

    def errors(name: str, series: int) -> Array:
        own: Array = getattr(bounds, name)[series]
        shape = shapes.get(name, own.shape)  # a network's own intervals have levels, and no errors of theirs
        return own if own.shape == shape else np.zeros(shape)

    for series in range(len(rows)):
        span = rows.span(series)
        count = span.stop - span.start

        def newest(buffer: Array, dtype: Any, span: slice = span, count: int = count) -> Array:
            out = np.zeros((kept, *buffer.shape[1:]), dtype)
            out[:count] = buffer[span]
            return out

        found += [
            np.array([count, bounds.rows[series]], np.int64),
            newest(rows.times[series], np.int64), newest(rows.y[series], np.float64),
            newest(rows.filled[series], np.int64), newest(rows.covariates[series], np.float64),
            *(errors(name, series) for name in
              ("queue", "ordered", "held", "oldest", "alpha", "made", "half", "spread")),
            states[series],
        ]  # fmt: skip
    return np.frombuffer(b"".join(np.ascontiguousarray(each).tobytes() for each in found), np.uint8)
