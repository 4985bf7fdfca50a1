"""One model of a comparison on documents, with what it answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["TextEntry"]

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TextEntry:
    """One model of a comparison on documents.

    Attributes
    ----------
    answers
        Probabilities ``[documents, classes]``, or values ``[documents]``.
    members
        Answers of each of several members, ``[documents, ...]`` each; empty where it has one.
    model
        The model as fitted last; None where only its answers are known.
    weights
        Parameters that the fit chose; None where the model does not tell.
    seconds
        Time that all its fits took.
    """

    answers: Values
    members: Sequence[Values] = ()
    model: Any = None
    weights: int | None = None
    seconds: float = float("nan")

    @staticmethod
    def stacked(parts: Sequence[TextEntry]) -> TextEntry:
        """Join the answers of one model on different documents, one fit after the other.

        Parameters
        ----------
        parts
            The model's entries; members are joined where all have as many.

        Returns
        -------
        One entry over all documents, with the model and the parameters of the last fit.
        """
        counts, last = {len(part.members) for part in parts}, parts[-1]
        together = zip(*[part.members for part in parts], strict=True) if len(counts) == 1 else ()
        return TextEntry(
            np.concatenate([part.answers for part in parts]),
            [np.concatenate(member) for member in together],
            last.model,
            last.weights,
            sum(part.seconds for part in parts),
        )
