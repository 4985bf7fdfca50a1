"""A traced function of JAX (a jaxpr) as nodes of ONNX; what is known before any input comes is computed at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from penstock.errors import OptionError
from penstock.onnx.graph import Graph, Port, Value
from penstock.onnx.operators import OPERATORS
from penstock.onnx.structure import STRUCTURE

__all__ = ["Converter"]

_CALLS = {"jit": "jaxpr", "closed_call": "call_jaxpr", "core_call": "call_jaxpr", "remat2": "jaxpr",
          "checkpoint": "jaxpr", "custom_jvp_call": "call_jaxpr", "custom_vjp_call": "call_jaxpr"}  # fmt: skip
_SAME = ("copy", "copy_p", "stop_gradient", "optimization_barrier", "reduce_precision")


@dataclass(frozen=True)
class _Complex:
    """A complex value, which ONNX does not have: its real and its imaginary part."""

    real: Value
    imag: Value


_PARTWISE = (
    "broadcast_in_dim", "reshape", "squeeze", "transpose", "concatenate", "pad", "slice", "rev", "gather", "neg",
    "add", "sub", "select_n", "stack", "expand_dims", "split", "unstack", "copy", "reduce_sum",
)  # fmt: skip
"""Primitives that act on the real and on the imaginary part alike."""

Known = Callable[[Graph, str, Any, Sequence[Value]], Sequence[Value] | None]
"""Writes a call of a function by its name, its equation and its inputs; None leaves it to its own equations."""


@dataclass(frozen=True)
class Converter:
    """Writes traced functions into a graph.

    Attributes
    ----------
    graph
        Where the nodes go.
    known
        Writes calls of some functions as nodes of their own.
    """

    graph: Graph
    known: Known

    def write(self, closed: Any, inputs: Sequence[Value]) -> list[Value]:
        """Write a function.

        Parameters
        ----------
        closed
            The closed jaxpr.
        inputs
            Its inputs: names of values of the graph, or arrays.

        Returns
        -------
        Its outputs.

        Raises
        ------
        OptionError
            Where ONNX has no counterpart of one of its operations.
        """
        found = self._run(closed.jaxpr, closed.consts, inputs)
        if any(isinstance(each, _Complex) for each in found):
            raise OptionError("ONNX has no complex numbers, which the network puts out.")
        return found

    def _run(self, jaxpr: Any, consts: Sequence[Any], inputs: Sequence[Any]) -> list[Any]:
        values: dict[Any, Any] = {}

        def read(atom: Any) -> Any:
            if hasattr(atom, "val"):
                return np.asarray(atom.val, atom.aval.dtype)
            return values[atom]

        given = [each if isinstance(each, (str, _Complex)) else _array(each) for each in [*consts, *inputs]]
        values.update(zip([*jaxpr.constvars, *jaxpr.invars], given, strict=True))
        for eqn in jaxpr.eqns:
            outputs = self._equation(eqn, [read(atom) for atom in eqn.invars])
            values.update(zip(eqn.outvars, outputs, strict=True))
        return [read(atom) for atom in jaxpr.outvars]

    def _equation(self, eqn: Any, inputs: list[Any]) -> Sequence[Any]:
        name = eqn.primitive.name
        if name in _CALLS:
            return self._call(eqn, inputs)
        if name == "dim_as_value":
            size = self.graph.shape([eqn.params["dim"]])
            kind = self.graph.type_of(eqn.outvars[0].aval.dtype)
            return [self.graph.node("Cast", [self.graph.node("Squeeze", [size])], to=kind)]
        if all(isinstance(each, np.ndarray) for each in inputs) and _is_fixed(eqn):
            found = eqn.primitive.bind(*map(jnp.asarray, inputs), **eqn.params)
            return [_array(each) for each in (found if eqn.primitive.multiple_results else [found])]
        if name in _SAME:
            return inputs
        if any(isinstance(each, _Complex) or _is_complex(each) for each in inputs) or name == "complex":
            return self._complex(eqn, inputs)
        if name == "scan":
            return self._scan(eqn, inputs)
        return self._write(eqn, inputs)

    def _write(self, eqn: Any, inputs: Sequence[Value]) -> Sequence[Value]:
        name = eqn.primitive.name
        write = OPERATORS.get(name) or STRUCTURE.get(name)
        if write is None:
            raise OptionError(
                f"the network uses JAX's operation {name!r}, for which no counterpart in ONNX is written; allowed: "
                f"{', '.join(sorted({*OPERATORS, *STRUCTURE}))}."
            )
        found = write(self.graph, eqn, inputs)
        return [found] if isinstance(found, (str, np.ndarray)) else found

    def _call(self, eqn: Any, inputs: list[Any]) -> Sequence[Any]:
        inner = eqn.params[_CALLS[eqn.primitive.name]]
        if not any(isinstance(each, _Complex) for each in inputs):
            found = self.known(self.graph, eqn.params.get("name", ""), eqn, inputs)
            if found is not None:
                return found
        jaxpr, consts = (inner.jaxpr, inner.consts) if hasattr(inner, "jaxpr") else (inner, ())
        return self._run(jaxpr, consts, inputs)

    def _scan(self, eqn: Any, inputs: list[Any]) -> list[Value]:
        """Write a loop over time: what it only reads is captured, its states and sequences are the loop's."""
        p = eqn.params
        consts, carries = p["num_consts"], p["num_carry"]
        inner = p["jaxpr"]
        if any(isinstance(each, _Complex) for each in inputs):
            raise OptionError("ONNX has no complex numbers, which a loop of the network carries.")
        if not inputs[consts + carries :]:  # a loop over nothing counts its steps
            counted: list[Value] = [np.zeros(p["length"], dtype=np.int64)]
        else:
            counted = []
        body = Graph(self.graph)
        variables = inner.jaxpr.invars[consts:]
        ports = [Port(body.name("state" if n < carries else "now"), v.aval.dtype, _port_shape(v.aval.shape))
                 for n, v in enumerate(variables)]  # fmt: skip
        results = Converter(body, self.known)._run(
            inner.jaxpr, inner.consts, [*inputs[:consts], *(port.name for port in ports)]
        )
        outputs = []
        for value, variable in zip(results, inner.jaxpr.outvars, strict=True):
            if isinstance(value, _Complex):
                raise OptionError("ONNX has no complex numbers, which a loop of the network carries.")
            port = Port(body.name("after"), variable.aval.dtype, _port_shape(variable.aval.shape))
            body.add("Identity", [body.named(value)], [port.name])
            outputs.append(port)
        ports += [Port(body.name("count"), each.dtype, ()) for each in counted if isinstance(each, np.ndarray)]
        sequences = [*inputs[consts + carries :], *counted]
        way = int(p["reverse"])
        directions = {"scan_output_directions": [way] * (len(outputs) - carries)} if len(outputs) > carries else {}
        found = self.graph.node(
            "Scan",
            [*inputs[consts : consts + carries], *sequences],
            len(outputs),
            body=body.body(ports, outputs),
            num_scan_inputs=len(sequences),
            scan_input_directions=[way] * len(sequences),
            **directions,
        )
        return [found] if isinstance(found, str) else list(found)

    def _complex(self, eqn: Any, inputs: Sequence[Any]) -> Sequence[Any]:
        """Write an operation on complex numbers as operations on their parts."""
        name = eqn.primitive.name
        if name == "complex":
            return [_Complex(*inputs)]
        parts = [each if isinstance(each, _Complex) else _split(each) for each in inputs]
        if name in ("real", "imag"):
            return [getattr(parts[0], name)]
        if name == "mul":
            a, b = parts
            op = self.graph.node
            real = op("Sub", [op("Mul", [a.real, b.real]), op("Mul", [a.imag, b.imag])])
            return [_Complex(real, op("Add", [op("Mul", [a.real, b.imag]), op("Mul", [a.imag, b.real])]))]
        if name not in _PARTWISE:
            raise OptionError(f"ONNX has no complex numbers; the network uses {name!r} of them.")
        real, imag = (
            self._write(eqn, [_part(raw, each, side) for raw, each in zip(inputs, parts, strict=True)])
            for side in ("real", "imag")
        )
        return [_Complex(*pair) for pair in zip(real, imag, strict=True)]


def _part(raw: Any, split: _Complex, side: str) -> Value:
    """Return one part of a value; indices and conditions, which are no floats, serve both."""
    if isinstance(raw, _Complex) or _is_complex(raw):
        return split.real if side == "real" else split.imag
    if isinstance(raw, np.ndarray) and raw.dtype.kind == "f":
        return split.real if side == "real" else split.imag
    return raw


def _split(value: Value) -> _Complex:
    if isinstance(value, np.ndarray):
        return _Complex(np.real(value), np.imag(value))
    return _Complex(value, np.float32(0))  # type: ignore[arg-type]


def _is_complex(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "c"


def _is_fixed(eqn: Any) -> bool:
    shapes = (each.aval.shape for each in eqn.outvars)
    return all(isinstance(dim, int) for shape in shapes for dim in shape)


def _port_shape(shape: Sequence[Any]) -> tuple[int | str, ...]:
    return tuple(dim if isinstance(dim, int) else str(dim) for dim in shape)


def _array(value: Any) -> Any:
    """Return an array of NumPy; a random key stays what it is."""
    if isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
        raise OptionError("the network draws random numbers while it forecasts, which cannot be exported.")
    return np.asarray(value)
