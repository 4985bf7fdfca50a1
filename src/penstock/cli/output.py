"""What every command that ends in a comparison does with it: check the paths first, then print and write."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from penstock.evaluation.comparison import Comparison
from penstock.files import check_destination

__all__ = ["JsonOption", "ReportOption", "check_paths", "show"]

JsonOption = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the result as JSON.")]
ReportOption = Annotated[
    Path | None, typer.Option("--report", metavar="FILE", help="Write the report as one HTML page.")
]

_WIDE = 108  # columns that the whole table takes


def check_paths(*paths: Path | None) -> None:
    """Refuse paths that cannot be written, before anything is computed."""
    for path in paths:
        if path is not None:
            check_destination(path)


def show(comparison: Comparison, title: str, lines: Iterable[str], written: Iterable[Path]) -> None:
    """Print the title, some lines, the table, the verdicts, the leaks, and the files written."""
    console = Console()
    wide = Console(width=_WIDE) if not console.is_terminal else console
    console.print(f"[bold]{escape(title)}[/]", highlight=False, soft_wrap=True)
    for line in lines:
        console.print(escape(line), highlight=False, soft_wrap=True)
    for leak in comparison.leaks:
        console.print(f"[bold yellow]Leak:[/] {escape(leak.value)}", highlight=False, soft_wrap=True)
    wide.print()
    wide.print(comparison.table(whole=wide.width >= _WIDE))
    wide.print()
    for name in comparison.networks:
        console.print(escape(comparison.verdicts[name]), highlight=False, soft_wrap=True)
    for path in written:
        console.print(f"Written: {path}", highlight=False, soft_wrap=True, markup=False)
