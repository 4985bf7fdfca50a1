"""JAX's gather: pieces of an array at given places, as Gather or GatherND."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from penstock.errors import OptionError
from penstock.onnx.graph import Graph, Value

__all__ = ["write_gather"]


def write_gather(graph: Graph, eqn: Any, inputs: Sequence[Value]) -> str:
    """Write a gather whose pieces are single places along some axes, and everything along the others.

    Raises
    ------
    OptionError
        Where its pieces are of another form.
    """
    operand, indices = inputs
    numbers, sizes = eqn.params["dimension_numbers"], eqn.params["slice_sizes"]
    shape = eqn.invars[0].aval.shape
    looked = list(numbers.start_index_map)
    batching = list(numbers.operand_batching_dims)
    single = {*numbers.collapsed_slice_dims, *batching}
    rest = [axis for axis in range(len(shape)) if axis not in {*looked, *batching}]
    long = [axis for axis in looked if sizes[axis] != 1]
    if (long and (len(looked) > 1 or batching)) or any(sizes[axis] != shape[axis] for axis in rest):
        raise OptionError("a gather of blocks along several axes cannot be written as ONNX.")
    indices, outside = _in_bounds(graph, eqn, indices)
    ids = eqn.invars[1].aval.ndim - 1
    places = list(numbers.start_indices_batching_dims)
    free = [axis for axis in range(ids) if axis not in places]
    # [batching, looked up, rest] and [batching, free, index] give [batching, free, rest]
    value = _moved(graph, operand, [*batching, *looked, *rest])
    at = _moved(graph, indices, [*places, *free, ids])
    if long:
        at = graph.node("Add", [at, np.arange(sizes[long[0]])])
        found = graph.node("Gather", [value, at], axis=0)
    elif len(looked) == 1 and not batching:
        found = graph.node("Gather", [value, graph.node("Squeeze", [at, np.array([-1])])], axis=0)
    else:
        found = graph.node("GatherND", [value, at], batch_dims=len(batching))
    tags: list[Any] = [*(("id", axis) for axis in [*places, *free]), *(("axis", axis) for axis in [*long, *rest])]
    kept = [axis for axis in looked if axis not in {*single, *long}]  # axes of length one that stay
    if kept:
        found = graph.node("Unsqueeze", [found, np.arange(len(tags), len(tags) + len(kept))])
        tags += [("axis", axis) for axis in kept]
    offsets = iter(axis for axis in range(len(shape)) if axis not in single)
    batches = iter(range(ids))
    count = len(tags)
    wanted = [
        ("axis", next(offsets)) if axis in numbers.offset_dims else ("id", next(batches)) for axis in range(count)
    ]
    found = _moved(graph, found, [tags.index(tag) for tag in wanted])
    if outside is None:
        return graph.named(found)
    beside = [axis for axis in range(count) if axis in numbers.offset_dims]
    if beside:
        outside = graph.node("Unsqueeze", [outside, np.array(beside, dtype=np.int64)])
    dtype = np.dtype(eqn.outvars[0].aval.dtype)
    fill = eqn.params["fill_value"]
    fill = (np.nan if dtype.kind == "f" else np.iinfo(dtype).min) if fill is None else fill
    return str(graph.node("Where", [outside, np.asarray(fill, dtype), found]))


def _in_bounds(graph: Graph, eqn: Any, indices: Value) -> tuple[Value, Value | None]:
    """Move places into the array, as the mode of the gather says; and say which lay outside, where these are filled."""
    shape = eqn.invars[0].aval.shape
    looked = eqn.params["dimension_numbers"].start_index_map
    sizes = np.array([eqn.params["slice_sizes"][axis] for axis in looked], dtype=np.int64)
    lengths = graph.shape([shape[axis] for axis in looked])
    highest = lengths - sizes if isinstance(lengths, np.ndarray) else graph.node("Sub", [lengths, sizes])
    fills = "FILL" in str(eqn.params["mode"])
    if isinstance(indices, np.ndarray) and isinstance(highest, np.ndarray):
        given = indices.astype(np.int64)
        moved = np.clip(given, 0, highest)
        outside = (moved != given).any(axis=-1)
        return moved, outside if fills and outside.any() else None
    wide = graph.node("Cast", [indices], to=graph.type_of(np.int64))
    moved = graph.node("Min", [graph.node("Max", [wide, np.asarray(0, np.int64)]), highest])
    if not fills:
        return moved, None
    same = graph.node("Cast", [graph.node("Equal", [wide, moved])], to=graph.type_of(np.int32))
    every = graph.node("ReduceMin", [same, np.array([-1])], keepdims=0)
    return moved, graph.node("Equal", [every, np.asarray(0, np.int32)])


def _moved(graph: Graph, value: Value, order: list[int]) -> Value:
    """Put axes into an order."""
    if order == sorted(order):
        return value
    return value.transpose(order) if isinstance(value, np.ndarray) else graph.node("Transpose", [value], perm=order)
