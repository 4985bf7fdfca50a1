"""`penstock predict`: forecasts of a fitted model, from its own last rows or from later ones."""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path
from typing import Annotated

import typer

from penstock.cli.bundles import with_bundles
from penstock.cli.config import Config
from penstock.cli.fitted import LaterFile, ModelFile, load_series_model
from penstock.cli.messages import note_unused
from penstock.cli.output import check_paths
from penstock.cli.own_file import READ_AS_TEXT, names_shards
from penstock.cli.tables import Destination, IfExists, OutOption
from penstock.errors import OptionError, named

__all__ = ["predict"]


@with_bundles
def predict(
    context: typer.Context,
    model: ModelFile,
    file: Annotated[
        Path | None,
        typer.Argument(
            help="Later rows, in the columns of the fit; left out: none. Or 'FOLDER/*.parquet': files of whole series, "
            "of which each is forecast to a file in --out.",
            show_default=False,
        ),
    ] = None,
    level: Annotated[
        list[float] | None, typer.Option(help="Level of intervals, in percent; give it again for another.")
    ] = None,
    future: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The rows ahead, with the covariates known ahead.")
    ] = None,
    out: OutOption = None,
    if_exists: IfExists = "fail",
    config: Config = None,
    *,
    how: LaterFile,
) -> None:
    """Forecast from the last rows that a model was fitted to, or from later rows.

    For example: `penstock predict close.penstock today.csv --level 80 --out forecasts.csv`
    """
    if names_shards(file):
        _predict_shards(context, model, file, level, future, out, if_exists)
        return
    import narwhals.stable.v2 as nw

    from penstock.data.later import join_later

    place = Destination.of(out, if_exists)
    check_paths(place.path, inputs=[model, file, future, config])
    asked = file is not None or bool(how.db)
    if not asked and future is None:
        note_unused(context, [each.name for each in fields(LaterFile)], "no file of rows is read")
    fitted = load_series_model(model)
    ahead = None if future is None else how.read_ahead(fitted, future)
    history = None
    if asked:
        rows = how.read(fitted, file)
        later = join_later(fitted, rows)
        history = later.frame
        print(f"note: {later.counts}.", file=sys.stderr)  # noqa: T201
        if later.without:
            print(  # noqa: T201
                f"note: {len(later.without):,} of {len(fitted.ids_):,} series have no rows in the file and are not "
                f"forecast: {named(later.without, 6)}.",
                file=sys.stderr,
            )
    answer = fitted.predict(history, future=ahead, level=level or ())
    place.write(nw.from_native(answer).to_pandas())
    if not place.printed:
        print(f"Written: {place.label}")  # noqa: T201


def _predict_shards(
    context: typer.Context,
    model: Path,
    file: Path | None,
    level: list[float] | None,
    future: Path | None,
    out: str | None,
    if_exists: str,
) -> None:
    """Forecast each file of some shards to a file of the same name."""
    from penstock.data.shards import Shards

    note_unused(context, READ_AS_TEXT, "shards are read as their files store them")
    if if_exists != "fail":
        raise OptionError("--if-exists says what becomes of a table; shards are forecast to files: --out FOLDER.")
    if out is None:
        raise OptionError("shards are forecast file by file; name a folder: --out FOLDER.")
    fitted = load_series_model(model)
    how = fitted.kind_.columns.to_json()
    shards = Shards(str(file), **how, missing=fitted.kind_.missing)
    ahead = None if future is None else Shards(str(future), **how)
    written = fitted.predict(shards, future=ahead, level=level or (), out=out)
    print(f"Written: {len(written):,} files in {out}")  # noqa: T201
