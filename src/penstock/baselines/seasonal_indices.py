"""The classical decomposition: seasonal indices of a series whose season is significant."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.data.season import check_season, season_of_panel

__all__ = ["fitted_season", "seasonal_indices", "without"]

Values = NDArray[np.float64]
Rows = NDArray[np.int64]


def fitted_season(given: int | None, train: Panel) -> int:
    """Return the steps in a season: those given, or those that the frequency of the longest series suggests.

    Parameters
    ----------
    given
        Steps in a season; None: from the frequency.
    train
        The training rows.

    Returns
    -------
    The steps; 1 where there is no season.

    Raises
    ------
    DataError
        Where the given season is longer than every series.
    """
    if given is not None:
        check_season((given,), train)
        return given
    return max(season_of_panel(train)[:1], default=1)


def without(y: Values, index: Values, multiplicative: bool | np.bool_) -> Values:
    """Return values without their seasonal indices.

    Parameters
    ----------
    y, index
        Values, and the index of each, ``[rows]``.
    multiplicative
        Whether indices multiply; otherwise they are added.

    Returns
    -------
    The adjusted values, ``[rows]``.
    """
    return y / index if multiplicative else y - index


def seasonal_indices(y: Values, place: Rows, season: int, *, multiplicative: bool, fewest: int | None = None) -> Values:
    """Return the seasonal indices of the classical decomposition, neutral where there is no significant season.

    The season is significant where the autocorrelation at its lag is (90 %, Bartlett's formula), as in the M4
    competition's test.

    Parameters
    ----------
    y, place
        The series, and the place of each row in the season, ``[rows]``.
    season
        Steps in a season.
    multiplicative
        Whether indices multiply; otherwise they are added.
    fewest
        Rows below which a series has no season; None: two seasons and a row.

    Returns
    -------
    The indices by place, ``[season]``.
    """
    neutral = np.full(season, 1.0 if multiplicative else 0.0)
    if season == 1 or len(y) < (2 * season + 1 if fewest is None else fewest) or not _seasonal(y, season):
        return neutral
    weights = np.ones(season) if season % 2 else np.concatenate([[0.5], np.ones(season - 1), [0.5]])
    trend = np.convolve(y, weights / season, mode="valid")
    first = (len(weights) - 1) // 2
    inner = slice(first, first + len(trend))
    ratios = y[inner] / trend if multiplicative else y[inner] - trend
    count = np.bincount(place[inner], minlength=season)
    if (count == 0).any():
        return neutral
    means = np.bincount(place[inner], ratios, minlength=season) / count
    means = means / means.mean() if multiplicative else means - means.mean()
    return neutral if multiplicative and (means <= 0).any() else means


def _seasonal(y: Values, season: int) -> bool:
    """Say whether the autocorrelation at the season is significant, given those before it (Bartlett's formula)."""
    centred = y - y.mean()
    power = centred @ centred
    if power <= 1e-24 * max(float(np.abs(y).max()) ** 2, 1e-300) * len(y):
        return False
    lags = np.array([centred[lag:] @ centred[:-lag] for lag in range(1, season + 1)]) / power
    return bool(np.abs(lags[-1]) > 1.645 * np.sqrt((1 + 2 * np.square(lags[:-1]).sum()) / len(y)))
