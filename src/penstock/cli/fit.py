"""`penstock fit`: a model of series, fitted to a file and kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from penstock.cli.config import Config, WriteConfig, write_config
from penstock.cli.declared import DEFAULTS, MISSING, flag, number_or_word
from penstock.cli.models import MODEL_NAMES, make_model
from penstock.cli.output import check_paths
from penstock.cli.own_file import Calendar, DayFirst, Decimal, Id, MonthFirst, Sort, Target, Time, Wide, Zone, day_first

__all__ = ["fit"]


def fit(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="CSV or Parquet file, one row per time (and series).", show_default=False)
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Model file to write.", show_default=False)],
    config: Config = None,
    write_configuration: WriteConfig = None,
    model: Annotated[
        str, typer.Option(help=f"One of {', '.join(MODEL_NAMES)}; a number may follow: lstm:20, ar:5.")
    ] = "lstm",
    horizon: Annotated[int, typer.Option(min=1, help="Steps ahead.")] = 1,
    time: Time = None,
    target: Target = None,
    id: Id = "unique_id",
    past: Annotated[
        str, typer.Option(help="Columns, by comma, of covariates seen up to the cutoff only, like the target.")
    ] = "",
    known: Annotated[str, typer.Option(help="Columns of covariates known ahead of it, such as the calendar.")] = "",
    static: Annotated[
        str, typer.Option(help="Columns that are the same in every row of a series; the network gets each one-hot.")
    ] = "",
    missing: Annotated[
        str, typer.Option(help=f"What to do where a value is missing ({', '.join(MISSING)}).")
    ] = "error",
    calendar: Calendar = None,
    window: Annotated[int, flag("Forecaster", "window")] = DEFAULTS["Forecaster"]["window"],
    transform: Annotated[str, flag("Forecaster", "transform")] = DEFAULTS["Forecaster"]["transform"],
    scale: Annotated[str, flag("Forecaster", "scale")] = "window",  # as `compare` does
    loss: Annotated[str, flag("Forecaster", "loss")] = DEFAULTS["Forecaster"]["loss"],
    optimizer: Annotated[str, flag("Forecaster", "optimizer")] = DEFAULTS["Forecaster"]["optimizer"],
    batch: Annotated[int, flag("Forecaster", "batch")] = DEFAULTS["Forecaster"]["batch"],
    epochs: Annotated[int, flag("Forecaster", "epochs")] = DEFAULTS["Forecaster"]["epochs"],
    patience: Annotated[int, flag("Forecaster", "patience")] = DEFAULTS["Forecaster"]["patience"],
    validation: Annotated[str, flag("Forecaster", "validation")] = str(DEFAULTS["Forecaster"]["validation"]),
    members: Annotated[int, flag("Forecaster", "members")] = DEFAULTS["Forecaster"]["members"],
    clip: Annotated[float | None, flag("Forecaster", "clip")] = DEFAULTS["Forecaster"]["clip"],
    seed: Annotated[int, flag("Forecaster", "seed")] = DEFAULTS["Forecaster"]["seed"],
    dayfirst: DayFirst = False,
    monthfirst: MonthFirst = False,
    zone: Zone = None,
    decimal: Decimal = "",
    wide: Wide = False,
    sort: Sort = False,
) -> None:
    """Fit a model to the series of a file, and write it to a model file.

    For example: `penstock fit prices.csv --target Close --model lstm:20 --out close.penstock`
    """
    from penstock.data.own_file import read_own_file

    check_paths(out, write_configuration, inputs=[file, config])
    names = {kind: _names(given) for kind, given in (("past", past), ("known", known), ("static", static))}
    options: dict[str, Any] = {
        "window": window, "transform": transform, "scale": scale, "loss": loss, "optimizer": optimizer, "batch": batch,
        "epochs": epochs, "patience": patience, "validation": number_or_word(validation), "members": members,
        "seed": seed, "clip": clip,
    }  # fmt: skip
    chosen = make_model(model, options, len(names["static"])).set_params(horizon=horizon)
    table, columns = read_own_file(
        file, id=id, time=time, target=target, **names, dayfirst=day_first(dayfirst, monthfirst), zone=zone,
        decimal=decimal, wide=wide, sort=sort,
    )  # fmt: skip
    read: dict[str, Any] = {"id": columns.id, "time": columns.time, "target": columns.target, **names}
    chosen.fit(table, **read, missing=missing, calendar=calendar)
    chosen.save(out)
    write_config(write_configuration, context)
    count = len(chosen.ids_)
    print(f"{chosen!r}: fitted to {len(table):,} rows of {count} series")  # noqa: T201
    for path in (out, write_configuration):
        if path is not None:
            print(f"Written: {path}")  # noqa: T201


def _names(given: str) -> tuple[str, ...]:
    """Part names by commas."""
    return tuple(name.strip() for name in given.split(",") if name.strip())
