"""The options by which commands read a user's own file: declared once, read by one object."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penstock.cli.declared import MISSING

if TYPE_CHECKING:
    import pandas as pd

    from penstock.data.columns import Columns
    from penstock.data.shards import Shards

__all__ = [
    "READ_AS_TEXT",
    "DayFirst",
    "Db",
    "Decimal",
    "File",
    "MonthFirst",
    "OwnFile",
    "OwnFileWithCovariates",
    "Sort",
    "Sql",
    "Wide",
    "Zone",
    "by_comma",
    "day_first",
    "names_shards",
    "source_of",
]  # fmt: skip

File = Annotated[
    Path | None,
    typer.Argument(
        help="CSV, Parquet, Arrow, SQLite or DuckDB file, one row per time (and series); left out with --db. Of `fit`, "
        "'FOLDER/*.parquet' also: files of whole series, read one after the other.",
        show_default=False,
    ),
]
Sql = Annotated[
    str,
    typer.Option(
        "--sql", metavar="QUERY", help="Query whose rows are read: of FILE, an SQLite or DuckDB file, or of --db."
    ),
]
Db = Annotated[
    str,
    typer.Option(
        "--db",
        metavar="URL",
        help="Database to read instead of FILE, such as postgresql://user@host/market; read by --sql.",
    ),
]
READ_AS_TEXT = ("dayfirst", "monthfirst", "zone", "decimal", "wide", "sort", "sql", "db")
"""Options that say how rows are read which are not stored as times and numbers; of shards they are."""

DayFirst = Annotated[bool, typer.Option("--dayfirst", help="Dates are day, month, year (03/01/2022 is in January).")]
MonthFirst = Annotated[bool, typer.Option("--monthfirst", help="Dates are month, day, year.")]
Zone = Annotated[str | None, typer.Option(help="Time zone on whose clock days are counted, such as America/New_York.")]
Decimal = Annotated[str, typer.Option(help="Decimal mark, . or , where 1,234 can be read in two ways.")]
Wide = Annotated[bool, typer.Option("--wide", help="Each column of numbers is a series.")]
Sort = Annotated[bool, typer.Option("--sort", help="Sort the rows by time first.")]


@dataclass(frozen=True)
class OwnFile:
    """What was asked about a user's own file: which columns it has, and how its cells are read."""

    time: Annotated[str | None, typer.Option(help="Column of the time; left out: ds, or the only one of dates.")] = None
    target: Annotated[
        str | None, typer.Option(help="Column of the values to forecast; left out: y, or the only one of numbers.")
    ] = None
    id: Annotated[str, typer.Option(help="Column that names the series, if there are several.")] = "unique_id"
    missing: Annotated[str, typer.Option(help=f"What to do where a value is missing ({', '.join(MISSING)}).")] = "error"
    calendar: Annotated[
        str | None, typer.Option(help="Exchange whose trading days the rows hold, such as NYSE; its holidays are kept.")
    ] = None
    dayfirst: DayFirst = False
    monthfirst: MonthFirst = False
    zone: Zone = None
    decimal: Decimal = ""
    wide: Wide = False
    sort: Sort = False
    sql: Sql = ""
    db: Db = ""

    @property
    def covariates(self) -> dict[str, tuple[str, ...]]:
        """The columns of covariates, by kind."""
        return {}

    def read(self, file: Path | None) -> tuple[pd.DataFrame, Columns]:
        """Read the file into a long frame, and tell which column is what."""
        from penstock.data.own_file import read_own_file

        return read_own_file(
            source_of(file, self.db, self.sql), id=self.id, time=self.time, target=self.target, **self.covariates,
            usual_zone=None, dayfirst=day_first(self.dayfirst, self.monthfirst), zone=self.zone, decimal=self.decimal,
            wide=self.wide, sort=self.sort, sql=self.sql,
        )  # fmt: skip

    def shards(self, file: Path) -> Shards:
        """Make shards of a pattern or a folder; which column is what, the first file tells."""
        from penstock.data.own_file import read_own_file
        from penstock.data.shards import Shards

        kinds = {kind: self.covariates.get(kind, ()) for kind in ("past", "known", "static")}
        _, columns = read_own_file(
            Shards(file).files[0], id=self.id, time=self.time, target=self.target, past=kinds["past"],
            known=kinds["known"], static=kinds["static"],
        )  # fmt: skip
        return Shards(file, **self.names(columns))

    def title(self, file: Path | None) -> str:
        """Return what the rows are called: the name of the file, or the query."""
        return self.sql if file is None else file.name

    def names(self, columns: Columns) -> dict[str, Any]:
        """Give what `compare`, `audit` and `forecast` are to be told of the frame that was read."""
        names = {"id": columns.id, "time": columns.time, "target": columns.target}
        return {**names, **self.covariates, "missing": self.missing, "calendar": self.calendar}


@dataclass(frozen=True)
class OwnFileWithCovariates(OwnFile):
    """What was asked about a file for models that read covariates."""

    past: Annotated[
        str, typer.Option(help="Columns, by comma, of covariates seen up to the cutoff only, like the target.")
    ] = ""
    known: Annotated[str, typer.Option(help="Columns of covariates known ahead of it, such as the calendar.")] = ""
    static: Annotated[
        str, typer.Option(help="Columns that are the same in every row of a series; the network gets each one-hot.")
    ] = ""

    @property
    def covariates(self) -> dict[str, tuple[str, ...]]:
        """The columns of covariates, by kind."""
        kinds = {"past": self.past, "known": self.known, "static": self.static}
        return {kind: by_comma(given) for kind, given in kinds.items()}


def names_shards(file: Path | None) -> bool:
    """Whether a pattern of files or a folder stands in the place of a file."""
    return file is not None and (file.is_dir() or (any(sign in str(file) for sign in "*?[") and not file.exists()))


def source_of(file: Path | None, db: str, sql: str) -> Path | str:
    """Tell what is read: a file, or with a query the database behind a URL; refuse both, and neither."""
    from penstock.data.database_urls import is_url, without_password
    from penstock.errors import OptionError

    if file is not None and not db:
        return file
    if file is not None:
        raise OptionError(f"{str(file)!r} and --db {without_password(db)!r} are given; rows come from one of them.")
    if not db:
        raise OptionError("name the file of the rows, or a database and a query: --db URL --sql 'SELECT ...'.")
    if not is_url(db):
        raise OptionError(
            f"--db {db!r} is no URL; allowed: postgresql://user@host/market; of a file give its name alone."
        )
    return db


def day_first(dayfirst: bool, monthfirst: bool) -> bool | None:
    """Tell the order of dates that was asked for; None where none was."""
    from penstock.errors import OptionError

    if dayfirst and monthfirst:
        raise OptionError("--dayfirst and --monthfirst exclude each other; give one.")
    return dayfirst if dayfirst or monthfirst else None


def by_comma(given: str) -> tuple[str, ...]:
    """Part names by commas."""
    return tuple(name.strip() for name in given.split(",") if name.strip())
