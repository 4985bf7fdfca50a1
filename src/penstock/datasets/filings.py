"""Company filings and earnings calls, with the return that followed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from penstock.argument_types import checked_path, checked_types, described
from penstock.data.tables import read_table
from penstock.datasets.columns import number_column, require_columns, time_column
from penstock.datasets.home import DataFile, data_file
from penstock.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CALLS_FILE", "INDEX_FILE", "earnings_calls", "filings"]

CALLS_FILE = DataFile(
    "maec_earnings_calls.csv.xz",
    "MAEC (https://github.com/Earnings-Call-Dataset, CC BY-SA 4.0), as a CSV with date, ticker, ret_5d, text",
)
INDEX_FILE = DataFile(
    "filing_index.csv.xz",
    "the repository of Machine Learning for Algorithmic Trading (https://github.com/stefan-jansen), chapter 18",
)


def earnings_calls(path: str | Path | None = None) -> pd.DataFrame:
    """Read transcripts of earnings calls with the five-day return that followed.

    Parameters
    ----------
    path
        A CSV or Parquet file with ``date``, ``ticker``, ``ret_5d`` and ``text``, or a folder that holds
        ``maec_earnings_calls.csv.xz``; left out, PENSTOCK_DATA.

    Returns
    -------
    A pandas frame ``ds``, ``unique_id``, ``y`` (the return, a ratio) and ``text``, in the order of time, without the
    calls whose return is not known.
    """
    import pandas as pd

    file = data_file(CALLS_FILE, path)
    table = read_table(file)
    require_columns(table, ("date", "ticker", "ret_5d", "text"), file.name)
    table = table.dropna(subset=["ret_5d", "text"])
    frame = pd.DataFrame(
        {
            "ds": time_column(table, "date", file.name),
            "unique_id": table["ticker"].astype(str),
            "y": number_column(table, "ret_5d", file.name),
            "text": table["text"].astype(str),
        }
    )
    return frame.sort_values(["ds", "unique_id"], kind="stable", ignore_index=True)


@checked_types(at_least={"before": 0, "after": 0})
def filings(
    folder: str | Path, prices: pd.DataFrame, index: str | Path | None = None, *, before: int = 1, after: int = 5
) -> pd.DataFrame:
    """Read a folder of filings and join the return about the day of filing.

    Parameters
    ----------
    folder
        Text files: named by the filing's line in the index, counted from 1 (``17.txt``, as the source stores them), or
        as on EDGAR (``0001000180-13-000009.txt``).
    prices
        A long frame of daily adjusted closes: ``unique_id`` (ticker), ``ds``, ``y``.
    index
        ``filing_index.csv`` with ``TICKER``, ``DATE_FILED`` and ``EDGAR_LINK``; left out, PENSTOCK_DATA.
    before, after
        The return runs from the close `before` trading days ahead of the day of filing to the close `after` days on.

    Returns
    -------
    A pandas frame as :func:`earnings_calls` gives; filings without a text or without prices are left out.

    Raises
    ------
    DataError
        Where no filing of the index has both a text and prices.
    """
    import pandas as pd

    folder = checked_path(folder)
    if not isinstance(prices, pd.DataFrame) or not {"unique_id", "ds", "y"} <= {*prices.columns}:
        raise DataError(f"prices={described(prices)}; allowed: a pandas frame with unique_id, ds and y.")
    file = data_file(INDEX_FILE, index)
    table = read_table(file)
    require_columns(table, ("TICKER", "DATE_FILED", "EDGAR_LINK"), file.name)
    closes = {
        name: (part["ds"].to_numpy("datetime64[ns]"), part["y"].to_numpy(float))
        for name, part in prices.sort_values("ds").groupby("unique_id")
    }
    rows = []
    for number, (ticker, filed, link) in enumerate(
        zip(table["TICKER"], time_column(table, "DATE_FILED", file.name), table["EDGAR_LINK"], strict=True), start=1
    ):
        named = (Path(folder) / f"{number}.txt", Path(folder) / Path(str(link)).name)
        text = next((path for path in named if path.is_file()), None)
        if text is None or ticker not in closes:
            continue
        days, values = closes[ticker]
        day = int(np.searchsorted(days, filed.to_datetime64()))
        if day - before < 0 or day + after >= len(values):
            continue
        content = text.read_text(encoding="utf-8", errors="replace")
        rows.append((filed, ticker, values[day + after] / values[day - before] - 1, content))
    if not rows:
        raise DataError(f"no filing of the index has both a text in {str(folder)!r} and prices about its day.")
    frame = pd.DataFrame(rows, columns=["ds", "unique_id", "y", "text"])
    return frame.sort_values(["ds", "unique_id"], kind="stable", ignore_index=True)
