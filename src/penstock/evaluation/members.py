"""The scores of the members of an ensemble."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["spread"]


def spread(members: Sequence[Mapping[str, float]], judged: str, *, lower: bool = True) -> dict[str, Any]:
    """Return the count of members, the range of each of their scores, and all scores of the best and the worst member.

    Parameters
    ----------
    members
        Scores of each member.
    judged
        The score that says which member is best and which is worst.
    lower
        Whether less of it is better.

    Returns
    -------
    ``count``; for each score its ``median``, ``low`` and ``high``, which may be of different members; ``best`` and
    ``worst``, each the scores of one member with its number ``member``, from 1; ``by``, the score that chose them.
    """
    scores = {key: [member[key] for member in members] for key in members[0]} if members else {}
    found: dict[str, Any] = {
        key: dict(zip(("median", "low", "high"), map(float, (np.median(of), np.min(of), np.max(of))), strict=True))
        for key, of in scores.items()
    }
    if judged in scores:
        order = np.argsort(np.array(scores[judged]) * (1 if lower else -1), kind="stable")
        for name, place in (("best", order[0]), ("worst", order[-1])):
            found[name] = {"member": int(place) + 1, **members[place]}
        found["by"] = judged
    return {"count": max(len(members), 1), **found}
