"""The S&P 500 index, daily."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from penstock.data.tables import read_table
from penstock.datasets.columns import number_column, time_column
from penstock.datasets.home import DataFile
from penstock.errors import DataError, OptionError, named

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SP500_FILE", "sp500"]

SP500_FILE = DataFile(
    "SP500.csv",
    "FRED (https://fred.stlouisfed.org/series/SP500, CSV; it serves the last ten years: older days need an old file)",
)


def sp500(path: str | Path | None = None, *, start: str | None = None, end: str | None = None) -> pd.DataFrame:
    """Read the daily S&P 500 index as a long frame.

    Parameters
    ----------
    path
        A CSV file as FRED offers it: a date column, then ``SP500``; holidays, which it leaves empty or writes as
        ``.``, are dropped. If no path is given, the data come from the ``arch`` package: adjusted close, 1999-01-04
        to 2018-12-31, no download.
    start, end
        First and last day to keep, such as ``"2010-01-04"``.

    Returns
    -------
    A pandas frame with the columns ``unique_id`` ("SP500"), ``ds`` (day) and ``y`` (index points).

    Raises
    ------
    OptionError
        Where `start` or `end` is no day.
    DataError
        Where no day lies between them, or the file is not as FRED writes it.

    Examples
    --------
    >>> frame = sp500(start="2010-01-01", end="2018-12-31")
    >>> len(frame), round(float(frame["y"].iloc[-1]), 2)
    (2264, 2506.85)
    """
    import pandas as pd

    days, values = _from_arch() if path is None else _from_fred(path)
    frame = pd.DataFrame({"unique_id": "SP500", "ds": days.astype("datetime64[ns]"), "y": values})
    try:
        first, last = pd.Timestamp(start or days.min()), pd.Timestamp(end or days.max())
    except (TypeError, ValueError) as error:
        raise OptionError(f"start={start!r}, end={end!r}: a day such as '2018-01-31' is needed.") from error
    kept = frame["ds"].between(first, last)
    if not kept.any():
        raise DataError(f"no day lies between {start} and {end}; the data run from {days.min():%F} to {days.max():%F}.")
    return frame[kept].reset_index(drop=True)


def _from_arch() -> tuple[pd.DatetimeIndex, pd.Series]:
    from arch.data import sp500 as shipped

    table = shipped.load()
    return table.index, table["Adj Close"].to_numpy()


def _from_fred(path: str | Path) -> tuple[pd.DatetimeIndex, pd.Series]:
    import pandas as pd

    table = read_table(path)
    if "SP500" not in table.columns or len(table.columns) < 2:
        raise DataError(
            f"{str(path)!r} has the columns {named(table.columns)}; FRED's file has DATE (or observation_date), SP500."
        )
    table = table.dropna(subset="SP500")
    if table.empty:
        raise DataError(f"{str(path)!r} holds no value in its column SP500.")
    day = next(name for name in table.columns if name != "SP500")
    name = Path(path).name
    return pd.DatetimeIndex(time_column(table, day, name)), number_column(table, "SP500", name).to_numpy()
