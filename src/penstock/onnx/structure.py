"""Operations of JAX that move numbers without changing them, and their counterparts in ONNX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from penstock.onnx.gather import write_gather
from penstock.onnx.graph import Graph, Value

__all__ = ["STRUCTURE"]

Write = Callable[[Graph, Any, Sequence[Value]], Any]


def _ints(values: Sequence[int]) -> Value:
    return np.array(values, dtype=np.int64)


def _reshape(graph: Graph, value: Value, shape: Sequence[Any]) -> str:
    free = [place for place, dim in enumerate(shape) if not isinstance(dim, int)]
    if len(free) <= 1 and all(shape):
        return str(graph.node("Reshape", [value, _ints([dim if isinstance(dim, int) else -1 for dim in shape])]))
    return str(graph.node("Reshape", [value, graph.shape(shape)]))


def _reshaped(graph: Graph, eqn: Any, inputs: Sequence[Value]) -> str:
    return _reshape(graph, inputs[0], eqn.outvars[0].aval.shape)


def _broadcast(graph: Graph, eqn: Any, inputs: Sequence[Value]) -> str:
    shape, kept = eqn.params["shape"], eqn.params["broadcast_dimensions"]
    value, before = inputs[0], eqn.invars[0].aval.shape
    axes = [axis for axis in range(len(shape)) if axis not in kept]
    if axes and before:
        value = graph.node("Unsqueeze", [value, _ints(axes)])
    if [shape[axis] for axis in kept] == list(before) and all(shape[axis] == 1 for axis in axes):
        return str(value if before or not shape else graph.node("Expand", [value, graph.shape(shape)]))
    return str(graph.node("Expand", [value, graph.shape(shape)]))


def _transpose(graph: Graph, eqn: Any, inputs: Sequence[Value]) -> str:
    return str(graph.node("Transpose", inputs, perm=list(eqn.params["permutation"])))


def _concatenate(graph: Graph, eqn: Any, inputs: Sequence[Value]) -> str:
    return str(graph.node("Concat", inputs, axis=eqn.params["dimension"]))


def _slice(graph: Graph, eqn: Any, inputs: Sequence[Value]) -> str:
    start, limit, strides = (eqn.params[name] for name in ("start_indices", "limit_indices", "strides"))
    shape = eqn.invars[0].aval.shape
    steps = strides or (1,) * len(shape)
    cut = [n for n, dim in enumerate(shape) if not (start[n] == 0 and limit[n] == dim and steps[n] == 1)]
    if not cut:
        return str(graph.node("Identity", inputs))
    parts = [_ints([each[axis] for axis in cut]) for each in (start, limit)]
    return str(graph.node("Slice", [inputs[0], *parts, _ints(cut), _ints([steps[axis] for axis in cut])]))


def _rev(graph: Graph, eqn: Any, inputs: Sequence[Value]) -> str:
    axes = list(eqn.params["dimensions"])
    ends = [_ints([number] * len(axes)) for number in (-1, np.iinfo(np.int64).min)]
    return str(graph.node("Slice", [inputs[0], *ends, _ints(axes), _ints([-1] * len(axes))]))


def _split(graph: Graph, eqn: Any, inputs: Sequence[Value]) -> Sequence[str]:
    sizes = eqn.params["sizes"]
    found = graph.node("Split", [inputs[0], _ints(sizes)], len(sizes), axis=eqn.params["axis"])
    return [found] if isinstance(found, str) else list(found)


def _stack(graph: Graph, eqn: Any, inputs: Sequence[Value]) -> str:
    axis = eqn.params["axis"]
    return str(graph.node("Concat", [graph.node("Unsqueeze", [each, _ints([axis])]) for each in inputs], axis=axis))


def _unstack(graph: Graph, eqn: Any, inputs: Sequence[Value]) -> list[str]:
    axis = eqn.params["axis"]
    return [graph.node("Gather", [inputs[0], np.asarray(n, np.int64)], axis=axis) for n in range(len(eqn.outvars))]


def _iota(graph: Graph, eqn: Any, inputs: Sequence[Value]) -> str:
    """Count along one axis."""
    shape, axis, dtype = (eqn.params[name] for name in ("shape", "dimension", "dtype"))
    wide = [-1 if n == axis else 1 for n in range(len(shape))]
    if isinstance(shape[axis], int):
        along: Value = np.arange(shape[axis], dtype=dtype).reshape(wide)
    else:
        count = graph.node("Squeeze", [graph.shape([shape[axis]])])
        numbers = graph.node("Range", [np.asarray(0, np.int64), count, np.asarray(1, np.int64)])
        along = graph.node("Cast", [graph.node("Reshape", [numbers, _ints(wide)])], to=graph.type_of(dtype))
    return str(graph.node("Expand", [along, graph.shape(shape)]))


def _pad(graph: Graph, eqn: Any, inputs: Sequence[Value]) -> str:
    """Put a value before, behind and between the elements of each axis; negative numbers cut."""
    value, filling = inputs
    shape = list(eqn.invars[0].aval.shape)
    logical = eqn.invars[0].aval.dtype.kind == "b"
    if logical:
        value, filling = (graph.node("Cast", [each], to=graph.type_of(np.int32)) for each in (value, filling))
    config = eqn.params["padding_config"]
    for axis, (_, _, between) in enumerate(config):
        if between and shape[axis] > 1:
            wider = graph.node("Unsqueeze", [value, _ints([axis + 1])])
            pads = [0] * (2 * (len(shape) + 1))
            pads[len(shape) + 1 + axis + 1] = between
            wider = graph.node("Pad", [wider, _ints(pads), filling])
            count = shape[axis] * (between + 1)
            joined = _reshape(graph, wider, [*shape[:axis], count, *shape[axis + 1 :]])
            shape[axis] = count - between
            value = graph.node("Slice", [joined, _ints([0]), _ints([shape[axis]]), _ints([axis])])
    ends = [[max(each[side], 0) for each in config] for side in (0, 1)]
    if any(map(any, ends)):
        value = graph.node("Pad", [value, _ints([*ends[0], *ends[1]]), filling])
    for axis, (low, high, _) in enumerate(config):
        if low < 0 or high < 0:
            first, last = _ints([max(-low, 0)]), _ints([high if high < 0 else np.iinfo(np.int64).max])
            value = graph.node("Slice", [value, first, last, _ints([axis])])
    return str(graph.node("Cast", [value], to=graph.type_of(bool)) if logical else graph.named(value))


def _dynamic_slice(graph: Graph, eqn: Any, inputs: Sequence[Value]) -> str:
    """Cut a piece whose place is an input; a place too far out is moved in, as JAX does."""
    value, *starts = inputs
    for axis, (start, size) in enumerate(zip(starts, eqn.params["slice_sizes"], strict=True)):
        whole = eqn.invars[0].aval.shape[axis]
        if size == whole:
            continue
        first = graph.node("Cast", [start], to=graph.type_of(np.int64))
        first = graph.node(
            "Min", [graph.node("Max", [first, np.asarray(0, np.int64)]), np.asarray(whole - size, np.int64)]
        )
        first = graph.node("Reshape", [first, _ints([1])])
        last = graph.node("Add", [first, _ints([size])])
        value = graph.node("Slice", [value, first, last, _ints([axis])])
    return graph.named(value)


STRUCTURE: dict[str, Write] = {
    "reshape": _reshaped,
    "squeeze": _reshaped,
    "expand_dims": _reshaped,
    "broadcast_in_dim": _broadcast,
    "transpose": _transpose,
    "concatenate": _concatenate,
    "slice": _slice,
    "rev": _rev,
    "split": _split,
    "stack": _stack,
    "unstack": _unstack,
    "iota": _iota,
    "pad": _pad,
    "dynamic_slice": _dynamic_slice,
    "gather": write_gather,
}
"""What writes each operation, by its name in JAX."""
