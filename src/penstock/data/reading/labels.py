"""Names of series: text is text whatever it spells, and one name is one series."""

from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from penstock.data.reading.notes import note
from penstock.errors import DataError

__all__ = ["group"]


def group(ids: nw.Series[Any] | None, rows: int) -> tuple[NDArray[np.int64], NDArray[np.int64], tuple[Any, ...]]:
    """Order the rows series by series, keeping their order within each.

    Returns
    -------
    The order, ``[rows]``; the row behind which each series ends in it, after a zero, ``[series + 1]``; the names.

    Raises
    ------
    DataError
        For names that are missing or empty.
    """
    if ids is None:
        return np.arange(rows), np.array([0, rows]), (None,)
    missing = ids.is_null().to_numpy()
    if missing.any():
        raise DataError(
            f"the id column {ids.name!r} has missing values, the first in row {int(missing.argmax())}; name every "
            "series (of a file that pandas reads, keep_default_na=False keeps a name such as 'NA')."
        )
    codes, names = _codes(ids)
    empty = [name for name in names if isinstance(name, str) and not name.strip()]
    if empty:
        row = int((codes == names.index(empty[0])).argmax())
        raise DataError(f"the id column {ids.name!r} is empty in row {row}; name every series.")
    _say_alike(names, ids.name)
    return np.argsort(codes, kind="stable"), np.concatenate([[0], np.cumsum(np.bincount(codes))]), tuple(names)


def _say_alike(names: list[Any], column: str) -> None:
    """Say which names differ by blanks or by case alone: they are two series, and may be meant as one."""
    texts = [name for name in names if isinstance(name, str)]
    plain = [" ".join(name.split()).casefold() for name in texts]
    if len(set(plain)) == len(texts):
        return
    first: dict[str, str] = {}
    alike = [(first[key], name) for key, name in zip(plain, texts, strict=True) if first.setdefault(key, name) != name]
    note(
        f"the column {column!r} holds names that differ by blanks or case alone, such as {alike[0][0]!r} and "
        f"{alike[0][1]!r}; each is a series of its own."
    )


def _codes(ids: nw.Series[Any]) -> tuple[NDArray[np.int64], list[Any]]:
    """Give each name a number, in the order in which they come."""
    import pandas as pd

    values = ids.to_native() if ids.implementation.is_pandas() else np.array(ids.to_list(), dtype=object)
    codes, _ = pd.factorize(values)
    codes = np.asarray(codes, dtype=np.int64)
    first = np.unique(codes, return_index=True)[1]
    return codes, ids[first.tolist()].to_list()
