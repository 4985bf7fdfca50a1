"""What a forecaster learns from all series together before training: the covariates' encoder, and the season."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.data.covariate_encoder import CovariateEncoder, CovariateStatistics
from penstock.data.panel import Panel
from penstock.data.season import check_season, season_of_panel, season_steps
from penstock.errors import DataError
from penstock.forecaster.options import ForecasterOptions
from penstock.forecaster.season import fit_season, season_errors

__all__ = ["Common", "CommonOfParts"]


@dataclass(frozen=True, eq=False)
class Common:
    """What holds for all series alike.

    Attributes
    ----------
    encoding
        Encoder of the covariates.
    season
        Periods of the seasonal naive forecasts that forecasts are additions to.
    whole
        Whether it was fitted on the very panel that it is used for; else on several, of which that is one.
    """

    encoding: CovariateEncoder
    season: tuple[int, ...]
    whole: bool = True

    @classmethod
    def of(cls, options: ForecasterOptions, train: Panel) -> Common:
        """Fit on the rows of a panel, which must be training rows."""
        return cls(CovariateEncoder.fit(train), fit_season(options, train))


class CommonOfParts:
    """:class:`Common` of a panel that comes part by part, each of which holds whole series.

    Parameters
    ----------
    options
        The forecaster.
    """

    def __init__(self, options: ForecasterOptions) -> None:
        self._options = options
        self._statistics: CovariateStatistics | None = None
        self._given = season_steps(options.season)
        self._season: tuple[int, ...] | None = None
        self._errors: NDArray[np.float64] = np.zeros(0)
        self._too_long: DataError | None = None
        self._fits = False

    def add(self, train: Panel) -> None:
        """Take in a part.

        Parameters
        ----------
        train
            Its training rows.

        Raises
        ------
        DataError
            Where its frequency suggests another season than that of the part before.
        """
        own = CovariateStatistics.of(train)
        self._statistics = own if self._statistics is None else self._statistics.merged(own)
        if self._given is not None:
            try:
                check_season(self._given, train)
                self._fits = True
            except DataError as error:  # of another part, a series may be long enough
                self._too_long = error
            return
        found = season_of_panel(train)
        if self._season is not None and found != self._season:
            raise DataError(
                f"its frequency suggests the season {found or 'none'}, that of the files before it "
                f"{self._season or 'none'}; give season=, or files of one frequency."
            )
        self._errors = np.array(list(season_errors(self._options, train, found))) + (
            0.0 if self._season is None else self._errors
        )
        self._season = found

    def common(self) -> Common:
        """Return what holds for all parts.

        Raises
        ------
        DataError
            Where a period that is given is longer than every series.
        """
        assert self._statistics is not None  # noqa: S101 (a part was added)
        if self._given is not None and self._too_long is not None and not self._fits:
            raise self._too_long
        season = self._given or ()
        if self._given is None and (self._errors < 0).any():
            season = self._season or ()
        return Common(self._statistics.encoder(), season, whole=False)
