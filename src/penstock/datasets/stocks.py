"""Weekly prices of many stocks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from penstock.data.tables import read_table
from penstock.datasets.columns import number_column, require_columns, time_column
from penstock.datasets.home import DataFile, data_file
from penstock.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["STOCKS_FILE", "stocks"]

STOCKS_FILE = DataFile(
    "stocks_weekly_adj_close.parquet",
    "any source of weekly adjusted closes (Yahoo Finance, Quandl WIKI), as a long frame unique_id, ds, y in Parquet or "
    "CSV",
)


def stocks(path: str | Path | None = None) -> pd.DataFrame:
    """Read weekly adjusted closes of many stocks as a long frame.

    Parameters
    ----------
    path
        A Parquet or CSV file of your own with the columns ``unique_id`` (ticker), ``ds`` (week) and ``y`` (price), or a
        folder that holds ``stocks_weekly_adj_close.parquet``.

    Returns
    -------
    A pandas frame ``unique_id``, ``ds``, ``y``, in the order of tickers and weeks.

    Raises
    ------
    DataError
        Where columns or weeks are missing, or a price is not above zero.
    """
    import pandas as pd

    file = data_file(STOCKS_FILE, path)
    table = read_table(file)
    require_columns(table, ("unique_id", "ds", "y"), file.name)
    days, prices = time_column(table, "ds", file.name), number_column(table, "y", file.name)
    frame = pd.DataFrame({"unique_id": table["unique_id"], "ds": days, "y": prices})
    if not (frame["y"] > 0).all():
        raise DataError(f"{int((~(frame['y'] > 0)).sum())} prices are missing or not above zero; drop these rows.")
    twice = frame[frame.duplicated(["unique_id", "ds"])]
    if len(twice):
        raise DataError(
            f"{twice['unique_id'].iloc[0]} has two prices of {twice['ds'].iloc[0]:%F}"
            f"{f', and {len(twice) - 1:,} more are there twice' if len(twice) > 1 else ''}; keep one of a week."
        )
    return frame.sort_values(["unique_id", "ds"], kind="stable", ignore_index=True)
