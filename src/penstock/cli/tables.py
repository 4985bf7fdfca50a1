"""Tables of forecasts to a file or to standard output: CSV, Parquet, Arrow or JSON."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penstock.errors import OptionError
from penstock.files import check_destination

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Destination", "IfExists", "OutOption", "write_frame"]

OutOption = Annotated[
    str | None,
    typer.Option(
        "--out",
        metavar="PLACE",
        help=".csv, .parquet, .arrow or .json file to write, or TABLE@FILE.duckdb, TABLE@FILE.sqlite, TABLE@URL; left "
        "out: CSV on standard output.",
    ),
]
IfExists = Annotated[
    str, typer.Option("--if-exists", help="What becomes of a table that is there already (fail, replace, append).")
]

_ARROW = (".arrow", ".feather")
_FORMATS = (".csv", ".parquet", *_ARROW, ".json")


@dataclass(frozen=True)
class Destination:
    """Where a table of forecasts goes.

    Attributes
    ----------
    path
        The file to write; None: standard output, or a table of a database.
    table, place
        Table of a database, and its file or URL.
    if_exists
        What becomes of a table that is there.
    """

    path: Path | None = None
    table: str = ""
    place: str = ""
    if_exists: str = "fail"

    @classmethod
    def of(cls, out: str | None, if_exists: str) -> Destination:
        """Read what was asked for; refuse a name that says no format, and a table that is there already."""
        from penstock.data.database_tables import IF_EXISTS, require_no_table
        from penstock.data.database_urls import is_url
        from penstock.data.databases import DATABASES
        from penstock.errors import nearest

        if if_exists not in IF_EXISTS:
            raise OptionError(f"--if-exists {if_exists!r} is unknown; {nearest(if_exists, IF_EXISTS)}")
        table, _, place = (out or "").partition("@")
        if table and (is_url(place) or Path(place).suffix.lower() in DATABASES):
            if not is_url(place):
                check_destination(place)
            if if_exists == "fail":
                require_no_table(place, table)
            return cls(table=table, place=place, if_exists=if_exists)
        if if_exists != "fail":
            raise OptionError("--if-exists says what becomes of a table; name one: --out TABLE@FILE.duckdb.")
        path = None if out is None else Path(out)
        if out is not None and Path(out).suffix.lower() in DATABASES:
            raise OptionError(f"--out {out!r} is a database; name the table, too: --out forecasts@{out.lstrip('@')}.")
        if path is not None and path.suffix.lower() not in _FORMATS:
            raise OptionError(f"--out {out!r} ends in {path.suffix!r}; allowed: {', '.join(_FORMATS)}.")
        return cls(path)

    @property
    def printed(self) -> bool:
        """Whether the rows go to standard output."""
        return self.path is None and not self.table

    @property
    def label(self) -> Path | None:
        """What is named when it was written; None for standard output."""
        from penstock.data.database_urls import without_password

        return Path(f"{self.table}@{without_password(self.place)}") if self.table else self.path

    def write(self, frame: pd.DataFrame) -> None:
        """Write the rows."""
        from penstock.data.database_tables import write_table

        if self.table:
            write_table(frame, self.place, self.table, self.if_exists)
        else:
            write_frame(frame, self.path)


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
