"""`penstock evaluate`: a fitted model's forecasts of rows that came after its fit, scored."""

from __future__ import annotations

from typing import Annotated

import typer

from penstock.cli.bundles import with_bundles
from penstock.cli.config import Config
from penstock.cli.fitted import LaterFile, LaterRows, ModelFile, load_series_model
from penstock.cli.output import JsonOption, check_paths

__all__ = ["evaluate"]


@with_bundles
def evaluate(
    model: ModelFile,
    file: LaterRows = None,
    level: Annotated[
        list[float] | None, typer.Option(help="Level of intervals to check, in percent; give it again for another.")
    ] = None,
    json: JsonOption = None,
    config: Config = None,
    *,
    how: LaterFile,
) -> None:
    """Score a fitted model on rows that came after its fit, beside the last value; it is not fitted again.

    For example: `penstock evaluate close.penstock later.csv --level 80`
    """
    from penstock.evaluation.later import score_later
    from penstock.files import jsonable, write_json

    check_paths(json, inputs=[model, file, config])
    fitted = load_series_model(model)
    rows = how.read(fitted, file)
    scores = score_later(fitted, rows, level or ())
    print(scores)  # noqa: T201
    if scores.seen:
        print(f"{scores.seen:,} rows of the file had been seen in the fit and are left out.")  # noqa: T201
    if scores.older:
        print(f"{scores.older:,} rows are older than those that the model keeps and are left out.")  # noqa: T201
    if json is not None:
        write_json(json, jsonable(scores.to_json()))
        print(f"Written: {json}")  # noqa: T201
