"""What training starts from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.forecaster.reader import Reader
from penstock.training.samples import Samples

__all__ = ["Prepared"]


@dataclass(frozen=True, eq=False)
class Prepared:
    """What training starts from, and what a fit is to remember.

    Attributes
    ----------
    samples
        What training reads.
    reader
        How panels become samples, fitted on the training rows.
    validation_rows
        Length of the validation tail of each series, ``[series]``.
    own_tail
        Whether that tail was cut from the training rows.
    """

    samples: Samples
    reader: Reader
    validation_rows: NDArray[np.int64]
    own_tail: bool
