"""`penstock forecast`: forecasts of a file, in one call."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from penstock.cli.declared import MISSING
from penstock.cli.output import check_paths
from penstock.cli.own_file import DayFirst, Decimal, Id, MonthFirst, Sort, Target, Time, Wide, Zone, day_first

__all__ = ["forecast"]


def forecast(
    file: Annotated[
        Path, typer.Argument(help="CSV or Parquet file, one row per time (and series).", show_default=False)
    ],
    horizon: Annotated[int, typer.Option(min=1, help="Steps ahead.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV file to write; left out: standard output.")
    ] = None,
    model: Annotated[Path | None, typer.Option(metavar="FILE", help="Model file to write.")] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Page to write: what was chosen, why, what each part is worth.")
    ] = None,
    time: Time = None,
    target: Target = None,
    id: Id = "unique_id",
    season: Annotated[
        str, typer.Option(help="Periods in steps by comma, such as 24,168; 1: none; left out: found.")
    ] = "",
    level: Annotated[str, typer.Option(help="Coverage of intervals in percent, by comma.")] = "80,95",
    missing: Annotated[str, typer.Option(help=f"What to do with missing values ({', '.join(MISSING)}).")] = "error",
    members: Annotated[int, typer.Option(min=1, help="Networks from different seeds; their median is taken.")] = 3,
    steps: Annotated[int, typer.Option(min=1, help="Training steps of each network.")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of weights and shuffles.")] = 0,
    search: Annotated[bool, typer.Option(help="Try other networks than the usual one.")] = True,
    dayfirst: DayFirst = False,
    monthfirst: MonthFirst = False,
    zone: Zone = None,
    decimal: Decimal = "",
    wide: Wide = False,
    sort: Sort = False,
) -> None:
    """Forecast every series of a file by a network and classical models, chosen and weighted on training rows.

    For example: `penstock forecast panel.csv --horizon 12 --out forecasts.csv`
    """
    from penstock.automatic.forecast import forecast as run
    from penstock.data.own_file import read_own_file
    from penstock.files import write_whole

    check_paths(out, model, report, inputs=[file])
    periods = _numbers("--season", season)
    levels = _numbers("--level", level)
    table, columns = read_own_file(
        file, id=id, time=time, target=target, dayfirst=day_first(dayfirst, monthfirst), zone=zone, decimal=decimal,
        wide=wide, sort=sort,
    )  # fmt: skip
    result = run(
        table, horizon, id=columns.id, time=columns.time, target=columns.target, season=periods or None,
        level=[float(each) for each in levels], missing=missing, members=members, steps=steps,
        search=search, seed=seed,
    )  # fmt: skip
    written = result.frame.to_csv(index=False)
    if model is not None:
        result.model.save(model)
    if report is not None:
        result.report(report)
    if out is None:
        sys.stdout.write(written)
    else:
        write_whole(out, written)
    for line in (result.summary(), *(f"Written: {path}" for path in (model, report, out) if path is not None)):
        print(line, file=sys.stderr if out is None else sys.stdout)


def _numbers(option: str, given: str) -> list[int]:
    """Read whole numbers by comma."""
    from penstock.errors import OptionError

    parts = [part.strip() for part in given.split(",") if part.strip()]
    if not all(part.isdecimal() for part in parts):
        raise OptionError(f"{option} {given!r}: whole numbers by comma are needed, such as {option} 24,168.")
    return [int(part) for part in parts]
