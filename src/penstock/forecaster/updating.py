"""A fitted forecaster that learns from later rows: from its own weights on, with a test of drift before it does."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from penstock.argument_types import checked_choice
from penstock.data.later import read_later
from penstock.data.panel import Panel
from penstock.data.scaling import fit_scaling
from penstock.data.transforms import TRANSFORMS
from penstock.data.window_scaling import window_scale
from penstock.errors import DataError, OptionError, PenstockError, named
from penstock.forecaster.loading import LoadsWeights
from penstock.forecaster.replay import Chosen
from penstock.intervals.tail import TailErrors
from penstock.storage import Arrays
from penstock.training.config import TrainSpec
from penstock.training.history import History
from penstock.training.optimizers import resolve_optimizer
from penstock.training.train import train_folds
from penstock.training.warm_up import Warmup, warmup_epochs

__all__ = ["Update", "Updates"]

_DRIFT = 0.01  # p-value below which the errors of new rows are said to be larger
_KEPT = 200  # errors of each series that intervals are taken from, at least


@dataclass(frozen=True)
class Update:
    """What an update found and did.

    Attributes
    ----------
    new, seen, older
        Rows that were learned from, and rows of the frame that were left out because the model knew them, or because
        they come before those that it keeps.
    epochs, replay
        Passes over the new samples, and older rows of each series that were learned again.
    error, usual_error
        Median absolute error one step ahead on the new rows, before the update, and on the rows that it is held
        against: the validation tail, and the rows of earlier updates; in units of the series' scale.
    drift
        p-value of the one-sided Mann-Whitney test that errors on the new rows are no larger; None where there are too
        few to compare.
    without
        Fitted series of which the frame holds no row; the weights that they share learn from the others.
    """

    new: int
    seen: int
    epochs: int
    replay: int
    error: float
    usual_error: float | None
    drift: float | None
    older: int = 0
    without: tuple[Any, ...] = ()

    def __str__(self) -> str:
        """Return a summary of the update as text, one finding a line."""
        lines = [f"{self.new:,} new rows, {self.epochs} epochs, {self.replay} older rows of each series again"]
        if self.seen:
            lines.append(f"{self.seen:,} rows had been seen and are left out")
        if self.older:
            lines.append(f"{self.older:,} rows are older than those that the model keeps and are left out")
        if self.without:
            lines.append(f"{len(self.without):,} series got no new row: {named(self.without, 6)}")
        if self.drift is None:
            lines.append("no test of drift: too few errors to compare")
        else:
            larger = "larger than usual: the model no longer fits" if self.drift < _DRIFT else "no larger than usual"
            lines.append(
                f"errors before the update: median {self.error:.4g} against {self.usual_error:.4g} of the series' "
                f"scale, p = {self.drift:.3g}; {larger}"
            )
        return "\n".join(lines)


class Updates(LoadsWeights):
    """What :class:`penstock.forecaster.Forecaster` does with later rows."""

    weights_: Any
    history_: History
    update_: Update
    updates_: int = 0

    @abstractmethod
    def aggregate(self, members: NDArray[np.float64]) -> NDArray[np.float64]:
        """Make one forecast of those of all members."""

    def update(
        self,
        frame: Any,
        *,
        epochs: int = 5,
        learning_rate: float | None = None,
        replay: int = 0,
        scales: str = "keep",
        callbacks: Sequence[Any] = (),
    ) -> Self:
        """Learn from rows that came after the fit, starting from the fitted weights.

        Rows at times that the model has seen are left out. Before anything is learned, the model forecasts each new
        row; a test says whether these errors are larger than on the validation tail, and intervals are taken from them
        from now on, together with the earlier ones. `update_` says what was done.

        Parameters
        ----------
        frame
            Rows in the columns of the fit, that follow the rows which the model keeps; of some series, or of all (where
            `joint`, of all). Series without new rows stay as they are.
        epochs
            Passes over the new samples; 0 takes the rows in and learns nothing.
        learning_rate
            Of the optimiser, whose running means are first taken up over 30 steps or more at a rate of zero; None: as
            in the fit.
        replay
            Older samples of each series that are learned again, drawn anew from the rows that the model keeps.
        scales
            ``keep``: those of the fit; ``refit``: fitted on the rows at hand, for which the weights were not trained.
        callbacks
            Hooks of the training loop; they see the epochs of the warm-up, too.

        Returns
        -------
        This estimator.

        Raises
        ------
        DataError
            Where no row is new, or the frame cannot be read.
        OptionError
            For an argument that is not allowed.
        """
        self._require_fit()
        if self.shards_ is not None:
            raise OptionError(
                f"this {self.label} was fitted on shards, whose rows it does not keep, so that none can follow; fit "
                "again."
            )
        self._check_update(epochs, learning_rate, replay, scales)
        if self.stateful and epochs:
            raise OptionError(
                f"epochs={epochs}: the state of a stateful model belongs to the weights that walked the whole history, "
                "which is not kept; allowed: epochs=0, which takes the rows in, or fit again on all rows."
            )
        later, panel = read_later(self, frame, every=not self.joint)
        unknown = [name for name in panel.ids if name not in self.ids_ and len(self.ids_) > 1]
        if unknown:
            raise DataError(f"series {unknown[0]!r} was not among those fitted; fit again to take it in.")
        if self.joint and later.without:
            raise DataError(
                f"the series {later.without[0]!r} has no rows in the frame; with joint=True all series stand in one "
                "window: give rows of every series."
            )
        if not later.new:
            raise DataError(f"nothing can be learned: {later.counts}; give rows that come after the fit.")
        if len(panel) > 1:
            panel = panel.with_series(np.array([panel.ids.index(name) for name in self.ids_]))
        fitted = copy.copy(self)
        kept = np.array([later.kept[name] for name in panel.ids])
        fitted._note_errors(panel, kept)
        told = fitted.update_
        if scales == "refit":
            scaled = panel.with_values(TRANSFORMS[self.transform].apply(panel))
            lost = TRANSFORMS[self.transform].lost
            assert isinstance(self.scale, str)  # noqa: S101
            fitted.reader_ = replace(self.reader_, scaling=fit_scaling(self.scale, scaled, lost))
        if epochs:
            fitted._learn_again(panel, kept - self.horizon + 1, replay, epochs, learning_rate, callbacks)
        if self.stateful:
            fitted._keep_states(panel, self.states_)
        fitted.tail_ = panel.last(self.rows_kept)
        fitted.update_ = replace(
            told, new=later.new, seen=later.seen, older=later.older, without=later.without, epochs=epochs, replay=replay
        )
        self.__dict__ = fitted.__dict__
        return self

    def _check_update(self, epochs: int, learning_rate: float | None, replay: int, scales: str) -> None:
        for name, value in (("epochs", epochs), ("replay", replay)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise OptionError(f"{name}={value!r} is not allowed; allowed: a whole number at least 0.")
        number = isinstance(learning_rate, Real) and not isinstance(learning_rate, bool)
        if learning_rate is not None and (not number or not 0 < learning_rate < np.inf):
            raise OptionError(f"learning_rate={learning_rate!r} is not allowed; allowed: a number above 0, or None.")
        checked_choice("scales", scales, ("keep", "refit"))
        if scales == "refit" and window_scale(self.scale) is not None:
            raise OptionError(
                f"scales='refit': with scale={self.scale!r} each window has its own; allowed: scales='keep'."
            )

    def _note_errors(self, panel: Panel, kept: NDArray[np.int64]) -> None:
        """Forecast the new rows with the weights as they are; test the errors, and keep them for intervals."""
        from scipy.stats import mannwhitneyu

        head = self.head()
        if head.probability:
            self.update_ = Update(0, 0, 0, 0, np.nan, None, None)
            return
        firsts = panel.offsets[:-1] + kept - 1
        ends = np.maximum(panel.offsets[1:] - self.horizon, firsts)
        origins = np.concatenate([np.arange(first, end) for first, end in zip(firsts, ends, strict=True)])
        if not len(origins):
            self.update_ = Update(0, 0, 0, 0, np.nan, None, None)
            return
        targets = origins[:, None] + np.arange(1, self.horizon + 1)
        fitted = self._fitted_series(panel)
        errors = panel.y[targets] - self.aggregate(self.forecast_panel(panel, origins))
        errors = errors / self.reader_.spreads(panel, origins, fitted)[:, None]
        errors[panel.filled[targets]] = np.nan
        try:
            before = self._tail_errors()
        except PenstockError:  # no validation tail
            before = TailErrors(np.zeros((0, self.horizon)), np.zeros(0, dtype=np.int64))
        usual, now = (np.abs(each[:, 0])[np.isfinite(each[:, 0])] for each in (before.errors, errors))
        enough = min(len(usual), len(now)) >= 5
        drift = float(mannwhitneyu(now, usual, alternative="greater").pvalue) if enough else None
        error, usually = float(np.median(now)) if len(now) else np.nan, float(np.median(usual)) if enough else None
        self.update_ = Update(0, 0, 0, 0, error, usually, drift)
        both = np.concatenate([before.errors, errors])
        series = np.concatenate([before.series, fitted[panel.series_of(origins)]])
        most = max(_KEPT, int(np.max(self.tail_rows_)))
        newest = np.concatenate([np.flatnonzero(series == each)[-most:] for each in range(len(self.ids_))])
        self.errors_ = TailErrors(both[newest], series[newest])

    def _learn_again(
        self,
        panel: Panel,
        first: NDArray[np.int64],
        replay: int,
        epochs: int,
        learning_rate: float | None,
        callbacks: Sequence[Any],
    ) -> None:
        """Train from the fitted weights on the samples whose first target is row `first` of its series, or later.

        `replay` of each series' other samples are drawn and learned with them.
        """
        self.updates_ += 1
        before = (self.rows_kept or 0) if self.additive else self.window + TRANSFORMS[self.transform].lost
        skipped = np.maximum(np.minimum(first, panel.lengths - self.horizon) - before, 0)  # one window of each at least
        if replay:
            skipped = np.zeros_like(skipped)
        recent = self.with_calendar(panel.between(panel.offsets[:-1] + skipped, panel.offsets[1:]))
        chosen = Chosen(recent, recent.offsets[:-1] + first - skipped, replay, [self.seed, self.updates_])
        samples = self.reader_.samples(recent, recent.offsets[1:], chosen)
        config = self._train_config(gaps=self.reader_.gaps)
        optimizer: Any = resolve_optimizer(self.optimizer)
        if learning_rate is not None:
            optimizer = replace(optimizer, learning_rate=learning_rate)
        warmup = warmup_epochs(sum(int(found.total) for found in samples.train.values()), config.batch)
        config = replace(
            config, optimizer=optimizer, patience=None, target_loss=None,
            schedule=Warmup(warmup / (warmup + epochs)), schedule_epochs=warmup + epochs,
        )  # fmt: skip
        (trained,) = train_folds(
            TrainSpec(self.network, config, samples.source.widths, self.outputs(len(panel))),
            [samples],
            epochs=warmup + epochs,
            members=self.members,
            seed=(self.seed + self.updates_) % 2**32,
            weights=self.weights_,
            callbacks=callbacks,
        )
        self.weights_ = trained.weights
        self.history_ = History(
            np.concatenate([self.history_.training_loss, trained.history.training_loss[warmup:]]),
            np.concatenate([self.history_.validation_loss, trained.history.validation_loss[warmup:]]),
        )

    def _updated_arrays(self) -> Arrays:
        """Give what updates leave, for the model file."""
        if self.errors_ is None:
            return {}
        return {
            "update.residuals": self.errors_.errors, "update.series": self.errors_.series,
            "update.count": np.array([self.updates_], dtype=np.int64),
        }  # fmt: skip

    def _restore_updates(self, arrays: Arrays) -> None:
        """Take back what :meth:`_updated_arrays` gave."""
        self.errors_, self.updates_ = None, 0
        if "update.residuals" not in arrays:
            return
        errors, series = arrays["update.residuals"], arrays["update.series"]
        whole = series.dtype == np.int64 and errors.shape == (len(series), self.horizon) and errors.dtype == np.float64
        if not whole or not np.isin(series, np.arange(len(self.ids_))).all() or (np.diff(series) < 0).any():
            raise ValueError("the errors that updates left do not fit the series")
        self.errors_, self.updates_ = TailErrors(errors, series), int(arrays["update.count"][0])
