"""Windows of one length over rows that are not copied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from penstock.errors import DataError, OptionError

__all__ = ["RowWindows"]


@dataclass(frozen=True, eq=False, init=False)
class RowWindows:
    """Windows of one length over rows, each known by its first row: samples for :func:`penstock.train`.

    Rows that several windows share are held once, so that a million windows take the memory of their rows. It does for
    arrays what ``timeseries_dataset_from_array`` does in Keras.

    Parameters
    ----------
    rows : array
        ``[rows, features]``, or ``[rows]`` of one feature.
    window : int
        Rows of each window.
    starts : array of int, optional
        First row of each window, ``[samples]``, each once; left out, every row that `window` rows begin with.

    Attributes
    ----------
    rows
        The rows, ``[rows, features]``.
    window
        Rows of each window.
    starts
        First row of each window, ``[samples]``.

    Raises
    ------
    DataError
        Where the rows are not finite numbers, or a window does not lie within them.
    OptionError
        For a window of no row.

    Examples
    --------
    >>> y = np.arange(10.0)
    >>> windows = RowWindows(y[:-1], window=4)  # y[4:] are the values that follow them
    >>> len(windows), len(y[4:]), windows.starts.tolist()
    (6, 6, [0, 1, 2, 3, 4, 5])
    """

    rows: NDArray[np.float64]
    window: int
    starts: NDArray[np.int64]

    def __init__(self, rows: Any, window: int, starts: Any = None) -> None:
        if isinstance(window, bool) or not isinstance(window, (int, np.integer)) or window < 1:
            raise OptionError(f"window={window!r} is out of range; allowed: whole numbers from 1.")
        try:
            table = np.asarray(rows, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise DataError(f"rows hold what is no number: {error}") from error
        table = table[:, None] if table.ndim == 1 else table
        if table.ndim != 2 or not table.size or not np.isfinite(table).all():
            what = "" if np.isfinite(table).all() else " and hold NaN or inf"
            raise DataError(f"rows have the shape {np.shape(rows)}{what}; allowed: finite numbers [rows, features].")
        last = len(table) - window
        first = np.arange(last + 1) if starts is None else np.asarray(starts)
        if first.ndim != 1 or first.dtype.kind not in "iu" or not len(first) or first.min() < 0 or first.max() > last:
            found = f"{len(table)} rows" if starts is None else f"starts={starts!r} of {len(table)} rows"
            raise DataError(
                f"{found} hold no such windows of {window}; allowed: first rows from 0 to {last}."
                if last >= 0
                else f"{len(table)} rows are too few for a window of {window}."
            )
        if len(np.unique(first)) != len(first):
            raise DataError("starts holds a row twice; give each window once, and its weight as sample_weight=.")
        object.__setattr__(self, "rows", table)
        object.__setattr__(self, "window", int(window))
        object.__setattr__(self, "starts", first.astype(np.int64))

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.starts)

    @property
    def features(self) -> int:
        """Columns of the rows."""
        return self.rows.shape[1]

    def followed_by(self, others: Self) -> Self:
        """Return these windows and others, whose rows are put behind these.

        Parameters
        ----------
        others
            Windows of the same length and features.

        Returns
        -------
        Windows over the rows of both.
        """
        starts = np.concatenate([self.starts, len(self.rows) + others.starts])
        return type(self)(np.concatenate([self.rows, others.rows]), self.window, starts)
