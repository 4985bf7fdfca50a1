"""Frames of pandas with an index, columns of several levels, a series, an array: as one frame with plain columns."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from penstock.data.columns import Columns
from penstock.data.reading.notes import note
from penstock.errors import DataError, named

__all__ = ["as_frame", "plain_frame", "several_levels"]


def as_frame(frame: Any, columns: Columns) -> Any:
    """Return a frame with plain columns; frames that have them come back as they are.

    Parameters
    ----------
    frame
        A frame of any library; a pandas series, whose index gives the times; a one-dimensional array, whose steps are
        counted from 0.
    columns
        The columns that are wanted: one that is missing is looked for in the index of a pandas frame.

    Raises
    ------
    DataError
        For an array of more dimensions, or a pandas frame with several columns of one name.
    """
    if isinstance(frame, np.ndarray):
        if frame.dtype.names:
            import pandas as pd

            return pd.DataFrame(frame)
        return _of_array(frame, columns)
    pandas = sys.modules.get("pandas")
    if pandas is None:
        return frame
    if isinstance(frame, pandas.Series):
        return _of_series(frame, columns)
    if not isinstance(frame, pandas.DataFrame):
        return frame
    if isinstance(frame.columns, pandas.MultiIndex):
        frame = _one_level(frame)
    return _with_index(frame, columns)


def plain_frame(frame: Any) -> Any:
    """Return a pandas frame with columns of one level, and one for each level of the index that counts.

    Those are named ones, and dates; dates without a name are called as the default column of times.
    """
    import pandas as pd

    if isinstance(frame.columns, pd.MultiIndex):
        frame = _one_level(frame)
    names = [
        Columns().time if name is None and _dated(frame.index.get_level_values(level)) else name
        for level, name in enumerate(frame.index.names)
    ]
    if all(name is None for name in names):
        return frame
    return frame.set_axis(frame.index.set_names(names), axis=0).reset_index().rename_axis(columns=None)


def several_levels(frame: Any, name: str) -> str:
    """Say which columns hold the field that is asked for, where each ticker has one; empty where none does."""
    given = [str(each) for each in getattr(frame, "columns", ())]
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(getattr(frame, "columns", None), pandas.MultiIndex):
        given = [" ".join(map(str, each)).strip() for each in frame.columns]
    found = [each for each in given if each != name and name in (each.split(" ")[0], each.split(" ")[-1])]
    if len(found) < 2:
        return ""
    return (
        f"the frame has a column {name!r} for each of several tickers: {named(found, 6)}; name one of them, such as "
        f"target={found[0]!r} (--target {found[0]!r} on the command line)."
    )


def _of_array(values: Any, columns: Columns) -> Any:
    import pandas as pd

    if values.ndim != 1:
        raise DataError(
            f"an array of the shape {values.shape} was given; a column with the times and one with the values are "
            "needed: pandas.DataFrame({'ds': dates, 'y': array[:, 0]}); of many series: "
            "pandas.DataFrame(array, index=dates).rename_axis('ds').reset_index().melt('ds', var_name='unique_id', "
            "value_name='y')."
        )
    return pd.DataFrame({columns.time: np.arange(len(values)), columns.target: values})


def _of_series(series: Any, columns: Columns) -> Any:
    if columns.past or columns.known or columns.static:
        raise DataError("a pandas.Series was given, which has no covariates; give a frame: series.reset_index().")
    frame = series.rename(columns.target).reset_index(allow_duplicates=True)
    if series.index.nlevels == 1:
        return frame.set_axis([columns.time, columns.target], axis=1)
    if series.index.nlevels == 2:
        names = list(series.index.names)
        own = [columns.time, columns.id] if names[0] == columns.time or _dated(series.index.levels[0]) else [
            columns.id, columns.time
        ]  # fmt: skip
        return frame.set_axis([*own, columns.target], axis=1)
    raise DataError(
        f"a pandas.Series with an index of {series.index.nlevels} levels was given; name its columns: "
        "series.reset_index()."
    )


def _one_level(frame: Any) -> Any:
    """Drop the levels of columns that say the same everywhere, and join the others by a blank."""
    levels = [frame.columns.get_level_values(level) for level in range(frame.columns.nlevels)]
    varied = [level for level in levels if level.nunique() > 1] or levels[:1]
    if len(varied) > 1 and str(varied[0].name).startswith(("Ticker", "Symbol")):
        varied = varied[::-1]
    names = [" ".join(str(part) for part in parts if str(part)) for parts in zip(*varied, strict=True)]
    dropped = [str(level[0]) for level in levels if level.nunique() == 1 and len(levels) > 1]
    note(
        "columns of several levels are read as one"
        + (f" ({', '.join(dropped)} is all there is)" if len(varied) == 1 else f": {', '.join(names[:4])} and the like")
        + "."
    )
    return frame.set_axis(names, axis=1)


def _with_index(frame: Any, columns: Columns) -> Any:
    """Make columns of the levels of the index that are wanted, and of an unnamed index of dates."""
    wanted = {columns.id, columns.time, columns.target, *columns.past, *columns.known, *columns.static}
    names = list(frame.index.names)
    take = [level for level, name in enumerate(names) if name in wanted and name not in frame.columns]
    if columns.time not in frame.columns and columns.time not in names:
        dated = [level for level in range(frame.index.nlevels) if _dated(frame.index.get_level_values(level))]
        if len(dated) == 1 and (names[dated[0]] is None or columns.time == Columns().time):
            level = dated[0]
            frame = frame.set_axis(frame.index.set_names([
                columns.time if place == level else name for place, name in enumerate(names)
            ]), axis=0)  # fmt: skip
            take.append(level)
    if not take:
        return frame
    frame = frame.reset_index(level=sorted(take))
    return frame.rename_axis(columns=None)


def _dated(index: Any) -> bool:
    return str(index.dtype).startswith(("datetime64", "period"))
