"""Two tables of James, Witten, Hastie, Tibshirani & Taylor, *An Introduction to Statistical Learning with Python*."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from penstock.data.tables import read_table
from penstock.datasets.columns import require_columns, time_column
from penstock.datasets.home import DataFile, data_file

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["HITTERS_FILE", "NYSE_FILE", "hitters", "nyse"]

_SOURCE = "the ISLP package (https://github.com/intro-stat-learning/ISLP, folder ISLP/data, BSD licence)"
_URL = "https://raw.githubusercontent.com/intro-stat-learning/ISLP/main/ISLP/data/"

HITTERS_FILE = DataFile(
    "Hitters.csv", _SOURCE, _URL + "Hitters.csv", ("ebf7b9dff89366b0544fea09c0ac2df9abdbf5b4ce8d96651316c2c12793d952",)
)
NYSE_FILE = DataFile(
    "NYSE.csv", _SOURCE, _URL + "NYSE.csv", ("4bb3e2e9872b2f7e6e8701afb8873cd9f4b7e66ee0b1ba62c116ff2b3a2eec60",)
)

_NYSE_COLUMNS = ["day_of_week", "DJ_return", "log_volume", "log_volatility", "train"]


def hitters(path: str | Path | None = None) -> pd.DataFrame:
    """Read the salaries of 1987 (thousands of dollars) of 322 baseball players, with 19 figures of their play.

    Parameters
    ----------
    path
        A file of your own, or a folder that holds ``Hitters.csv``; left out, PENSTOCK_DATA or a download.

    Returns
    -------
    A pandas frame of 20 columns in the file's order; 59 rows have no ``Salary``.
    """
    file = data_file(HITTERS_FILE, path)
    table = read_table(file)
    require_columns(table, ("AtBat", "League", "Division", "Salary", "NewLeague"), file.name)
    return table


def nyse(path: str | Path | None = None) -> pd.DataFrame:
    """Read 6,051 trading days of the New York Stock Exchange, 1962-12-03 to 1986-12-31.

    Parameters
    ----------
    path
        A file of your own, or a folder that holds ``NYSE.csv``.

    Returns
    -------
    A pandas frame: ``ds`` (day), ``day_of_week``, ``DJ_return`` (log return of the Dow Jones), ``log_volume`` (log of
    the volume over its 100-day mean), ``log_volatility``, ``train`` (whether the book trains on the day: to 1979).
    """
    import pandas as pd

    file = data_file(NYSE_FILE, path)
    table = read_table(file)
    require_columns(table, ("date", *_NYSE_COLUMNS), file.name)
    return pd.DataFrame({"ds": time_column(table, "date", file.name), **{name: table[name] for name in _NYSE_COLUMNS}})
