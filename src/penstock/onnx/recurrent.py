"""Recurrences that ONNX knows by itself: LSTM, GRU and RNN, in float32."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.kernels.spec import Spec
from penstock.onnx.graph import Graph, Value

__all__ = ["write_recurrence"]

_HARD = {"hard_sigmoid": 1 / 6, "hard_sigmoid_keras2": 0.2}  # slope; the middle is 1/2
_GATES = {"lstm": (0, 3, 1, 2), "gru_before": (1, 0, 2), "gru_after": (1, 0, 2), "rnn_tanh": (0,), "rnn_relu": (0,)}
"""Places of ONNX's gates among ours: i, o, f, c of our i, f, g, o; z, r, h of our r, z, n."""


def write_recurrence(graph: Graph, spec: Spec, given: dict[str, Value], x: Any) -> list[Value] | None:
    """Write a recurrence as one node.

    Parameters
    ----------
    graph
        Where it goes.
    spec
        What was asked for.
    given
        The arrays by their names (:class:`penstock.kernels.spec.Operands`).
    x
        Shape and type of the inputs.

    Returns
    -------
    The sequence, where it is wanted, and the last states; None where ONNX has no such recurrence: the step is then
    written as it is, in a loop.
    """
    weights = {name: given.get(name) for name in ("W", "U", "b", "bU") if name in given}
    fixed = all(isinstance(each, np.ndarray) for each in weights.values())
    if (
        spec.cell not in _GATES
        or not fixed
        or x.ndim != 3
        or x.dtype != np.float32
        or {"mask", "x_mask"} & given.keys()
    ):
        return None
    op = "LSTM" if spec.cell == "lstm" else "GRU" if spec.cell.startswith("gru") else "RNN"
    arrays: dict[str, NDArray[Any]] = {name: np.asarray(each) for name, each in weights.items()}
    units = len(arrays["U"])
    W, U, b = (_reordered(arrays[name], spec, units) for name in ("W", "U", "b"))
    second = _reordered(arrays["bU"], spec, units) if "bU" in arrays else np.zeros_like(b)
    steps = graph.node("Transpose", [given["x"]], perm=[1, 0, 2])
    if "lengths" in given:
        steps = _without_padding(graph, steps, given["lengths"], x.shape[1])
    ahead = np.array([0], dtype=np.int64)
    states = [graph.node("Unsqueeze", [given[name], ahead]) for name in ("h", "c") if name in given]
    found = graph.node(
        op,
        [steps, W.T[None], U.T[None], np.concatenate([b, second])[None], given.get("lengths"), *states],
        1 + len(states),
        hidden_size=units,
        direction="reverse" if spec.reverse else "forward",
        **_activations(op, spec),
        **({"linear_before_reset": 1} if spec.cell == "gru_after" else {}),
    )
    sequence, *last = found
    outputs: list[Value] = [graph.node("Squeeze", [each, ahead]) for each in last]
    if spec.sequence:
        there = graph.node("Squeeze", [sequence, np.array([1], dtype=np.int64)])
        outputs.insert(0, graph.node("Transpose", [there], perm=[1, 0, 2]))
    return outputs


def _reordered(array: NDArray[Any], spec: Spec, units: int) -> NDArray[Any]:
    """Put the gates side by side on the last axis into ONNX's order."""
    gates = [array[..., place * units : (place + 1) * units] for place in _GATES[spec.cell]]
    return np.concatenate(gates, axis=-1)


def _activations(op: str, spec: Spec) -> dict[str, Any]:
    """Return the attributes of an ONNX node that name activations other than the operator's defaults."""
    if op == "RNN":
        return {"activations": ["Relu" if spec.cell == "rnn_relu" else "Tanh"]}
    slope = _HARD.get(spec.recurrent_activation)
    if slope is None:
        return {}
    others = ["Tanh", "Tanh"] if op == "LSTM" else ["Tanh"]
    return {
        "activations": ["HardSigmoid", *others],
        "activation_alpha": [slope, *[0.0] * len(others)],
        "activation_beta": [0.5, *[0.0] * len(others)],
    }


def _without_padding(graph: Graph, steps: str, lengths: Value, time: int) -> str:
    """Put zeros in the place of padding ``[time, batch, features]``, which may hold anything."""
    numbers = np.arange(time, dtype=np.int32)[:, None, None]
    true = graph.node("Less", [numbers, graph.node("Unsqueeze", [lengths, np.array([0, 2], dtype=np.int64)])])
    return str(graph.node("Where", [true, steps, np.asarray(0, np.float32)]))
