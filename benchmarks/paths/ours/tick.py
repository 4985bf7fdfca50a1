"""Ticks in Penstock: the compiled steps of a stream; with PENSTOCK_KERNELS=scan a jitted call of JAX a tick."""

from __future__ import annotations

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
        self.units = job.ticks
        self._window, self._y = job.window, [float(value) for value in arrays["y"]]
        model = ps.Forecaster(ps.Network([ps.LSTM(job.units)]), window=job.window, scale="none", epochs=1, validation=0)
        rows = job.window + 2
        model.fit(pd.DataFrame({"ds": range(rows), "y": np.linspace(0, 1, rows)}))
        leaves, tree = jax.tree.flatten(model.weights_)
        given = [arrays[name][None] for name in ("W", "U", "b", "V", "c")]
        if [leaf.shape for leaf in leaves] != [each.shape for each in given]:
            raise ValueError(f"the weights have the shapes {[leaf.shape for leaf in leaves]}")
        model.weights_ = jax.tree.unflatten(tree, given)
        module = model.network.with_weights(jax.tree.map(lambda leaf: leaf[0], model.weights_), model.inputs_, 1)
        self._stream, self._next = model.stream(), rows
        if status().path == "native" and not self._stream.mode.startswith("exact, compiled"):
            raise RuntimeError(self._stream.mode)
        self._call = jax.jit(lambda x: module(x))
        for value in self._y[: job.window]:
            self._push(value)

    def _push(self, value: float) -> float:
        answer = self._stream.push(self._next, value)
        self._next += 1
        return answer.yhat[0]

    def _ticks(self) -> list[float]:
        return [self._push(value) for value in self._y[self._window :]]

    def _jitted(self) -> list[float]:
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
