"""Numbers of a table as text."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["show"]


def show(value: Any, form: str = "") -> str:
    """Show one cell of a table.

    Parameters
    ----------
    value
        A number, text, a list (a shape), or None or NaN for what does not exist.
    form
        A format of Python's for numbers, such as ``.4f``; ``4g`` for four digits, however large the number is; ``p``
        for a p-value.

    Examples
    --------
    >>> show(0.015038, ".4f"), show(12345.678, "4g"), show(0.0004, "p"), show(None), show([2201, 63, 1])
    ('0.0150', '12,346', '<.001', '–', '2,201 × 63 × 1')
    """
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return " × ".join(show(item) for item in value)
    if isinstance(value, str):
        return value
    if form == "p":
        return "<.001" if value < 0.001 else f"{value:.3f}"
    if form == "4g":
        if abs(value) >= 1e4:
            return f"{value:,.0f}"
        return f"{value:#.4g}".rstrip(".") if abs(value) >= 1e-3 or value == 0 else f"{value:.3g}"
    if not form:
        return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"
    return f"{value:{form}}"
