"""How a fitted forecaster reads raw rows, and brings what its network puts out to the units of the target."""

from __future__ import annotations

import json
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from penstock.data.transforms import TRANSFORMS
from penstock.errors import OptionError
from penstock.onnx.graph import BATCH, Port
from penstock.onnx.window import WindowReader
from penstock.training.heads import Direction

__all__ = ["SeriesReader", "refuse_series"]


def refuse_series(model: Any) -> None:
    """Refuse a forecaster that reads or forecasts in a way that is no function of one window.

    Raises
    ------
    OptionError
        With the option, and why.
    """
    if model.joint:
        raise OptionError(
            f"{model.label}: joint=True reads all series at once, which is not exported; allowed: joint=False."
        )
    if model.stateful:
        raise OptionError(
            f"{model.label}: stateful=True forecasts from its whole history, which no file of a window holds; allowed: "
            "stateful=False, or model.stream().export(path) for programs in C."
        )
    if model.strategy == "recursive" and model.horizon > 1:
        raise OptionError(
            f"{model.label}: strategy='recursive' feeds forecasts back step by step, which is not exported; allowed: "
            "strategy='direct', or horizon=1."
        )


class SeriesReader:
    """The functions around the network of a forecaster, traced in float64.

    Attributes
    ----------
    inputs
        What the file reads.
    """

    def __init__(self, model: Any) -> None:
        refuse_series(model)
        self.model, self.reader = model, model.reader_
        self.lost = TRANSFORMS[self.reader.transform].lost
        self.windows = None if self.reader.windows is None else WindowReader(self.reader.windows, model.horizon)
        self.rows = self.lost + (model.window if self.windows is None else self.windows.rows)
        scaling, codes = self.reader.scaling, self.reader.encoding.codes(model.tail_)
        own = self.windows is None or self.windows.by_series
        self._scales = np.column_stack([scaling.shift, scaling.scale]) if own else np.array([[0.0, 1.0]])
        self._codes = codes
        several = any(len(np.unique(table, axis=0)) > 1 for table in (self._scales, codes))
        columns = model.kind_.columns
        self.known = len(columns.known)
        ports = [("y", np.float64, (BATCH, self.rows), True), ("series", np.int64, (BATCH,), several),
                 ("filled", np.float64, (BATCH, model.window), self.reader.gaps),
                 ("past", np.float64, (BATCH, model.window, len(columns.past)), bool(columns.past)),
                 ("known", np.float64, (BATCH, model.window + model.horizon, self.known), bool(self.known)),
                 ("position", np.int64, (BATCH, model.window), bool(self.reader.season))]  # fmt: skip
        self.inputs = [Port(name, dtype, shape) for name, dtype, shape, wanted in ports if wanted]
        self.dtype = jax.tree.leaves(model.weights_)[0].dtype

    def read(self, *arrays: jax.Array) -> dict[str, jax.Array | None]:
        """Return what the network reads of raw rows, and what :meth:`forecast` needs of them.

        Parameters
        ----------
        *arrays
            One for each of `inputs`.

        Returns
        -------
        By name: ``x``, ``lengths``, ``categories``, ``extra``; ``last``, ``base`` and ``spread``.
        """
        given = dict(zip((port.name for port in self.inputs), arrays, strict=True))
        y, window = given["y"], self.model.window
        t = self._transformed(y)
        series = given.get("series")
        which = jnp.zeros(y.shape[0], jnp.int64) if series is None else series
        shift, scale = jnp.moveaxis(jnp.asarray(self._scales)[which], 1, 0)
        encoding = self.reader.encoding
        past = [] if "past" not in given else [self._encoded(given["past"], 0)]
        known = None
        if "known" in given:
            known = self._encoded(given["known"], len(encoding.numbers) - self.known)
        marks = [given["filled"][..., None]] if "filled" in given else []
        beside = [known[:, :window]] if known is not None and self.reader.known_in_window else []
        extra = [] if known is None else [known[:, window:].reshape(y.shape[0], -1)]
        found: dict[str, jax.Array | None] = {"last": y[:, -1], "lengths": None}
        if self.windows is None:
            target = (t - shift[:, None]) / scale[:, None]
            x = jnp.concatenate([target[..., None], *marks, *past, *beside], axis=-1)
            x = x[:, ::-1] if self.reader.reverse else x
            found |= {"base": jnp.broadcast_to(shift[:, None], (y.shape[0], self.model.horizon)), "spread": scale}
        else:
            own = self.windows.read(t, shift, scale, given.get("position"))
            columns = [own.target, *marks, *past, *own.columns, *beside]
            x, found["lengths"] = self.windows.aligned(
                jnp.concatenate(columns, axis=-1), own.lengths, self.reader.reverse
            )
            extra = [own.extra, *extra]
            found |= {"base": own.base, "spread": own.spread}
        codes = jnp.asarray(self._codes)[which].astype(jnp.int32) if self._codes.shape[1] else None
        return {
            **found,
            "x": x.astype(self.dtype),
            "categories": codes,
            "extra": jnp.concatenate(extra, axis=1).astype(self.dtype) if extra else None,
        }

    def forecast(self, out: jax.Array, last: jax.Array, base: jax.Array, spread: jax.Array) -> dict[str, jax.Array]:
        """Return one forecast in units of the target, ``[batch, horizon]``, of the outputs of all members.

        Parameters
        ----------
        out
            What the networks put out, ``[members, batch, outputs]``.
        last, base, spread
            What :meth:`read` gave.

        Returns
        -------
        By name: ``forecast``.
        """
        head = self.model.head()
        steps = out.astype(jnp.float64).reshape(out.shape[0], out.shape[1], self.model.horizon, head.width)[..., 0]
        if isinstance(head, Direction):
            return {"forecast": self._aggregate(jax.nn.sigmoid(steps))}
        if head.summed > 1:
            steps = jnp.concatenate([steps[..., :1], steps[..., 1:] - steps[..., :-1]], axis=-1)
        values = base + steps * spread[:, None]
        transform = self.reader.transform
        if transform == "log":
            values = jnp.exp(values)
        elif transform == "difference":
            values = last[:, None] + jnp.cumsum(values, axis=-1)
        elif transform == "log_return":
            values = last[:, None] * jnp.exp(jnp.cumsum(values, axis=-1))
        return {"forecast": self._aggregate(values)}

    def facts(self) -> dict[str, str]:
        """Return what the file says of its inputs: their meaning, columns and series."""
        columns = self.model.kind_.columns
        return {
            "target": columns.target,
            "rows": str(self.rows),
            "horizon": str(self.model.horizon),
            "past": json.dumps(list(columns.past)),
            "known": json.dumps(list(columns.known)),
            "season": json.dumps(list(self.reader.season)),
            "series": json.dumps([None if name is None else str(name) for name in self.model.ids_]),
        }

    def _transformed(self, y: jax.Array) -> jax.Array:
        values = jnp.log(y) if self.reader.transform in ("log", "log_return") else y
        return values[:, 1:] - values[:, :-1] if self.lost else values

    def _encoded(self, values: jax.Array, first: int) -> jax.Array:
        numbers = self.reader.encoding.numbers
        cut = slice(first, first + values.shape[-1])
        return (values - numbers.shift[cut]) / numbers.scale[cut]

    def _aggregate(self, members: jax.Array) -> jax.Array:
        """Return the mean or the median over the members."""
        count = members.shape[0]
        if self.model.ensemble == "mean" or count == 1:
            return jnp.sum(members, axis=0) / count
        ordered = jnp.sort(members, axis=0)
        return (ordered[(count - 1) // 2] + ordered[count // 2]) / 2
