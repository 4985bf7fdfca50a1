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
    """Refuse a forecaster that is no function of one window.

    Raises
    ------
    OptionError
        With the option, and why.
    """
    if model.stateful:
        raise OptionError(
            f"{model.label}: stateful=True forecasts from its whole history, which no file of a window holds; allowed: "
            "penstock.onnx.write_step(path, model), stateful=False, or model.stream().export(path) for programs in C."
        )


class SeriesReader:
    """The functions around the network of a forecaster, traced in float64.

    Parameters
    ----------
    model
        The forecaster.
    one_step
        Whether a single row is read: the step of a network whose state is an input. Nothing is fed back: what the
        network puts out at once is all.

    Attributes
    ----------
    inputs
        What the file reads; where all series are read together, their axis comes second.
    recursive
        Whether the network forecasts one step ahead, which is fed back.
    ahead
        Steps ahead that the file puts out.
    """

    def __init__(self, model: Any, *, one_step: bool = False) -> None:
        if not one_step:
            refuse_series(model)
        self.model, self.reader = model, model.reader_
        self.window = 1 if one_step else model.window
        self.ahead = model.steps if one_step else model.horizon
        self.lost = TRANSFORMS[self.reader.transform].lost
        self.windows = None if self.reader.windows is None else WindowReader(self.reader.windows, model.horizon)
        self.rows = self.lost + (self.window if self.windows is None else self.windows.rows)
        scaling, codes = self.reader.scaling, self.reader.encoding.codes(model.tail_)
        own = self.windows is None or self.windows.by_series
        self._scales = np.column_stack([scaling.shift, scaling.scale]) if own else np.array([[0.0, 1.0]])
        self._codes = codes
        several = any(len(np.unique(table, axis=0)) > 1 for table in (self._scales, codes))
        columns = model.kind_.columns
        self.known = len(self.reader.encoding.numbers) - len(columns.past)  # those of the calendar behind
        self.recursive = model.strategy == "recursive" and model.horizon > 1 and not one_step
        all_ = (len(model.ids_),) if self.reader.joint else ()
        ports = [("y", np.float64, (BATCH, *all_, self.rows), True),
                 ("series", np.int64, (BATCH,), several and not all_),
                 ("filled", np.float64, (BATCH, *all_, self.window), self.reader.gaps),
                 ("past", np.float64, (BATCH, *all_, self.window, len(columns.past)), bool(columns.past)),
                 ("known", np.float64, (BATCH, *all_, self.window + self.ahead, self.known), bool(self.known)),
                 ("position", np.int64, (BATCH, self.window), bool(self.reader.season))]  # fmt: skip
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
        y, window = given["y"], self.window
        if self.reader.joint:
            return self._read_together(given)
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
            x = x[:, ::-1] if self.reader.reverse and not self.recursive else x
            found |= {"base": jnp.broadcast_to(shift[:, None], (y.shape[0], self.ahead)), "spread": scale}
        else:
            own = self.windows.read(t, shift, scale, given.get("position"))
            columns = [own.target, *marks, *past, *own.columns, *beside]
            x, found["lengths"] = self.windows.aligned(
                jnp.concatenate(columns, axis=-1), own.lengths, self.reader.reverse
            )
            extra = [own.extra, *extra]
            found |= {"base": own.base, "spread": own.spread}
        codes = jnp.asarray(self._codes)[which].astype(jnp.int32) if self._codes.shape[1] else None
        if self.recursive:
            ahead = None if known is None else known[:, window:]
            found["rows"] = self._rows_ahead(y[:, None], None if ahead is None else ahead[:, None]).astype(self.dtype)
            extra = [] if ahead is None else [ahead]
        return {
            **found,
            "x": x.astype(self.dtype),
            "categories": codes,
            "extra": jnp.concatenate(extra, axis=1).astype(self.dtype) if extra else None,
        }

    def _read_together(self, given: dict[str, jax.Array]) -> dict[str, jax.Array | None]:
        """Return what the network reads of all series at once, ``[batch, series, rows]``."""
        y, window, encoding = given["y"], self.window, self.reader.encoding
        batch, series = y.shape[0], y.shape[1]
        shift, scale = jnp.asarray(self._scales).T
        parts = [((self._transformed(y) - shift[:, None]) / scale[:, None])[..., None]]
        parts += [given["filled"][..., None]] if "filled" in given else []
        parts += [self._encoded(given["past"], 0)] if "past" in given else []
        ahead = None
        if "known" in given:
            known = self._encoded(given["known"], len(encoding.numbers) - self.known)
            parts += [known[:, :, :window]] if self.reader.known_in_window else []
            ahead = known[:, :, window:]
        rows = jnp.swapaxes(jnp.concatenate(parts, axis=-1), 1, 2)
        x = rows.reshape(batch, rows.shape[1], rows.shape[2] * rows.shape[3])
        found: dict[str, jax.Array | None] = {"lengths": None, "categories": None, "extra": None}
        if ahead is not None:
            by_step = jnp.swapaxes(ahead, 1, 2).reshape(batch, self.ahead, -1)
            found["extra"] = (by_step if self.recursive else by_step.reshape(batch, -1)).astype(self.dtype)
        if self.recursive:
            found["rows"] = self._rows_ahead(y, ahead).astype(self.dtype)
        elif self.reader.reverse:
            x = x[:, ::-1]
        base = jnp.broadcast_to(shift[:, None], (batch, series, self.ahead))
        spread = jnp.broadcast_to(scale, (batch, series))
        return {**found, "x": x.astype(self.dtype), "last": y[..., -1], "base": base, "spread": spread}

    def _rows_ahead(self, y: jax.Array, known: jax.Array | None) -> jax.Array:
        """Return rows ahead as the network reads them, ``[batch, horizon, features]``: forecasts are put in later."""
        batch, series, horizon = y.shape[0], y.shape[1], self.model.horizon
        parts = [jnp.zeros((batch, series, horizon, 1 + self.reader.gaps))]
        parts += [known] if known is not None and self.reader.known_in_window else []
        return jnp.swapaxes(jnp.concatenate(parts, axis=-1), 1, 2).reshape(batch, horizon, -1)

    def feed_back(self, module: Any, given: dict[str, jax.Array]) -> jax.Array:
        """Run a network one step ahead at a time, each forecast fed back as if it had been observed.

        Parameters
        ----------
        module
            The network of one member.
        given
            What :meth:`read` gave: ``x``, ``rows``, and where they are ``extra`` and ``categories``.

        Returns
        -------
        Outputs ``[batch, horizon · series]``.
        """
        x, rows, extra = given["x"], given["rows"], given.get("extra")
        series = len(self.model.ids_) if self.reader.joint else 1

        def step(window: jax.Array, ahead: tuple[jax.Array, ...]) -> tuple[jax.Array, jax.Array]:
            row, *known = ahead
            seen = window[:, ::-1] if self.reader.reverse else window
            y = module(seen, categories=given.get("categories"), extra=known[0] if known else None)
            rest = row.reshape(row.shape[0], series, -1)[..., 1:]
            row = jnp.concatenate([y[..., None], rest], axis=-1).reshape(row.shape)
            return jnp.concatenate([window[:, 1:], row[:, None]], axis=1), y

        ahead = tuple(jnp.swapaxes(each, 0, 1) for each in (rows, extra) if each is not None)
        ys = jax.lax.scan(step, x, ahead)[1]
        return jnp.swapaxes(ys, 0, 1).reshape(x.shape[0], -1)

    def forecast(self, out: jax.Array, last: jax.Array, base: jax.Array, spread: jax.Array) -> dict[str, jax.Array]:
        """Return one forecast in units of the target, of the outputs of all members.

        Parameters
        ----------
        out
            What the networks put out, ``[members, batch, outputs]``.
        last, base, spread
            What :meth:`read` gave.

        Returns
        -------
        By name: ``forecast``, ``[batch, horizon]``, or of all series together ``[batch, series, horizon]``.
        """
        head = self.model.head()
        series = len(self.model.ids_) if self.reader.joint else 1
        shape = (out.shape[0], out.shape[1], base.shape[-1], series, head.width)
        steps = jnp.swapaxes(out.astype(jnp.float64).reshape(shape)[..., 0], 2, 3)
        steps = steps if self.reader.joint else steps[:, :, 0]
        if isinstance(head, Direction):
            return {"forecast": self._aggregate(jax.nn.sigmoid(steps))}
        if head.summed > 1:
            steps = jnp.concatenate([steps[..., :1], steps[..., 1:] - steps[..., :-1]], axis=-1)
        values = base + steps * spread[..., None]
        transform = self.reader.transform
        if transform == "log":
            values = jnp.exp(values)
        elif transform == "difference":
            values = last[..., None] + jnp.cumsum(values, axis=-1)
        elif transform == "log_return":
            values = last[..., None] * jnp.exp(jnp.cumsum(values, axis=-1))
        return {"forecast": self._aggregate(values)}

    def facts(self) -> dict[str, str]:
        """Return what the file says of its inputs: their meaning, columns and series."""
        columns = self.model.kind_.columns
        return {
            "target": columns.target,
            "rows": str(self.rows),
            "horizon": str(self.ahead),
            "past": json.dumps(list(columns.past)),
            "known": json.dumps(list(columns.known)),
            "calendar": json.dumps(list(self.model.calendar_features)),
            "season": json.dumps(list(self.reader.season)),
            "series": json.dumps([None if name is None else str(name) for name in self.model.ids_]),
        }

    def _transformed(self, y: jax.Array) -> jax.Array:
        values = jnp.log(y) if self.reader.transform in ("log", "log_return") else y
        return values[..., 1:] - values[..., :-1] if self.lost else values

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
