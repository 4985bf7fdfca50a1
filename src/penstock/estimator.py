"""What every forecaster and baseline is: options, then fit, predict, save.

A model implements four methods on panels; frames, columns, checks and files are handled here once for all.
"""

from __future__ import annotations

import abc
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from penstock.checkpoints import checkpoints, in_words
from penstock.data.columns import Columns
from penstock.data.frames import FrameKind, read_panel
from penstock.data.future import read_future
from penstock.data.panel import Panel
from penstock.data.reading.table import with_target
from penstock.data.shards import Shards
from penstock.engines.fit import engine_of_fit
from penstock.fitting import check_columns, fit_each, require_covariates, require_future, require_rows
from penstock.intervals.levels import checked_levels
from penstock.intervals.model_intervals import IntervalsMixin
from penstock.options import option
from penstock.saved import warn_not_finite
from penstock.searchable import Searchable
from penstock.series_score import SeriesScore
from penstock.sharded import ShardedSeries

__all__ = ["Estimator"]


@dataclass(repr=False, eq=False, kw_only=True)
class Estimator(ShardedSeries, SeriesScore, IntervalsMixin, Searchable):
    """A model of series with scikit-learn's grammar; fitted attributes end in an underscore.

    Attributes
    ----------
    ids_
        Names of the series that were fitted.
    tail_
        The last training rows, from which ``predict()`` forecasts.
    work_
        Which worker did what (:class:`penstock.engines.work.Work`), where `fit` was given an engine.
    """

    covariates: ClassVar[tuple[str, ...]] = ()
    """The covariates that the model uses, among ``past``, ``known`` and ``static``."""

    takes_callbacks: ClassVar[bool] = False  # True: trained epoch by epoch, by a loop that takes them

    horizon: int = option(1, "steps ahead", at_least=1, at_most=100_000)

    @property
    @abc.abstractmethod
    def label(self) -> str:
        """Short name in tables."""

    @property
    @abc.abstractmethod
    def rows_needed(self) -> int:
        """Rows up to a cutoff without which no forecast can be made there."""

    @property
    def rows_to_fit(self) -> int:
        """Rows of each series without which no fit can be made."""
        return self.rows_needed

    @property
    def rows_made_of(self) -> str:
        """What :attr:`rows_to_fit` adds up from, for messages."""
        return ""

    @property
    def rows_kept(self) -> int | None:
        """Training rows that ``predict()`` starts from; None: all, for models that remember their whole past."""
        return self.rows_needed + 24  # a little more than a forecast needs, to read the calendar from

    @property
    def forecasts_new_series(self) -> bool:
        """Whether series can be forecast that were not among those fitted."""
        return False

    @property
    def fit_notes(self) -> tuple[str, ...]:
        """What a fit chose or assumed that no option says, in phrases without a full stop."""
        return ()

    @property
    def parameters(self) -> int:
        """Weights or coefficients that a fit chooses, for one series."""
        return 0

    @abc.abstractmethod
    def _fit(self, train: Panel, validation: Panel | None) -> None:
        """Fit afresh on `train`; `validation` holds the same rows followed by validation rows."""

    def block_shape(self, pairs: Iterable[tuple[Panel, Panel | None]], folds: int) -> Any:
        """Return the shape that blocks of so many folds are padded to, given the longest and the shortest folds.

        Each pair holds training rows, and the panel with later rows for early stopping (None: their own tail). Blocks
        of one shape train in the same compiled program. None where nothing is compiled.
        """
        return None

    def _fit_all(
        self,
        models: Sequence[Self],
        trains: Sequence[Panel],
        validation: Sequence[Panel | None],
        shape: Any = None,
        callbacks: Sequence[Any] = (),
    ) -> None:
        """Fit each of `models`, copies of this one, on its own panel; a model that can fits them together."""
        for model, train, also in zip(models, trains, validation, strict=True):
            model._fit(train, also)

    @abc.abstractmethod
    def _forecast(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> NDArray[np.float64]:
        """Forecast ``[members, n, horizon]`` from the flat rows `origins`, seeing nothing after them.

        `fitted` names, for each series of the panel, the fitted series that it is; -1 for a new one.
        """

    def fit(
        self,
        frame: Any,
        y: Any = None,
        *,
        id: str = "unique_id",
        time: str = "ds",
        target: str = "y",
        past: str | Sequence[str] = (),
        known: str | Sequence[str] = (),
        static: str | Sequence[str] = (),
        missing: str = "error",
        calendar: str | None = None,
        validation: Any = None,
        callbacks: Sequence[Any] = (),
        checkpoint: str | Path | None = None,
        resume: bool = False,
        checkpoint_minutes: float = 1.0,
        engine: Any = None,
        address: str | None = None,
    ) -> Self:
        """Fit afresh on a long frame; earlier fits leave no trace.

        Parameters
        ----------
        frame
            pandas, polars or pyarrow frame: one row per series and time, in order; or :class:`penstock.Shards`.
        y
            Values of the target, one a row, where the frame does not hold them, as scikit-learn's tools give them.
        id, time, target
            Names of its columns. Without the default id column the frame is a single series.
        past
            Columns of covariates that are seen only up to the cutoff, like the target.
        known
            Columns of covariates that are known ahead of the cutoff; `predict` is given their next rows as `future`.
        static
            Columns of covariates that are the same in every row of a series.
        missing
            Where a value or a row is missing: ``error`` refuses it, ``ffill`` carries the last value forward, here and
            in `predict`; ``indicator`` also tells :class:`penstock.Forecaster`, which learns from no filled target.
        calendar
            The exchange whose trading days the rows hold, such as ``NYSE``, here and in `predict`.
        validation
            The rows that follow, for early stopping instead of a tail of `frame`; never those that judge the model.
        callbacks
            Hooks of the training loop (:class:`penstock.training.Callback`), for models that train epoch by epoch.
        checkpoint, resume, checkpoint_minutes
            Folder of checkpoints, whether to go on, minutes between two (:func:`penstock.training.checkpoints`).
        engine, address
            Where its parts run, as in :func:`penstock.compare`: settings of a search, models of an ensemble, members.

        Returns
        -------
        This estimator.

        Raises
        ------
        DataError
            Where the frame cannot be used; the message says why.
        OptionError
            Where covariates are named that the model does not use, or an engine and the fit has no parts.
        """
        columns = Columns(id, time, target, past, known, static)  # type: ignore[arg-type]
        if isinstance(frame, Shards):
            beside = {"y": y, "validation": validation, "missing": missing, "calendar": calendar, "engine": engine}
            return self._fit_from_shards(frame, columns, beside, callbacks, checkpoint, resume, checkpoint_minutes)
        check_columns(self, columns)
        train, kind = read_panel(with_target(frame, y, target), columns, missing, calendar=calendar)
        if validation is not None:
            validation = train.followed_by(read_panel(validation, columns, missing, kind, train.ids)[0], "validation")
        with engine_of_fit(self, engine, address) as where:
            what = {**in_words([self]), "rows": str(train.rows), **where}
            with checkpoints(checkpoint, resume=resume, minutes=checkpoint_minutes, what=what):
                return self.fit_panel(train, kind, validation, callbacks=callbacks)

    def fit_panel(
        self,
        train: Panel,
        kind: FrameKind,
        validation: Panel | None = None,
        shape: Any = None,
        callbacks: Sequence[Any] = (),
    ) -> Self:
        """Fit afresh on a panel that is already read; :meth:`fit` says what the arguments mean.

        Covariates that the model does not use are left aside, so that one panel serves many models. `shape` is what
        :meth:`block_shape` gave for the walk-forward that this fit belongs to.
        """
        return self._fit_copy(lambda fitted: fit_each([fitted], [train], kind, [validation], shape, callbacks))

    def fit_panels(
        self, trains: Sequence[Panel], kind: FrameKind, validation: Sequence[Panel] | None = None, shape: Any = None
    ) -> list[Self]:
        """Fit a fresh copy on each of several panels, all at once where the model can: the folds of a rolling origin.

        Each copy is what :meth:`fit_panel` would have made of it. `shape` is what :meth:`block_shape` gave for the
        walk-forward that these folds belong to.
        """
        copies = [self.clone() for _ in trains]
        fit_each(copies, trains, kind, validation or [None] * len(trains), shape)
        return copies

    @property
    def fits_in_parts(self) -> bool:
        """Whether a fit has parts that an engine can share out among workers."""
        return False

    def long_enough(self, train: Panel) -> NDArray[np.bool_]:
        """Say which series are fitted, ``[series]``: all, unless the model leaves out those that are too short."""
        return np.ones(len(train), dtype=bool)

    def check_rows(self, train: Panel) -> None:
        """Refuse training rows that are too few, before anything is fitted."""
        require_rows(self.label, train, train.offsets[1:] - 1, self.rows_to_fit, "training rows", self.rows_made_of)

    def predict(
        self, frame: Any = None, *, future: Any = None, level: float | Sequence[float] = (), out: str | Path = ""
    ) -> Any:
        """Forecast the `horizon` steps after the end of each series.

        Parameters
        ----------
        frame
            History to forecast from, newer than the training rows if you like; the training rows if left out. Of
            :class:`penstock.Shards`, each file is forecast by itself.
        future
            The rows that follow, with the known covariates (and the id and the time): at least `horizon` a series.
        level
            Coverage of the intervals that are wanted, in percent: 80, or [80, 95].
        out
            Folder of the forecasts of shards, a Parquet file for each; the names of the files are returned.

        Returns
        -------
        A frame of the kind that was given to `fit` (or here): the id, the time, ``yhat``, and for each level the bounds
        ``lo-80`` and ``hi-80`` of the model's own interval: from its forecast standard errors and a Gaussian, if its
        class says nothing else.

        Raises
        ------
        OptionError
            Before a fit, after an option changed, or where `future` is missing or not wanted.
        DataError
            Where the frame cannot be used, or a series was not fitted.
        """
        if isinstance(frame, Shards):
            return self._predict_shards(frame, out, future, level)
        self._require_fit()
        self._require_rows(frame, out)
        levels = checked_levels(level)
        panel, kind = self.tail_, self.kind_
        if frame is not None:
            panel, kind = read_panel(frame, kind.columns, kind.missing, kind, self.ids_)
        require_future(self, future)
        if future is None:
            times = kind.times_ahead(panel, self.horizon)
        else:
            panel, times = read_future(future, panel, kind, self.horizon)
        origins = panel.offsets[1:] - 1
        yhat = self.aggregate(self.forecast_panel(panel, origins))
        ids = [name for name in panel.ids for _ in range(self.horizon)]
        warn_not_finite(yhat, self.label)
        answer = {kind.columns.id: ids, kind.columns.time: np.concatenate(times), "yhat": yhat.ravel()}
        if levels:
            for share, (low, high) in zip(levels, self.bounds_panel(panel, origins, levels), strict=True):
                answer |= {f"lo-{share:g}": low.ravel(), f"hi-{share:g}": high.ravel()}
        return kind.frame(answer)

    def forecast_panel(self, panel: Panel, origins: NDArray[np.int64]) -> NDArray[np.float64]:
        """Forecast from many cutoffs of a panel at once.

        Parameters
        ----------
        panel
            The series; rows after a cutoff are not looked at for its forecast, but for their known covariates.
        origins
            Flat row of the last known value, ``[n]``.

        Returns
        -------
        Forecasts ``[members, n, horizon]`` in the units of the target.
        """
        panel = self._usable(panel, origins)
        return self._forecast(panel, origins, self._fitted_series(panel))

    def _usable(self, panel: Panel, origins: NDArray[np.int64]) -> Panel:
        """See that forecasts can be made there, and drop the covariates that the model does not use."""
        self._require_fit()
        require_rows(self.label, panel, origins, self.rows_needed, "rows up to the cutoff")
        panel = panel.with_only(self.covariates)
        require_covariates(self, panel)
        return panel
