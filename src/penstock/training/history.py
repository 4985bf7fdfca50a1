"""What a fit gives: weights, and the losses of every epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["History", "Trained"]


@dataclass(frozen=True, eq=False)
class History:
    """The losses of every epoch, ``[epochs, members]``; NaN after a member has stopped.

    Attributes
    ----------
    training_loss
        Mean loss over the steps of the epoch, in scaled units.
    validation_loss
        Loss on the validation samples after the epoch, or NaN where there are none.
    """

    training_loss: NDArray[np.float64]
    validation_loss: NDArray[np.float64]

    @classmethod
    def of(cls, losses: Sequence[Sequence[tuple[float, float]]]) -> History:
        """Lay out the losses of members that trained unlike numbers of epochs.

        Parameters
        ----------
        losses
            The training and the validation loss of each epoch, member by member.

        Returns
        -------
        The losses, NaN after a member has stopped.

        Examples
        --------
        >>> History.of([[(2.0, 3.0), (1.0, 2.0)], [(4.0, 5.0)]]).training_loss.tolist()
        [[2.0, 4.0], [1.0, nan]]
        """
        table = np.full((2, max(map(len, losses)), len(losses)), np.nan)
        for member, each in enumerate(losses):
            table[:, : len(each), member] = np.array(each).T
        return cls(*table)

    @classmethod
    def of_parts(cls, parts: Sequence[History]) -> History:
        """Lay the losses of some members behind those of others, which may have trained unlike numbers of epochs.

        Parameters
        ----------
        parts
            The losses of some members each.

        Returns
        -------
        Those of all.

        Examples
        --------
        >>> one, other = History.of([[(2.0, 3.0), (1.0, 2.0)]]), History.of([[(4.0, 5.0)]])
        >>> History.of_parts([one, other]).training_loss.tolist()
        [[2.0, 4.0], [1.0, nan]]
        """
        longest = max(len(part.training_loss) for part in parts)

        def padded(losses: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.pad(losses, ((0, longest - len(losses)), (0, 0)), constant_values=np.nan)

        training = np.concatenate([padded(part.training_loss) for part in parts], axis=1)
        return cls(training, np.concatenate([padded(part.validation_loss) for part in parts], axis=1))

    @property
    def epochs(self) -> NDArray[np.int64]:
        """Epochs that each member trained, ``[members]``."""
        return np.isfinite(self.training_loss).sum(axis=0)


@dataclass(frozen=True, eq=False)
class Trained:
    """Weights of all members, every leaf ``[members, ...]``, and how they came about.

    Parameters
    ----------
    weights
        Weights of all members, every leaf ``[members, ...]``.
    history
        Losses by epoch and member.
    """

    weights: Any
    history: History
