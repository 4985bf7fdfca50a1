"""Lanes: places side by side in one compiled program, in which the members of all folds take turns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from penstock.storage import Arrays
from penstock.training.stored import named_leaves

__all__ = ["Lanes", "folds_numbered", "lanes_at_once"]

_COMPILING = 5e10  # operations that take about as long as compiling a program anew


def lanes_at_once() -> int:
    """Give how many members are best trained side by side: what fits a CPU's caches, or fills an accelerator."""
    return 16 if jax.default_backend() == "cpu" else 256


_numbered: ContextVar[tuple[int, int] | None] = ContextVar("penstock_folds", default=None)


@contextmanager
def folds_numbered(first: int, of: int) -> Iterator[None]:
    """Call the folds that are trained within by their numbers in a walk-forward, in messages.

    Parameters
    ----------
    first
        Number of the first of them.
    of
        Folds of the walk-forward.
    """
    token = _numbered.set((first, of))
    try:
        yield
    finally:
        _numbered.reset(token)


class Lanes:
    """Which job, a member of a fold, trains in which lane, and what the jobs gave.

    A job that has ended gives its lane to the next; the program stays the same. Only when no job waits and idle lanes
    have cost about as much as a compilation does it get narrower; never where other blocks of folds share it.

    Parameters
    ----------
    folds, members
        Folds, and members of each: together the jobs.
    most
        Lanes at most.
    shared
        Folds of the blocks that share the program, whose lanes are as many for all of them; None: it serves this alone.
    least
        Lanes at least.
    first
        Number of the first member, for messages.
    trained
        Epochs that each job has trained before, ``[jobs]``; None: all begin.
    ended
        Whether each job has ended before, ``[jobs]``.

    Attributes
    ----------
    job, fold, member
        The job in each lane, and the fold and member that it is, ``[lanes]``.
    names
        What messages call each lane's job.
    running
        Whether each lane's job is still training.
    epochs
        Epochs that each lane's job has trained.
    losses
        The training and the validation loss of each epoch, job by job.
    kept
        What :meth:`collect` was given of the jobs that have ended, every leaf ``[jobs, ...]``.
    diverged
        Whether each job's loss or weights were no longer finite, ``[jobs]``.
    calls
        Epochs that were recorded.
    """

    def __init__(
        self,
        folds: int,
        members: int,
        most: int,
        shared: int | None = None,
        *,
        least: int = 1,
        first: int = 0,
        trained: NDArray[np.int64] | None = None,
        ended: NDArray[np.bool_] | None = None,
    ) -> None:
        self._jobs, self._members, self._folds, self._fixed = folds * members, members, folds, shared is not None
        self._first = first
        self._order = np.arange(self._jobs) if ended is None else np.flatnonzero(~ended)
        self._trained = np.zeros(self._jobs, dtype=np.int64) if trained is None else trained
        usual = max(shared or 0, folds) * members
        width, count = max(-(-usual // -(-usual // most)), least), len(self._order)
        self.rounds = -(-count // width)
        self._place(self._order[np.minimum(np.arange(width), count - 1)])
        self._next = min(width, count)
        self.running = np.arange(width) < count
        self.epochs = self._trained[self.job].copy()
        self.losses: list[list[tuple[float, float]]] = [[] for _ in range(self._jobs)]
        self.diverged = np.zeros(self._jobs, dtype=bool)
        self.kept: Any = None
        self.calls = 0
        self._wasted = 0.0

    def record(self, training_loss: NDArray[Any], validation_loss: NDArray[Any]) -> None:
        """Note the losses of an epoch, ``[lanes]``; the second is NaN where there are no validation samples."""
        self.epochs += 1
        self.calls += 1
        for lane in np.flatnonzero(self.running):
            self.losses[self.job[lane]].append((float(training_loss[lane]), float(validation_loss[lane])))

    def collect(self, tree: Any, done: NDArray[np.bool_]) -> None:
        """Keep what the lanes whose jobs have ended hold: their weights, or their whole state, ``[lanes, ...]``."""
        leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(tree)]
        if self.kept is None:
            empty = [np.zeros((self._jobs, *leaf.shape[1:]), leaf.dtype) for leaf in leaves]
            self.kept = jax.tree.unflatten(jax.tree.structure(tree), empty)
        for kept, leaf in zip(jax.tree.leaves(self.kept), leaves, strict=True):
            kept[self.job[done]] = leaf[done]

    def schedule(self, done: NDArray[np.bool_], *, together: bool = False) -> NDArray[np.bool_] | None:
        """Give free lanes to jobs that wait; say which lanes start afresh, None where none does.

        Where fewer wait than lanes are free, the rest stay idle. With `together`, jobs wait until all lanes are free.
        """
        self.running = self.running & ~done
        free = np.flatnonzero(~self.running)
        taken = free[: len(self._order) - self._next]
        if not len(taken) or (together and self.running.any()):
            return None
        self.running[taken] = True
        job = self.job.copy()
        job[taken] = self._order[self._next : self._next + len(taken)]
        self._next += len(taken)
        self._place(job)
        fresh = ~self.running
        fresh[taken] = True
        self.epochs[fresh] = self._trained[job[fresh]]
        return fresh

    def compact(self, state: Any, work: float) -> Any:
        """Drop idle lanes once their work, so many operations a lane and epoch, has cost as much as compiling anew."""
        alive = int(self.running.sum())
        if self._fixed or self.waiting or not alive:
            return state
        self._wasted += work * (len(self.job) - alive)
        if 2 * alive > len(self.job) or self._wasted < _COMPILING:
            return state
        self._wasted = 0.0
        keep = np.flatnonzero(self.running)
        self._place(self.job[keep])
        self.running, self.epochs = self.running[keep], self.epochs[keep]
        return jax.tree.map(lambda leaf: np.asarray(leaf)[keep], state)

    @property
    def waiting(self) -> bool:
        """Whether any job has no lane yet."""
        return self._next < len(self._order)

    def arrays(self) -> Arrays:
        """Give where all jobs stand, by name, for a checkpoint."""
        ended = {} if self.kept is None else {f"weights{name}": leaf for name, leaf in named_leaves(self.kept)}
        return {
            "job": self.job, "running": self.running, "epochs": self.epochs,
            "next": np.array([self._next, self.calls]), "wasted": np.array([self._wasted]),
            "diverged": self.diverged,
            "lengths": np.array([len(each) for each in self.losses]),
            "losses": np.array([pair for each in self.losses for pair in each]).reshape(-1, 2),
            **ended,
        }  # fmt: skip

    def restore(self, arrays: Arrays, like: Any) -> None:
        """Take back what :meth:`arrays` gave; `like` has the structure of what is collected."""
        if arrays["lengths"].shape != (self._jobs,):
            raise ValueError(f"{arrays['lengths'].shape} jobs, not {self._jobs}")
        self._place(arrays["job"].copy())
        self.running, self.epochs = arrays["running"].copy(), arrays["epochs"].copy()
        self._next, self.calls = map(int, arrays["next"])
        self._wasted = float(arrays["wasted"][0])
        self.diverged = arrays["diverged"].copy()
        ends = np.cumsum(arrays["lengths"])[:-1]
        self.losses = [[(float(a), float(b)) for a, b in part] for part in np.split(arrays["losses"], ends)]
        if any(name.startswith("weights") for name in arrays):
            leaves = [arrays[f"weights{name}"].copy() for name, _ in named_leaves(like)]
            self.kept = jax.tree.unflatten(jax.tree.structure(like), leaves)

    def _place(self, job: NDArray[np.int64]) -> None:
        self.job = job
        self.fold = (job // self._members).astype(np.int32)
        self.member = (job % self._members).astype(np.uint32)
        several = self._members + self._first > 1
        members = [f" of member {self._first + member}" if several else "" for member in self.member]
        first, of = _numbered.get() or (0, self._folds)
        folds = [f" of fold {first + fold}" if of > 1 else "" for fold in self.fold]
        self.names = [member + fold for member, fold in zip(members, folds, strict=True)]
