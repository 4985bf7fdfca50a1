"""A score in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from penstock.evaluation.significance import Pairs
from penstock.report.numbers import show_p

__all__ = ["SIGNIFICANT", "ahead", "verdict"]

SIGNIFICANT = 0.05
"""Below this p-value a difference is called more than chance."""


def verdict(
    row: Mapping[str, Any],
    reference: Mapping[str, Any],
    tested: int = 1,
    *,
    score: str = "rmse",
    heading: str = "RMSE",
    form: str = "4g",
    lower: bool = True,
    against: str = "the last value",
    untested: str = "no test of the difference exists here",
) -> str:
    """Say in one sentence whether a model beats the reference.

    Parameters
    ----------
    row, reference
        Scores of the model and of the reference, and the model's p-value, corrected (``p_holm``).
    tested
        Number of models that were tested against the reference.
    score, heading, form, lower
        Key and name of the score that decides, how its numbers are shown, and whether less of it is better.
    against
        What the sentence calls the reference.
    untested
        Why there is no p-value, where there is none.

    Examples
    --------
    >>> row = {"model": "LSTM(20)", "rmse": 23.0, "p_holm": 0.3}
    >>> verdict(row, {"rmse": 22.494}).split(": ")[0]
    'LSTM(20) does not beat the last value'
    """
    ours, theirs, p = row[score], reference[score], row["p_holm"]
    better, sure = ours < theirs if lower else ours > theirs, p < SIGNIFICANT
    digits = ".4g" if form == "4g" else form
    size = f"its {heading} is {ours:{digits}} against {theirs:{digits}}"
    if math.isnan(p):
        return f"{row['model']} cannot be told from {against}: {size}, and {untested}."
    if lower:
        change = 100 * (ours / theirs - 1) if theirs > 0 else math.inf
        size += f" ({abs(change):.1f} % {'lower' if better else 'higher'})"
    claim = "beats" if better and sure else "does not beat"
    chance = "more than chance" if sure else "a difference within chance"
    corrected = f", corrected for {tested} models" if tested > 1 else ""
    return f"{row['model']} {claim} {against}: {size}, {chance} ({show_p(p)}{corrected})."


def ahead(first: Mapping[str, Any], ours: Mapping[str, Any], score: str, heading: str, form: str, pairs: Pairs) -> str:
    """Say in one sentence that a model is more accurate than those that a comparison is about.

    Parameters
    ----------
    first, ours
        Scores of the best model, and of the best of those.
    score, heading, form
        Key and name of the score that decides, and how its numbers are shown.
    pairs
        The test of every pair.

    Examples
    --------
    >>> import numpy as np
    >>> pairs = Pairs(("AR(7)", "LSTM(20)"), np.zeros((2, 2)), np.full((2, 2), 0.2))
    >>> ahead({"model": "AR(7)", "rmse": 1.25}, {"model": "LSTM(20)", "rmse": 1.5}, "rmse", "RMSE", "4g", pairs)
    'AR(7) is ahead of LSTM(20): its RMSE is 1.25 against 1.5, within chance (p = .20).'
    """
    p = float(pairs.pvalue[pairs.names.index(first["model"]), pairs.names.index(ours["model"])])
    digits = ".4g" if form == "4g" else form
    chance = "" if math.isnan(p) else f", {'more than chance' if p < SIGNIFICANT else 'within chance'} ({show_p(p)})"
    size = f"its {heading} is {first[score]:{digits}} against {ours[score]:{digits}}"
    return f"{first['model']} is ahead of {ours['model']}: {size}{chance}."
