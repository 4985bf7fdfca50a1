"""`penstock explain`: see how a mechanism works."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penstock.cli.output import ReportOption, check_paths, output_console, write_all
from penstock.errors import OptionError
from penstock.files import write_whole

if TYPE_CHECKING:
    from rich.console import Console

    from penstock.report.page import Page

__all__ = ["explain"]


def explain(
    name: Annotated[str | None, typer.Argument(help="What to explain; left out: the list.", show_default=False)] = None,
    model: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A saved model to look into, instead of the demonstration.")
    ] = None,
    text: Annotated[
        str | None, typer.Option(metavar="TEXT", help="A document for a saved model of text to read.")
    ] = None,
    report: ReportOption = None,
) -> None:
    """Explain a mechanism in numbers, and as a page with pictures."""
    from penstock.anatomy.registry import EXPLANATIONS, resolve_explanation

    if name is None:
        for each in EXPLANATIONS.values():
            print(f"{each.name:<14}{each.summary}")  # noqa: T201
        return
    chosen = resolve_explanation(name)
    check_paths(report, inputs=[model])
    if text is not None and model is None:
        raise OptionError("--text is read by a model of text; name one: --model FILE.")
    from penstock.catalogue import load

    page = chosen(None if model is None else load(model), text).page()
    console = output_console()
    _show(page, console)
    if report is not None:
        write_all([(report, lambda path: write_whole(path, page.html()))], console)
    else:
        given = "" if model is None else f" --model {model}" + ("" if text is None else f" --text {shlex.quote(text)}")
        line = f"With pictures: penstock explain {name}{given} --report {name}.html"
        console.print(line, style="dim", highlight=False, markup=False)


def _show(page: Page, console: Console) -> None:
    """Print the title, the sentences to take away, the formulas and the tables."""
    from rich.markup import escape

    console.print(f"[bold]{escape(page.title)}[/]", highlight=False)
    for sentence in page.lead:
        console.print(escape(sentence), highlight=False)
    for section in page.sections:
        if section.formulas:
            console.print()
        for formula in section.formulas:
            *name, line = formula.split("\t")
            console.print(f"  {escape(name[0] if name else ''):<18}{escape(line)}", highlight=False, soft_wrap=True)
        for table in section.tables:
            console.print()
            console.print(f"[bold]{escape(table.title)}[/]", highlight=False)
            console.print(table)
    console.print()
