"""Floats: what rounding does to a difference of large numbers."""

from __future__ import annotations

from dataclasses import dataclass

from penstock.derivatives.floats import Cancellation, float32_example
from penstock.report.numbers import show_minus
from penstock.report.page import Page, Reported, Section
from penstock.report.table import Table

__all__ = ["Rounding", "rounding"]


@dataclass(frozen=True)
class Rounding(Reported):
    """The float32 example as a page."""

    example: Cancellation

    def page(self) -> Page:
        """Explain the example."""
        each = self.example
        a, b, c = (f"{abs(term):,.10g}" for term in each.terms)
        stored = [
            [show_minus(term, ",.10g"), show_minus(held, ",.10g")]
            for term, held in zip(each.terms, each.stored, strict=True)
        ]
        orders = [
            [f"({a} − {b}) − {c}", f"{each.as_written:.4f}"],
            [f"({a} − {c}) − {b}", show_minus(each.large_first, ".4f")],
            ["truth", show_minus(each.truth, ".4f")],
        ]
        return Page(
            "Floats: the order of a sum decides",
            [
                f"In float32, {a} − {b} − {c} is {each.as_written:g} as written and "
                f"{each.large_first:.4f} with the large numbers first. The truth is {each.truth:.4f}.".replace(
                    "-", "−"
                ),
            ],
            sections=[
                Section(
                    "Why",
                    [
                        "float32 keeps 24 binary digits, some seven decimal ones. At this size its numbers lie "
                        f"{each.spacing:g} apart, so {a} is stored as {each.stored[0]:,.0f}: one has gone before "
                        f"anything is computed. Taking {b} from it changes less than half a spacing and is rounded "
                        "away.",
                        "A numerical derivative is a difference of two nearly equal numbers, divided by a small step: "
                        "it meets this at every turn. That is why gradients are checked in float64, and why the step "
                        "must not be too small (penstock explain derivatives).",
                    ],
                    tables=[
                        Table.of("Two orders, two results", ["in float32", "result"], orders),
                        Table.of("What is stored", ["number", "as float32"], stored),
                    ],
                )
            ],
        )


def rounding() -> Rounding:
    """Compute 69,393,121 − 1.0235 − 69,393,120 in float32, in two orders.

    Examples
    --------
    >>> rounding().page().lead[0]
    'In float32, 69,393,121 − 1.0235 − 69,393,120 is 0 as written and −1.0235 with the large numbers first. The truth is −0.0235.'
    """  # noqa: E501 (one sentence)
    return Rounding(float32_example())
