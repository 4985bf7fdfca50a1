"""`penstock tune`: a search inside the training rows of a user's own file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from penstock.cli.bundles import with_bundles
from penstock.cli.config import Config, WriteConfig, write_config
from penstock.cli.declared import DEFAULTS, flag, number_or_word
from penstock.cli.engine import EngineOptions
from penstock.cli.kept import CheckpointOptions
from penstock.cli.messages import given_options
from penstock.cli.models import MODEL_NAMES, make_model
from penstock.cli.network_options import NetworkOptions, note_without_network
from penstock.cli.output import JsonOption, ReportOption, check_paths, show
from penstock.cli.own_file import File, OwnFileWithCovariates
from penstock.cli.trade import TradeOptions
from penstock.errors import OptionError

__all__ = ["parse_space", "tune"]

_WORDS = {"true": True, "false": False, "none": None}
_ORIGIN, _TUNED = DEFAULTS["RollingOrigin"], DEFAULTS["Tuned"]


@with_bundles
def tune(
    context: typer.Context,
    own: OwnFileWithCovariates,
    space: Annotated[
        list[str],
        typer.Option(
            help="Option and its values by comma, or its range: lags=1,2,5 or "
            "optimizer__learning_rate=1e-4..0.1:log; give it again for another. In a --config file a table [space]."
        ),
    ],
    file: File = None,
    config: Config = None,
    write_configuration: WriteConfig = None,
    model: Annotated[
        str, typer.Option(help=f"One of {', '.join(MODEL_NAMES)}; a number may follow: lstm:20, ridge:5.")
    ] = "lstm",
    trials: Annotated[int, flag("Tuned", "trials")] = _TUNED["trials"],
    sampler: Annotated[str, flag("Tuned", "sampler")] = _TUNED["sampler"],
    halving: Annotated[int | None, flag("Tuned", "halving")] = _TUNED["halving"],
    storage: Annotated[Path | None, flag("Tuned", "storage", metavar="FILE")] = _TUNED["storage"],
    inner: Annotated[
        int | None,
        typer.Option(min=1, help="Last training rows that choose; left out: the last fifth, a horizon apart."),
    ] = None,
    inner_refit: Annotated[
        int | None, typer.Option(min=1, help="Inner cutoffs after which settings are fitted afresh; left out: once.")
    ] = None,
    horizon: Annotated[int, flag("RollingOrigin", "horizon")] = _ORIGIN["horizon"],
    test: Annotated[int, flag("RollingOrigin", "test")] = _ORIGIN["test"],
    step: Annotated[int, flag("RollingOrigin", "step")] = _ORIGIN["step"],
    refit: Annotated[int | None, flag("RollingOrigin", "refit")] = _ORIGIN["refit"],
    purge: Annotated[int, flag("RollingOrigin", "purge")] = _ORIGIN["purge"],
    embargo: Annotated[int, flag("RollingOrigin", "embargo")] = _ORIGIN["embargo"],
    *,
    trading: TradeOptions,
    network: NetworkOptions,
    keeping: CheckpointOptions,
    running: EngineOptions,
    json: JsonOption = None,
    report: ReportOption = None,
) -> None:
    """Search a model's options on training rows, anew in each fit, and compare it with the model as it is.

    For example: `penstock tune prices.csv --target Close --model ridge:1 --space lags=1,2,5,20 --test 252 --refit 63`
    """
    from penstock.evaluation.compare import compare as run
    from penstock.evaluation.rolling_origin import RollingOrigin
    from penstock.search.tuned import Tuned

    check_paths(json, report, write_configuration, inputs=[file, config])
    note_without_network(context, [model])
    if inner is None and (given := given_options(context, ["inner_refit"])):
        raise OptionError(f"{given[0]} needs the inner test rows; add --inner 60.")
    split = RollingOrigin(horizon=horizon, test=test, step=step, refit=refit, purge=purge, embargo=embargo)
    chosen = make_model(model, network.given(), len(own.covariates["static"]))
    inside = None if inner is None else RollingOrigin(horizon, inner, refit=inner_refit, purge=purge, embargo=embargo)
    tuned = Tuned(
        chosen.clone().set_params(horizon=horizon), parse_space(space), trials=trials, sampler=sampler, inner=inside,
        seed=network.seed, halving=halving, storage=None if storage is None else str(storage), horizon=horizon,
    )  # fmt: skip
    rule = trading.rule()
    table, columns = own.read(file)
    with keeping.interrupts_wait(), running.started() as engine:
        result = run([tuned, chosen], table, split, **vars(keeping), **engine, **own.names(columns))
    traded = None if rule is None else result.trade(rule)
    title = f"{own.title(file)}: {columns.target}, {tuned.label}"
    show(
        result,
        title,
        [
            f"{result.panel.rows:,} rows, {len(result.panel)} series; the last {test} times are the test, on which "
            "nothing is chosen."
        ],
        [
            (json, result.write_json),
            (report, lambda path: result.report(path, title, trading=traded)),
            (write_configuration, lambda path: write_config(path, context)),
        ],
        traded,
    )


def parse_space(given: list[str]) -> dict[str, Any]:
    """Read the options of a search: ``lags=1,2,5`` or ``penalty=1e-3..100:log``.

    Examples
    --------
    >>> parse_space(["lags=1,2", "penalty=1e-3..100:log", "joint=true,false"])
    {'lags': (1, 2), 'penalty': Range(0.001, 100.0, log=True), 'joint': (True, False)}

    Raises
    ------
    OptionError
        Where an option has no values, stands twice, or a range is none.
    """
    from penstock.search.space import Range

    space: dict[str, Any] = {}
    for text in given:
        name, equals, values = text.partition("=")
        name = name.strip()
        if not equals or not name or not values.strip():
            raise OptionError(f"--space {text!r} gives no values; allowed: {name or 'lags'}=1,2,5 or =1e-4..0.1:log.")
        if name in space:
            raise OptionError(f"--space names {name!r} twice; give all of its values at once, by comma.")
        if ".." not in values:
            space[name] = tuple(_value(each.strip()) for each in values.split(","))
            continue
        bounds, colon, kind = values.partition(":")
        low, _, high = bounds.partition("..")
        ends = _value(low.strip()), _value(high.strip())
        if any(type(each) not in (int, float) for each in ends) or (colon and kind.strip() != "log"):
            raise OptionError(f"--space {text!r} is no range; allowed: {name}=1e-4..0.1 or {name}=1e-4..0.1:log.")
        if all(type(each) is int for each in ends):
            space[name] = Range(ends[0], ends[1], log=bool(colon))
        else:
            space[name] = Range(float(ends[0]), float(ends[1]), log=bool(colon))
    return space


def _value(text: str) -> Any:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        return int(text)
    except ValueError:
        return number_or_word(text)
