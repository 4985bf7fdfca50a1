"""Results as Markdown: what the pages of the documentation show of a run is written by this, never by hand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from penstock.errors import DataError, nearest
from penstock.report.numbers import show
from penstock.report.table import Table
from penstock.studies.figures import Figure, figures_table
from penstock.studies.registry import STUDIES
from penstock.studies.summary import summary_table

__all__ = ["fill", "pictures_of"]

_BLOCK = re.compile(r"(<!-- (result|table|picture|summary)(?: ([^\n]*?))? -->\n).*?(<!-- end -->)", re.DOTALL)

Results = Mapping[str, dict[str, Any]]


def fill(page: str, results: Results, pictures: str = "pictures") -> str:
    """Put results between the marks of a page; what stood there is replaced.

    The marks are comments, each closed by ``<!-- end -->``:

    - ``<!-- result NAME -->``: facts, leaks, the source's figures, every table, the verdict;
    - ``<!-- table NAME 2 -->``: its second table alone (0: the source's figures; -1: the last);
    - ``<!-- picture NAME 1 -->``: its first picture, with its caption;
    - ``<!-- summary -->``: one row for each study.

    Parameters
    ----------
    page
        The page's text.
    results
        Results by the names of their files, such as ``sp500-1-honest``.
    pictures
        Folder of the pictures, as seen from the page.

    Raises
    ------
    DataError
        Where a mark names no study. A result that is not there is told on the page: not run yet.
    """

    def put(found: re.Match[str]) -> str:
        kind, asked = found.group(2), (found.group(3) or "").split()
        if kind == "summary":
            return f"{found.group(1)}{summary_table(results).to_markdown()}\n{found.group(4)}"
        name = asked[0] if asked else ""
        if name not in results:
            if not any(name.startswith(f"{study}-") for study in STUDIES):
                raise DataError(f"{found.group(1).strip()}: there is no such study; {nearest(name, STUDIES)}")
            return f"{found.group(1)}*{name} has not been run yet.*\n{found.group(4)}"
        return f"{found.group(1)}{_content(kind, results[name], asked, pictures)}\n{found.group(4)}"

    return _BLOCK.sub(put, page)


def pictures_of(page: str) -> list[tuple[str, int]]:
    """Name the pictures that a page shows: result and number."""
    found = (mark.group(3).split() for mark in _BLOCK.finditer(page) if mark.group(2) == "picture")
    return [(name, int(number)) for name, number in found]


def _content(kind: str, result: dict[str, Any], asked: Sequence[str], pictures: str) -> str:
    number = int(asked[1]) if len(asked) > 1 else 1
    if kind == "picture":
        picture = result["pictures"][number - 1]
        return f"![{picture['title']}]({pictures}/{asked[0]}-{number}.svg)\n\n*{picture['caption']}*"
    if kind == "table":
        tables = [_figures(result), *result["tables"]]
        if not -len(tables) < number < len(tables):
            raise DataError(f"{asked[0]} has {len(tables) - 1} tables; there is none of number {number}.")
        return _table(tables[number])
    facts = " · ".join(f"{name} {show(value)}" for name, value in result["facts"].items())
    seconds = f" · {result['members']} members · {result['seconds']:,.0f} s" if "seconds" in result else ""
    tables = [_figures(result)] if result["figures"] else []
    return "\n\n".join(
        [
            f"{facts}{seconds}",
            *(f"**Leak.** {leak}" for leak in result["leaks"]),
            *(f"**{table['title']}**\n\n{_table(table)}" for table in [*tables, *result["tables"]]),
            *(f"> {sentence}" for sentence in result["verdict"]),
        ]
    )


def _figures(result: dict[str, Any]) -> dict[str, Any]:
    return figures_table([Figure(**each) for each in result["figures"]]).to_json()


def _table(content: dict[str, Any]) -> str:
    return Table(**content).to_markdown()
