"""The table of scores, for a terminal and as cells for a page."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from penstock.evaluation.significance import Pairs
from penstock.evaluation.verdict import SIGNIFICANT, standing

__all__ = [
    "COLUMNS",
    "INTERVAL_COLUMNS",
    "as_text",
    "cells",
    "columns",
    "interval_cells",
    "interval_table",
    "pairs_table",
    "spread_cells",
    "step_table",
    "terminal_table",
]

COLUMNS = {
    "model": "model",
    "rmse": "RMSE",
    "mae": "MAE",
    "r2": "R²",
    "pearson": "Pearson",
    "spearman": "Spearman",
    "skill": "skill",
    "dm_statistic": "DM",
    "dm_pvalue": "p",
    "p_holm": "p Holm",
    "parameters": "weights",
    "fit_seconds": "fit s",
}
"""The columns of the table: key of a score, and its heading; p Holm only where several models are held against one."""

INTERVAL_COLUMNS = ("model", "level", "covered", "mean width", "interval score")
"""Headings of the table of intervals."""

_LONGEST_NAME = 40
_MOST_STEPS = 8
_NARROW = ("model", "rmse", "mae", "skill", "p_holm")
_NO_SPREAD = ("model", "p_holm", "parameters", "fit_seconds")


def columns(rows: list[dict[str, Any]]) -> list[str]:
    """Name the columns that these rows need: the corrected p only where it can differ from the other."""
    several = sum(not math.isnan(row["p_holm"]) for row in rows) > 1
    return [key for key in COLUMNS if several or key != "p_holm"]


def cells(row: dict[str, Any], keys: list[str]) -> list[str]:
    """Show one model's scores, in the order of the columns."""
    return [str(row["model"]), *(_show(key, row[key]) for key in keys[1:])]


def spread_cells(row: dict[str, Any], keys: list[str]) -> list[list[str]]:
    """Show the spread of a model's members: the median, the lowest, the highest; nothing for a single member."""
    members = row["members"]
    if members["count"] == 1:
        return []
    return [
        [label, *("" if key in _NO_SPREAD else _show(key, members[key][part]) for key in keys[1:])]
        for part, label in (
            ("median", f"· median of {members['count']} members"),
            ("low", "· lowest"),
            ("high", "· highest"),
        )
    ]


def terminal_table(rows: list[dict[str, Any]], *, whole: bool = True) -> Table:
    """Lay the scores out with rich; what is significantly better than naive is green, worse is red."""
    keys = columns(rows) if whole else list(_NARROW)
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1))
    _add_columns(table, [COLUMNS[key] for key in keys])
    for row in rows:
        style = {"better": "green", "worse": "red"}.get(standing(row))
        table.add_row(*cells(row, keys), style=style)
        for spread in spread_cells(row, keys):
            table.add_row(*spread, style="dim")
    return table


def interval_cells(row: dict[str, Any], levels: tuple[float, ...]) -> list[list[str]]:
    """Show how well one model's intervals held: a line for each level."""
    return [
        [
            str(row["model"]),
            f"{level:g} %",
            f"{100 * row[f'coverage_{level:g}']:.1f} %",
            _show("rmse", row[f"width_{level:g}"]),
            _show("rmse", row[f"winkler_{level:g}"]),
        ]
        for level in levels
    ]


def interval_table(rows: list[dict[str, Any]], levels: tuple[float, ...]) -> Table:
    """Lay out with rich how well the intervals of all models held."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1))
    _add_columns(table, list(INTERVAL_COLUMNS))
    for row in rows:
        for line in interval_cells(row, levels):
            table.add_row(*line)
    return table


def step_table(errors: Mapping[str, NDArray[np.float64]]) -> Table:
    """Lay out with rich the error of each model at each step ahead, or at some of many."""
    horizon = len(next(iter(errors.values())))
    steps = np.unique(np.linspace(1, horizon, min(horizon, _MOST_STEPS)).round().astype(int))
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1))
    _add_columns(table, ["RMSE by step ahead", *map(str, steps)])
    for name, each in errors.items():
        table.add_row(name, *(_show("rmse", float(each[step - 1])) for step in steps))
    return table


def pairs_table(pairs: Pairs) -> Table:
    """Lay out with rich the p-value of every pair; ▲ where the row's model has the lower loss by more than chance."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1))
    _add_columns(table, ["Diebold-Mariano, every pair", *(str(place + 1) for place in range(len(pairs.names)))])
    for place, name in enumerate(pairs.names):
        shown = zip(pairs.statistic[place].tolist(), pairs.pvalue[place].tolist(), strict=True)
        table.add_row(f"{place + 1}  {name}", *(_pair(statistic, p) for statistic, p in shown))
    return table


def _pair(statistic: float, p: float) -> str:
    if not p < SIGNIFICANT:
        return f"{_show('dm_pvalue', p)}  "
    return f"[green]{_show('dm_pvalue', p)} ▲[/]" if statistic < 0 else f"[red]{_show('dm_pvalue', p)} ▼[/]"


def _add_columns(table: Table, headings: list[str]) -> None:
    table.add_column(headings[0], no_wrap=True, max_width=_LONGEST_NAME, overflow="ellipsis")
    for heading in headings[1:]:
        table.add_column(heading, justify="right", no_wrap=True)


def as_text(table: Table) -> str:
    """Render a table without colour, as wide as it is."""
    console = Console(file=io.StringIO(), width=250, color_system=None)
    console.print(table)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.rstrip().splitlines())


def _show(key: str, value: float) -> str:
    if isinstance(value, float) and math.isnan(value):
        return "–"
    if key == "parameters":
        return f"{value:,}"
    if key in ("rmse", "mae"):
        return f"{value:,.0f}" if value >= 1e4 else f"{value:#.4g}".rstrip(".") if value >= 1e-3 else f"{value:.3g}"
    if key == "fit_seconds":
        return f"{value:.1f}"
    if key == "dm_statistic":
        return f"{value:.2f}"
    if key in ("dm_pvalue", "p_holm"):
        return "<.001" if value < 0.001 else f"{value:.3f}"
    return f"{value:.4f}"
