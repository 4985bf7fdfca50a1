"""The season that forecasts are additions to: given, or taken from the frequency where it is worth it, and told."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.data.season import check_season, season_of_panel, season_steps
from penstock.data.transforms import TRANSFORMS
from penstock.data.window_scaling import differences
from penstock.forecaster.options import ForecasterOptions

__all__ = ["describe_season", "fit_season", "season_errors"]

Values = NDArray[np.float64]
Rows = NDArray[np.int64]

_STEPS = 24  # steps ahead at most by which the season is judged


def fit_season(options: ForecasterOptions, train: Panel) -> tuple[int, ...]:
    """Return the periods that are given, or that the frequency suggests.

    Those of the frequency are taken only where, on the training rows, the seasonal naive forecasts of one of them err
    less than the last value does: a network that adds to a forecast has its errors to undo first.

    Raises
    ------
    DataError
        Where a period that is given is longer than every series.
    """
    given = season_steps(options.season)
    if given is None and options.additive:
        found = season_of_panel(train)
        return found if any(more < 0 for more in season_errors(options, train, found)) else ()
    check_season(given or (), train)
    return given or ()


def season_errors(options: ForecasterOptions, train: Panel, season: tuple[int, ...]) -> Iterator[float]:
    """Give by how much seasonal naive forecasts of each period err more than the last value, over all series.

    Each series is in units of its own steps, so that those of parts of a panel add up.
    """
    if not season:
        return
    transform = TRANSFORMS[options.transform]
    y, series = transform.apply(train), train.series_of(np.arange(train.rows))
    ages = np.arange(train.rows) - train.offsets[series] + 1 - transform.lost
    steps = np.unique(np.linspace(1, options.horizon, min(options.horizon, _STEPS)).astype(int)).tolist()
    unit = _by_series(differences(y, ages, 1), series, len(train))
    weights = np.divide(1.0, unit, out=np.zeros(len(train)), where=unit > 0)
    for period in season:
        more = np.zeros(len(train))
        for step in steps:
            last = np.abs(y) if transform.lost else differences(y, ages, step)  # of changes, none is forecast
            more += _by_series(differences(y, ages, -(-step // period) * period) - last, series, len(train))
        yield float(more @ weights)


def _by_series(values: Values, series: Rows, count: int) -> Values:
    """Sum the values of each series, ``[count]``; NaN counts for nothing."""
    return np.bincount(series, weights=np.nan_to_num(values), minlength=count).astype(np.float64)


def describe_season(options: ForecasterOptions, season: tuple[int, ...]) -> str:
    """Say in one line which season forecasts are additions to."""
    base = "no change" if TRANSFORMS[options.transform].lost else "the last value"
    if season:
        taken = "as given" if options.season is not None else "taken from the frequency"
        steps = ", ".join(map(str, season))
        return f"season: {steps} steps, {taken}; forecasts are additions to the seasonal naive"
    why = "as given" if options.season is not None else f"none in the frequency, or one that {base} errs less than"
    return f"season: none ({why}); forecasts are additions to {base}"
