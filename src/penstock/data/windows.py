"""Windows: samples as start positions in the flat array, never copies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.errors import DataError

__all__ = ["Windows", "cut_windows"]


@dataclass(frozen=True, eq=False)
class Windows:
    """Samples of `window` inputs followed by `horizon` targets, each known by the flat row at which it starts.

    Attributes
    ----------
    starts
        Flat row of each window's first input, ``[n]``.
    window, horizon
        Inputs and targets of each sample, in steps.
    features
        Columns of each input row.
    """

    starts: NDArray[np.int64]
    window: int
    horizon: int
    features: int = 1

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape that the inputs would have if they were copied out: ``(n, window, features)``."""
        return (len(self.starts), self.window, self.features)


def cut_windows(panel: Panel, window: int, horizon: int, skip: int = 0) -> Windows:
    """Find every window of the panel, series by series, in the order of time.

    Parameters
    ----------
    panel
        The series.
    window, horizon
        Inputs and targets of each sample, in steps.
    skip
        First rows of each series that hold no value (a difference loses one).

    Raises
    ------
    DataError
        Where a series is too short for a single window; the message says how many rows are needed.
    """
    needed = skip + window + horizon
    short = panel.shortest
    if panel.lengths[short] < needed:
        raise DataError(
            f"{panel.lengths[short]} rows{panel.name(short)} are too few: {needed} are needed (window {window} + "
            f"horizon {horizon}{f' + {skip} lost to the transform' if skip else ''}); shorten the window or give "
            "more rows."
        )
    counts = panel.lengths - needed + 1
    starts = [np.arange(count) + first + skip for first, count in zip(panel.offsets, counts, strict=False)]
    return Windows(np.concatenate(starts), window, horizon)
