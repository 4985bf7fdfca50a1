"""Forecasts in one call: what is tried, what is chosen on training rows, and the forecasts of all series."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.argument_types import checked_types
from penstock.automatic.candidates import Candidate, choose_network, classical_models, network_candidates, windows_of
from penstock.automatic.seasons import choose_season
from penstock.baselines.boosting import Boosting
from penstock.baselines.naive import Naive
from penstock.data.columns import Columns
from penstock.data.frames import FrameKind, read_panel
from penstock.data.panel import Panel
from penstock.data.same_times import of_each_series
from penstock.data.scaling import mean_steps
from penstock.engines.choice import engine_of
from penstock.engines.in_use import engine_in_use
from penstock.engines.work import Work
from penstock.errors import OptionError, PenstockError, TrainingError, named
from penstock.estimator import Estimator
from penstock.forecaster.ensemble import Ensemble
from penstock.forecaster.validation import RolledValidation
from penstock.intervals.conformal import Conformal
from penstock.intervals.levels import checked_levels
from penstock.intervals.tail import TailErrors
from penstock.report.page import Page, Reported

__all__ = ["Forecast", "forecast"]

Values = NDArray[np.float64]

_CUTOFFS = 3  # at most, and together no more than a third of the rows of the median series


@dataclass(frozen=True, eq=False)
class Forecast(Reported):
    """What :func:`forecast` gives.

    Attributes
    ----------
    frame
        The forecasts, in a frame of the kind that was given.
    model
        The fitted :class:`penstock.Ensemble`; it can be saved, and predicts from newer rows.
    season, season_from
        Periods in steps, and where they come from.
    tried
        The networks that were tried, in words, with their errors on the last horizons of the training rows, NaN where
        only one could be taken; the one that was taken stands in `taken`.
    taken
        Its name; empty where no network was fitted.
    notes
        What else was decided, each in a sentence.
    panel, kind, values, bounds
        The training rows and how they were read, the forecasts ``[series, horizon]``, and the bounds of intervals
        ``[levels, 2, series, horizon]`` at `levels` percent.
    work
        Which worker did what; None where all was done in this process.
    """

    frame: Any
    model: Ensemble
    season: tuple[int, ...]
    season_from: str
    tried: dict[str, float]
    taken: str
    notes: tuple[str, ...]
    panel: Panel = field(repr=False)
    kind: FrameKind = field(repr=False)
    values: Values = field(repr=False)
    bounds: Values = field(repr=False)
    levels: tuple[float, ...] = ()
    work: Work | None = None

    @property
    def parts(self) -> list[tuple[str, float, float]]:
        """Each model with its error on the last horizons of the training rows, and its weight; last, all together."""
        *errors, together = self.model.validation_errors_
        weights = np.zeros(len(errors))
        weights[self.model.chosen_] = self.model.weights_
        given = zip(self.model.given, errors, weights, strict=True)
        return [*((model.label, float(e), float(w)) for model, e, w in given), ("together", float(together), 1.0)]

    def summary(self) -> str:
        """Say what was chosen, and what each part is worth on the last horizons of the training rows."""
        season = ", ".join(map(str, self.season)) or "none"
        rows = [
            f"{label:<24} {f'{error:.3f}' if np.isfinite(error) else '–':>8} {weight:>7.2f}"
            for label, error, weight in self.parts
        ]
        head = [
            f"season: {season} ({self.season_from}); horizon: {self.model.horizon}",
            f"{'model':<24} {'error':>8} {'weight':>7}",
        ]
        networks = [f"network {name}: {error:.3f}" for name, error in self.tried.items() if np.isfinite(error)]
        return "\n".join([*head, *rows, *networks, *self.notes])

    def page(self) -> Page:
        """Lay out what was chosen and why, what each part is worth, and the forecasts of a few series."""
        from penstock.automatic.page import forecast_page

        return forecast_page(self)


@checked_types("horizon", "members", "steps", "seed", "search")
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
    search: bool = True,
    engine: Any = None,
    address: str | None = None,
) -> Forecast:
    """Forecast a panel in one call.

    Networks, boosted trees on lags (where there are a thousand windows), two Theta methods, the last value and the
    seasonal naive are fitted without the last horizons of the rows; the network that forecasts these best is taken, and
    weights follow from the errors there (:class:`penstock.Ensemble` says how); then what has a weight is fitted on all
    rows. Half of the weight stays with the seasonal naive (the last value where there is no season) unless the others
    beat it there by more than a standard error. Nothing is chosen on rows that come later. Series too short to fit are
    forecast by their last value.

    Parameters
    ----------
    frame
        pandas, polars or pyarrow frame: one row per series and time, in order.
    horizon
        Steps ahead.
    id, time, target
        Names of the frame's columns.
    season
        Periods in steps; left out: from the frequency, or from the values where times are counts. 1: none.
    level
        Coverage of intervals, in percent; :class:`penstock.Ensemble` says what they come from.
    missing
        What to do where values are missing, as in :meth:`penstock.Forecaster.fit`.
    calendar
        The exchange whose trading days the rows hold, as in ``fit``.
    members, steps, seed
        Networks, training steps of each, and the seed.
    search
        Whether to try other networks than the usual one: in logs, with a longer window, and without the season where
        the last value beats the seasonal naive; each is one member trained for half of the steps.
    engine, address
        Where models are fitted, as in :func:`penstock.compare`; the forecasts are the same, bit for bit.

    Returns
    -------
    The forecasts, the fitted model, and what was chosen, as a text and as a page.

    Raises
    ------
    DataError
        Where the frame cannot be used.
    OptionError
        Where an argument is not allowed.

    Examples
    --------
    >>> import pandas as pd
    >>> months = pd.date_range("2020-01-01", periods=48, freq="MS")
    >>> panel = pd.DataFrame({"ds": months, "y": [100.0 + n + 10 * (n % 12 == 11) for n in range(48)]})
    >>> result = forecast(panel, 3, members=1, steps=20, search=False)
    >>> result.season, result.frame.columns.tolist()
    ((12,), ['ds', 'yhat'])
    """
    for name, value in (("horizon", horizon), ("members", members), ("steps", steps)):
        if value < 1:
            raise OptionError(f"{name}={value} is out of range; allowed: a whole number from 1.")
    levels = checked_levels(level)
    panel, kind = read_panel(frame, Columns(id, time, target), missing, calendar=calendar)
    times = _times(panel, kind, horizon)
    periods, season_from = choose_season(panel, season)
    candidates = network_candidates(panel, horizon, periods, members=members, steps=steps, seed=seed)
    classical = classical_models(panel, horizon, periods)
    notes = [carried] if (carried := panel.carried) else []
    if panel.lengths.max() == 1 and not kind.counts_steps:
        notes.append("One row tells no frequency: days are taken for the times ahead.")
    if not any(isinstance(model, Boosting) for model in classical):
        notes.append(f"Boosted trees are not tried: {windows_of(panel, horizon):,} windows are too few.")
    with engine_of(engine, address) as chosen, engine_in_use(chosen) as work:
        kept, model, tried, taken = _chosen(
            panel, kind, periods, candidates if search else candidates[:1], classical, notes
        )
    notes += work.exceptions
    values, bounds = _ahead(panel, kept, model, horizon, levels, notes)
    ids = [name for name in panel.ids for _ in range(horizon)]
    answer = {kind.columns.id: ids, kind.columns.time: np.concatenate(times), "yhat": values.ravel()}
    for share, (low, high) in zip(levels, bounds, strict=True):
        answer |= {f"lo-{share:g}": low.ravel(), f"hi-{share:g}": high.ravel()}
    return Forecast(
        kind.frame(answer), model, periods, season_from, tried, taken, tuple(notes), panel, kind, values, bounds,
        levels, work if chosen.divides else None,
    )  # fmt: skip


def _chosen(
    panel: Panel,
    kind: FrameKind,
    periods: tuple[int, ...],
    candidates: list[Candidate],
    classical: list[Estimator],
    notes: list[str],
) -> tuple[NDArray[np.bool_], Ensemble, dict[str, float], str]:
    """Fit the weighted models on the series that are long enough; say which these are, and what was tried."""
    horizon, season = candidates[0].model.horizon, min(periods, default=1)
    usual = [candidates[0].model, *classical]
    needed = max(model.rows_to_fit for model in usual)
    kept = panel.lengths >= needed
    moving = np.array([np.ptp(panel.y[panel.span(series)]) > 0 for series in range(len(panel))])
    cutoffs = max(min(int(np.median(panel.lengths[kept])) // (3 * horizon), _CUTOFFS), 1) if kept.any() else 1
    able = kept & moving & (panel.lengths >= needed + cutoffs * horizon)
    if not able.any():
        cutoffs, able = 1, kept & moving & (panel.lengths >= needed + horizon)
    if not able.any():
        why = "all series are constant" if not moving.any() else f"no series has {needed + horizon} rows"
        notes.append(f"Nothing could be validated, as {why}: all series are forecast by the last value.")
        every = np.ones(len(panel), dtype=bool)
        return every, Ensemble([Naive(horizon=horizon)], horizon=horizon).fit_panel(panel, kind), {}, ""
    train = panel.with_series(np.flatnonzero(kept))
    try:
        rolled = RolledValidation.of("forecast", train, needed, horizon, cutoffs, season)
        tried, best = choose_network(rolled, candidates, classical)
        models: list[Estimator] = [best.model, *classical]
    except TrainingError as error:
        notes.append(f"The network is left out: {error}")
        tried, best, models = {}, None, classical
    model = Ensemble(models, "weighted", cutoffs=cutoffs, season=season, reference=-1, horizon=horizon)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*are left out, as they have fewer")  # told below, once
        model.fit_panel(train, kind)
    horizons = "horizon" if cutoffs == 1 else f"{cutoffs} horizons"
    notes.append(f"Chosen on the last {horizons} of {int(able.sum())} of {len(panel)} series.")
    if model.guarded_:
        notes.append(
            f"{classical[-1].label} keeps half of the weight: nothing beat it there by more than a standard error."
        )
    return kept, model, tried, "" if best is None else best.name


def _ahead(
    panel: Panel,
    kept: NDArray[np.bool_],
    model: Ensemble,
    horizon: int,
    levels: tuple[float, ...],
    notes: list[str],
) -> tuple[Values, Values]:
    """Forecast all series: those that were fitted by the model, the others by their last value."""
    values = np.repeat(panel.y[panel.offsets[1:] - 1], horizon).reshape(-1, horizon)
    bounds = np.full((len(levels), 2, *values.shape), np.nan)
    part = panel.with_series(np.flatnonzero(kept))
    values[kept] = model.aggregate(model.forecast_panel(part, part.offsets[1:] - 1))
    around = model.validated_bounds(part, part.offsets[1:] - 1, levels) if levels else None
    if around is not None:
        bounds[:, :, kept] = values[kept] + around
    elif levels:
        try:
            bounds[:, :, kept] = model.bounds_panel(part, part.offsets[1:] - 1, levels)
        except PenstockError as error:  # too few rows: forecasts are worth having without
            notes.append(f"Bounds of intervals are left empty: {error}")
    if kept.all():
        return values, bounds
    short = np.flatnonzero(~kept)
    which = named([f"{panel.ids[place]} ({panel.lengths[place]} rows)" for place in short])
    notes.append(
        f"{len(short)} of {len(panel)} series are too short to fit and are forecast by their last value: {which}."
    )
    if levels and len(model.residuals_) >= Conformal().fewest(levels[-1]):
        others = panel.with_series(short)
        tail = TailErrors(model.residuals_, np.zeros(len(model.residuals_), dtype=np.int64))
        steps = mean_steps(others, others.offsets[1:] - 1, model.season)
        around = tail.bounds(np.full(len(short), -1), np.where(steps > 0, steps, np.nan), levels)
        bounds[:, :, short] = values[short] + around
    if levels and np.isnan(bounds).any():
        notes.append("Series of one row, or with too few errors to go by, have no intervals.")
    return values, bounds


def _times(panel: Panel, kind: FrameKind, horizon: int) -> list[NDArray[Any]]:
    """Return the times of the forecasts; a series of one or two rows takes the frequency of the longest series."""
    longest = panel.ids[int(np.argmax(panel.lengths))]
    own = {name: name if rows > 2 else longest for name, rows in zip(panel.ids, panel.lengths.tolist(), strict=True)}
    return of_each_series(
        panel, lambda times, name: kind.next_times(times, horizon, own[name]), lambda name: kind.rhythms.of(own[name])
    )
