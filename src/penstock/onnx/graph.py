"""A graph of ONNX under construction: nodes, constants, inputs and outputs, written with ``onnx.helper``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.errors import OptionError
from penstock.extras import library

__all__ = ["BATCH", "OPSET", "Graph", "Port", "Value"]

OPSET = 18
_IR_VERSION = 8  # the one of opset 18: ONNX 1.13 (2022) and newer read it

BATCH = "batch"
"""Name of the free axis: the number of samples."""

Value = str | NDArray[Any]
"""A value while a graph is built: the name of a node's output, or an array that is known already."""


@dataclass(frozen=True)
class Port:
    """An input or an output of a graph.

    Attributes
    ----------
    name
        Its name.
    dtype
        Type of its elements.
    shape
        Its shape; a string names a free axis.
    """

    name: str
    dtype: Any
    shape: tuple[int | str, ...]


class Graph:
    """Nodes of one graph, or of the body of a loop inside another.

    Parameters
    ----------
    outer
        The graph around this one, whose values it can read and which holds its constants; None for the whole.
    """

    def __init__(self, outer: Graph | None = None) -> None:
        self.onnx: Any = library("onnx", "onnx", "an ONNX file") if outer is None else outer.onnx
        self.outer = outer
        self.nodes: list[Any] = []
        self._shapes: dict[Any, str] = {}
        self._constants: dict[Any, str] = {} if outer is None else outer._constants
        self._initializers: list[Any] = [] if outer is None else outer._initializers
        self._count: list[int] = [0] if outer is None else outer._count
        self._batch: list[str] = [] if outer is None else outer._batch

    def name(self, of: str) -> str:
        """Return a name that no other value has."""
        self._count[0] += 1
        return f"{of}_{self._count[0]}"

    def node(self, op: str, inputs: Iterable[Value | None], outputs: int = 1, **attributes: Any) -> Any:
        """Add a node, and return the name of its output, or a tuple of several; None is an absent input."""
        names = ["" if each is None else self.named(each) for each in inputs]
        results = [self.name(op) for _ in range(outputs)]
        self.add(op, names, results, **attributes)
        return results[0] if outputs == 1 else tuple(results)

    def add(self, op: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any) -> None:
        """Add a node whose outputs have the given names; an empty one is not wanted."""
        self.nodes.append(self.onnx.helper.make_node(op, inputs, outputs, **attributes))

    def named(self, value: Value) -> str:
        """Return the name of a value; a known array becomes a constant of the file."""
        if isinstance(value, str):
            return value
        array = np.asarray(value)
        if array.dtype.name not in _TYPES:
            raise OptionError(
                f"ONNX has no such numbers as {array.dtype}: this part of the network cannot be exported."
            )
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            self._constants[key] = self.name("const")
            self._initializers.append(
                self.onnx.numpy_helper.from_array(
                    np.ascontiguousarray(array).reshape(array.shape), self._constants[key]
                )
            )
        return self._constants[key]

    def count_batch(self, source: str) -> None:
        """Read the number of samples, once, from the first axis of an input."""
        self._batch.append(self.node("Shape", [source], start=0, end=1))

    def shape(self, dims: Sequence[Any]) -> Value:
        """Return a shape as a value; its dimensions are numbers, or multiples of the number of samples."""
        if all(isinstance(each, (int, np.integer)) for each in dims):
            return np.array(dims, dtype=np.int64)
        key = tuple(map(str, dims))
        if key not in self._shapes:
            parts: list[Value] = [self._dim(each) for each in dims]
            self._shapes[key] = self.node("Concat", parts, axis=0) if len(parts) > 1 else self.named(parts[0])
        return self._shapes[key]

    def _dim(self, dim: Any) -> Value:
        if isinstance(dim, (int, np.integer)):
            return np.array([dim], dtype=np.int64)
        found = re.fullmatch(rf"(?:(\d+)\*)?{BATCH}(?: \+ (\d+))?", str(dim))
        if found is None:
            raise OptionError(f"an axis of length {dim} cannot be written as ONNX.")
        value: Value = self._batch[0]
        for op, number in zip(("Mul", "Add"), found.groups(), strict=True):
            if number is not None:
                value = self.node(op, [value, np.array([int(number)], dtype=np.int64)])
        return value

    def value_info(self, port: Port) -> Any:
        """Declare an input or an output."""
        return self.onnx.helper.make_tensor_value_info(port.name, self.type_of(port.dtype), port.shape)

    def type_of(self, dtype: Any) -> int:
        """Return ONNX's number of a type of elements."""
        return int(getattr(self.onnx.TensorProto, _TYPES[np.dtype(dtype).name]))

    def body(self, inputs: Sequence[Port], outputs: Sequence[Port]) -> Any:
        """Return this graph as the body of a loop."""
        infos = ([self.value_info(port) for port in ports] for ports in (inputs, outputs))
        return self.onnx.helper.make_graph(self.nodes, self.name("body"), *infos)

    def model(self, inputs: Sequence[Port], outputs: Sequence[Port], facts: Mapping[str, str], told: str) -> bytes:
        """Return the bytes of a whole file, checked by ONNX's own rules.

        Parameters
        ----------
        inputs, outputs
            What the file reads and puts out.
        facts
            What else the file says of the model, by name.
        told
            Description of the file.

        Returns
        -------
        The content of the file.
        """
        helper = self.onnx.helper
        infos = ([self.value_info(port) for port in ports] for ports in (inputs, outputs))
        graph = helper.make_graph(self.nodes, "penstock", *infos, initializer=self._initializers, doc_string=told)
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=_IR_VERSION,
            producer_name="penstock",
            producer_version=facts.get("penstock", ""),
        )
        helper.set_model_props(model, dict(facts))
        self.onnx.checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString())


_TYPES = {
    "float32": "FLOAT", "float64": "DOUBLE", "bool": "BOOL", "uint8": "UINT8", "int8": "INT8",
    "int32": "INT32", "int64": "INT64", "uint32": "UINT32", "uint64": "UINT64",
}  # fmt: skip
