"""The recurrent forecaster."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from penstock.data.covariate_encoder import CovariateEncoder
from penstock.data.panel import Panel
from penstock.data.scaling import Standardizer, fit_scaling
from penstock.data.splits import tail_border
from penstock.data.transforms import TRANSFORMS
from penstock.data.window_scaling import window_scale
from penstock.errors import DataError
from penstock.forecaster.ahead import prepare_all
from penstock.forecaster.common import Common
from penstock.forecaster.member_task import trained_in_parts
from penstock.forecaster.prepared import Prepared
from penstock.forecaster.reader import Reader
from penstock.forecaster.season import describe_season
from penstock.forecaster.settings import ForecasterSettings
from penstock.forecaster.windows import WindowReading
from penstock.networks.inputs import Inputs
from penstock.storage import Arrays
from penstock.training.folds import BlockShape
from penstock.training.forward import forward
from penstock.training.history import History, Trained
from penstock.training.lanes import lanes_at_once
from penstock.training.progress import with_progress_bar
from penstock.training.recursion import recurse
from penstock.training.stored import restored_history, restored_weights, stored_history, stored_weights
from penstock.training.train import train_folds

__all__ = ["Forecaster"]


@dataclass(repr=False, eq=False)
class Forecaster(ForecasterSettings):
    """A network that forecasts the next `horizon` values from the last `window`.

    By default directly: all steps ahead are read from the network's last state, so each sees the newest value. `fit`
    starts from fresh weights, fits the scaler on the training rows, cuts the validation tail from them, and keeps the
    weights with the lowest loss on that tail. Several series share the weights; each has its own scale. Where `joint`,
    the series stand at the same times: one window holds all of them, and one output the forecasts of all.

    With ``stateful=True`` the state is carried from row to row of each series, in training (where gradients go back
    `window` rows at most), in `predict`, and in a stream. The model keeps the state with its last rows.

    Covariates are named at the fit. Past ones are further features of the window. Known ones are too, and the network
    reads their values at the steps ahead beside its last state. Static ones are categories: `Network(embeddings=[8])`
    gives each its width, 0 for one-hot; ``static="unique_id"`` gives each series a vector of its own. With
    ``missing="indicator"`` a feature tells which targets were missing; these are filled in the input alone.

    The loss says what is forecast. ``mse``, ``mae``, ``huber``: the value. ``direction``: the probability that it lies
    above zero, before scaling; with a transform, that it rises. ``pinball``: the median and the bounds of `levels`,
    which never cross. ``gaussian``, ``student``: a distribution, whose centre is the forecast. With a transform these
    three speak of the whole change up to each step.

    ``predict(level=80)`` takes the bounds of quantiles and distributions from the network (the mean of the members'
    bounds); those of values by split conformal prediction from the errors on the validation tail, which the network has
    not learned from.

    Attributes
    ----------
    weights_
        Weights of all members, every leaf ``[members, ...]``.
    reader_, inputs_
        How panels are read, with all scales; widths of what the network reads.
    history_
        Losses by epoch and member.
    validation_rows_, tail_rows_
        Length of the validation tail of each series, and how much of it are training rows (all or none).

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from penstock.layers.declared import LSTM
    >>> from penstock.networks.network import Network
    >>> frame = pd.DataFrame({"ds": range(80), "y": np.sin(np.arange(80) / 4)})
    >>> model = Forecaster(Network([LSTM(4)]), window=8, epochs=2, seed=1).fit(frame)
    >>> model.predict().columns.tolist(), model.parameters
    (['ds', 'yhat'], 101)
    """

    covariates: ClassVar[tuple[str, ...]] = ("past", "known", "static")
    takes_callbacks: ClassVar[bool] = True

    @property
    def fits_in_parts(self) -> bool:
        """Whether there are more members than train side by side in one program."""
        return self.members > lanes_at_once()

    @property
    def parameters(self) -> int:
        """Weights of one member; before a fit without covariates, for one series, with one label a static category."""
        return self.network.parameters(*self._widths)

    def summary(self) -> str:
        """Give the table of the network's layers, as it was fitted, or for one series without covariates.

        Where forecasts are additions, a line below says to what: the season may have been taken from the frequency.

        Returns
        -------
        The table as text.
        """
        table = self.network.summary(*self._widths, self.window)
        told = self.additive and hasattr(self, "season_")
        return f"{table}\n{describe_season(self, self.season_)}" if told else table

    @property
    def _widths(self) -> tuple[Inputs, int]:
        if hasattr(self, "inputs_"):
            return self.inputs_, self.outputs(len(self.scaling_.shift))
        return Inputs(categories=(1,) * len(self.network.embeddings)), self.outputs(1)

    @property
    def scaling_(self) -> Standardizer:
        """Shift and scale of each series."""
        return self.reader_.scaling

    def prepare(self, train_panel: Panel, validation: Panel | None = None, common: Common | None = None) -> Prepared:
        """Fit scales and categories on training rows, and cut training and validation samples.

        `validation` holds the same rows followed by validation rows; left out, these are a tail of the training rows.
        `common` is what was fitted on all parts of a larger panel; left out, it is fitted here.
        """
        self.require_covariates(train_panel)
        train_panel = self.with_calendar(train_panel)
        validation = validation and self.with_calendar(validation)
        lost = TRANSFORMS[self.transform].lost
        scaled = train_panel.with_values(TRANSFORMS[self.transform].apply(train_panel))
        scaling = fit_scaling(self.scale if isinstance(self.scale, str) else "window", scaled, lost)
        common = common or Common.of(self, train_panel)
        reader = self._reader(scaling, common.encoding, common.season, gaps=train_panel.masked)
        if validation is None:
            least = self.rows_to_fit if self.additive else 0
            panel, border = train_panel, tail_border(train_panel, self.validation, self.horizon, least)
            if common.whole:
                self.require_tail(tails=bool((border < panel.offsets[1:]).any()))
        else:
            panel, border = validation, validation.offsets[:-1] + train_panel.lengths
        samples = reader.samples(panel, border)
        if validation is not None and int(samples.validation[self.window].total) == 0:
            raise DataError(f"the validation frame holds no whole horizon: {self.horizon} rows or more are needed.")
        return Prepared(samples, reader, panel.offsets[1:] - border, validation is None)

    def finish(self, prepared: Prepared, trained: Trained) -> None:
        """Keep what was prepared and what training gave."""
        self.errors_, self.updates_ = None, 0
        self.validation_rows_ = prepared.validation_rows
        self.tail_rows_ = prepared.validation_rows * prepared.own_tail
        self.reader_: Reader = prepared.reader
        self.season_: tuple[int, ...] = prepared.reader.season
        self.inputs_: Inputs = prepared.samples.source.widths
        self.weights_: Any = trained.weights
        self.history_: History = trained.history

    def _fit(self, train_panel: Panel, validation: Panel | None) -> None:
        self._fit_all([self], [train_panel], [validation])

    @property
    def fit_notes(self) -> tuple[str, ...]:
        """The season that was taken from the frequency, what forecasts are additions to, and the clock that is read."""
        taken = self.additive and self.season is None and hasattr(self, "season_")
        notes = [*([describe_season(self, self.season_)] if taken else []), *self._shard_notes()]
        if self.calendar_features and hasattr(self, "kind_") and self.kind_.zone:
            notes.append(f"calendar features: read in UTC, not in {self.kind_.zone}")
        return tuple(notes)

    def block_shape(self, pairs: Iterable[tuple[Panel, Panel | None]], folds: int) -> BlockShape | None:
        """Return the shape that blocks of so many folds are padded to: the most rows and samples of any of `pairs`."""
        shape = None
        for train, also in () if self.stateful else pairs:
            panels = train.with_only(self.covariates), also and also.with_only(self.covariates)
            own = BlockShape.of(self.prepare(*panels).samples, folds)
            shape = own if shape is None else shape.covering(own)
        return shape

    def _fit_all(
        self,
        models: Sequence[Self],
        trains: Sequence[Panel],
        validation: Sequence[Panel | None],
        shape: Any = None,
        callbacks: Sequence[Any] = (),
    ) -> None:
        prepared, ahead = prepare_all(self, list(zip(trains, validation, strict=True)), shape)
        parts = None if shape is not None or callbacks else trained_in_parts(self, prepared, trains, validation)
        pairs = zip(models, prepared, strict=True)
        for _, alike in groupby(pairs, key=lambda pair: (pair[1].reader.gaps, pair[1].reader.season)):
            together = list(alike)
            spec = self.spec(together[0][1], len(trains[0]))
            read = self._read_weights(spec.inputs, spec.outputs)
            trained = ([read] if read else parts) or train_folds(
                spec,
                [each.samples for _, each in together],
                epochs=self.epochs,
                members=self.members,
                seed=self.seed,
                callbacks=with_progress_bar(callbacks, self.progress),
                shape=shape,
                ahead=ahead,
            )
            for (model, start), end in zip(together, trained, strict=True):
                model.finish(start, end)
        for model, train in zip(models, trains, strict=True) if self.stateful else ():
            model._keep_states(train)

    def aggregate(self, members: NDArray[np.float64]) -> NDArray[np.float64]:
        """Make one forecast of those of all members ``[members, ...]``: their mean or median."""
        return np.median(members, axis=0) if self.ensemble == "median" else members.mean(axis=0)

    def _forecast(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> NDArray[np.float64]:
        out = self._outputs_at(panel, origins, fitted)
        return self._in_units(self.head().centre(out), panel, origins, fitted)

    def _outputs_at(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> NDArray[np.float64]:
        """Give the outputs for the series of each origin, still scaled, ``[members, n, horizon, width]``."""
        panel = self.with_calendar(panel, self.horizon)
        panel.known_after(origins, self.horizon)  # refuses those that are missing
        if self.stateful:
            return self._carried_outputs(panel, origins, fitted)
        starts, which = np.unique(self.reader_.starts(panel, origins), return_inverse=True)
        source = self.reader_.source(panel, fitted, origins)
        if self.strategy == "direct":
            outputs = self.outputs(len(self.ids_))
            out = forward(self.network, self.weights_, source, {self.window: starts}, outputs)[self.window]
        else:
            columns = self.reader_.columns(panel)
            out = recurse(self.network, self.weights_, source, starts, self.window, self.horizon, *columns)
        return self.reader_.select_outputs(out[:, which], panel, origins, fitted, self.horizon, self.head().width)

    def _in_units(
        self, steps: NDArray[np.float64], panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Bring what a head says of scaled steps ahead ``[members, n, horizon]`` to the units of the target."""
        head = self.head()
        if head.probability:
            return steps
        if head.summed > 1:
            steps = np.diff(steps, axis=-1, prepend=0.0)
        return self.reader_.in_units(steps, panel, origins, fitted)

    def not_scored(self, panel: Panel) -> str:
        """Say that values are no measure of probabilities, unless they are labels."""
        labels = self.transform == "none" and np.isin(panel.y, (0, 1)).all()
        if labels or not self.head().probability:
            return ""
        return (
            f"{self.label} forecasts the probability that a value lies above zero, not the value; give labels, 0 and 1,"
            " as the target (and the values as past=), or score it with penstock.evaluation.labels"
        )

    @property
    def rows_kept(self) -> int:
        """What a forecast needs, the validation tail, and a little more, to read the calendar from."""
        season = max(getattr(self, "season_", ()), default=0)
        read = max(self.shortest_window if self.stateful else self.window + season, 3 * season) + self._lost
        return read + int(np.max(getattr(self, "tail_rows_", 0))) + 24

    def _reader(
        self, scaling: Standardizer, encoding: CovariateEncoder, season: tuple[int, ...], *, gaps: bool
    ) -> Reader:
        lost = TRANSFORMS[self.transform].lost
        windows = WindowReading(window_scale(self.scale), season, self.window, self.shortest_window, lost)
        return Reader(
            scaling,
            encoding,
            transform=self.transform,
            window=self.shortest_window if self.stateful else self.window,
            steps=self.steps,
            parts=self.window if self.stateful else 0,
            known_in_window=self.known_in_window,
            reverse=self.reverse,
            joint=self.joint,
            gaps=gaps,
            labels=self.head().probability,
            windows=windows if self.additive else None,
            balanced=self.balance == "series",
        )

    def _arrays(self) -> Arrays:
        return {
            **stored_weights(self.weights_),
            **self.scaling_.arrays("scaling."),
            **self.reader_.encoding.numbers.arrays("encoding."),
            **stored_history(self.history_),
            "watched_rows": self.validation_rows_,
            "tail_rows": self.tail_rows_,
            **self._updated_arrays(),
            **self._state_arrays(),
            **({"season": np.array(self.season_, dtype=np.int64)} if self.additive else {}),
        }

    def _restore(self, arrays: Arrays) -> None:
        none = np.zeros(0)
        older = {"encoding.shift": none, "encoding.scale": none}  # of files older than covariates
        covariates = Standardizer.of_arrays(older | arrays, "encoding.")
        encoding = CovariateEncoder(covariates, CovariateEncoder.values_of(self.tail_.static))
        scaling = Standardizer.of_arrays(arrays, "scaling.")
        self.season_ = tuple(arrays.get("season", np.zeros(0, dtype=np.int64)).tolist())
        self.reader_ = self._reader(scaling, encoding, self.season_, gaps=self.kind_.missing == "indicator")
        self.inputs_ = self.reader_.source(self.with_calendar(self.tail_), np.arange(len(self.tail_))).widths
        outputs = self.outputs(len(self.ids_))
        self.weights_ = restored_weights(arrays, self.network, self.inputs_, outputs, self.members)
        self.history_ = restored_history(arrays)
        self.validation_rows_ = arrays["watched_rows"]
        self.tail_rows_ = arrays.get("tail_rows", 0 * self.validation_rows_)
        held = self.tail_rows_.shape == self.tail_.lengths.shape and (self.tail_rows_ <= self.tail_.lengths).all()
        if not held or (self.tail_rows_ < 0).any() or any(not 2 <= each <= 1_000_000 for each in self.season_):
            raise ValueError("the validation tail is not within the rows that are kept, or a season is not possible")
        self._restore_states(arrays)
        self._restore_updates(arrays)
