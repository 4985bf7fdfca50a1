"""What is learned of samples, and what each weighs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.sequences import Sequences
from penstock.errors import DataError

__all__ = ["Targets", "sample_weights"]


@dataclass(frozen=True, eq=False)
class Targets:
    """What is learned of samples.

    Attributes
    ----------
    y
        A target for each sample, ``[samples, width]``, or a sequence of targets.
    weight
        What each sample weighs, ``[samples]``.
    outputs
        Outputs of the network.
    """

    y: NDArray[np.float64] | Sequences
    weight: NDArray[np.float64]
    outputs: int

    def followed_by(self, others: Targets) -> Targets:
        """Put the targets of other samples behind these."""
        if isinstance(self.y, Sequences):
            assert isinstance(others.y, Sequences)  # noqa: S101 (read by the same estimator)
            y: NDArray[np.float64] | Sequences = self.y.followed_by(others.y)
        else:
            y = np.concatenate([self.y, others.y])
        return Targets(y, np.concatenate([self.weight, others.weight]), self.outputs)


def sample_weights(sample_weight: Any, count: int) -> NDArray[np.float64] | None:
    """Read what each sample weighs, or refuse what is no weight."""
    if sample_weight is None:
        return None
    weight = np.asarray(sample_weight, dtype=np.float64)
    if weight.shape != (count,):
        raise DataError(
            f"sample_weight has the shape {weight.shape}; allowed: one number for each of the {count} samples."
        )
    if not np.isfinite(weight).all() or (weight < 0).any():
        sample = int((~(weight >= 0) | np.isinf(weight)).argmax())
        raise DataError(f"sample_weight[{sample}] is {weight[sample]:g}; allowed: finite numbers from 0.")
    return weight
