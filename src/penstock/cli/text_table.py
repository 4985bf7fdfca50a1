"""Documents from a user's own table, as the commands of `penstock text` read them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penstock.errors import DataError, nearest

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

__all__ = ["TextFile", "error_console", "read_columns", "text_column"]

TextFile = Annotated[Path, typer.Argument(help="CSV or Parquet file, one document a row.", show_default=False)]


def error_console() -> Console:
    """Return a console of standard error."""
    from rich.console import Console

    return Console(stderr=True, soft_wrap=True)


def text_column(table: pd.DataFrame, file: Path, text: str) -> list[str]:
    """Return the documents of a table; a cell that is missing is an empty document."""
    cells = table[text]
    if cells.isna().all() or (cells.astype(str).str.strip() == "").all():
        raise DataError(f"the column {text!r} of {file.name} is empty; name the column of the documents: --text.")
    return cells.fillna("").astype(str).tolist()


def read_columns(file: Path, *names: str) -> pd.DataFrame:
    """Read a table that holds these columns, all as text."""
    from penstock.data.tables import read_table

    table = read_table(file, text=set(names))
    for name in names:
        if name not in table.columns:
            raise DataError(f"{file.name} has no column {name!r}; {nearest(name, table.columns)}")
    return table
