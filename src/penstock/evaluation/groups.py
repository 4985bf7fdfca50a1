"""Groups of series: columns that are the same in every row of a series, and that no model reads."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

from penstock.data.columns import Columns
from penstock.data.frames import FrameKind, read_panel
from penstock.data.panel import Panel

__all__ = ["read_grouped"]


def read_grouped(
    frame: Any, columns: Columns, groups: Sequence[str], missing: str, calendar: str | None = None
) -> tuple[Panel, FrameKind, dict[str, dict[Hashable, Any]]]:
    """Read a frame, and the groups of its series.

    Parameters
    ----------
    frame
        The frame.
    columns
        Its columns.
    groups
        Columns of groups; those that are static covariates too are read once.
    missing
        What happens where a value is missing.
    calendar
        The exchange whose trading days the rows hold.

    Returns
    -------
    The panel and the kind of its frame, as without groups, and for each column the group of each series by its name.

    Raises
    ------
    DataError
        Where a column is not there, or changes within a series.
    """
    static = columns.static
    more = tuple(name for name in dict.fromkeys(groups) if name not in static)
    panel, kind = read_panel(frame, replace(columns, static=(*static, *more)), missing, calendar=calendar)
    place = {name: number for number, name in enumerate((*static, *more))}
    found = {name: dict(zip(panel.ids, panel.static[:, place[name]], strict=True)) for name in groups}
    kept = replace(panel, static=panel.static[:, : len(static)])
    return kept, replace(kind, columns=replace(kind.columns, static=static)), found
