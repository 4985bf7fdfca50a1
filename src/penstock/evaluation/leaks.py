"""The leaks of published examples, as switches: each can be turned on to meet a figure, and is named where it is."""

from __future__ import annotations

import enum

__all__ = ["Leak"]


class Leak(enum.Enum):
    """A way in which test rows reach a model; its value is the sentence that every output carries."""

    SCALING = "The series was scaled to [0, 1] with the minimum and maximum of ALL rows, test rows included."
    STOPPING = "Early stopping saw the TEST rows and kept the weights that score best on them."
