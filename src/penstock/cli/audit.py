"""`penstock audit`: probe models on a user's own file."""

from __future__ import annotations

from typing import Annotated

import typer

from penstock.cli.bundles import with_bundles
from penstock.cli.declared import DEFAULTS, flag
from penstock.cli.engine import EngineOptions
from penstock.cli.messages import note_unused
from penstock.cli.models import is_network, make_model
from penstock.cli.network_options import NetworkOptions
from penstock.cli.output import JsonOption, check_paths, output_console, write_all
from penstock.cli.own_file import File, OwnFileWithCovariates, by_comma
from penstock.files import write_json

__all__ = ["audit"]


@with_bundles
def audit(
    context: typer.Context,
    own: OwnFileWithCovariates,
    file: File = None,
    models: Annotated[str, typer.Option(help="Models by comma, as in penstock compare.")] = "lstm",
    horizon: Annotated[int, typer.Option(min=1, help="Steps ahead.")] = 4,
    test: Annotated[
        int | None, typer.Option(min=1, help="Last times to backtest on; if left out, a fifth, at most 60.")
    ] = None,
    rows: Annotated[int, typer.Option(min=20, help="Last times of the file to audit on: probes need no more.")] = 400,
    window: Annotated[int, flag("Forecaster", "window")] = DEFAULTS["Forecaster"]["window"],
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the samples: faults show after a few.")] = 3,
    seed: Annotated[int, flag("Forecaster", "seed")] = DEFAULTS["Forecaster"]["seed"],
    *,
    running: EngineOptions,
    json: JsonOption = None,
) -> None:
    """Change data and watch forecasts: leaks, blind steps, warm starts. Ends with status 1 where a probe fails.

    For example: `penstock audit prices.csv --time Date --target Close --models lstm,ar`
    """
    from rich.markup import escape

    from penstock.data.own_file import newest_times
    from penstock.evaluation.audit import audit as run

    check_paths(json, inputs=[file])
    if not any(map(is_network, by_comma(models))):
        note_unused(context, ["window", "epochs"], "networks alone have such, and none of the models is one")
    network = {"window": window, "scale": NetworkOptions.scale, "epochs": epochs, "seed": seed, "progress": False}
    chosen = [make_model(name, network, len(own.covariates["static"])) for name in by_comma(models)]
    table, columns = own.read(file)
    table = table[newest_times(table, columns, rows)]
    console = output_console()
    results = []
    with running.started() as engine:
        for model in chosen:
            found = run(model, table, **own.names(columns), horizon=horizon, test=test, seed=seed, **engine)
            findings = found.table()
            console.print(f"[bold]{escape(findings.title)}[/]", highlight=False)
            console.print(findings)
            results.append(found)
    content = {"file": own.sql if file is None else str(file), "audits": [found.to_json() for found in results]}
    write_all([(json, lambda path: write_json(path, content))], console)
    if not all(found.ok for found in results):
        raise typer.Exit(1)
