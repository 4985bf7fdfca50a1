"""Operations of JAX on numbers, element by element or along axes, and their counterparts in ONNX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from penstock.errors import OptionError
from penstock.onnx.graph import Graph, Value

__all__ = ["OPERATORS"]

Write = Callable[[Graph, Any, Sequence[Value]], Any]


def _simple(op: str) -> Write:
    return lambda graph, eqn, inputs: graph.node(op, inputs)


def _dtype(eqn: Any) -> np.dtype[Any]:
    return np.dtype(eqn.outvars[0].aval.dtype)


def _like(eqn: Any, number: float) -> Value:
    return np.asarray(number, eqn.invars[0].aval.dtype)


def _logical(op: str, on_numbers: str) -> Write:
    def write(graph: Graph, eqn: Any, inputs: Sequence[Value]) -> str:
        return str(graph.node(op if _dtype(eqn).kind == "b" else on_numbers, inputs))

    return write


def _compare(op: str) -> Write:
    def write(graph: Graph, eqn: Any, inputs: Sequence[Value]) -> str:
        if eqn.invars[0].aval.dtype.kind == "b":
            inputs = [graph.node("Cast", [each], to=graph.type_of(np.int32)) for each in inputs]
        return str(graph.node(op, inputs))

    return write


def _ne(graph: Graph, eqn: Any, inputs: Sequence[Value]) -> str:
    return str(graph.node("Not", [_compare("Equal")(graph, eqn, inputs)]))


def _select_n(graph: Graph, eqn: Any, inputs: Sequence[Value]) -> str:
    which, *cases = inputs
    if len(cases) != 2 or eqn.invars[0].aval.dtype.kind != "b":
        raise OptionError("a choice among more than two cases cannot be written as ONNX.")
    if _dtype(eqn).kind == "b":  # runtimes have no Where for booleans
        yes = graph.node("And", [which, cases[1]])
        return str(graph.node("Or", [yes, graph.node("And", [graph.node("Not", [which]), cases[0]])]))
    return str(graph.node("Where", [which, cases[1], cases[0]]))


def _clamp(graph: Graph, eqn: Any, inputs: Sequence[Value]) -> str:
    low, x, high = inputs
    return str(graph.node("Min", [graph.node("Max", [x, low]), high]))


def _integer_pow(graph: Graph, eqn: Any, inputs: Sequence[Value]) -> str:
    power = eqn.params["y"]
    if power == 2:
        return str(graph.node("Mul", [inputs[0], inputs[0]]))
    return str(graph.node("Pow", [inputs[0], _like(eqn, power)]))


def _rsqrt(graph: Graph, eqn: Any, inputs: Sequence[Value]) -> str:
    return str(graph.node("Reciprocal", [graph.node("Sqrt", inputs)]))


def _log1p(graph: Graph, eqn: Any, inputs: Sequence[Value]) -> str:
    """Write log(1 + x), exact for small x as well: x log(1 + x) / ((1 + x) − 1) (Goldberg 1991, theorem 4)."""
    (x,) = inputs
    one = _like(eqn, 1)
    near = graph.node("Add", [x, one])
    apart = graph.node("Sub", [near, one])
    none = graph.node("Equal", [apart, _like(eqn, 0)])
    ratio = graph.node(
        "Div", [graph.node("Mul", [x, graph.node("Log", [near])]), graph.node("Where", [none, one, apart])]
    )
    endless = graph.node("Where", [graph.node("IsInf", [x]), x, ratio])
    return str(graph.node("Where", [none, x, endless]))


def _expm1(graph: Graph, eqn: Any, inputs: Sequence[Value]) -> str:
    """Write exp(x) − 1 as 2 tanh(x/2) / (1 − tanh(x/2)), exact for small x; as it is for large x."""
    (x,) = inputs
    half = graph.node("Tanh", [graph.node("Mul", [x, _like(eqn, 0.5)])])
    small = graph.node("Div", [graph.node("Mul", [half, _like(eqn, 2)]), graph.node("Sub", [_like(eqn, 1), half])])
    large = graph.node("Sub", [graph.node("Exp", [x]), _like(eqn, 1)])
    return str(graph.node("Where", [graph.node("Less", [graph.node("Abs", [x]), _like(eqn, 0.5)]), small, large]))


def _rem(graph: Graph, eqn: Any, inputs: Sequence[Value]) -> str:
    return str(graph.node("Mod", inputs, fmod=1))


def _div(graph: Graph, eqn: Any, inputs: Sequence[Value]) -> str:
    return str(graph.node("Div", inputs))


def _is_finite(graph: Graph, eqn: Any, inputs: Sequence[Value]) -> str:
    wrong = graph.node("Or", [graph.node("IsNaN", inputs), graph.node("IsInf", inputs)])
    return str(graph.node("Not", [wrong]))


def _cast(graph: Graph, eqn: Any, inputs: Sequence[Value]) -> Value:
    if eqn.params["new_dtype"] == eqn.invars[0].aval.dtype:
        return inputs[0]
    return str(graph.node("Cast", inputs, to=graph.type_of(eqn.params["new_dtype"])))


def _reduce(op: str) -> Write:
    def write(graph: Graph, eqn: Any, inputs: Sequence[Value]) -> str:
        axes = np.array(eqn.params["axes"], dtype=np.int64)
        return str(graph.node(op, [inputs[0], axes], keepdims=0))

    return write


def _reduce_logical(op: str) -> Write:
    def write(graph: Graph, eqn: Any, inputs: Sequence[Value]) -> str:
        number = graph.node("Cast", inputs, to=graph.type_of(np.int32))
        return str(graph.node("Cast", [_reduce(op)(graph, eqn, [number])], to=graph.type_of(bool)))

    return write


def _arg(op: str) -> Write:
    def write(graph: Graph, eqn: Any, inputs: Sequence[Value]) -> str:
        (axis,) = eqn.params["axes"]
        return str(graph.node("Cast", [graph.node(op, inputs, axis=axis, keepdims=0)], to=graph.type_of(_dtype(eqn))))

    return write


def _cumsum(graph: Graph, eqn: Any, inputs: Sequence[Value]) -> str:
    axis = np.asarray(eqn.params["axis"], np.int64)
    return str(graph.node("CumSum", [inputs[0], axis], reverse=int(eqn.params["reverse"])))


def _sort(graph: Graph, eqn: Any, inputs: Sequence[Value]) -> str:
    axis = eqn.params["dimension"]
    if len(inputs) != 1 or not isinstance(eqn.invars[0].aval.shape[axis], int):
        raise OptionError("this sorting cannot be written as ONNX; allowed: one array, along an axis of fixed length.")
    count = np.array([eqn.invars[0].aval.shape[axis]], dtype=np.int64)
    return str(graph.node("TopK", [inputs[0], count], 2, axis=axis, largest=0)[0])


def _dot_general(graph: Graph, eqn: Any, inputs: Sequence[Value]) -> str:
    """Write a product as MatMul where it is one of matrices, else as Einsum."""
    (left, right), (left_batch, right_batch) = eqn.params["dimension_numbers"]
    a, b = (each.aval for each in eqn.invars)
    dtype = _dtype(eqn)
    x, y = (
        each if aval.dtype == dtype else graph.node("Cast", [each], to=graph.type_of(dtype))
        for each, aval in zip(inputs, (a, b), strict=True)
    )
    if not left_batch and left == (a.ndim - 1,) and b.ndim == 2 and len(right) == 1:
        if right == (1,):
            y = y.T if isinstance(y, np.ndarray) else graph.node("Transpose", [y], perm=[1, 0])
        return str(graph.node("MatMul", [x, y]))
    unused = iter("abcdefghijklmnopqrstuvwxyz")
    of_x, of_y = [""] * a.ndim, [""] * b.ndim
    shared = ""
    for place, other in zip(left_batch, right_batch, strict=True):
        of_x[place] = of_y[other] = next(unused)
        shared += of_x[place]
    for place, other in zip(left, right, strict=True):
        of_x[place] = of_y[other] = next(unused)
    of_x, free_x = _lettered(of_x, unused)
    of_y, free_y = _lettered(of_y, unused)
    return str(graph.node("Einsum", [x, y], equation=f"{''.join(of_x)},{''.join(of_y)}->{shared}{free_x}{free_y}"))


def _lettered(axes: list[str], unused: Any) -> tuple[list[str], str]:
    free = ""
    for place, letter in enumerate(axes):
        if not letter:
            axes[place] = next(unused)
            free += axes[place]
    return axes, free


OPERATORS: dict[str, Write] = {
    **{name: _simple(op) for name, op in {
        "add": "Add", "add_any": "Add", "sub": "Sub", "mul": "Mul", "max": "Max", "min": "Min", "neg": "Neg",
        "exp": "Exp", "log": "Log", "tanh": "Tanh", "logistic": "Sigmoid", "sqrt": "Sqrt", "abs": "Abs",
        "sign": "Sign", "floor": "Floor", "ceil": "Ceil", "erf": "Erf", "sin": "Sin", "cos": "Cos", "tan": "Tan",
        "asinh": "Asinh", "sinh": "Sinh", "cosh": "Cosh", "atan": "Atan", "pow": "Pow",
    }.items()},
    "div": _div,
    "and": _logical("And", "BitwiseAnd"),
    "or": _logical("Or", "BitwiseOr"),
    "xor": _logical("Xor", "BitwiseXor"),
    "not": _logical("Not", "BitwiseNot"),
    "eq": _compare("Equal"),
    "ne": _ne,
    "lt": _compare("Less"),
    "le": _compare("LessOrEqual"),
    "gt": _compare("Greater"),
    "ge": _compare("GreaterOrEqual"),
    "select_n": _select_n,
    "clamp": _clamp,
    "integer_pow": _integer_pow,
    "square": lambda graph, eqn, inputs: graph.node("Mul", [inputs[0], inputs[0]]),
    "rsqrt": _rsqrt,
    "log1p": _log1p,
    "expm1": _expm1,
    "rem": _rem,
    "is_finite": _is_finite,
    "convert_element_type": _cast,
    "reduce_sum": _reduce("ReduceSum"),
    "reduce_max": _reduce("ReduceMax"),
    "reduce_min": _reduce("ReduceMin"),
    "reduce_prod": _reduce("ReduceProd"),
    "reduce_and": _reduce_logical("ReduceMin"),
    "reduce_or": _reduce_logical("ReduceMax"),
    "argmax": _arg("ArgMax"),
    "argmin": _arg("ArgMin"),
    "cumsum": _cumsum,
    "sort": _sort,
    "dot_general": _dot_general,
}  # fmt: skip
"""What writes each operation, by its name in JAX."""
