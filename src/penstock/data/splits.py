"""The validation tail: the last part of the TRAINING rows, which early stopping may watch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.data.windows import Windows
from penstock.errors import DataError

__all__ = ["cut_tail"]


def cut_tail(panel: Panel, windows: Windows, validation: float | int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Part the windows of the training rows into those to learn from and those to watch.

    A window is watched when all its targets lie in the last `validation` rows of its series (a share if below 1), and
    learned from when all lie before, so no target is in both.

    Returns
    -------
    learn, watch
        Start rows of the windows of each part.
    """
    starts = windows.starts
    if validation == 0:
        return starts, starts[:0]
    lengths = panel.lengths
    tail = np.ceil(lengths * validation).astype(int) if validation < 1 else np.full(len(panel), int(validation))
    tail = np.maximum(tail, windows.horizon)
    border = (panel.offsets[1:] - tail)[panel.series_of(starts)]
    first = starts + windows.window
    last = first + windows.horizon - 1
    learn, watch = starts[last < border], starts[first >= border]
    if len(learn) == 0 or len(watch) == 0:
        short = panel.shortest
        skip = int(starts[0] - panel.offsets[0])
        needed = skip + windows.window + windows.horizon + int(tail[short])
        raise DataError(
            f"{lengths[short]} rows{panel.name(short)} are too few: {needed} are needed (window {windows.window} + "
            f"horizon {windows.horizon} + {int(tail[short])} for validation"
            f"{f' + {skip} lost to the transform' if skip else ''}); "
            "shorten the window or the validation tail, or give more rows."
        )
    return learn, watch
