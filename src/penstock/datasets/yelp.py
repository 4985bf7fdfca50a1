"""Reviews of businesses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.data.tables import read_table
from penstock.datasets.columns import number_column, require_columns
from penstock.datasets.home import DataFile, data_file
from penstock.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["YELP_FILE", "yelp"]

YELP_FILE = DataFile(
    "yelp_labelled.txt",
    "https://archive.ics.uci.edu/dataset/331 (Kotzias et al. 2015, CC BY 4.0), or the full reviews from "
    "https://www.yelp.com/dataset",
)


def yelp(path: str | Path | None = None, *, rows: int | None = None) -> pd.DataFrame:
    """Read reviews of businesses.

    Parameters
    ----------
    path
        ``yelp_labelled.txt`` (a sentence, a tab, 0 or 1 a line); or the full data set: ``.json`` with one review a
        line, or a CSV or Parquet file, with ``stars`` and ``text``; or a folder that holds the first. Left out,
        PENSTOCK_DATA.
    rows
        First rows to read of the full data set, which has millions.

    Returns
    -------
    A pandas frame: ``text``, ``label`` (1 for four stars and more, 0 for two and fewer, −1 for three) and ``stars`` (0
    where the file has none).

    Raises
    ------
    DataError
        Where the file holds no reviews in one of these forms.
    """
    import pandas as pd

    file = data_file(YELP_FILE, path)
    if file.suffix == ".txt":
        return _sentences(file)
    table = _lines(file, rows) if file.suffix in (".json", ".jsonl") else read_table(file)
    require_columns(table, ("text", "stars"), file.name)
    table = table if rows is None else table.head(rows)
    stars = number_column(table, "stars", file.name)
    wrong = ~stars.isin(range(1, 6)) | table["text"].isna()
    if wrong.any():
        row = stars.index[wrong][0]
        raise DataError(
            f"{file.name}: row {row} has {table['stars'][row]} stars and the text {str(table['text'][row])[:60]!r}; "
            f"allowed: 1 to 5 stars and a text ({int(wrong.sum())} such rows); mend the file."
        )
    stars = stars.astype(int)
    return pd.DataFrame({"text": table["text"], "label": (stars > 3) * 1 - (stars == 3) * 1, "stars": stars})


def _sentences(path: Path) -> pd.DataFrame:
    import pandas as pd

    found: list[tuple[str, int, int]] = []
    for number, line in enumerate(_decoded(path).split("\n"), start=1):
        text, tab, label = line.rstrip("\r").rpartition("\t")
        if not line.strip():
            continue
        if not tab or label not in ("0", "1"):
            raise DataError(f"{path.name}, line {number}: a sentence, a tab and 0 or 1 are needed, not {line[:60]!r}.")
        found.append((text.strip(), int(label), 0))
    return pd.DataFrame(found, columns=["text", "label", "stars"])


def _lines(path: Path, rows: int | None) -> pd.DataFrame:
    import pandas as pd

    found: list[tuple[str, float]] = []
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            if rows is not None and len(found) == rows:
                break
            try:
                review = json.loads(line)
                found.append((str(review["text"]), float(review["stars"])))
            except (ValueError, KeyError, TypeError) as error:
                raise DataError(f"{path.name}, line {number} is no review with text and stars: {error}.") from error
    return pd.DataFrame(found, columns=["text", "stars"])


def _decoded(path: Path) -> str:
    content = path.read_bytes()
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path.name} is not UTF-8 (byte 0x{content[error.start]:02x} at position {error.start})."
        ) from error
