"""The forecaster's options, and what follows from them before anything is fitted."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from penstock.data.calendar_features import CALENDAR_FEATURES, with_calendar
from penstock.data.panel import Panel
from penstock.data.scaling import SCALINGS
from penstock.data.season import season_steps
from penstock.data.splits import rows_for_tail
from penstock.data.transforms import TRANSFORMS
from penstock.data.window_scaling import WindowScale, window_scale
from penstock.errors import DataError, OptionError, named, nearest
from penstock.estimator import Estimator
from penstock.fitted_choices import numbers_in_words
from penstock.forecaster.sizes import refuse_sizes
from penstock.intervals.levels import checked_levels
from penstock.networks.network import Network
from penstock.networks.segrnn import SegRNN
from penstock.options import option
from penstock.training.config import TrainConfig
from penstock.training.heads import HEADS, Head, Value, resolve_head
from penstock.training.options import TrainingOptions

__all__ = ["STRATEGIES", "ForecasterOptions"]

BALANCES = ("rows", "series")
"""What weighs alike in the loss."""

SHORT = ("error", "drop")
"""What to do with series that are too short to fit: refuse all, or leave them out with a warning."""

STRATEGIES = ("direct", "recursive")
"""How several steps ahead are forecast: all from the last state; or one at a time, each fed back as if observed."""


@dataclass(repr=False, eq=False)
class ForecasterOptions(TrainingOptions, Estimator):
    """The options of :class:`penstock.forecaster.Forecaster`."""

    network: Network | SegRNN = option(help="the network's description")
    window: int = option(63, "input length in steps", at_least=1)
    strategy: str = option("direct", "how several steps ahead are forecast", choices=STRATEGIES)
    known_in_window: bool = option(True, "read known covariates in the window too, not only at the steps ahead")
    stateful: bool = option(
        False,
        "carry the state along the whole series, in training too, where `window` is how far gradients go back",
    )
    joint: bool = option(False, "read all series together and forecast them together, as a VAR does")
    reverse: bool = option(False, "feed windows newest row first, as some publications do; of no use to the network")
    transform: str = option("none", "change of variable before scaling", choices=TRANSFORMS)
    scale: str | WindowScale = option(
        "minmax", "scaling, fitted on training rows; or each window by its own level and spread", choices=SCALINGS
    )
    calendar_features: str | Sequence[str] = option(
        (),
        "read from the times, as known covariates: hour, dayofweek, day, dayofyear, month; each as sine and cosine",
    )
    season: int | Sequence[int] | None = option(
        None,
        "periods in steps: forecasts are additions to the seasonal naive, with 1 to the last value; None: from the "
        "frequency where scale='window' and the seasonal naive errs less on the training rows, else no additions",
    )
    min_window: int | None = option(
        None,
        "least true length of a window at the beginning of a series, where forecasts are additions; None: 3",
        at_least=1,
    )
    short: str = option("error", "what to do with series that are too short to fit", choices=SHORT)
    loss: str = option("mse", "loss to minimise, in scaled units; it says what is forecast", choices=HEADS)
    levels: float | tuple[float, ...] = option((80, 95), "levels of the intervals that loss='pinball' learns, percent")
    balance: str = option("rows", "what weighs alike in the loss: every window, or every series", choices=BALANCES)
    steps_per_epoch: int | None = option(
        None, "steps of an epoch at most, on windows drawn anew each time; None: all windows", at_least=1
    )
    validation: float | str = option(
        0.1,
        "validation tail of training rows: a share below 1, or rows, or one horizon; 0: none",
        at_least=0,
        choices=("horizon",),
    )
    ensemble: str = option(
        "mean", "how the members' forecasts become one", choices=("mean", "median"), affects_fit=False
    )

    def __post_init__(self) -> None:
        """Refuse options that are not allowed, or that contradict each other."""
        super().__post_init__()
        season_steps(self.season)
        self._check_calendar()
        if isinstance(self.season, list):
            self.season = tuple(self.season)
        self._check_additions()
        self._check_stateful()
        if not isinstance(self.validation, str) and self.validation > 1 and self.validation != int(self.validation):
            raise OptionError(
                f"Forecaster: validation={self.validation} is neither a share below 1 nor a whole number of rows."
            )
        levels = checked_levels(self.levels)
        if not levels:
            raise OptionError("Forecaster: levels holds no level; allowed: percentages, such as (80, 95).")
        if levels != self.levels:
            self.levels = levels
        if self.strategy == "recursive" and not isinstance(self.head(), Value):
            values = [name for name, head in HEADS.items() if head is Value]
            raise OptionError(
                f"Forecaster: strategy='recursive' feeds values back, which loss={self.loss!r} does not forecast; "
                f"allowed: strategy='direct', or loss among {', '.join(map(repr, values))}."
            )

    def _check_stateful(self) -> None:
        """Refuse what a state cannot be carried through."""

    def _check_calendar(self) -> None:
        """Refuse calendar features that do not exist, or stand twice."""
        given = self.calendar_features
        names = (given,) if isinstance(given, str) else tuple(given)
        wrong = [name for name in names if name not in CALENDAR_FEATURES]
        if wrong or len({*names}) < len(names):
            what = f"is no feature: {nearest(wrong[0], CALENDAR_FEATURES)}" if wrong else "stands there twice."
            raise OptionError(f"Forecaster: calendar_features={given!r}: {(wrong or names)[0]!r} {what}")
        self.calendar_features = names

    def with_calendar(self, panel: Panel, steps: int = 0) -> Panel:
        """Put the calendar features behind the known covariates of a panel, continued by `steps` rows."""
        return with_calendar(panel, tuple(self.calendar_features), steps)

    def _check_additions(self) -> None:
        """Refuse options that contradict forecasts as additions, or that need them."""
        given = f"scale={self.scale!r}" if self.season is None else f"season={self.season!r}"
        if self.additive and self.joint:
            raise OptionError(f"Forecaster: {given} takes each series by itself; allowed: joint=False.")
        if self.additive and self.strategy == "recursive":
            raise OptionError(
                f"Forecaster: {given} forecasts all steps as additions at once; allowed: strategy='direct'."
            )
        if not self.additive and self.min_window is not None:
            raise OptionError("Forecaster: min_window is for scale='window' or season=; leave it out.")
        if self.min_window is not None and self.min_window > self.window:
            raise OptionError(f"Forecaster: min_window={self.min_window} is longer than window={self.window}.")

    @property
    def fitted_choices(self) -> dict[str, str]:
        """What the fit chose where an option left it open."""
        history, season = getattr(self, "history_", None), getattr(self, "season_", ())
        if history is None:
            return {}
        taken = {"season": " and ".join(map(str, season)) or "none"} if self.additive and self.season is None else {}
        return taken | {"epochs": numbers_in_words(history.epochs)}

    @property
    def additive(self) -> bool:
        """Whether forecasts are additions to the seasonal naive or the last value."""
        return self.season is not None or window_scale(self.scale) is not None

    @property
    def forecasts_new_series(self) -> bool:
        """Whether series can be forecast that were not among those fitted: where each window is scaled by itself."""
        scale = window_scale(self.scale)
        return scale is not None and scale.spread != "series"

    @property
    def shortest_window(self) -> int:
        """Least true length of a window; a row, where the state is carried."""
        if self.stateful:
            return 1
        if not self.additive:
            return self.window
        return min(self.window, 3) if self.min_window is None else self.min_window

    @property
    def label(self) -> str:
        """Short name in tables, which tells a model whose state is carried from one of windows."""
        return f"{self.network.label} stateful" if self.stateful else self.network.label

    @property
    def steps(self) -> int:
        """Steps ahead that the network puts out at once."""
        return self.horizon if self.strategy == "direct" else 1

    def head(self, *, gaps: bool = False) -> Head:
        """Say what the network's outputs mean; `gaps` where targets may be missing."""
        summed = self.steps if TRANSFORMS[self.transform].lost else 1
        return resolve_head(self.loss, checked_levels(self.levels), gaps=gaps, steps=summed)

    def _train_config(self, *, gaps: bool) -> TrainConfig:
        """Say how the network is trained; `gaps` where targets may be missing."""
        config = self.train_config(self.head(gaps=gaps), steps_per_epoch=self.steps_per_epoch)
        return replace(config, stateful=self.stateful)

    def outputs(self, series: int) -> int:
        """Count what the network puts out for a panel of so many series.

        Parameters
        ----------
        series
            Series of the panel.

        Returns
        -------
        The number of outputs.
        """
        return self.steps * self.head().width * (series if self.joint else 1)

    @property
    def rows_needed(self) -> int:
        """The window, and what the transform loses."""
        return self.shortest_window + TRANSFORMS[self.transform].lost

    @property
    def rows_to_fit(self) -> int:
        """One window with its targets, and the validation tail, which longer series give where windows may be short."""
        if self.additive:
            return self.rows_needed + self.horizon
        return rows_for_tail(self.rows_needed + self.horizon, self.validation, self.horizon)

    @property
    def rows_made_of(self) -> str:
        """What the rows that a fit needs add up from."""
        lost, tail = TRANSFORMS[self.transform].lost, self.rows_to_fit - self.rows_needed - self.horizon
        parts = [f"{'rows' if self.stateful else 'window'} {self.shortest_window}", f"horizon {self.horizon}"]
        parts += [f"{tail} for validation"] if tail else []
        return " + ".join([*parts, f"{lost} lost to the transform"] if lost else parts)

    def long_enough(self, train: Panel) -> NDArray[np.bool_]:
        """Say which series are fitted, ``[series]``; with ``short="drop"`` a warning counts the others."""
        kept = train.lengths >= self.rows_to_fit
        if self.short == "error" or kept.all() or not kept.any():
            return np.ones(len(train), dtype=bool)
        warnings.warn(
            f"{self.label}: {int((~kept).sum())} of {len(train)} series are left out, as they have fewer than the "
            f"{self.rows_to_fit} rows that a fit needs ({self.rows_made_of}): {_which(train, ~kept)}.",
            stacklevel=2,
        )
        return kept

    def check_rows(self, train: Panel) -> None:
        """Refuse training rows that are too few, and sizes beyond them or the memory, before anything is fitted."""
        short = train.lengths < self.rows_to_fit
        if short.sum() < 2:
            super().check_rows(train)
            refuse_sizes(self, train)
            return
        raise DataError(
            f"{self.label}: {int(short.sum())} of {len(train)} series have too few training rows: {self.rows_to_fit} "
            f"are needed ({self.rows_made_of}), but there are {_which(train, short)}; leave them out with "
            "short='drop', or give more rows, or a shorter window."
        )

    def require_tail(self, *, tails: bool) -> None:
        """Refuse rows of which no series gives a validation tail, where one is wanted.

        Parameters
        ----------
        tails
            Whether a series gives one.

        Raises
        ------
        DataError
            Where none does.
        """
        if self.validation and not tails:
            least = (self.rows_to_fit if self.additive else 0) + self.horizon
            raise DataError(
                f"{self.label}: no series has the {least} training rows that leave a validation tail; give more rows, "
                "or validation=0."
            )

    def require_covariates(self, panel: Panel) -> None:
        """Refuse covariates that contradict the options."""
        categories, widths = panel.static.shape[1], len(self.network.embeddings)
        if self.joint and categories:
            raise OptionError("Forecaster: joint=True reads all series in one sample, which has no static covariates.")
        if categories != widths:
            given = f"static names {categories} columns" if categories else "no static columns are named"
            raise OptionError(
                f"Forecaster: {given}, but the network has {widths} embeddings; give Network(..., embeddings=[...]) one"
                " width for each static column, 0 for one-hot."
            )
        if self.strategy == "recursive" and self.horizon > 1 and panel.past.shape[1]:
            raise OptionError(
                "Forecaster: strategy='recursive' would have to know the past covariates of the steps ahead; "
                "allowed: strategy='direct', or known covariates."
            )


def _which(panel: Panel, series: NDArray[np.bool_]) -> str:
    """Name some series with their rows."""
    return named([f"{panel.ids[place]} ({panel.lengths[place]} rows)" for place in np.flatnonzero(series)])
