"""A forecaster whose state is carried: forecasts from a series' whole history, a step for each row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.data.transforms import TRANSFORMS
from penstock.errors import DataError, OptionError
from penstock.forecaster.intervals import ForecasterIntervals
from penstock.layers.dropout import Dropout
from penstock.layers.layer_norm import LayerNorm
from penstock.layers.recurrent import RecurrentLayer
from penstock.networks.inputs import Inputs
from penstock.networks.network import Network
from penstock.storage import Arrays
from penstock.training.carried_forward import first_states, walk_rows

__all__ = ["Carried"]

Rows = NDArray[np.int64]
Values = NDArray[np.float64]


class Carried(ForecasterIntervals):
    """What :class:`penstock.forecaster.Forecaster` does with ``stateful=True``.

    Attributes
    ----------
    states_
        State of each series before the first row of `tail_` that is read, every leaf ``[members, series, ...]``.
    first_times_
        Time of the first row of each series that was fitted, as whole numbers (counted steps, or nanoseconds in UTC
        since 1970), ``[series]``: its state before that is known, too.
    """

    weights_: Any
    inputs_: Inputs
    states_: Any
    first_times_: Rows

    def _check_stateful(self) -> None:
        """Refuse what a state cannot be carried through."""
        if not self.stateful:
            return
        allowed = {
            "joint": (self.joint, "joint=False"),
            "reverse": (self.reverse, "reverse=False"),
            "scale='window' or season=": (self.additive, "a scale of the series, such as 'standard', and season=None"),
            "strategy='recursive'": (self.strategy == "recursive", "strategy='direct'"),
            "balance='series'": (self.balance == "series", "balance='rows'"),
        }
        for name, (given, instead) in allowed.items():
            if given:
                raise OptionError(
                    f"Forecaster: stateful=True carries one state along each series, which {name} does not go with; "
                    f"allowed: {instead}."
                )
        layers = self.network.layers if isinstance(self.network, Network) else (self.network,)
        for layer in layers:
            if not isinstance(layer, (RecurrentLayer, Dropout, LayerNorm)):
                raise OptionError(
                    f"Forecaster: stateful=True carries the state of recurrent layers from row to row, which {layer!r} "
                    "does not have; allowed: recurrent layers such as LSTM, GRU, RNN and Leaky, Dropout and LayerNorm."
                )
        if not any(isinstance(layer, RecurrentLayer) for layer in layers):
            raise OptionError("Forecaster: stateful=True needs a recurrent layer, such as LSTM(16).")

    @property
    def _lost(self) -> int:
        return TRANSFORMS[self.transform].lost

    def _walk(self, panel: Panel, fitted: Rows, states: Any) -> tuple[Values, Any]:
        """Return the outputs at all rows, ``[members, rows, outputs]``, and the states after the last of each series.

        Rows that a transform loses have outputs of zero, and no step.
        """
        source = self.reader_.source(panel, fitted)
        ahead = np.arange(len(panel)) * panel.ahead.shape[1]
        first, lengths = panel.offsets[:-1] + self._lost, np.maximum(panel.lengths - self._lost, 0)
        outputs = self.outputs(len(self.ids_) if hasattr(self, "ids_") else len(panel))
        found, after = walk_rows(self.network, self.weights_, source, first + ahead, lengths, states, outputs)  # type: ignore[arg-type]
        out = np.zeros((len(found), panel.rows, outputs))
        read = np.arange(panel.rows) - panel.offsets[panel.series_of(np.arange(panel.rows))] >= self._lost
        out[:, read] = found
        return out, after

    def _fresh(self, count: int) -> Any:
        return first_states(self.network, self.weights_, self.inputs_, self.outputs(1), count)  # type: ignore[arg-type]

    def _keep_states(self, rows: Panel, states: Any = None) -> None:
        """Walk the rows of all series up to the last, which are kept; from the beginning, or from states."""
        if states is None:
            states, self.first_times_ = self._fresh(len(rows)), _counted(rows.times[rows.offsets[:-1]])
        before = rows.lengths - rows.last(self.rows_kept).lengths
        earlier = rows.between(rows.offsets[:-1], rows.offsets[:-1] + np.maximum(before, 1) + self._lost)
        walked = self._walk(self.with_calendar(earlier), np.arange(len(rows)), states)[1]
        self.states_ = _chosen(before > 0, walked, states)

    def _continued(self, panel: Panel, fitted: Rows) -> tuple[Panel, Any, Rows]:
        """Put rows that the model keeps before those of a panel that begin among them, or right after them.

        Returns
        -------
        The panel, the state before the first row of each of its series, and how many rows were put before. A series
        that begins no later than the rows which were fitted is its own whole history.

        Raises
        ------
        DataError
            Where a series begins between these and the rows that are kept, or after a gap behind them, so that its
            state there is not known.
        """
        tail, states = self.with_calendar(self.tail_), self._fresh(len(panel))
        more = np.zeros(len(panel), dtype=np.int64)
        for place, series in enumerate(fitted.tolist()):
            times, begin = tail.times[tail.span(series)], panel.times[panel.offsets[place]]
            if begin < times[0]:
                if _counted(np.atleast_1d(begin))[0] > self.first_times_[series]:
                    raise DataError(
                        f"the rows{panel.name(place)} begin among those that were fitted and are no longer kept, so "
                        "that the state there is not known; give the whole history, or rows that follow the last one."
                    )
                continue
            gone = 0
            if begin > times[-1]:
                gone = int(self.kind_.missing_steps(np.append(times, begin), tail.ids[series])[-1])
            if gone:
                raise DataError(
                    f"the rows{panel.name(place)} begin after {gone} that are missing behind those which the model "
                    "keeps, so that its state there is not known; give the rows between, or the whole history."
                )
            more[place] = np.searchsorted(times, begin)
            for leaf, own in zip(jax.tree.leaves(states), jax.tree.leaves(self.states_), strict=True):
                leaf[:, place] = own[:, series]
        if not more.any():
            return panel, states, more
        rows: dict[str, Any] = {}
        for name in ("y", "times", "past", "known", "filled"):
            parts: list[Any] = []
            for place, series in enumerate(fitted.tolist()):
                first = tail.span(series).start
                parts += [getattr(tail, name)[first : first + more[place]], getattr(panel, name)[panel.span(place)]]
            rows[name] = np.concatenate(parts)
        offsets = panel.offsets + np.concatenate([[0], np.cumsum(more)])
        return replace(panel, offsets=offsets, **rows), states, more

    def _carried_outputs(self, panel: Panel, origins: Rows, fitted: Rows) -> Values:
        """Return the outputs at some rows, ``[members, n, horizon, width]``."""
        whole, states, more = self._continued(panel, fitted)
        there = origins + np.cumsum(more)[panel.series_of(origins)]
        out = self._walk(whole, fitted, states)[0][:, there]
        return out.reshape(*out.shape[:2], self.horizon, -1)

    def states_after(self) -> Any:
        """Return the state after the last row that the model keeps, every leaf ``[members, series, ...]``."""
        return self._walk(self.with_calendar(self.tail_), np.arange(len(self.tail_)), self.states_)[1]

    def _state_arrays(self) -> Arrays:
        """Give the states, for the model file."""
        if not self.stateful:
            return {}
        states = {f"states.{place}": leaf for place, leaf in enumerate(jax.tree.leaves(self.states_))}
        return {**states, "first_times": self.first_times_}

    def _restore_states(self, arrays: Arrays) -> None:
        """Take back what :meth:`_state_arrays` gave."""
        if not self.stateful:
            return
        like = self._fresh(len(self.ids_))
        leaves = [arrays[f"states.{place}"] for place in range(len(jax.tree.leaves(like)))]
        for leaf, old in zip(leaves, jax.tree.leaves(like), strict=True):
            if leaf.shape != old.shape or leaf.dtype != old.dtype:
                raise ValueError(f"a state has the shape {leaf.shape}, not {old.shape}")
        self.states_ = jax.tree.unflatten(jax.tree.structure(like), leaves)
        self.first_times_ = arrays["first_times"]
        if self.first_times_.shape != (len(self.ids_),):
            raise ValueError(f"{len(self.first_times_)} first times stand for {len(self.ids_)} series")


def _counted(times: NDArray[Any]) -> Rows:
    """Return times as whole numbers: counted steps, or nanoseconds."""
    return (times.astype("datetime64[ns]") if times.dtype.kind == "M" else times).astype(np.int64)


def _chosen(condition: NDArray[np.bool_], yes: Any, no: Any) -> Any:
    """Choose the state of each series, ``[members, series, ...]``."""
    return jax.tree.map(lambda a, b: np.where(condition.reshape((1, -1) + (1,) * (a.ndim - 2)), a, b), yes, no)
