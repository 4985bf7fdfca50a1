"""`penstock forecast`: forecasts of a file, in one call."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penstock.cli.bundles import with_bundles
from penstock.cli.config import Config, WriteConfig, write_config
from penstock.cli.engine import EngineOptions
from penstock.cli.kept import CheckpointOptions
from penstock.cli.output import check_paths, write_all
from penstock.cli.own_file import File, OwnFile
from penstock.cli.tables import Destination, IfExists, OutOption

__all__ = ["forecast"]


@with_bundles
def forecast(
    context: typer.Context,
    own: OwnFile,
    horizon: Annotated[int, typer.Option(min=1, help="Steps ahead.", show_default=False)],
    file: File = None,
    out: OutOption = None,
    if_exists: IfExists = "fail",
    config: Config = None,
    write_configuration: WriteConfig = None,
    model: Annotated[Path | None, typer.Option(metavar="FILE", help="Model file to write.")] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Page to write: what was chosen, why, what each part is worth.")
    ] = None,
    season: Annotated[
        str, typer.Option(help="Periods in steps by comma, such as 24,168; 1: none; left out: found.")
    ] = "",
    level: Annotated[
        list[str] | None, typer.Option(help="Coverage of intervals in percent, by comma or given again; 80 and 95.")
    ] = None,
    members: Annotated[int, typer.Option(min=1, help="Networks from different seeds; their median is taken.")] = 3,
    steps: Annotated[int, typer.Option(min=1, help="Training steps of each network.")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of weights and shuffles.")] = 0,
    search: Annotated[bool, typer.Option(help="Try other networks than the usual one.")] = True,
    *,
    keeping: CheckpointOptions,
    running: EngineOptions,
) -> None:
    """Forecast every series of a file by a network and classical models, chosen and weighted on training rows.

    For example: `penstock forecast panel.csv --horizon 12 --out forecasts.csv`
    """
    from rich.console import Console

    from penstock.automatic.forecast import forecast as run

    place = Destination.of(out, if_exists)
    check_paths(place.path, model, report, write_configuration, inputs=[file, config])
    periods = _numbers("--season", season)
    levels = _numbers("--level", ",".join(level or ["80,95"]), "80,95")
    table, columns = own.read(file)
    unlike = ("out", "if_exists", "model", "report", "engine", "address", "workers")
    with keeping.of_command(context, *unlike), running.started() as engine:
        result = run(
            table, horizon, season=periods or None, level=[float(each) for each in levels], members=members,
            steps=steps, search=search, seed=seed, **engine, **own.names(columns),
        )  # fmt: skip
    answer = result.frame
    console = Console(stderr=place.printed, soft_wrap=True)
    try:
        if place.printed:
            place.write(answer)
        console.print(result.summary(), highlight=False, markup=False)
    finally:
        writers = [
            (model, result.model.save),
            (report, result.report),
            (place.label, lambda _: place.write(answer)),
            (write_configuration, lambda path: write_config(Path(path), context)),
        ]
        write_all(writers, console)


def _numbers(option: str, given: str, example: str = "24,168") -> list[int]:
    """Parse whole numbers that are separated by commas."""
    from penstock.errors import OptionError

    parts = [part.strip() for part in given.split(",") if part.strip()]
    if not all(part.isdecimal() for part in parts):
        raise OptionError(f"{option} {given!r}: whole numbers by comma are needed, such as {option} {example}.")
    return [int(part) for part in parts]
