"""Ticks in Penstock: the compiled steps of a stream; with PENSTOCK_KERNELS=scan a jitted call of JAX a tick."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

import penstock as ps
from frame.row import Arrays
from jobs.tick import Tick
from penstock.kernels import status

__all__ = ["Task"]


class Task:
    """A forecaster with these weights, told one row after the other."""

    def __init__(self, job: Tick, arrays: Arrays) -> None:
        native = status().path == "native"  # a stateful call of JAX walks all rows, a stream goes on
        self.units = job.ticks + job.window * (job.stateful and not native)
        self._window, self._y = job.window, [float(value) for value in arrays["y"]]
        network = ps.Network([ps.LSTM(job.units)])
        options = {"window": job.window, "scale": "none", "epochs": 1, "validation": 0, "stateful": job.stateful}
        model = ps.Forecaster(network, **options)
        rows = job.window + 2
        model.fit(pd.DataFrame({"ds": range(rows), "y": np.linspace(0, 1, rows)}))
        leaves, tree = jax.tree.flatten(model.weights_)
        given = [arrays[name][None] for name in ("W", "U", "b", "V", "c")]
        if [leaf.shape for leaf in leaves] != [each.shape for each in given]:
            raise ValueError(f"the weights have the shapes {[leaf.shape for leaf in leaves]}")
        model.weights_ = jax.tree.unflatten(tree, given)
        module = model.network.with_weights(jax.tree.map(lambda leaf: leaf[0], model.weights_), model.inputs_, 1)
        if job.stateful:
            model.states_ = jax.tree.map(jnp.zeros_like, model.states_)
        self._stream, self._next, self._stateful = model.stream(), rows, job.stateful
        if status().path == "native" and ", compiled" not in self._stream.mode:
            raise RuntimeError(self._stream.mode)
        cell, readout = module.layers[0].cell, module.dense[0]
        self._state = cell.initial_state(1)

        def step(x: jax.Array, state: Any) -> tuple[jax.Array, Any]:
            out, state = cell(x, state)
            return readout(out), state

        self._call = jax.jit(step if job.stateful else lambda x: module(x))
        for value in self._y[: job.window]:
            self._push(value)

    def _push(self, value: float) -> float:
        answer = self._stream.push(self._next, value)
        self._next += 1
        return answer.yhat[0]

    def _ticks(self) -> list[float]:
        return [self._push(value) for value in self._y[self._window :]]

    def _jitted_steps(self) -> list[float]:
        state, found = self._state, []
        for value in self._y:
            answer, state = self._call(np.full((1, 1), value, np.float32), state)
            found.append(float(answer[0, 0]))
        return found[self._window :]

    def _jitted(self) -> list[float]:
        if self._stateful:
            return self._jitted_steps()
        x, found = np.array(self._y[: self._window], dtype=np.float32)[None, :, None], []
        for value in self._y[self._window :]:
            x[:, :-1] = x[:, 1:]
            x[:, -1] = value
            found.append(float(self._call(jnp.asarray(x))[0, 0]))
        return found

    def outputs(self) -> Arrays:
        """Give the forecasts of the ticks, the first time that they come."""
        return {"yhat": np.array(self._ticks() if status().path == "native" else self._jitted())}

    def ways(self) -> dict[str, object]:
        """Give the ticks."""
        return {"push": self._ticks} if status().path == "native" else {"a jitted call": self._jitted}
