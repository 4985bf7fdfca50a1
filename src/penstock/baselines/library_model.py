"""What the automatic classical models share, which statsforecast fits: each series for itself, with a season."""

from __future__ import annotations

import abc
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from penstock.baselines.each_series import each_series
from penstock.data.panel import Panel
from penstock.data.reading.notes import note
from penstock.data.season import check_season, season_note, season_of_panel, season_steps
from penstock.errors import DataError, OptionError
from penstock.estimator import Estimator
from penstock.extras import library
from penstock.options import option

__all__ = ["LibraryModel", "fitted_or_reason"]

Values = NDArray[np.float64]
Rows = NDArray[np.int64]

_LEVEL = 95  # of the library's interval that standard errors are read from


@dataclass(repr=False, eq=False)
class LibraryModel(Estimator):
    """A model of statsforecast (``pip install 'penstock[classical]'``), fitted to each series for itself.

    The parameters of a fit stay as they are when newer rows are forecast from.

    Attributes
    ----------
    state_, ends_
        What was fitted of all series, one after the other, and where each ends, ``[series]``.
    periods_
        Periods of the season of each series, 0 where there is none, ``[series, periods]``.
    """

    season: int | Sequence[int] | None = option(None, "steps in a season; 1: none; None: from the frequency")

    state_fields = ("state", "ends", "periods")
    longest_season: ClassVar[int | None] = None
    """Longest season that the model can take; None: any."""
    several_seasons: ClassVar[bool] = False
    """Whether it takes several at once."""
    rows_needed = 7
    parameters = 0

    def __post_init__(self) -> None:
        """Refuse seasons that the model cannot take."""
        super().__post_init__()
        periods, name = season_steps(self.season) or (), type(self).__name__
        if isinstance(self.season, list):
            self.season = tuple(self.season)
        if len(periods) > 1 and not self.several_seasons:
            raise OptionError(
                f"{name}: season={self.season!r} holds several periods; allowed: one, or MSTL for several."
            )
        if self.longest_season is not None and max(periods, default=0) > self.longest_season:
            raise OptionError(
                f"{name}: season={self.season} is longer than {self.longest_season} steps, the most that can be "
                f"estimated; use MSTL({self.season}), or season=1 for none."
            )

    @property
    def label(self) -> str:
        """Short name in tables."""
        return type(self).__name__ if self.season is None else f"{type(self).__name__}({self.season})"

    @property
    def rows_kept(self) -> None:
        """All of them: the states remember their whole past."""
        return None

    @property
    def fit_notes(self) -> tuple[str, ...]:
        """The season that was taken from the frequency."""
        if self.season is not None or not hasattr(self, "periods_"):
            return ()
        return (season_note(self.periods_.max(axis=0)),)

    @property
    def fitted_choices(self) -> dict[str, str]:
        """What the fit chose where an option left it open."""
        if not hasattr(self, "periods_"):
            return {}
        taken = " and ".join(map(str, self.periods_.max(axis=0).tolist()))
        return ({} if self.season is not None else {"season": taken or "1"}) | self._chosen_forms()

    def _chosen_forms(self) -> dict[str, str]:
        """Say which forms or orders a fit chose; of a model without, nothing."""
        return {}

    @property
    @abc.abstractmethod
    def _fit_one(self) -> Callable[..., Values | str]:
        """The function that fits a series: values, periods and :meth:`_options` in, its state or what is wrong out."""

    @abc.abstractmethod
    def _options(self) -> dict[str, Any]:
        """Give what the library's model is made with."""

    @abc.abstractmethod
    def _restored(self, state: Values, periods: tuple[int, ...]) -> Any:
        """Make the library's fitted model from its state."""

    def _fit(self, train: Panel, validation: Panel | None) -> None:
        library("statsforecast.models", "classical", type(self).__name__)
        season = self._season(train)
        held = np.array([[period if rows >= 2 * period else 0 for period in season] for rows in train.lengths])
        self.periods_ = held.reshape(len(train), len(season)).astype(np.int64)
        if short := int((self.periods_ == 0).any(axis=1).sum()):
            first = int((self.periods_ == 0).any(axis=1).argmax())
            note(
                f"{self.label}: {short:,} of {len(train):,} series have fewer rows than two seasons of {season[-1]} "
                f"steps (the first: {train.ids[first]!r} with {train.lengths[first]}) and are fitted without it."
            )
        jobs = [(train.y[train.span(s)], self._of(s), self._options()) for s in range(len(train))]
        states: list[Values] = []
        for series, state in enumerate(each_series(self._fit_one, jobs, self.label)):
            if isinstance(state, str):
                raise DataError(f"{self.label}: the series{train.name(series)} cannot be fitted: {state}.")
            states.append(state)
        self.state_ = np.concatenate(states)
        self.ends_ = np.cumsum([len(state) for state in states])

    def _season(self, train: Panel) -> tuple[int, ...]:
        """Return the periods that are given, or those that the frequency suggests and the model can take."""
        given = season_steps(self.season)
        if given is not None:
            check_season(given, train)
            return given
        found = season_of_panel(train)
        most = self.longest_season
        if most is not None and (long := [period for period in found if period > most]) == list(found) and found:
            note(f"{self.label}: a season of {long[0]} steps is longer than the {most} it can take; it is left out.")
        found = tuple(period for period in found if most is None or period <= most)
        return found if self.several_seasons else found[:1]

    def _of(self, series: int) -> tuple[int, ...]:
        """Give the periods of one series."""
        return tuple(int(period) for period in self.periods_[series] if period)

    def _state(self, series: int) -> Values:
        """Give the state of one series."""
        return self.state_[self.ends_[series - 1] if series else 0 : self.ends_[series]]

    def _forecast(self, panel: Panel, origins: Rows, fitted: Rows) -> Values:
        return self._ahead(panel, origins, fitted)[0][None]

    def _sigma(self, panel: Panel, origins: Rows, fitted: Rows) -> Values:
        mean, high = self._ahead(panel, origins, fitted, [_LEVEL])
        return (high - mean) / NormalDist().inv_cdf(0.5 + _LEVEL / 200)

    def _ahead(
        self, panel: Panel, origins: Rows, fitted: Rows, level: list[int] | None = None
    ) -> tuple[Values, Values]:
        """Give the means, and with a level the upper bounds, from each cutoff: both ``[n, horizon]``."""
        library("statsforecast.models", "classical", type(self).__name__)
        series = panel.series_of(origins)
        mean, high = np.empty((2, len(origins), self.horizon))
        models = {s: self._restored(self._state(int(fitted[s])), self._of(int(fitted[s]))) for s in np.unique(series)}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the library, on a series that its fit has already dealt with
            for place, (row, own) in enumerate(zip(origins, series, strict=True)):
                y = panel.y[panel.offsets[own] : row + 1].copy()
                found = models[own].forward(y, self.horizon, level=level)
                mean[place] = found["mean"]
                high[place] = found["mean"] if level is None else found[f"hi-{_LEVEL}"]
        return mean, high


def fitted_or_reason(fit: Callable[[], Values]) -> Values | str:
    """Call a fit of the library, without its warnings; return what is wrong with the series where it cannot."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # line searches that stop early: the library takes another model
        try:
            return fit()
        except Exception as error:  # the library raises bare exceptions
            return str(error) or type(error).__name__
