"""Consumer sentiment and industrial production, monthly."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from penstock.argument_types import checked_path, checked_types
from penstock.data.tables import read_table
from penstock.datasets.columns import number_column, time_column
from penstock.datasets.home import DataFile, data_file
from penstock.errors import DataError, OptionError, named

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PRODUCTION_FILES", "SENTIMENT_FILE", "macro"]

SENTIMENT_FILE = DataFile(
    "UMCSENT.csv",
    "FRED (https://fred.stlouisfed.org/series/UMCSENT, CSV)",
    "https://fred.stlouisfed.org/graph/fredgraph.csv?id=UMCSENT",
)
PRODUCTION_FILES = {
    vintage: DataFile(
        f"IPGMFN_{vintage}.csv",
        f"ALFRED (https://alfred.stlouisfed.org/series/downloaddata?seid=IPGMFN, CSV, the vintage of early {vintage}: "
        "later ones are revised)",
    )
    for vintage in (2019, 2020)
}


@checked_types("vintage")
def macro(vintage: int = 2019, folder: str | Path | None = None) -> pd.DataFrame:
    """Read consumer sentiment (University of Michigan) and industrial production (manufacturing), month by month.

    Parameters
    ----------
    vintage
        Production as it stood in early 2019 or early 2020; it is revised every year.
    folder
        A folder that holds ``UMCSENT.csv`` and ``IPGMFN_2019.csv`` or ``IPGMFN_2020.csv``.

    Returns
    -------
    A pandas frame of the months that both have: ``ds``, ``ip`` (index), ``sentiment`` (points).

    Raises
    ------
    OptionError
        For a vintage that there is not.
    DataError
        Where `folder` is no folder.
    """
    if vintage not in PRODUCTION_FILES:
        raise OptionError(f"vintage={vintage!r} is unknown; allowed: {', '.join(map(str, PRODUCTION_FILES))}.")
    if folder is not None and not checked_path(folder).is_dir():
        raise DataError(f"{str(folder)!r} is no folder; two files are needed, so give the folder that holds them.")
    files = (PRODUCTION_FILES[vintage], SENTIMENT_FILE)
    ip, sentiment = (_monthly(data_file(file, folder)) for file in files)
    both = ip.rename("ip").to_frame().join(sentiment.rename("sentiment"), how="inner").dropna()
    return both.rename_axis("ds").reset_index()


def _monthly(path: Path) -> pd.Series:
    """Read a CSV file as FRED offers it: a date column, then the values; '.' where one is missing."""
    import pandas as pd

    table = read_table(path)
    if len(table.columns) != 2:
        raise DataError(f"{str(path)!r} has the columns {named(table.columns)}; FRED's file has a date and one series.")
    day, value = map(str, table.columns)
    values = number_column(table, value, path.name).to_numpy()
    return pd.Series(values, index=time_column(table, day, path.name)).dropna()
