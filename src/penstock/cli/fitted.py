"""A fitted model of series from its file, and later rows read in the columns of its fit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from penstock.cli.own_file import DayFirst, Db, Decimal, MonthFirst, Sort, Sql, Wide, Zone, day_first, source_of
from penstock.errors import OptionError

__all__ = ["LaterFile", "LaterRows", "ModelFile", "load_series_model"]

ModelFile = Annotated[Path, typer.Argument(help="Model file that `penstock fit` wrote.", show_default=False)]

LaterRows = Annotated[
    Path | None,
    typer.Argument(help="Later rows, in the columns of the fit; left out with --db.", show_default=False),
]


def load_series_model(path: Path) -> Any:
    """Load a model of series; refuse one of text or sequences, and say what reads it."""
    from penstock.catalogue import load
    from penstock.estimator import Estimator

    model = load(path)
    if not isinstance(model, Estimator):
        how = "penstock text predict" if hasattr(model, "vocabulary_") else "penstock.load in Python"
        raise OptionError(f"{str(path)!r} holds a {type(model).__name__}, which does not read series; use {how}.")
    return model


@dataclass(frozen=True)
class LaterFile:
    """What was asked about a file of later rows: how its cells are read; the model knows its columns."""

    dayfirst: DayFirst = False
    monthfirst: MonthFirst = False
    zone: Zone = None
    decimal: Decimal = ""
    wide: Wide = False
    sort: Sort = False
    sql: Sql = ""
    db: Db = ""

    def read(self, model: Any, path: Path | None) -> Any:
        """Read a file in the columns that a model was fitted to."""
        from penstock.data.own_file import read_own_file

        columns = model.kind_.columns
        table, _ = read_own_file(
            source_of(path, self.db, self.sql), id=columns.id, time=columns.time, past=columns.past,
            target=None if self.wide else columns.target, known=columns.known, static=columns.static, wide=self.wide,
            sql=self.sql, **self._cells(model),
        )  # fmt: skip
        return table

    def read_ahead(self, model: Any, path: Path) -> Any:
        """Read a file of rows ahead, with the covariates that a model was fitted to as known."""
        from penstock.data.own_file import read_rows_ahead

        return read_rows_ahead(path, model.kind_.columns, **self._cells(model))

    def _cells(self, model: Any) -> dict[str, Any]:
        """Give the options by which cells are read; times without a zone stand on the clock of the fit."""
        return {
            "dayfirst": day_first(self.dayfirst, self.monthfirst), "zone": self.zone, "usual_zone": model.kind_.zone,
            "decimal": self.decimal, "sort": self.sort,
        }  # fmt: skip
