"""`penstock compare`: a user's own file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from penstock.cli.bundles import with_bundles
from penstock.cli.declared import DEFAULTS, INTERVALS, METRICS, SCORES, WEIGHTS, flag
from penstock.cli.engine import EngineOptions
from penstock.cli.kept import CheckpointOptions
from penstock.cli.messages import given_options, note_unused
from penstock.cli.models import MODEL_NAMES, make_model
from penstock.cli.network_options import NetworkOptions, note_without_network
from penstock.cli.output import JsonOption, ReportOption, check_paths, show
from penstock.cli.own_file import File, OwnFileWithCovariates, by_comma
from penstock.cli.trade import TradeOptions
from penstock.errors import OptionError

__all__ = ["compare"]


@with_bundles
def compare(
    context: typer.Context,
    own: OwnFileWithCovariates,
    file: File = None,
    models: Annotated[
        str,
        typer.Option(help=f"Models by comma: {', '.join(MODEL_NAMES)}; a number may follow: lstm:20,ar:5."),
    ] = "lstm,naive,ar",
    forecasts: Annotated[
        list[Path] | None,
        typer.Option(
            help="Forecasts made elsewhere, judged beside the models: a file of the id, cutoff (time of the last row "
            "that was known), the time, yhat, and for intervals lo-80, hi-80; give it again for another."
        ),
    ] = None,
    horizon: Annotated[int, flag("RollingOrigin", "horizon")] = DEFAULTS["RollingOrigin"]["horizon"],
    test: Annotated[int, flag("RollingOrigin", "test")] = DEFAULTS["RollingOrigin"]["test"],
    step: Annotated[int, flag("RollingOrigin", "step")] = DEFAULTS["RollingOrigin"]["step"],
    refit: Annotated[int | None, flag("RollingOrigin", "refit")] = DEFAULTS["RollingOrigin"]["refit"],
    train: Annotated[int | None, flag("RollingOrigin", "train")] = DEFAULTS["RollingOrigin"]["train"],
    purge: Annotated[int, flag("RollingOrigin", "purge")] = DEFAULTS["RollingOrigin"]["purge"],
    embargo: Annotated[int, flag("RollingOrigin", "embargo")] = DEFAULTS["RollingOrigin"]["embargo"],
    align: Annotated[str, flag("RollingOrigin", "align")] = DEFAULTS["RollingOrigin"]["align"],
    strict: Annotated[
        bool, typer.Option("--strict", help="A series too short to join is an error; else it is left out and named.")
    ] = False,
    *,
    network: NetworkOptions,
    metrics: Annotated[
        str,
        typer.Option(help=f"Scores by comma, the first of which models are judged by ({', '.join(METRICS)})."),
    ] = ",".join(SCORES),
    season: Annotated[
        int | None, typer.Option(help="Rows in the season of MASE's scale; left out: from the frequency.")
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(help=f"How series weigh in every score ({', '.join(WEIGHTS)}); left out: as is usual for each."),
    ] = None,
    by: Annotated[
        str,
        typer.Option(help="Scores by series (the id column), step, cutoff, or a column that is the same in a series."),
    ] = "",
    level: Annotated[
        list[float] | None, typer.Option(help="Level of intervals, in percent; give it again for another.")
    ] = None,
    intervals: Annotated[str, typer.Option(help=f"How intervals are made ({', '.join(INTERVALS)}).")] = "conformal",
    trading: TradeOptions,
    cost: Annotated[float, flag("TradingOptions", "cost_bps")] = DEFAULTS["TradingOptions"]["cost_bps"],
    keeping: CheckpointOptions,
    running: EngineOptions,
    json: JsonOption = None,
    report: ReportOption = None,
) -> None:
    """Compare a recurrent network with its baselines on your own file.

    For example: `penstock compare prices.csv --time Date --target Close --test 252 --models lstm,naive,ar`
    """
    from penstock.evaluation.compare import compare as run
    from penstock.evaluation.rolling_origin import RollingOrigin

    check_paths(json, report, inputs=[file, *(forecasts or [])])
    asked, scores = by_comma(models), by_comma(metrics)
    if not scores or not asked:
        option, known = ("--metrics", METRICS) if not scores else ("--models", MODEL_NAMES)
        raise OptionError(f"{option} names nothing; allowed: {', '.join(known)}.")
    if not level and (given := given_options(context, ["intervals"])):
        raise OptionError(f"{given[0]} says how intervals are made, and none are asked for; add --level 80.")
    if trading.trade is None and (given := given_options(context, ["cost"])):
        raise OptionError(f"{given[0]} is the cost of trades, and none are asked for; add --trade sign.")
    if not {*scores} & {"mase", "rmsse", "msis", "owa"}:
        note_unused(context, ["season"], "none of the scores has the scale of MASE (--metrics mase)")
    note_without_network(context, asked)
    split = RollingOrigin(
        horizon=horizon, test=test, step=step, refit=refit, train=train, purge=purge, embargo=embargo, align=align
    )
    chosen = [make_model(name, network.given(), len(own.covariates["static"])) for name in asked]
    rule = trading.rule()
    table, columns = own.read(file)
    groups = (by,) if by and by not in (columns.id, "series", "step", "cutoff") else ()
    with keeping.interrupts_wait(), running.started() as engine:
        result = run(
            _with_forecasts(chosen, forecasts or [], columns), table, split, level=level, intervals=intervals,
            strict=strict, metrics=scores, season=season, weights=weights, groups=groups, **vars(keeping),
            **engine, **own.names(columns),
        )  # fmt: skip
    traded = None if rule is None else result.trade(rule, cost_bps=cost)
    title = f"{own.title(file)}: {columns.target}"
    whose = "times are" if align == "times" else "rows of each are"
    count = "1 series" if len(result.panel) == 1 else f"{len(result.panel)} series"
    show(
        result,
        title,
        [f"{result.panel.rows:,} rows{_filled(result)}, {count}; the last {test} {whose} the test."],
        [(json, result.write_json), (report, lambda path: result.report(path, title, trading=traded))],
        traded,
        by,
    )


def _with_forecasts(models: list[Any], files: list[Path], columns: Any) -> Any:
    """Put forecasts of files beside the models, by the names of the files."""
    from penstock.data.tables import read_table
    from penstock.evaluation.result import unique_name

    if not files:
        return models
    named: dict[str, Any] = {}
    for model in models:
        named[unique_name(model.label, named)] = model
    for file in files:
        named[unique_name(file.stem, named)] = read_table(file, text={columns.id, columns.time, "cutoff"})
    return named


def _filled(result: Any) -> str:
    """Say how many rows were carried forward."""
    filled = int(result.panel.filled.sum())
    return f" ({filled:,} of them carried forward)" if filled else ""
