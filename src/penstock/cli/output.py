"""What every command that ends in a comparison does with it: check the paths first, then print and write."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penstock.errors import OptionError, WriteError
from penstock.files import check_destination, refuse_input

if TYPE_CHECKING:
    from rich.console import Console

    from penstock.evaluation.comparison import Comparison
    from penstock.evaluation.trading import Trading

__all__ = ["MOST_PAIRED", "WIDE", "JsonOption", "ReportOption", "check_paths", "output_console", "show", "write_all"]

JsonOption = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the result as JSON.")]
ReportOption = Annotated[
    Path | None, typer.Option("--report", metavar="FILE", help="Write the report as one HTML page.")
]

Writer = tuple[Path | None, Callable[[Path], object]]
"""A path, if one was asked for, and what writes it."""

WIDE = 108
"""Columns that the whole table of scores takes."""

MOST_PAIRED = 8
"""Models whose every pair fits beside their names."""


def check_paths(*paths: Path | None, inputs: Iterable[Path | None] = ()) -> None:
    """Refuse paths that cannot be written, or that name a file which is read, before anything is computed."""
    given = [check_destination(path) for path in paths if path is not None]
    if len(set(given)) < len(given):
        twice = next(path for path in given if given.count(path) > 1)
        raise OptionError(f"two results cannot go to one file, {str(twice)!r}; give each a name of its own.")
    for path in given:
        refuse_input(path, inputs)


def output_console() -> Console:
    """Return a console of standard output; a file or a pipe has no width, so lines are not broken there."""
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=WIDE, soft_wrap=True)


def write_all(writers: Iterable[Writer], console: Console) -> None:
    """Write every file that was asked for and name it; one that cannot be written stops none of the others.

    Raises
    ------
    WriteError
        At the end, for all that could not be written.
    """
    written, failed = [], []
    for path, write in writers:
        if path is None:
            continue
        try:
            write(path)
            written.append(path)
        except WriteError as error:
            failed.append(str(error))
    for path in written:
        console.print(f"Written: {path}", highlight=False, markup=False)
    if failed:
        raise WriteError(" ".join(failed))


def show(
    comparison: Comparison,
    title: str,
    lines: Iterable[str],
    writers: Iterable[Writer],
    trading: Trading | None = None,
    by: str = "",
) -> None:
    """Print the title, some lines, the leaks, the tables and the verdicts; write files, whatever becomes of these."""
    console = output_console()
    try:
        _print(console, comparison, title, lines, trading, by)
    finally:
        write_all(writers, console)


def _print(
    console: Console, comparison: Comparison, title: str, lines: Iterable[str], trading: Trading | None, by: str
) -> None:
    from rich.markup import escape

    from penstock.evaluation.by_table import by_table
    from penstock.evaluation.searches import search_tables
    from penstock.evaluation.table import pairs_table, step_table

    console.print(f"[bold]{escape(title)}[/]", highlight=False)
    for line in lines:
        console.print(escape(line), highlight=False)
    for leak in comparison.warnings:
        console.print(f"[bold yellow]Leak:[/] {escape(leak)}", highlight=False)
    console.print()
    console.print(comparison.table())
    console.print()
    if comparison.levels:
        console.print(comparison.interval_table())
        console.print()
    for searched in search_tables(comparison):
        console.print(searched)
        for note in searched.notes:
            console.print(note, style="dim", highlight=False)
        console.print()
    if comparison.split.horizon > 1:
        console.print(step_table(comparison.step_errors, comparison.scoring.judged.heading))
        console.print()
    if len(comparison.entries) > 2 and not comparison.pairs.tested:
        console.print(f"No pair of models is tested: {comparison.untested}.", highlight=False)
        console.print()
    elif 2 < len(comparison.entries) <= MOST_PAIRED:
        paired = pairs_table(comparison.pairs)
        console.print(paired)
        for note in paired.notes:
            console.print(note, style="dim", highlight=False)
        console.print()
    if by:
        console.print(by_table(comparison, by))
        console.print()
    if trading is not None:
        console.print(trading.table())
        console.print()
    for sentence in comparison.said:
        console.print(escape(sentence), highlight=False)
    for note in comparison.notes:
        console.print(escape(note), style="dim", highlight=False)
