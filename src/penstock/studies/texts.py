"""What the studies of text share: orders of rows, pictures of the losses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from penstock.report.pictures import loss_picture

if TYPE_CHECKING:
    from penstock.report.svg import Picture

__all__ = ["WATCHED_TEST", "losses_of", "shuffled"]

WATCHED_TEST = "Early stopping saw the TEST documents and kept the weights that score best on them."


def losses_of(networks: Mapping[str, Any], watched: str) -> list[Picture]:
    """Draw the losses of fitted networks by epoch."""
    return [
        loss_picture(name, model.history_.training_loss, model.history_.validation_loss, watched)
        for name, model in networks.items()
    ]


def shuffled(count: int, seed: int) -> NDArray[np.int64]:
    """Give an order of rows drawn by a seed."""
    return np.random.default_rng(seed).permutation(count)
