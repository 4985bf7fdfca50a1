"""What is tried on a panel: networks whose options follow from horizon, season and rows, and classical models."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from penstock.baselines.boosting import Boosting
from penstock.baselines.naive import Naive
from penstock.baselines.seasonal_naive import SeasonalNaive
from penstock.baselines.theta import Theta
from penstock.data.panel import Panel
from penstock.estimator import Estimator
from penstock.forecaster.forecaster import Forecaster
from penstock.forecaster.validation import RolledValidation
from penstock.layers.declared import GRU
from penstock.networks.network import Network
from penstock.training.optimizers import Adam

__all__ = [
    "WITHOUT_SEASON",
    "Candidate",
    "choose_network",
    "classical_models",
    "network_candidates",
    "panel_forecaster",
]

WITHOUT_SEASON = "without the season"
"""Name of the network whose forecasts are additions to the last value, though there is a season."""

_GAIN = 0.01  # share by which another network than the usual one must be better to be taken
_STEPS_PER_EPOCH = 100
_BATCH = 256
_PASSES = 5  # times as many epochs at most where the windows are few
_BOOSTED = 1000  # windows without which trees have too little to learn from
_LONGEST = 128  # steps of a window beyond which no longer one is tried


@dataclass(frozen=True)
class Candidate:
    """A network that is tried.

    Attributes
    ----------
    name
        What sets it apart, in words.
    model
        The network, unfitted.
    """

    name: str
    model: Forecaster


def panel_forecaster(
    horizon: int,
    season: Sequence[int] = (),
    *,
    members: int = 3,
    steps: int = 2000,
    seed: int = 0,
    window: int | None = None,
    transform: str = "none",
    samples: int | None = None,
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
    window
        Length of a window; left out: as horizon and season say.
    transform
        Change of variable, as in :class:`penstock.Forecaster`.
    samples
        Windows there are; where they are few, they are seen up to a hundred times instead of twenty.

    Examples
    --------
    >>> panel_forecaster(18, (12,)).window
    24
    """
    epochs = max(round(steps / _STEPS_PER_EPOCH), 1)
    if samples is not None:
        taken = min(-(-samples // _BATCH), _STEPS_PER_EPOCH)  # steps of one epoch
        epochs = round(epochs * min(max(_STEPS_PER_EPOCH / 5 / max(taken, 1), 1), _PASSES))
    return Forecaster(
        Network([GRU(32)], dense=[64]),
        window=window or default_window(horizon, season),
        horizon=horizon,
        season=tuple(season) or 1,
        scale="window",
        transform=transform,
        short="drop",
        loss="mae",
        optimizer=Adam(0.003),
        schedule="one_cycle",
        batch=_BATCH,
        epochs=epochs,
        steps_per_epoch=min(steps, _STEPS_PER_EPOCH),
        patience=None,
        validation=0,
        members=members,
        ensemble="median",
        seed=seed,
    )


def default_window(horizon: int, season: Sequence[int]) -> int:
    """Return the length of a window: two short seasons, the longest one or the horizon, and at least eight steps."""
    return max(2 * min(season, default=1), max(season, default=1), horizon, 8)


def network_candidates(
    panel: Panel, horizon: int, season: tuple[int, ...], *, members: int, steps: int, seed: int
) -> list[Candidate]:
    """Return the networks that are compared on the validation rows, the default one first.

    Parameters
    ----------
    panel
        Training rows. A log transform is tried where all values are positive, a window of twice the length where the
        series are long enough, and, where there is a season, additions to the last value.
    horizon, season, members, steps, seed
        As in :func:`panel_forecaster`.
    """
    samples = windows_of(panel, horizon)
    usual = default_window(horizon, season)
    tried = [("usual", usual, "none", season)]
    if (panel.y > 0).all():
        tried.append(("in logs", usual, "log", season))
    if 2 * usual <= min(_LONGEST, int(np.median(panel.lengths)) - 2 * horizon):
        tried.append(("window twice as long", 2 * usual, "none", season))
    if season:
        tried.append((WITHOUT_SEASON, usual, "none", ()))
    return [
        Candidate(
            name,
            panel_forecaster(
                horizon, periods, members=members, steps=steps, seed=seed, window=window, transform=transform,
                samples=samples,
            ),
        )
        for name, window, transform, periods in tried
    ]  # fmt: skip


def classical_models(panel: Panel, horizon: int, season: tuple[int, ...]) -> list[Estimator]:
    """List the classical models that are tried; the last is the reference: the seasonal naive, or the last value.

    Boosted trees are tried where the rows give a thousand windows or more.
    """
    first = min(season, default=1)
    found: list[Estimator] = [Theta(first, horizon=horizon), Theta(first, variant="dynamic", horizon=horizon)]
    if windows_of(panel, horizon) >= _BOOSTED:
        found = [Boosting(season if len(season) > 1 else first, horizon=horizon), *found]
    if first == 1:
        return [*found, Naive(horizon=horizon)]
    return [*found, Naive(horizon=horizon), SeasonalNaive(first, horizon=horizon)]


def windows_of(panel: Panel, horizon: int) -> int:
    """Count the windows of at least three rows that a horizon follows."""
    return int(np.maximum(panel.lengths - horizon - 2, 0).sum())


def choose_network(
    rolled: RolledValidation, candidates: list[Candidate], classical: list[Estimator]
) -> tuple[dict[str, float], Candidate]:
    """Return the validation error of each candidate network by name, and the candidate with the lowest.

    Each is trained with one member for half of the steps. The candidate without a season is tried only where the last
    value errs less than the seasonal naive.
    """
    if len(candidates) > 1 and candidates[-1].name == WITHOUT_SEASON:
        last, seasonal = (np.abs(rolled.errors(each)).mean() for each in rolled.forecasts(classical[-2:]))
        candidates = candidates if last < seasonal else candidates[:-1]
    if len(candidates) == 1:
        return {candidates[0].name: np.nan}, candidates[0]
    models = [dataclasses.replace(each.model, members=1, epochs=max(each.model.epochs // 2, 1)) for each in candidates]
    found = zip(candidates, rolled.forecasts(models), strict=True)
    errors = {each.name: float(np.abs(rolled.errors(forecasts)).mean()) for each, forecasts in found}
    usual = candidates[0]
    best = min(candidates, key=lambda each: errors[each.name])
    return errors, best if errors[best.name] < (1 - _GAIN) * errors[usual.name] else usual
