"""The rolling origin: fit on what came before, forecast, roll on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.data.same_times import first_alike
from penstock.errors import DataError, OptionError
from penstock.options import Description, check_options, option

__all__ = ["Fold", "RollingOrigin"]


@dataclass(frozen=True, eq=False)
class Fold:
    """One fit and the forecasts made with it.

    Attributes
    ----------
    starts, ends
        Flat row of the first training row of each series, and the one behind its last, ``[series]``.
    origins
        Flat row of the last known value of each forecast, ``[n]``, never before ``ends - 1``.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    origins: NDArray[np.int64]

    @staticmethod
    def pack(folds: Sequence[Fold]) -> dict[str, NDArray[np.int64]]:
        """Lay folds out as arrays by name."""
        return {
            "starts": np.stack([fold.starts for fold in folds]),
            "ends": np.stack([fold.ends for fold in folds]),
            "origins": np.concatenate([fold.origins for fold in folds]),
            "counts": np.array([len(fold.origins) for fold in folds]),
        }

    @classmethod
    def unpack(cls, arrays: Mapping[str, NDArray[np.int64]]) -> list[Fold]:
        """Read what :meth:`pack` gave."""
        origins = np.split(arrays["origins"], np.cumsum(arrays["counts"])[:-1])
        return [cls(*each) for each in zip(arrays["starts"], arrays["ends"], origins, strict=True)]


@dataclass(frozen=True, repr=False)
class RollingOrigin(Description):
    """The last `test` times of the frame are forecast from every cutoff before them, each seeing only its past.

    Times are those of all series together, so that with several series no model is trained on a row that is later than
    another series' first forecast. A series takes part in those cutoffs whose forecast times it has rows for, with
    values of their own: no forecast is judged by a value that was carried forward.

    With ``align="series"`` the test is the last `test` rows of each series, as in the M competitions: every series that
    is long enough is scored, whenever it ends, and a forecast sees the past of its own series.

    Models are fitted on all rows before the first of their cutoffs (an expanding window), or on the newest `train` of
    them (a sliding one). `purge` and `embargo` leave out the training rows nearest to it (López de Prado 2018, chapter
    7): `purge` those whose targets are made of later values, such as the return of the `purge` days to come, `embargo`
    further ones that still go together with the first test rows. Forecasts see every value up to their cutoff.

    Examples
    --------
    >>> RollingOrigin(test=252).cutoffs
    252
    >>> RollingOrigin(horizon=12, test=36, step=12).cutoffs
    3
    >>> RollingOrigin(test=252, refit=21, train=1000, purge=5)
    RollingOrigin(refit=21, train=1000, purge=5)
    """

    horizon: int = option(1, "steps ahead", at_least=1)
    test: int = option(252, "last times of the frame, kept for testing", at_least=1)
    step: int = option(1, "steps from one cutoff to the next", at_least=1)
    refit: int | None = option(None, "cutoffs after which models are fitted afresh; None: fitted once", at_least=1)
    train: int | None = option(None, "newest rows of each series to fit on; None: all", at_least=2)
    purge: int = option(0, "last training rows left out, since their targets reach beyond the cutoff", at_least=0)
    embargo: int = option(0, "further training rows left out before these", at_least=0)
    align: str = option(
        "times",
        "whose last rows are the test: those of all series together, by time, or each series' own",
        choices=("times", "series"),
    )

    def __post_init__(self) -> None:
        """Refuse a test period shorter than the horizon."""
        check_options(self)
        if self.test < self.horizon:
            raise OptionError(
                f"RollingOrigin: test={self.test} rows cannot hold one forecast of horizon={self.horizon}; "
                f"allowed: test of at least {self.horizon}."
            )

    @property
    def cutoffs(self) -> int:
        """Cutoffs of each series."""
        return (self.test - self.horizon) // self.step + 1

    @property
    def gap(self) -> int:
        """Rows of each series left out between its training rows and the first value forecast."""
        return self.purge + self.embargo

    @property
    def overlap(self) -> int:
        """Cutoffs whose forecasts share a target time: the horizon that the Diebold-Mariano test must know."""
        return math.ceil(self.horizon / self.step)

    def folds(self, panel: Panel) -> Iterator[Fold]:
        """Cut the panel; the training rows of each fold end where its first forecast begins, or `gap` rows before."""
        times = self.align == "times"
        calendar = np.unique(panel.times)[-self.test :]
        known = self.rows_known(panel)
        short = int(np.argmin(known))
        if known[short] < 2 or (times and len(calendar) < self.test):
            raise DataError(
                f"{panel.lengths[short]} rows{panel.name(short)} are too few for {self.test} test rows"
                f"{self._left_out}: at least "
                f"{self.test + self.gap + 2} are needed, and more to train on; choose a smaller test, or give more "
                "rows."
            )
        filled = np.concatenate([[0], np.cumsum(panel.filled)])
        steps, own = np.arange(self.cutoffs) * self.step, panel.offsets[1:] - self.test
        for first in range(0, self.cutoffs, self.refit or self.cutoffs):
            block = steps[first : first + (self.refit or self.cutoffs)]
            targets = _first_rows_from(panel, calendar[block]) if times else own[:, None] + block
            there = targets + self.horizon <= panel.offsets[1:, None]
            if times:
                there &= panel.times[np.minimum(targets, panel.rows - 1)] == calendar[block]
            there &= filled[np.minimum(targets + self.horizon, panel.rows)] == filled[targets]
            if there.any():
                yield self._fold(panel, targets[:, 0] - self.gap, targets[there] - 1)

    def rows_known(self, panel: Panel) -> NDArray[np.int64]:
        """Count the rows of each series that may be trained on before the first cutoff, ``[series]``."""
        if self.align == "series":
            known: NDArray[np.int64] = panel.lengths - self.test - self.gap
            return known
        first = np.unique(panel.times)[-self.test :][:1]
        return _first_rows_from(panel, first)[:, 0] - panel.offsets[:-1] - self.gap

    def _fold(self, panel: Panel, ends: NDArray[np.int64], origins: NDArray[np.int64]) -> Fold:
        starts = panel.offsets[:-1]
        return Fold(starts if self.train is None else np.maximum(starts, ends - self.train), ends, origins)

    @property
    def _left_out(self) -> str:
        return f" with {self.gap} left out before them" if self.gap else ""


def _first_rows_from(panel: Panel, times: NDArray[np.generic]) -> NDArray[np.int64]:
    """Give, for each series, the flat row of its first value at or after each time, ``[series, times]``."""
    alike = first_alike(panel)
    found = np.empty((len(panel), len(times)), dtype=np.int64)
    for series in np.unique(alike).tolist():
        found[series] = np.searchsorted(panel.times[panel.span(series)], times)
    return found[alike] + panel.offsets[:-1, None]
