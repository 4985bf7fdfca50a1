"""`penstock audit`: probe models on a user's own file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penstock.cli.declared import DEFAULTS, flag
from penstock.cli.models import model_named
from penstock.cli.output import JsonOption, check_paths, output_console
from penstock.data.tables import read_table
from penstock.files import write_json

__all__ = ["audit"]


def audit(
    file: Annotated[
        Path, typer.Argument(help="CSV or Parquet file, one row per time (and series).", show_default=False)
    ],
    time: Annotated[str, typer.Option(help="Column of the time.")] = "ds",
    target: Annotated[str, typer.Option(help="Column of the values to forecast.")] = "y",
    id: Annotated[str, typer.Option(help="Column that names the series, if there are several.")] = "unique_id",
    models: Annotated[str, typer.Option(help="Models by comma, as in penstock compare.")] = "lstm",
    horizon: Annotated[int, typer.Option(min=1, help="Steps ahead.")] = 4,
    test: Annotated[
        int | None, typer.Option(min=1, help="Last times to backtest on; if left out, a fifth, at most 60.")
    ] = None,
    rows: Annotated[int, typer.Option(min=20, help="Last times of the file to audit on: probes need no more.")] = 400,
    window: Annotated[int, flag("Forecaster", "window")] = DEFAULTS["Forecaster"]["window"],
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the samples: faults show after a few.")] = 3,
    seed: Annotated[int, flag("Forecaster", "seed")] = DEFAULTS["Forecaster"]["seed"],
    json: JsonOption = None,
) -> None:
    """Change data and watch forecasts: leaks, blind steps, warm starts. Ends with status 1 where a probe fails.

    For example: `penstock audit prices.csv --time Date --target Close --models lstm,ar`
    """
    from rich.markup import escape

    from penstock.evaluation.audit import audit as run

    check_paths(json)
    network = {"window": window, "epochs": epochs, "seed": seed, "progress": False}
    chosen = [model_named(name.strip(), network) for name in models.split(",")]
    table = read_table(file)
    if time in table.columns:
        table = table[table[time].isin(table[time].drop_duplicates().iloc[-rows:])]
    console = output_console()
    results = []
    for model in chosen:
        found = run(model, table, id=id, time=time, target=target, horizon=horizon, test=test, seed=seed)
        findings = found.table()
        console.print(f"[bold]{escape(findings.title)}[/]", highlight=False)
        console.print(findings)
        results.append(found)
    if json is not None:
        write_json(json, {"file": str(file), "audits": [found.to_json() for found in results]})
        console.print(f"Written: {json}", highlight=False, markup=False)
    if not all(found.ok for found in results):
        raise typer.Exit(1)
