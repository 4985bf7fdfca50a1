"""Ticks in onnxruntime: the operator LSTM with its readout, called for each row on one thread."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from frame.row import Arrays
from jobs.tick import Tick

__all__ = ["Task"]

_GATES = (0, 3, 1, 2)  # i, o, f, c of our i, f, c, o


class Task:
    """A session that reads a window, or a row and the state."""

    def __init__(self, job: Tick, arrays: Arrays) -> None:
        self._window, self._stateful, self._units = job.window, job.stateful, job.units
        self._y = np.array(arrays["y"], dtype=np.float32)
        self.units = job.ticks + job.window * job.stateful  # a stateful call walks all rows
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        model = self._model(arrays, 1 if job.stateful else job.window)
        self._session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])

    def _model(self, arrays: Arrays, rows: int) -> onnx.ModelProto:
        units = self._units

        def rearranged(weights: np.ndarray) -> np.ndarray:
            parts = np.split(weights, 4, axis=-1)
            return np.ascontiguousarray(np.concatenate([parts[gate] for gate in _GATES], axis=-1).T)

        constants = {
            "W": rearranged(arrays["W"])[None], "R": rearranged(arrays["U"])[None],
            "B": np.concatenate([rearranged(arrays["b"]), np.zeros(4 * units, np.float32)])[None],
            "V": arrays["V"], "c": arrays["c"], "axes": np.array([0]),
        }  # fmt: skip
        nodes = [
            helper.make_node("LSTM", ["x", "W", "R", "B", "", "h", "c0"], ["", "nh", "nc"], hidden_size=units),
            helper.make_node("Squeeze", ["nh", "axes"], ["top"]),
            helper.make_node("Gemm", ["top", "V", "c"], ["yhat"]),
        ]
        state = [1, 1, units]
        graph = helper.make_graph(
            nodes, "tick",
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
             for name, shape in (("x", [rows, 1, 1]), ("h", state), ("c0", state))],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
             for name, shape in (("yhat", [1, 1]), ("nh", state), ("nc", state))],
            [numpy_helper.from_array(array, name) for name, array in constants.items()],
        )  # fmt: skip
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)

    def _ticks(self) -> list[float]:
        zero, found, run = np.zeros((1, 1, self._units), np.float32), [], self._session.run
        if self._stateful:
            h = c = zero
            for value in self._y:
                answer, h, c = run(None, {"x": value.reshape(1, 1, 1), "h": h, "c0": c})
                found.append(float(answer[0, 0]))
            return found[self._window :]
        for end in range(self._window + 1, len(self._y) + 1):
            window = self._y[end - self._window : end].reshape(-1, 1, 1)
            found.append(float(run(["yhat"], {"x": window, "h": zero, "c0": zero})[0][0, 0]))
        return found

    def outputs(self) -> Arrays:
        """Give the forecasts of the ticks."""
        return {"yhat": np.array(self._ticks())}

    def ways(self) -> dict[str, object]:
        """Give the ticks."""
        return {"session": self._ticks}
