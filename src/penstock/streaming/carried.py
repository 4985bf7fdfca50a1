"""The carried state of a stream, and its steps without compiled code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from penstock.errors import OptionError

__all__ = ["CarriedSteps", "check_carried", "flat_states", "states_like"]

Values = NDArray[np.float64]


def check_carried(late: str, duplicate: str) -> None:
    """Refuse policies that write rows which a carried state has passed.

    Raises
    ------
    OptionError
        With what is allowed.
    """
    for name, given, refused in (("late", late, "amend"), ("duplicate", duplicate, "replace")):
        if given == refused:
            raise OptionError(
                f"{name}={given!r}: the state of a stateful model has passed such a row and cannot be taken back; "
                "allowed: 'error', 'drop'."
            )


def flat_states(states: Any) -> Values:
    """Lay states, every leaf ``[members, series, ...]``, side by side: ``[series, members · values]``."""
    leaves = [np.moveaxis(np.asarray(leaf, np.float64), 1, 0) for leaf in jax.tree.leaves(states)]
    each = [leaf.reshape(*leaf.shape[:2], -1) for leaf in leaves]
    joined = np.concatenate(each, axis=2)
    return np.ascontiguousarray(joined.reshape(len(joined), -1))


def states_like(flat: Values, like: Any) -> Any:
    """Return what :func:`flat_states` laid out, with the structure of `like`."""
    members = len(jax.tree.leaves(like)[0])
    values, found, at = flat.reshape(len(flat), members, -1), [], 0
    for leaf in jax.tree.leaves(like):
        width = int(np.prod(leaf.shape[2:]))
        own = values[:, :, at : at + width].reshape(len(flat), members, *leaf.shape[2:])
        found.append(np.moveaxis(own, 0, 1).astype(leaf.dtype))
        at += width
    return jax.tree.unflatten(jax.tree.structure(like), found)


class CarriedSteps:
    """Steps of a stateful model by JAX: for every network, in milliseconds.

    Parameters
    ----------
    stream
        The stream; its states are read here and written back.
    """

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def forecast(self, which: Sequence[int], ahead: Values | None) -> Values:
        """Take the newest row of some series, and return what :meth:`Predictor.forecast` returns of them.

        Parameters
        ----------
        which
            Places of the series.
        ahead
            Known covariates of the steps ahead, ``[which, horizon, known]``.
        """
        stream, model, levels = self.stream, self.stream.model, self.stream.levels
        found = np.zeros((len(which), 1 + 2 * len(levels), model.horizon))
        whole = stream._rows.panel(which, model.tail_, stream.ids, stream._static, ahead)
        panel = model.with_calendar(whole, model.horizon).last(model.rows_needed)
        fitted, origins, head = model._fitted_series(panel), panel.offsets[1:] - 1, model.head()
        own = states_like(stream._states[list(which)], model.states_)
        out, after = model._walk(panel, fitted, own)
        stream._states[list(which)] = flat_states(after)
        out = out[:, origins].reshape(len(out), len(which), model.horizon, -1)

        def said(steps: Values) -> Values:
            made: Values = model.aggregate(model._in_units(steps, panel, origins, fitted))
            return made

        found[:, 0] = said(head.centre(out))
        if levels and stream._predictor.own:
            for place, level in enumerate(levels):
                lower, upper = head.bounds(out, level)
                found[:, 1 + 2 * place], found[:, 2 + 2 * place] = said(lower), said(upper)
        elif levels:
            spreads = model.reader_.spreads(panel, origins, fitted)
            for place, series in enumerate(which):
                half = stream._bounds.give(series, found[place, 0], float(spreads[place]))
                found[place, 1::2], found[place, 2::2] = found[place, 0] - half, found[place, 0] + half
        return found
