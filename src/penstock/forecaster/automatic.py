"""Forecasts in one call: a network, the Theta method and the seasonal naive, weighted on the last training horizon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from penstock.baselines.naive import Naive
from penstock.baselines.seasonal_naive import SeasonalNaive
from penstock.baselines.theta import Theta
from penstock.data.columns import Columns
from penstock.data.frames import read_panel
from penstock.data.season import check_season, season_of, season_steps
from penstock.forecaster.ensemble import Ensemble
from penstock.forecaster.forecaster import Forecaster
from penstock.layers.declared import GRU
from penstock.networks.network import Network
from penstock.training.optimizers import Adam

__all__ = ["Forecast", "forecast", "panel_forecaster"]

_STEPS_PER_EPOCH = 100


@dataclass(frozen=True, eq=False)
class Forecast:
    """What :func:`forecast` gives.

    Attributes
    ----------
    frame
        The forecasts, in a frame of the kind that was given.
    model
        The fitted :class:`penstock.Ensemble`; it can be saved, and predicts from newer rows.
    season
        Periods in steps.
    """

    frame: Any
    model: Ensemble
    season: tuple[int, ...]

    def summary(self) -> str:
        """Say what was chosen, and what each part is worth on the last horizon of the training rows."""
        season = ", ".join(map(str, self.season)) or "none"
        *errors, together = self.model.validation_errors_
        weights = np.zeros(len(errors))
        weights[self.model.chosen_] = self.model.weights_
        rows = [
            f"{model.label:<24} {error:>8.3f} {weight:>7.1f}"
            for model, error, weight in zip(self.model.given, errors, weights, strict=True)
        ]
        last = f"{'together':<24} {together:>8.3f}"
        head = [f"season: {season}; horizon: {self.model.horizon}", f"{'model':<24} {'error':>8} {'weight':>7}"]
        return "\n".join([*head, *rows, last])


def panel_forecaster(
    horizon: int, season: Sequence[int] = (), *, members: int = 3, steps: int = 2000, seed: int = 0
) -> Forecaster:
    """Return a network for panels, unfitted, whose options follow from the horizon and the periods alone.

    It was chosen on the training rows of public panels (``benchmarks/panels.py`` measures it): a GRU on windows scaled
    by themselves, as long as two seasons, the longest season or the horizon, trained for a fixed budget on all rows.

    Parameters
    ----------
    horizon
        Steps ahead.
    season
        Periods in steps; none for no season.
    members
        Networks from different seeds, whose median is taken.
    steps
        Training steps of each, of 256 windows.
    seed
        Seed of weights and shuffles.

    Examples
    --------
    >>> panel_forecaster(18, (12,)).window
    24
    """
    shortest, longest = min(season, default=1), max(season, default=1)
    return Forecaster(
        Network([GRU(32)], dense=[64]),
        window=max(2 * shortest, longest, horizon, 8),
        horizon=horizon,
        season=tuple(season) or 1,
        scale="window",
        short="drop",
        loss="mae",
        optimizer=Adam(0.003),
        schedule="one_cycle",
        batch=256,
        epochs=max(round(steps / _STEPS_PER_EPOCH), 1),
        steps_per_epoch=min(steps, _STEPS_PER_EPOCH),
        patience=None,
        validation=0,
        members=members,
        ensemble="median",
        seed=seed,
    )


def forecast(
    frame: Any,
    horizon: int,
    *,
    id: str = "unique_id",
    time: str = "ds",
    target: str = "y",
    season: int | Sequence[int] | None = None,
    level: float | Sequence[float] = (),
    missing: str = "error",
    calendar: str | None = None,
    members: int = 3,
    steps: int = 2000,
    seed: int = 0,
) -> Forecast:
    """Forecast a panel in one call.

    A network (:func:`panel_forecaster`), the Theta method and the seasonal naive are fitted without the last horizon
    of the rows; the weights with which they forecast it best are kept, and what has a weight is fitted on all rows.
    Nothing is chosen on rows that come later. Series too short to fit are left out, with a warning that counts them.

    Parameters
    ----------
    frame
        pandas, polars or pyarrow frame: one row per series and time, in order.
    horizon
        Steps ahead.
    id, time, target
        Names of the frame's columns.
    season
        Periods in steps; left out: from the frequency. 1: none.
    level
        Coverage of intervals, in percent; :class:`penstock.Ensemble` says what they come from.
    missing
        What to do where values are missing, as in :meth:`penstock.Forecaster.fit`.
    calendar
        The exchange whose trading days the rows hold, as in ``fit``.
    members, steps, seed
        Networks, training steps of each, and the seed.

    Returns
    -------
    The forecasts, the fitted model, and a summary of what was chosen.

    Raises
    ------
    DataError
        Where the frame cannot be used, or no series has two horizons and a few rows.

    Examples
    --------
    >>> import pandas as pd
    >>> months = pd.date_range("2020-01-01", periods=48, freq="MS")
    >>> panel = pd.DataFrame({"ds": months, "y": [100.0 + n + 10 * (n % 12 == 11) for n in range(48)]})
    >>> result = forecast(panel, 3, members=1, steps=20)
    >>> result.season, result.frame.columns.tolist()
    ((12,), ['ds', 'yhat'])
    """
    columns = Columns(id, time, target)
    panel, kind = read_panel(frame, columns, missing, calendar=calendar)
    periods = season_steps(season)
    if periods is None:
        longest = int(np.argmax(panel.lengths))
        periods = season_of(panel.times[panel.span(longest)], int(np.median(panel.lengths)))
    check_season(periods, panel)
    network = panel_forecaster(horizon, periods, members=members, steps=steps, seed=seed)
    first = min(periods, default=1)
    naive = SeasonalNaive(first, horizon=horizon) if first > 1 else Naive(horizon=horizon)
    model = Ensemble([network, Theta(first, horizon=horizon), naive], "weighted", horizon=horizon)
    model.fit_panel(panel, kind)
    return Forecast(model.predict(level=level), model, periods)
