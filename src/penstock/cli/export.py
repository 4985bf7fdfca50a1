"""`penstock export`: a fitted model as an ONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penstock.cli.fitted import ModelFile, load_series_model
from penstock.cli.output import check_paths

__all__ = ["export"]


def export(
    model: ModelFile,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The ONNX file to write.", show_default=False)],
) -> None:
    """Write a fitted forecaster as an ONNX file: raw values in, forecasts out.

    For example: `penstock export close.penstock --out close.onnx`
    """
    from penstock.onnx.files import write

    check_paths(out, inputs=[model])
    write(out, load_series_model(model))
    print(f"Written: {out}")  # noqa: T201
