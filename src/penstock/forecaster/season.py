"""The season that forecasts are additions to: given, or taken from the frequency, and told."""

from __future__ import annotations

from penstock.data.panel import Panel
from penstock.data.season import check_season, season_of_panel, season_steps
from penstock.data.transforms import TRANSFORMS
from penstock.forecaster.options import ForecasterOptions

__all__ = ["describe_season", "fit_season"]


def fit_season(options: ForecasterOptions, train: Panel) -> tuple[int, ...]:
    """Return the periods that are given, or that the frequency suggests.

    Raises
    ------
    DataError
        Where a period that is given is longer than every series.
    """
    given = season_steps(options.season)
    if given is None and options.additive:
        return season_of_panel(train)
    check_season(given or (), train)
    return given or ()


def describe_season(options: ForecasterOptions, season: tuple[int, ...]) -> str:
    """Say in one line which season forecasts are additions to."""
    taken = "as given" if options.season is not None else "taken from the frequency"
    if season:
        steps = ", ".join(map(str, season))
        return f"season: {steps} steps, {taken}; forecasts are additions to the seasonal naive"
    base = "no change" if TRANSFORMS[options.transform].lost else "the last value"
    return f"season: none, {taken}; forecasts are additions to {base}"
