"""`penstock compare`: a user's own file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from penstock.cli.models import BUILDERS, model_named
from penstock.cli.output import JsonOption, ReportOption, check_paths, show
from penstock.data.missing import MISSING
from penstock.data.tables import read_table
from penstock.evaluation.compare import compare as run
from penstock.evaluation.positions import RULES, rule_named
from penstock.evaluation.rolling_origin import RollingOrigin
from penstock.evaluation.trading import Desk
from penstock.forecaster import Forecaster
from penstock.intervals.conformal import INTERVALS
from penstock.options import default_of, help_of

__all__ = ["compare"]


def _asked(owner: type, name: str, **more: Any) -> Any:
    """Take an option's help from where the option is declared."""
    return typer.Option(help=help_of(owner, name), **more)


def compare(
    file: Annotated[
        Path, typer.Argument(help="CSV or Parquet file, one row per time (and series).", show_default=False)
    ],
    time: Annotated[str, typer.Option(help="Column of the time.")] = "ds",
    target: Annotated[str, typer.Option(help="Column of the values to forecast.")] = "y",
    id: Annotated[str, typer.Option(help="Column that names the series, if there are several.")] = "unique_id",
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
    models: Annotated[
        str,
        typer.Option(help=f"Models by comma: {', '.join(BUILDERS)}; a number may follow: lstm:20,ar:5."),
    ] = "lstm,naive,ar",
    horizon: Annotated[int, _asked(RollingOrigin, "horizon")] = default_of(RollingOrigin, "horizon"),
    test: Annotated[int, _asked(RollingOrigin, "test")] = default_of(RollingOrigin, "test"),
    step: Annotated[int, _asked(RollingOrigin, "step")] = default_of(RollingOrigin, "step"),
    refit: Annotated[int | None, _asked(RollingOrigin, "refit")] = default_of(RollingOrigin, "refit"),
    train: Annotated[int | None, _asked(RollingOrigin, "train")] = default_of(RollingOrigin, "train"),
    purge: Annotated[int, _asked(RollingOrigin, "purge")] = default_of(RollingOrigin, "purge"),
    embargo: Annotated[int, _asked(RollingOrigin, "embargo")] = default_of(RollingOrigin, "embargo"),
    window: Annotated[int, _asked(Forecaster, "window")] = default_of(Forecaster, "window"),
    transform: Annotated[str, _asked(Forecaster, "transform")] = default_of(Forecaster, "transform"),
    scale: Annotated[str, _asked(Forecaster, "scale")] = default_of(Forecaster, "scale"),
    loss: Annotated[str, _asked(Forecaster, "loss")] = default_of(Forecaster, "loss"),
    optimizer: Annotated[str, _asked(Forecaster, "optimizer")] = default_of(Forecaster, "optimizer"),
    batch: Annotated[int, _asked(Forecaster, "batch")] = default_of(Forecaster, "batch"),
    epochs: Annotated[int, _asked(Forecaster, "epochs")] = default_of(Forecaster, "epochs"),
    patience: Annotated[int, _asked(Forecaster, "patience")] = default_of(Forecaster, "patience"),
    validation: Annotated[float, _asked(Forecaster, "validation")] = default_of(Forecaster, "validation"),
    members: Annotated[int, _asked(Forecaster, "members")] = 5,  # a spread, not one lucky seed
    clip: Annotated[float | None, _asked(Forecaster, "clip")] = default_of(Forecaster, "clip"),
    level: Annotated[
        list[float] | None, typer.Option(help="Level of intervals, in percent; give it again for another.")
    ] = None,
    intervals: Annotated[str, typer.Option(help=f"How intervals are made ({', '.join(INTERVALS)}).")] = "conformal",
    trade: Annotated[str | None, typer.Option(help=f"Trade the forecasts by a rule ({', '.join(RULES)}).")] = None,
    cost: Annotated[float, _asked(Desk, "cost_bps")] = default_of(Desk, "cost_bps"),
    sort: Annotated[bool, typer.Option("--sort", help="Sort the rows by time first.")] = False,
    seed: Annotated[int, _asked(Forecaster, "seed")] = default_of(Forecaster, "seed"),
    json: JsonOption = None,
    report: ReportOption = None,
) -> None:
    """Compare a recurrent network with its baselines on your own file.

    For example: `penstock compare prices.csv --time Date --target Close --test 252 --models lstm,naive,ar`
    """
    check_paths(json, report)
    split = RollingOrigin(horizon=horizon, test=test, step=step, refit=refit, train=train, purge=purge, embargo=embargo)
    covariates = {"past": _names(past), "known": _names(known), "static": _names(static)}
    network_options = {
        "window": window, "transform": transform, "scale": scale, "loss": loss, "optimizer": optimizer, "batch": batch,
        "epochs": epochs, "patience": patience, "validation": validation, "members": members, "seed": seed,
        "clip": clip,
    }  # fmt: skip
    chosen = [model_named(name, network_options, len(covariates["static"])) for name in _names(models)]
    table = read_table(file)
    if sort and time in table.columns:
        table = table.sort_values(time, kind="stable")
    rule = None if trade is None else rule_named(trade)
    columns = {"id": id, "time": time, "target": target, **covariates}
    result = run(chosen, table, split, missing=missing, level=level, intervals=intervals, **columns)  # type: ignore[arg-type]
    trading = None if rule is None else result.trade(rule, cost_bps=cost)
    title = f"{file.name}: {target}"
    count = "1 series" if len(result.panel) == 1 else f"{len(result.panel)} series"
    show(
        result,
        title,
        [f"{result.panel.rows:,} rows, {count}; the last {test} times are the test."],
        [(json, result.write_json), (report, lambda path: result.report(path, title, trading=trading))],
        trading,
    )


def _names(given: str) -> list[str]:
    """Part names by commas."""
    return [name.strip() for name in given.split(",") if name.strip()]
