"""The program `penstock`."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import warnings
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from penstock import compilation_cache
from penstock.cli.interrupts import INTERRUPTED, end_at_once, never_lost, raise_interrupt
from penstock.cli.lazy import lazy_group
from penstock.cli.messages import in_options
from penstock.errors import DataWarning, PenstockError, TrainingWarning
from penstock.version import __version__

__all__ = ["COMMANDS", "app", "main"]

_FAILED = 2
_FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)  # of standard output: files tell their own errors

COMMANDS = {
    "study": "Run a published experiment, under the honest protocol or as it was published.",
    "compare": "Compare a recurrent network with its baselines on your own file.",
    "tune": "Search a model's options on training rows, anew in each fit, and compare it with the model as it is.",
    "forecast": "Forecast every series of a file by a network and classical models, chosen and weighted on training "
    "rows.",
    "fit": "Fit a model to the series of a file, and write it to a model file.",
    "predict": "Forecast from the last rows that a model was fitted to, or from later rows.",
    "evaluate": "Score a fitted model on rows that came after its fit, beside the last value; it is not fitted again.",
    "update": "Let a fitted network learn from later rows, from its own weights on, and say whether its errors have "
    "grown.",
    "serve": "Serve fitted models over HTTP: forecasts of rows, and sessions that take one row at a time.",
    "inspect": "Show what a model file holds: options, columns, scales, rows, losses, versions, fingerprints.",
    "export": "Write a fitted forecaster as an ONNX file: raw values in, forecasts out.",
    "audit": "Change data and watch forecasts: leaks, blind steps, warm starts. Ends with status 1 where a probe "
    "fails.",
    "explain": "Explain a mechanism in numbers, and as a page with pictures.",
    "text": "Score documents: reviews, filings, calls.",
    "doctor": "Show versions and devices, and say what is missing and how to get it.",
}
"""The commands and what they do; each lies in the module of its name and is imported when it is used."""

app = typer.Typer(
    cls=lazy_group("penstock.cli", COMMANDS),
    name="penstock",
    help="Gated recurrent networks for market series and text, with an honest baseline beside every number.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


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
    said = compilation_cache.keep(os.environ)
    if said.startswith("not kept:"):  # a folder that cannot be written; off is no fault
        where = f"{compilation_cache.VARIABLE} names another folder, or is off"
        print(f"note: compiled programs are {said}; {where}.", file=sys.stderr)  # noqa: T201


def _print_notes(others: Any) -> Any:
    """Print what a reader says of a file as one line, once; other warnings as they were."""
    said: set[str] = set()

    def show(message: Any, category: Any, *where: Any, **more: Any) -> None:
        if not issubclass(category, (DataWarning, TrainingWarning)):
            others(message, category, *where, **more)
        elif str(message) not in said:
            said.add(str(message))
            print(f"note: {in_options(str(message))}", file=sys.stderr)  # noqa: T201

    return show


def main() -> None:
    """Run the program; errors that Penstock raises on purpose end it with exit status 2 and no traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows no '²' shows a '?', and the work is not lost
    sys.unraisablehook = never_lost
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, raise_interrupt)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", DataWarning)
            warnings.showwarning = _print_notes(warnings.showwarning)
            app()
    except SystemExit as end:
        if end.code == INTERRUPTED:
            end_at_once()
        _flush(end.code)
        raise
    except PenstockError as error:
        _complain(in_options(str(error)))
        _flush(_FAILED)
        sys.exit(_FAILED)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        _end_without_output(error)


def _flush(status: Any) -> None:
    """Write out what standard output holds back, before the interpreter ends in a traceback where it takes no more."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # who read it wanted no more
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 (open until the process ends)
        sys.exit(status)
    except OSError as error:
        _end_without_output(error)


def _end_without_output(error: OSError) -> NoReturn:
    sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 (open until the process ends)
    _complain(
        f"standard output cannot be written: {error.strerror}. Free some space, or send it elsewhere; files that were "
        "asked for are written."
    )
    sys.exit(_FAILED)


def _complain(message: str) -> None:
    from rich.console import Console
    from rich.markup import escape

    Console(stderr=True, soft_wrap=True).print(f"[bold red]penstock:[/] {escape(message)}", highlight=False)
