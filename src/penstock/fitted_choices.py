"""What fits chose where an option left it open, in words: one value for all series, or how they spread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["numbers_in_words", "texts_in_words", "used_options"]


def numbers_in_words(values: ArrayLike) -> str:
    """Give one number for all series, or the least, the most and the median.

    Examples
    --------
    >>> numbers_in_words([3, 3]), numbers_in_words([1, 7, 2]), numbers_in_words([0.25, 0.5])
    ('3', '1 to 7, median 2', '0.25 to 0.5, median 0.375')
    """
    given = np.ravel(values)
    low, high, middle = (f"{value:.4g}" for value in (given.min(), given.max(), np.median(given)))
    return low if low == high else f"{low} to {high}, median {middle}"


def texts_in_words(texts: Iterable[str]) -> str:
    """Give one text for all series, or the three most frequent with their counts.

    Examples
    --------
    >>> texts_in_words(["a", "a"]), texts_in_words("abacada")
    ('a', 'a (4 of 7 series), b (1), c (1), and 1 more')
    """
    counts = Counter(texts)
    if len(counts) == 1:
        return next(iter(counts))
    (first, most), *others = counts.most_common(3)
    more = f", and {len(counts) - 3} more" if len(counts) > 3 else ""
    return f"{first} ({most} of {counts.total()} series)" + "".join(f", {text} ({n})" for text, n in others) + more


def used_options(model: Any) -> str:
    """Say with which options a fitted model was used: all of them, and what its fit chose.

    Parameters
    ----------
    model
        A fitted model; of one that is not Penstock's, its repr.

    Returns
    -------
    The call with every option, and what was chosen.

    Examples
    --------
    >>> import pandas as pd
    >>> from penstock.baselines.seasonal_naive import SeasonalNaive
    >>> frame = pd.DataFrame({"ds": pd.date_range("2020-01-31", periods=30, freq="ME"), "y": range(30)})
    >>> used_options(SeasonalNaive(None).fit(frame))
    'SeasonalNaive(horizon=1, season=None); chosen: season 12'
    """
    if not hasattr(model, "get_params"):
        return repr(model)
    options = ", ".join(f"{name}={value!r}" for name, value in model.get_params(deep=False).items())
    chosen = getattr(model, "fitted_choices", {})
    told = ", ".join(f"{name} {value}" for name, value in chosen.items())
    return f"{type(model).__name__}({options})" + (f"; chosen: {told}" if told else "")
