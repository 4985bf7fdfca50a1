"""`penstock fit`: a model of series, fitted to a file and kept."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from penstock.cli.bundles import with_bundles
from penstock.cli.config import Config, WriteConfig, write_config
from penstock.cli.kept import CheckpointOptions
from penstock.cli.messages import note_unused
from penstock.cli.models import MODEL_NAMES, make_model
from penstock.cli.network_options import NetworkOptions, note_without_network
from penstock.cli.output import check_paths
from penstock.cli.own_file import READ_AS_TEXT, File, OwnFileWithCovariates, names_shards

__all__ = ["fit"]


@with_bundles
def fit(
    context: typer.Context,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Model file to write.", show_default=False)],
    file: File = None,
    config: Config = None,
    write_configuration: WriteConfig = None,
    model: Annotated[
        str, typer.Option(help=f"One of {', '.join(MODEL_NAMES)}; a number may follow: lstm:20, ar:5.")
    ] = "lstm",
    horizon: Annotated[int, typer.Option(min=1, help="Steps ahead.")] = 1,
    keep_on_interrupt: Annotated[
        bool, typer.Option("--keep-on-interrupt", help="At Ctrl-C, end as early stopping does: best weights so far.")
    ] = False,
    *,
    own: OwnFileWithCovariates,
    network: NetworkOptions,
    keeping: CheckpointOptions,
) -> None:
    """Fit a model to the series of a file, and write it to a model file.

    For example: `penstock fit prices.csv --target Close --model lstm:20 --out close.penstock`
    """
    from penstock.checkpoints import in_words
    from penstock.data.frames import read_panel
    from penstock.fitting import check_columns

    check_paths(out, write_configuration, inputs=[None if names_shards(file) else file, config])
    note_without_network(context, [model])
    chosen = make_model(model, network.given(), len(own.covariates["static"])).set_params(horizon=horizon)
    callbacks = [_keep_on_interrupt()] if keep_on_interrupt else []
    if file is not None and names_shards(file):
        note_unused(context, READ_AS_TEXT, "shards are read as their files store them")
        shards = own.shards(file)
        what = {**in_words([chosen]), "files": str(len(shards))}
        with keeping.interrupts_wait(also=keep_on_interrupt), keeping.checkpoints(what):
            chosen.fit(shards, callbacks=callbacks)
        about = "{rows:,} rows of {series:,} series in {files:,} files".format(**chosen.shards_ or {})
    else:
        table, columns = own.read(file)
        check_columns(chosen, columns)
        panel, kind = read_panel(table, columns, own.missing, calendar=own.calendar)
        what = {**in_words([chosen]), "rows": str(panel.rows)}
        with keeping.interrupts_wait(also=keep_on_interrupt), keeping.checkpoints(what):
            chosen.fit_panel(panel, kind, callbacks=callbacks)
        carried = f"; {panel.carried.removesuffix('.')}" if panel.carried else ""
        about = f"{len(table):,} rows of {len(chosen.ids_)} series{carried}"
    chosen.save(out)
    write_config(write_configuration, context)
    for said in chosen.fit_notes:
        print(f"note: {said}.", file=sys.stderr)  # noqa: T201
    print(f"{chosen.label}, horizon {chosen.horizon}: fitted to {about}")  # noqa: T201
    for path in (out, write_configuration):
        if path is not None:
            print(f"Written: {path}")  # noqa: T201


def _keep_on_interrupt() -> Any:
    from penstock.training.keep_on_interrupt import KeepOnInterrupt

    return KeepOnInterrupt()
