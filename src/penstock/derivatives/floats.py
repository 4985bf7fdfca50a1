"""What rounding does to a difference of large numbers: the order of the terms decides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Cancellation", "float32_example"]


@dataclass(frozen=True)
class Cancellation:
    """A sum of three numbers in float32, added up in two orders.

    Attributes
    ----------
    terms
        The numbers as they are written.
    stored
        The numbers as float32 holds them.
    spacing
        The distance of neighbouring float32 numbers at the largest term.
    as_written, large_first
        (a + b) + c and (a + c) + b in float32.
    truth
        The sum, in whole numbers of ten-thousandths.
    """

    terms: tuple[float, float, float]
    stored: tuple[float, float, float]
    spacing: float
    as_written: float
    large_first: float
    truth: float


def float32_example() -> Cancellation:
    """Compute 69,393,121 − 1.0235 − 69,393,120 in float32.

    Returns
    -------
    The numbers, their sums in both orders, and the truth.

    Examples
    --------
    >>> example = float32_example()
    >>> example.as_written, round(example.large_first, 4), example.truth
    (0.0, -1.0235, -0.0235)
    """
    terms = (69_393_121.0, -1.0235, -69_393_120.0)
    a, b, c = (np.float32(term) for term in terms)
    truth = sum(round(term * 10_000) for term in terms) / 10_000
    return Cancellation(
        terms,
        (float(a), float(b), float(c)),
        float(np.spacing(a)),
        float(np.float32(a + b) + c),
        float(np.float32(a + c) + b),
        truth,
    )
