"""A score in words."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["SIGNIFICANT", "show_p", "standing", "verdict"]

SIGNIFICANT = 0.05
"""Below this p-value a difference is called more than chance."""


def standing(row: dict[str, Any]) -> str:
    """Say whether a model is "better" or "worse" than the last value by more than chance, or neither: "".

    The p-value is the one that is corrected for the number of models (Holm).

    Examples
    --------
    >>> standing({"skill": 0.1, "p_holm": 0.01}), standing({"skill": 0.1, "p_holm": 0.4})
    ('better', '')
    """
    if not row["p_holm"] < SIGNIFICANT:  # also where no test exists
        return ""
    return "better" if row["skill"] > 0 else "worse"


def verdict(row: dict[str, Any], naive: dict[str, Any], tested: int = 1) -> str:
    """Say in one sentence whether a model beats the last value; `tested` models were held against it.

    Examples
    --------
    >>> row = {"model": "LSTM(20)", "rmse": 23.0, "skill": -0.0455, "p_holm": 0.3}
    >>> verdict(row, {"rmse": 22.494}).split(": ")[0]
    'LSTM(20) does not beat the last value'
    """
    change = 100 * (row["rmse"] / naive["rmse"] - 1) if naive["rmse"] > 0 else math.inf
    p = row["p_holm"]
    better, sure = row["rmse"] < naive["rmse"], p < SIGNIFICANT
    claim = "beats" if better and sure else "does not beat"
    size = f"its RMSE is {row['rmse']:.4g} against {naive['rmse']:.4g}"
    if math.isnan(p):
        return f"{row['model']} cannot be told from the last value: {size}, and no test of the difference exists here."
    size += f" ({abs(change):.1f} % {'lower' if better else 'higher'})"
    chance = "more than chance" if sure else "a difference within chance"
    corrected = f", corrected for {tested} models" if tested > 1 else ""
    return f"{row['model']} {claim} the last value: {size}, {chance} ({show_p(p)}{corrected})."


def show_p(p: float) -> str:
    """Show a p-value with two figures, or as below a thousandth.

    Examples
    --------
    >>> show_p(0.0123), show_p(1e-9)
    ('p = .012', 'p < .001')
    """
    if p < 0.001:
        return "p < .001"
    return f"p = {p:.2f}".replace("0.", ".") if p >= 0.095 else f"p = {p:.3f}".replace("0.", ".")
