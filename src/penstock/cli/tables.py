"""Tables of forecasts to a file or to standard output: CSV, Parquet, Arrow or JSON."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penstock.errors import OptionError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OutOption", "check_format", "write_frame"]

OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="FILE", help=".csv, .parquet, .arrow or .json file to write; left out: CSV on standard output."
    ),
]

_ARROW = (".arrow", ".feather")
_FORMATS = (".csv", ".parquet", *_ARROW, ".json")


def check_format(path: Path | None) -> None:
    """Refuse a file whose name says no format."""
    if path is not None and path.suffix.lower() not in _FORMATS:
        raise OptionError(f"--out {str(path)!r} ends in {path.suffix!r}; allowed: {', '.join(_FORMATS)}.")


def write_frame(frame: pd.DataFrame, path: Path | None) -> None:
    """Write a frame in the format that the file's name says.

    Parameters
    ----------
    frame
        The rows.
    path
        The file; None: CSV on standard output.
    """
    import io

    from penstock.files import write_whole

    if path is None:
        sys.stdout.write(frame.to_csv(index=False))
        return
    kind = path.suffix.lower()
    if kind in (".parquet", *_ARROW):
        buffer = io.BytesIO()
        try:
            if kind == ".parquet":
                frame.to_parquet(buffer, index=False)
            else:
                frame.reset_index(drop=True).to_feather(buffer)
        except ImportError as error:
            raise OptionError("Parquet and Arrow need pyarrow: pip install 'penstock[parquet]'.") from error
        write_whole(path, buffer.getvalue())
    elif kind == ".json":
        write_whole(path, frame.to_json(orient="records", date_format="iso", indent=1, double_precision=15) + "\n")
    else:
        write_whole(path, frame.to_csv(index=False))
