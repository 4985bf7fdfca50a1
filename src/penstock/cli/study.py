"""`penstock study`: run published experiments."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_type_hints

import typer

from penstock.cli.bundles import with_bundles
from penstock.cli.engine import EngineOptions
from penstock.cli.kept import CheckpointOptions
from penstock.cli.output import JsonOption, check_paths, output_console, write_all
from penstock.errors import OptionError
from penstock.options import help_of
from penstock.studies.registry import STUDIES, resolve_study
from penstock.studies.study import PROTOCOLS, Request

if TYPE_CHECKING:
    from rich.console import Console

    from penstock.studies.result import StudyResult

__all__ = ["study"]

_FAILED = 2


def _with_study_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give the command a flag for every option that a study declares; one that is not given stays None."""
    named: dict[str, tuple[Any, str, list[str]]] = {}
    for each in STUDIES.values():
        hints = get_type_hints(each.options)
        for field in fields(each.options):
            kinds = get_args(hints[field.name]) or (hints[field.name],)
            kind = next(each for each in kinds if each is not type(None))
            named.setdefault(field.name, (kind, help_of(each.options, field.name), []))[2].append(each.name)
    own = inspect.signature(command, eval_str=True)
    more = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[
                kind | None, typer.Option(help=f"{text} ({', '.join(names)})", rich_help_panel="Of single studies")
            ],
        )
        for name, (kind, text, names) in named.items()
    ]

    def run(**given: Any) -> None:
        options = {name: given.pop(name) for name in named}
        command(**given, options={name: value for name, value in options.items() if value is not None})

    parameters = [each for each in own.parameters.values() if each.name != "options"]
    parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in parameters]
    run.__signature__ = own.replace(parameters=[*parameters, *more])  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in [*parameters, *more]}
    run.__doc__, run.__name__ = command.__doc__, command.__name__
    return run


@_with_study_options
@with_bundles
def study(
    *,
    name: Annotated[
        str | None,
        typer.Argument(help="Name of the study, several by comma, or all; see --list.", show_default=False),
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option(
            help="honest: no leak; published: as the source did it, with every leak named. Left out: honest; into a "
            "folder, both.",
            show_default=False,
        ),
    ] = None,
    edition: Annotated[
        int | None,
        typer.Option(help="Edition of the source. Left out: the first; into a folder, every one.", show_default=False),
    ] = None,
    members: Annotated[
        int | None, typer.Option(min=1, help="Networks to train from different seeds; left out: as the study says.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of weights and shuffles.")] = 0,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Most epochs, if fewer than the source's are wanted.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Data file, or folder of data files, to read instead of the usual ones."),
    ] = None,
    json: JsonOption = None,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            metavar="FILE|DIR",
            help="Write the report as one HTML page; of all or several studies, or where it is a folder: every edition "
            "and protocol into the folder, with an index page.",
        ),
    ] = None,
    missing: Annotated[
        bool, typer.Option("--missing", help="Into a folder: run only what it holds no result of yet.")
    ] = False,
    keeping: CheckpointOptions,
    running: EngineOptions,
    list_: Annotated[bool, typer.Option("--list", help="List the studies and end.")] = False,
    options: Any = None,
) -> None:
    """Run a published experiment, under the honest protocol or as it was published."""
    if list_:
        for each in STUDIES.values():
            print(f"{each.name:<18}{each.summary}")  # noqa: T201
        return
    if name is None:
        raise OptionError("name a study, for example: penstock study sp500. See penstock study --list.")
    chosen = [resolve_study(each.strip()) for each in (STUDIES if name == "all" else name.split(","))]
    request = Request(protocol or "honest", 1 if edition is None else edition, members, seed, data, epochs, options)
    from rich.markup import escape

    from penstock.studies.folder import run_all

    console = output_console()
    if len(chosen) > 1 or name == "all" or (report is not None and report.is_dir()):
        if report is None:
            raise OptionError("several studies need a folder for their pages: penstock study all --report DIR.")
        if json is not None:
            raise OptionError("into a folder every result is written as JSON too; leave --json out.")
        if report.exists() and not report.is_dir():
            raise OptionError(f"{str(report)!r} is a file; several studies need a folder for their pages.")
        with running.in_use():
            failed = run_all(
                chosen,
                request,
                report,
                (protocol,) if protocol else PROTOCOLS,
                lambda line: console.print(escape(line)),
                editions=() if edition is None else (edition,),
                missing=missing,
                kept=keeping.of_study,
            )
        console.print(f"Written: {report / 'index.html'}", highlight=False, markup=False)
        if failed:
            raise typer.Exit(_FAILED)
        return
    if missing:
        raise OptionError("--missing asks what a folder holds: name one that is there by --report DIR.")
    check_paths(json, report)
    with running.in_use(), keeping.of_study(chosen[0].name, chosen[0].completed(request)):
        result = chosen[0](request)
    try:
        _show(result, console)
    finally:
        write_all([(json, result.write_json), (report, result.report)], console)


def _show(result: StudyResult, console: Console) -> None:
    """Print title, facts, leaks, tables and verdict."""
    from rich.markup import escape

    from penstock.report.numbers import show
    from penstock.studies.figures import figures_table

    console.print(f"[bold]{escape(result.title)}[/]", highlight=False)
    console.print(escape("; ".join(f"{name} {show(value)}" for name, value in result.facts.items())), highlight=False)
    for leak in result.leaks:
        console.print(f"[bold yellow]Leak:[/] {escape(leak)}", highlight=False)
    tables = [*result.tables[:1], *([figures_table(result.figures)] if result.figures else []), *result.tables[1:]]
    for table in tables:
        console.print()
        console.print(f"[bold]{escape(table.title)}[/]", highlight=False)
        console.print(table)
    console.print()
    for sentence in [*result.verdict, *result.notes]:
        console.print(escape(sentence), highlight=False)
