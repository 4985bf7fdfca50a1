"""An epoch in pieces: where it takes long, some steps a call, so that it can be kept and interrupted between."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

__all__ = ["Pieces", "Progress", "StepRange", "turns_within"]

_SECONDS = 1.0  # that a call takes, of an epoch that takes more than two of it
_UNMEASURED = 5e9  # operations of the first call of all, after which it is known how long a step takes


class StepRange(NamedTuple):
    """The steps of an epoch that one call takes.

    Attributes
    ----------
    first, last
        The first step, and the one after the last.
    ends
        Whether the epoch ends with them: the validation loss is computed, and the epoch counts.
    before, total
        Where the samples of the call are some of an epoch's alone: steps taken on others before them, and steps of the
        whole epoch; 0 where they are all.
    """

    first: np.int32 | jax.Array
    last: np.int32 | jax.Array
    ends: np.bool_ | jax.Array
    before: np.int32 | jax.Array = np.int32(0)
    total: np.int32 | jax.Array = np.int32(0)

    @classmethod
    def of(cls, first: int, last: int, *, ends: bool) -> StepRange:
        """Return a piece as a compiled program takes it."""
        return cls(np.int32(first), np.int32(last), np.bool_(ends))


class Progress(NamedTuple):
    """What an epoch has come to between two pieces.

    Attributes
    ----------
    loss, weight
        Sum of the weighed losses, and of what their samples weigh.
    carried
        State of each place in the series, where it is carried; else None.
    """

    loss: jax.Array
    weight: jax.Array
    carried: Any


class Pieces:
    """How many steps of an epoch a call takes: all, unless they take longer than some seconds.

    Parameters
    ----------
    steps
        Steps of an epoch.
    operations
        Operations of an epoch, about.

    Examples
    --------
    >>> Pieces(100, 1e6).next(0)[:3]
    (np.int32(0), np.int32(100), np.True_)
    >>> long = Pieces(1000, 5e12)
    >>> long.next(0)[:3]
    (np.int32(0), np.int32(1), np.False_)
    >>> long.measure(long.next(0), 0.25)
    >>> long.next(1)[:3], long.next(994)[:3]
    ((np.int32(1), np.int32(5), np.False_), (np.int32(994), np.int32(1000), np.True_))
    """

    def __init__(self, steps: int, operations: float) -> None:
        self.steps, self._seconds = steps, 0.0
        self._unmeasured = _UNMEASURED / operations * steps if operations else float(steps)

    def next(self, first: int) -> StepRange:
        """Return the piece that begins at a step."""
        most = self._unmeasured if not self._seconds else _SECONDS / self._seconds
        left = self.steps - first
        if self._seconds and left * self._seconds <= 2 * _SECONDS:
            most = left
        last = first + int(min(max(most, 1), left))
        return StepRange.of(first, last, ends=last == self.steps)

    def measure(self, piece: StepRange, seconds: float) -> None:
        """Note how long a piece took."""
        count = int(piece.last) - int(piece.first)
        if count:
            self._seconds = seconds / count

    def run(
        self,
        call: Callable[[Any, StepRange], tuple[Any, jax.Array, jax.Array]],
        state: Any,
        first: int,
        between: Callable[[Any, int], bool],
    ) -> tuple[Any, NDArray[Any], NDArray[Any], int]:
        """Run an epoch.

        Parameters
        ----------
        call
            Runs a piece: the state in; state, training and validation losses out.
        state, first
            The state, and the step to begin with.
        between
            What is done with the state and the number of steps between two pieces; it says whether the epoch is to end
            there.

        Returns
        -------
        The state, the losses, and how many steps were taken.
        """
        piece = self.next(first)
        while True:
            began = time.perf_counter()
            state, *losses = call(state, piece)
            training, validation = jax.device_get(losses)
            self.measure(piece, time.perf_counter() - began)
            last = int(piece.last)
            if piece.ends:
                return state, training, validation, last
            piece = StepRange.of(last, last, ends=True) if between(state, last) else self.next(last)


def turns_within(turns: jax.Array, piece: StepRange) -> jax.Array:
    """Return the part of the turns of an epoch, ``[turns, 3]``, that falls into a piece of it.

    Examples
    --------
    >>> turns = jnp.array([[1, 0, 4], [0, 0, 2], [1, 4, 8]])
    >>> turns_within(turns, StepRange.of(3, 7, ends=False)).tolist()
    [[1, 3, 4], [0, 0, 2], [1, 4, 5]]
    """
    counts = turns[:, 2] - turns[:, 1]
    before = jnp.cumsum(counts) - counts
    first, last = (turns[:, 1] + jnp.clip(step - before, 0, counts) for step in (piece.first, piece.last))
    return jnp.stack([turns[:, 0], first, last], axis=1)
