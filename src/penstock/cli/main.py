"""The program `penstock`."""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from penstock.cli.audit import audit
from penstock.cli.compare import compare
from penstock.cli.doctor import doctor
from penstock.cli.explain import explain
from penstock.cli.interrupts import INTERRUPTED, end_at_once, never_lost
from penstock.cli.study import study
from penstock.cli.text import text
from penstock.errors import PenstockError
from penstock.version import __version__

__all__ = ["app", "main"]

app = typer.Typer(
    name="penstock",
    help="Gated recurrent networks for market series and text, with an honest baseline beside every number.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.command()(study)
app.command()(compare)
app.command()(audit)
app.command()(explain)
app.add_typer(text, name="text")
app.command()(doctor)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"penstock {__version__}")  # noqa: T201
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the program; errors that Penstock raises on purpose end it with exit status 2 and no traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows no '²' shows a '?', and the work is not lost
    sys.unraisablehook = never_lost
    try:
        app()
    except SystemExit as end:
        if end.code == INTERRUPTED:
            end_at_once()
        raise
    except PenstockError as error:
        Console(stderr=True, soft_wrap=True).print(f"[bold red]penstock:[/] {escape(str(error))}", highlight=False)
        sys.exit(2)
