"""Numbers of tables and sentences as text: the one formatter of both."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["show", "show_minus", "show_p"]


def show(value: Any, form: str = "") -> str:
    """Format one cell of a table.

    Parameters
    ----------
    value
        A number, text, a list (a shape), or None or NaN for what does not exist.
    form
        A format of Python's for numbers, such as ``.4f``; one that ends in `` %`` shows a share as a percentage
        (``.1 %``); ``4g`` for four digits, however large the number is; ``p`` for a p-value; ``<`` for a column of
        text.

    Examples
    --------
    >>> show(0.015038, ".4f"), show(12345.678, "4g"), show(0.0004, "p"), show(None), show([2201, 63, 1])
    ('0.0150', '12,346', '<.001', '–', '2,201 × 63 × 1')
    >>> show(0.8, ".0 %"), show(0.9556, ".1 %"), show(2.0, ".1f")
    ('80 %', '95.6 %', '2.0')
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
    if form.endswith(" %"):
        return f"{100 * value:{form[:-2]}{'' if form[:-2].endswith('g') else 'f'}} %"
    if form in ("", "<"):
        return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"
    return f"{value:{form}}"


def show_minus(value: float, form: str = ".3f") -> str:
    """Format a number in a formula or a sentence, with a minus sign where Python sets a hyphen.

    Examples
    --------
    >>> show_minus(-0.5), show_minus(-1234, ",.10g")
    ('−0.500', '−1,234')
    """
    return f"{value:{form}}".replace("-", "−")


def show_p(p: float) -> str:
    """Format a p-value in a sentence: two significant figures, or below a thousandth.

    Examples
    --------
    >>> show_p(0.0123), show_p(1e-9)
    ('p = .012', 'p < .001')
    """
    if p < 0.001:
        return "p < .001"
    return f"p = {p:.2f}".replace("0.", ".") if p >= 0.095 else f"p = {p:.3f}".replace("0.", ".")
