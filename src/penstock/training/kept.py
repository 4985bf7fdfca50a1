"""A training in a folder of checkpoints: its state written at ends of epochs, and within long ones, and taken back."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from penstock.checkpoints import TrainingFile, checkpoints, current_run
from penstock.errors import ModelFileError, TrainingWarning
from penstock.storage import Arrays
from penstock.training.config import TrainSpec
from penstock.training.fingerprint import fingerprint, machine
from penstock.training.lanes import Lanes
from penstock.training.progress import tell
from penstock.training.samples import Samples
from penstock.training.stored import named_leaves

__all__ = ["KeptTraining", "checkpoints"]


class KeptTraining:
    """The checkpoint of a training, where its run keeps some; else it does nothing.

    Parameters
    ----------
    file
        Its file; None: nothing is kept.

    Attributes
    ----------
    step
        Steps of the epoch that the last checkpoint was written in, which had been taken.
    """

    def __init__(self, file: TrainingFile | None) -> None:
        self._file = file
        self._held = None if file is None else file.read()
        self.step = 0

    @classmethod
    def of(cls, spec: TrainSpec, folds: Sequence[Samples], **more: Any) -> KeptTraining:
        """Find the checkpoint of the training that the run has come to."""
        run = current_run()
        return cls(None if run is None else run.training(fingerprint(spec, folds, **more)))

    def restore(self, lanes: Lanes, like: Any) -> None:
        """Bring the lanes to where the last checkpoint left them; `like` has the structure of what they collect."""
        if self._held is None or self._file is None:
            return
        if self._file.machine != machine():
            warnings.warn(
                f"{self._file.path.name} was begun with {self._file.machine} and goes on with {machine()}: the result "
                "may differ from an uninterrupted run's, in about the seventh digit.", TrainingWarning, stacklevel=3
            )  # fmt: skip
        try:
            of_lanes = {name[6:]: each for name, each in self._held.items() if name.startswith("lanes.")}
            self.step = int(self._held["step"][0])
            lanes.restore(of_lanes, like)
        except (KeyError, ValueError, IndexError) as error:
            raise ModelFileError(f"{str(self._file.path)!r} holds no whole checkpoint: {error}") from error
        going = f"goes on after {_place(lanes, self.step)}" if lanes.running.any() else "had ended"
        tell(f"{self._file.path.name}: {going}")

    def state(self, like: Any) -> Any:
        """Return the state of the lanes, of the structure of `like`; None where it is to be drawn."""
        if self._held is None or self._file is None:
            return None
        leaves = []
        for name, leaf in named_leaves(like):
            stored = self._held.get(f"state{name}")
            if stored is None or stored.shape != leaf.shape or stored.dtype != leaf.dtype:
                raise ModelFileError(f"{str(self._file.path)!r} holds no whole checkpoint: state{name} does not fit")
            leaves.append(stored)
        return jax.tree.unflatten(jax.tree.structure(like), leaves)

    def keep(self, state: Any, lanes: Lanes, step: int = 0, *, interrupted: bool = False) -> None:
        """Write a checkpoint after some steps of an epoch, where one is due or Ctrl-C is about to end the run."""
        if self._file is None or not (interrupted or self._file.due):
            return
        if lanes.running.any():
            arrays = {f"state{name}": np.asarray(leaf) for name, leaf in named_leaves(state)}
            self._write(lanes, arrays, step)
        if interrupted:
            print(  # noqa: T201 - what becomes of the work is said, wherever it is read
                f"interrupted after {_place(lanes, step)}, which is kept in {str(self._file.path)!r}; "
                "resume=True (--resume) goes on from there",
                file=sys.stderr,
            )

    def finish(self, lanes: Lanes) -> None:
        """Write what a training gave that has ended."""
        if self._file is not None:
            self._write(lanes, {})

    def _write(self, lanes: Lanes, state: Arrays, step: int = 0) -> None:
        assert self._file is not None  # noqa: S101
        of_lanes = {f"lanes.{name}": each for name, each in lanes.arrays().items()}
        self._file.write({**of_lanes, **state, "step": np.array([step])}, machine())


def _place(lanes: Lanes, step: int) -> str:
    epoch = int(lanes.epochs.max())
    return f"step {step:,} of epoch {epoch + 1}" if step else f"epoch {epoch}"
