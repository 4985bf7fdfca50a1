"""`penstock update`: a fitted network learns from later rows, from its own weights on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penstock.cli.bundles import with_bundles
from penstock.cli.config import Config
from penstock.cli.fitted import LaterFile, LaterRows, ModelFile, load_series_model
from penstock.cli.messages import note_unused
from penstock.cli.output import check_paths
from penstock.errors import OptionError

__all__ = ["update"]


@with_bundles
def update(
    context: typer.Context,
    model: ModelFile,
    file: LaterRows = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Model file to write; left out: the one that is updated.")
    ] = None,
    epochs: Annotated[int, typer.Option(min=0, help="Passes over the new samples; 0: learn nothing.")] = 5,
    learning_rate: Annotated[float | None, typer.Option(help="Of the optimiser; left out: as in the fit.")] = None,
    replay: Annotated[
        int,
        typer.Option(
            min=0, help="Older samples of each series, drawn anew from the rows kept, that are learned again."
        ),
    ] = 0,
    scales: Annotated[str, typer.Option(help="Scales of the series (keep, refit).")] = "keep",
    config: Config = None,
    *,
    how: LaterFile,
) -> None:
    """Let a fitted network learn from later rows, from its own weights on, and say whether its errors have grown.

    For example: `penstock update close.penstock today.csv --epochs 5 --replay 250`
    """
    check_paths(out, inputs=[file, config])
    fitted = load_series_model(model)
    if not hasattr(fitted, "update"):
        raise OptionError(
            f"{str(model)!r} holds {fitted.label}, whose coefficients are fitted at once; forecast from later rows: "
            f"penstock predict {model} {file or '--db URL'}, or fit it again on all rows."
        )
    if not epochs:
        note_unused(context, ["learning_rate", "replay"], "with --epochs 0 nothing is learned")
    rows = how.read(fitted, file)
    fitted.update(rows, epochs=epochs, learning_rate=learning_rate, replay=replay, scales=scales)
    fitted.save(out or model)
    print(fitted.update_)  # noqa: T201
    print(f"Written: {out or model}")  # noqa: T201
