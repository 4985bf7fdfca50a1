"""Many results in one table: what was published, ours under both protocols, the best baseline, the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from penstock.report.numbers import show
from penstock.report.page import Page
from penstock.report.table import Table
from penstock.studies.figures import Figure

__all__ = ["index_page", "summary_rows", "summary_table"]

_COLUMNS = ("study", "figure", "published", "published protocol", "honest protocol", "best baseline", "verdict")


def summary_rows(results: Mapping[str, dict[str, Any]]) -> list[list[str]]:
    """Give one row for each study and edition, in the order of the registry.

    Parameters
    ----------
    results
        What :meth:`StudyResult.to_json` gave, by the name of the result. Of several with one protocol, the one
        with the fewest options of its own stands for all.
    """
    from penstock.studies.registry import STUDIES

    rows = []
    order = list(STUDIES)
    plainest: dict[tuple[Any, ...], dict[str, Any]] = {}
    for name in sorted(results, key=len):  # a result with fewer options of its own has the shorter name
        each = results[name]
        plainest.setdefault((each["study"], each["edition"], each["protocol"]), each)
    usual = list(plainest.values())
    keys = {(each["study"], each["edition"]) for each in usual if each["study"] in order}
    for study, edition in sorted(keys, key=lambda key: (order.index(key[0]), key[1])):
        mine = {each["protocol"]: each for each in usual if (each["study"], each["edition"]) == (study, edition)}
        figures = {protocol: Figure(**each["figures"][0]) for protocol, each in mine.items() if each["figures"]}
        told = mine.get("honest") or mine["published"]
        first = figures.get("honest") or figures.get("published") or Figure("", None, None)
        several = len(STUDIES[study].editions) > 1
        rows.append(
            [
                f"{study}, edition {edition}" if several else study,
                first.name,
                show(first.published, first.form),
                *(_ours(figures.get(protocol)) for protocol in ("published", "honest")),
                first.best,
                told["verdict"][0] if told["verdict"] else "",
            ]
        )
    return rows


def _ours(figure: Figure | None) -> str:
    if figure is None:
        return "–"
    return show(figure.ours, figure.form) + (f" ({figure.range})" if figure.range else "")


def summary_table(results: Mapping[str, dict[str, Any]]) -> Table:
    """Return :func:`summary_rows` as a table."""
    notes = ("In brackets: the lowest and the highest member, or an interval.",)
    return Table.of("Summary", _COLUMNS, summary_rows(results), notes)


def index_page(results: Mapping[str, dict[str, Any]], failed: Mapping[str, str]) -> Page:
    """Lay the summary out, with a link to every page; `failed` gives the reasons of those that could not run."""
    pages = [
        [each["title"], show(each.get("seconds"), ",.0f"), each["verdict"][0] if each["verdict"] else ""]
        for each in results.values()
    ]
    summary, held = summary_table(results), (" – ", "\u00a0–\u2060\u00a0")  # a range stays on one line
    rows = [{name: cell.replace(*held) for name, cell in row.items()} for row in summary.rows]
    links = [f"{name}.html" for name in results]
    tables = [
        replace(summary, rows=rows),
        Table.of("Every result", ("result", "seconds", "verdict"), pages, links=links),
    ]
    if failed:
        tables.append(Table.of("Not run", ("study", "reason"), list(failed.items())))
    return Page(
        title="Published experiments, as they were made and as they should be",
        lead=["Each figure stands beside the best baseline on the same rows; the published protocol keeps every leak."],
        tables=tables,
        wide=True,
    )
