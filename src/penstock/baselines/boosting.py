"""Gradient boosting on lags: one set of trees for all series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.baselines.lag_features import LagFeatures
from penstock.baselines.trees import Trees
from penstock.data.panel import Panel
from penstock.data.season import check_season, season_note, season_of_panel, season_steps
from penstock.errors import DataError
from penstock.estimator import Estimator
from penstock.intervals.tail import TailErrors
from penstock.options import option
from penstock.progress import counted
from penstock.storage import Arrays

__all__ = ["Boosting"]

Values = NDArray[np.float64]
Rows = NDArray[np.int64]

_LEAST = 3  # rows of a window
_CUTOFFS_AT_ONCE = 1 << 16


@dataclass(repr=False, eq=False)
class Boosting(Estimator):
    """Boosted regression trees (scikit-learn's histograms) on the lags of all series together.

    Each window is scaled by its own level and spread, as ``scale="window"`` of :class:`penstock.Forecaster` does, and
    the trees learn what to add to the seasonal naive forecast (to the last value where there is no season). They read
    the lags, the values one, two and three seasons before the step that is forecast, its place in the season, and the
    level in units of the spread. Series that were not fitted are forecast too.

    The number of trees is that with the smallest absolute error on the last horizon of the training rows, which a first
    fit leaves out; its errors there, in units of each window's spread, give split conformal intervals. A second fit
    takes all rows.

    Attributes
    ----------
    trees_
        The trees.
    season_
        The periods.
    windows_
        Windows in the training rows, and those that were drawn for the fit.
    residuals_
        Errors on the last horizon in units of the spread, ``[series, horizon]``.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"ds": range(60), "y": [10.0 + n % 4 for n in range(60)]})
    >>> Boosting(season=4, horizon=4, trees=10).fit(frame).predict()["yhat"].round(3).tolist()
    [10.0, 11.0, 12.0, 13.0]

    References
    ----------
    Ke et al. (2017), *LightGBM*, whose histograms scikit-learn's trees follow; Januschowski et al. (2022), *Forecasting
    with trees*, for global models on lags.
    """

    season: int | Sequence[int] | None = option(None, "periods in steps; 1: none; None: from the frequency")
    lags: int | None = option(None, "rows of a window; None: two seasons, but 8 to 60", at_least=_LEAST)
    strategy: str = option(
        "direct", "whether a step ahead is read from the cutoff, or steps are fed back", choices=("direct", "recursive")
    )
    trees: int = option(200, "most trees", at_least=1)
    leaves: int = option(31, "most leaves of a tree", at_least=2)
    learning_rate: float = option(0.05, "share of each tree that is added", above=0, at_most=1)
    samples: int = option(200_000, "most samples, drawn at random where there are more", at_least=100)
    seed: int = option(0, "seed of the draw", at_least=0)

    state_fields = ("season", "windows", "residuals")
    rows_needed = _LEAST
    rows_made_of = "a window and the horizon"
    forecasts_new_series = True

    def __post_init__(self) -> None:
        """Refuse options that are not allowed."""
        super().__post_init__()
        season_steps(self.season)
        if isinstance(self.season, list):
            self.season = tuple(self.season)

    @property
    def label(self) -> str:
        """Short name in tables."""
        said = [str(self.season)] * (self.season is not None) + [self.strategy] * (self.strategy != "direct")
        return f"Boosting({', '.join(said)})" if said else "Boosting"

    @property
    def rows_to_fit(self) -> int:
        """A window and the horizon."""
        return _LEAST + self.horizon

    @property
    def rows_kept(self) -> int:
        """A window, or as many seasons back as the trees read."""
        return max(self._lags, 4 * max(self._periods, default=1)) + self.horizon

    @property
    def parameters(self) -> int:
        """The leaves of all trees."""
        return int((self.trees_.left == self.trees_.right).sum()) if hasattr(self, "trees_") else self.trees

    @property
    def fit_notes(self) -> tuple[str, ...]:
        """The season that was taken from the frequency, and the windows that were left out."""
        if not hasattr(self, "season_"):
            return ()
        said = [f"{len(self.trees_.roots)} trees, chosen on the last horizon of the training rows"]
        if self.season is None:
            said.append(season_note(self.season_))
        every, drawn = self.windows_.tolist()
        if drawn < every:
            said.append(f"fitted to {drawn:,} of {every:,} samples, drawn at random")
        return tuple(said)

    @property
    def fitted_choices(self) -> dict[str, str]:
        """What the fit chose where an option left it open."""
        if not hasattr(self, "season_"):
            return {}
        season = {} if self.season is not None else {"season": " and ".join(map(str, self._periods)) or "1"}
        lags = {} if self.lags is not None else {"lags": str(self._lags)}
        return season | lags | {"trees": str(len(self.trees_.roots))}

    @property
    def _periods(self) -> tuple[int, ...]:
        return tuple(self.season_.tolist())

    @property
    def _lags(self) -> int:
        return self.lags or min(max(8, 2 * min(self._periods, default=1)), 60)

    def _fit(self, train: Panel, validation: Panel | None) -> None:
        given = season_steps(self.season)
        check_season(given or (), train)
        self.season_ = np.array(season_of_panel(train) if given is None else given, dtype=np.int64)
        held = np.flatnonzero(train.lengths >= self.rows_to_fit + self.horizon)
        most = self.trees
        self.residuals_ = np.zeros((0, self.horizon))
        with counted("fits", 2, self.label) as advance:
            if len(held):
                ends = train.offsets[1:].copy()
                ends[held] -= self.horizon
                self.trees_ = self._boosted(train.before(ends), most)
                most = self._best_count(train, held)
                self.trees_ = self.trees_.first(most)
                self.residuals_ = self._held_out_errors(train, held)
            advance()
            self.trees_ = self._boosted(train, most)
            advance()

    def _boosted(self, train: Panel, trees: int) -> Trees:
        """Fit trees to the windows of a panel."""
        from sklearn.ensemble import HistGradientBoostingRegressor

        features = LagFeatures(train, self._lags, self._periods)
        rows, steps = self._samples(train)
        measures = features.measures(rows)
        X, base = features.read(rows, steps, measures, np.zeros((len(rows), 0)))
        usable = measures.spread > 0
        if not usable.any():  # constant series alone: nothing is added to their last values
            return Trees.none()
        y = (train.y[rows + steps] - base)[usable] / measures.spread[usable]
        if not trees:
            return Trees.none(float(np.median(y)))
        regressor = HistGradientBoostingRegressor(
            loss="absolute_error", learning_rate=self.learning_rate, max_iter=trees, max_leaf_nodes=self.leaves,
            early_stopping=False, random_state=self.seed, categorical_features=None,
        )  # fmt: skip
        X = X[usable]
        X[:, np.isnan(X).all(axis=0)] = 0.0  # seasons that no series reaches back to: scikit-learn refuses such columns
        regressor.fit(X, y)
        return Trees.of(regressor)

    def _samples(self, train: Panel) -> tuple[Rows, Rows]:
        """Draw cutoffs and steps ahead of values that were observed, in order."""
        each = np.arange(train.rows)
        series = train.series_of(each)
        age, left = each - train.offsets[series] + 1, train.offsets[series + 1] - 1 - each
        steps = np.arange(1, 1 + (self.horizon if self.strategy == "direct" else 1))
        cutoffs = []
        for step in steps:
            rows = np.flatnonzero((age >= _LEAST) & (left >= step))
            cutoffs.append(rows[~train.filled[rows + step]])
        counts = np.array([len(rows) for rows in cutoffs])
        drawn = np.arange(counts.sum())
        if len(drawn) > self.samples:
            drawn = np.sort(np.random.default_rng(self.seed).choice(len(drawn), self.samples, replace=False))
        if not len(drawn):
            raise DataError(f"{self.label}: no training row is followed by a value that was observed; give more rows.")
        self.windows_ = np.array([counts.sum(), len(drawn)])
        return np.concatenate(cutoffs)[drawn], np.repeat(steps, counts)[drawn]

    def _best_count(self, train: Panel, held: Rows) -> int:
        """Return the number of trees with the smallest absolute error on the last horizon of these series."""
        cutoffs = train.offsets[1:][held] - self.horizon - 1
        steps = np.arange(1, self.horizon + 1)
        if self.strategy == "direct":
            rows, ahead = np.repeat(cutoffs, self.horizon), np.tile(steps, len(held))
        else:
            rows = (cutoffs[:, None] + steps - 1).ravel()
            ahead = np.ones(len(rows), dtype=np.int64)
        features = LagFeatures(train, self._lags, self._periods)
        measures = features.measures(rows)
        X, base = features.read(rows, ahead, measures, np.zeros((len(rows), 0)))
        usable = (measures.spread > 0) & ~train.filled[rows + ahead]
        if not usable.any():
            return self.trees
        target = (train.y[rows + ahead] - base)[usable] / measures.spread[usable]
        losses = [float(np.abs(target - found).mean()) for found in self.trees_.staged(X[usable])]
        return int(np.argmin(losses)) if losses else 0

    def _held_out_errors(self, train: Panel, held: Rows) -> Values:
        """Return actual minus forecast on the last horizon, in units of the spread, ``[series, horizon]``."""
        cutoffs = train.offsets[1:][held] - self.horizon - 1
        targets = cutoffs[:, None] + np.arange(1, self.horizon + 1)
        spread = LagFeatures(train, self._lags, self._periods).measures(cutoffs).spread
        errors = (train.y[targets] - self._forecast(train, cutoffs, held)[0]) / np.where(spread > 0, spread, 1)[:, None]
        known = (spread > 0)[:, None] & ~train.filled[targets]
        return np.where(known, errors, np.nan)[known.any(axis=1)]

    def _forecast(self, panel: Panel, origins: Rows, fitted: Rows) -> Values:
        features = LagFeatures(panel, self._lags, self._periods)
        found = np.empty((len(origins), self.horizon))
        for at in range(0, len(origins), _CUTOFFS_AT_ONCE):
            rows = origins[at : at + _CUTOFFS_AT_ONCE]
            measures = features.measures(rows)
            for step in range(self.horizon):
                later = found[at : at + len(rows), : step if self.strategy == "recursive" else 0]
                X, base = features.read(rows, np.full(len(rows), step + 1), measures, later)
                if self.strategy == "recursive":
                    X[:, features.step_column] = 1
                found[at : at + len(rows), step] = base + measures.spread * self.trees_.predict(X)
        return found[None]

    def _bounds(self, panel: Panel, origins: Rows, fitted: Rows, levels: tuple[float, ...]) -> Values:
        spreads = LagFeatures(panel, self._lags, self._periods).measures(origins).spread
        tail = TailErrors(self.residuals_, np.zeros(len(self.residuals_), dtype=np.int64))
        around = tail.bounds(np.full(len(origins), -1), spreads, levels)
        return self.aggregate(self._forecast(panel, origins, fitted)) + around

    def _arrays(self) -> Arrays:
        return {**super()._arrays(), **{f"trees.{name}": array for name, array in self.trees_.arrays().items()}}

    def _restore(self, arrays: Arrays) -> None:
        super()._restore(arrays)
        self.trees_ = Trees(**{name[6:]: array for name, array in arrays.items() if name.startswith("trees.")})
        self.trees_.check()
