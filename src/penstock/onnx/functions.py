"""Functions of JAX one after the other in one file: each is traced by itself and reads what the ones before gave."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import jax
import numpy as np

from penstock.onnx.convert import Converter
from penstock.onnx.graph import Graph, Port, Value
from penstock.onnx.recurrent import write_recurrence
from penstock.onnx.trace import Recurrences, trace

__all__ = ["FunctionFile"]


class FunctionFile:
    """An ONNX file that is filled by functions.

    Parameters
    ----------
    inputs
        What the file reads; the first axis of the first one is the number of samples.
    """

    def __init__(self, inputs: Sequence[Port]) -> None:
        self.inputs = list(inputs)
        self.outputs: list[Port] = []
        self._graph = Graph()
        self._graph.count_batch(self.inputs[0].name)
        self._values: dict[str, tuple[Value, Port]] = {port.name: (port.name, port) for port in self.inputs}

    def apply(self, function: Callable[..., Mapping[str, Any]], reads: Sequence[str], *, double: bool) -> None:
        """Write a function.

        Parameters
        ----------
        function
            Called with an array for each of `reads`; gives arrays by name.
        reads
            Names of inputs, or of what an earlier function gave.
        double
            Whether it computes in float64; else in JAX's default precision.
        """
        given = [self._values[name] for name in reads]
        ports = [port for _, port in given]
        recurrences = Recurrences()
        names: list[str] = []

        def flat(*arrays: jax.Array) -> list[jax.Array]:
            found = {name: each for name, each in function(*arrays).items() if each is not None}
            names[:] = list(found)
            return list(found.values())

        def known(graph: Graph, name: str, eqn: Any, inputs: Sequence[Value]) -> Sequence[Value] | None:
            found = recurrences.find(name)
            if found is None:
                return None
            spec, arrays = found
            return write_recurrence(graph, spec, dict(zip(arrays, inputs, strict=True)), eqn.invars[0].aval)

        with jax.enable_x64(True) if double else nullcontext():
            traced = trace(flat, ports, recurrences)
            results = Converter(self._graph, known).write(traced, [value for value, _ in given])
        for name, value, aval in zip(names, results, traced.out_avals, strict=True):
            shape = tuple(dim if isinstance(dim, int) else str(dim) for dim in aval.shape)
            self._values[name] = (value, Port(name, np.dtype(aval.dtype), shape))

    def has(self, name: str) -> bool:
        """Tell whether an input, or what a function gave, has this name."""
        return name in self._values

    def add_output(self, name: str, dtype: Any = np.float64) -> None:
        """Make what a function gave an output of the file, as numbers of some type."""
        value, port = self._values[name]
        self._graph.add("Cast", [self._graph.named(value)], [name], to=self._graph.type_of(dtype))
        self.outputs.append(Port(name, dtype, port.shape))

    def content(self, facts: Mapping[str, str], told: str) -> bytes:
        """Return the file."""
        return self._graph.model(self.inputs, self.outputs, facts, told)
