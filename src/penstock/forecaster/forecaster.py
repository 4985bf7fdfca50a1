"""The recurrent forecaster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from penstock.data.encoding import Encoding
from penstock.data.panel import Panel
from penstock.data.scaling import SCALINGS, Scaling, fit_scaling
from penstock.data.splits import rows_for_tail, tail_border
from penstock.data.transforms import TRANSFORMS
from penstock.errors import DataError, OptionError
from penstock.estimator import Estimator
from penstock.forecaster.reader import Reader
from penstock.networks.inputs import Inputs
from penstock.networks.network import Network
from penstock.options import option
from penstock.storage import Arrays
from penstock.training.forward import forward
from penstock.training.losses import VALUE_LOSSES
from penstock.training.options import TrainingOptions
from penstock.training.samples import Samples
from penstock.training.stored import restored_history, restored_weights, stored_history, stored_weights
from penstock.training.train import History, Trained, train

__all__ = ["Forecaster", "Prepared"]


@dataclass(frozen=True, eq=False)
class Prepared:
    """What training starts from, and what a fit is to remember.

    Attributes
    ----------
    samples
        What training reads.
    reader
        How panels become samples, fitted on the training rows.
    watched_rows
        Length of the validation tail of each series, ``[series]``.
    """

    samples: Samples
    reader: Reader
    watched_rows: NDArray[np.int64]


@dataclass(repr=False, eq=False)
class Forecaster(TrainingOptions, Estimator):
    """A recurrent network that forecasts the next `horizon` values from the last `window`, directly.

    All steps ahead are read from the network's last state, so each sees the newest value. `fit` starts from fresh
    weights, fits the scaler on the training rows, cuts the validation tail from them, and keeps the weights with the
    lowest loss on that tail. Several series share the weights; each has its own scale. Where `joint`, the series stand
    at the same times: one window holds all of them, and one output the forecasts of all.

    Covariates are named at the fit. Past ones are further features of the window. Known ones are too, and the network
    reads their values at the steps ahead beside its last state. Static ones are categories: `Network(embeddings=[8])`
    gives each its width, 0 for one-hot; ``static="unique_id"`` gives each series a vector of its own.

    Attributes
    ----------
    weights_
        Weights of all members, every leaf ``[members, ...]``.
    inputs_
        Widths of what the network reads.
    history_
        Losses by epoch and member.
    watched_rows_
        Length of the validation tail of each series.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from penstock.layers.lstm import LSTM
    >>> frame = pd.DataFrame({"ds": range(80), "y": np.sin(np.arange(80) / 4)})
    >>> model = Forecaster(Network([LSTM(4)]), window=8, epochs=2, seed=1).fit(frame)
    >>> model.predict().columns.tolist(), model.parameters
    (['ds', 'yhat'], 101)
    """

    covariates: ClassVar[tuple[str, ...]] = ("past", "known", "static")

    network: Network = option(help="the network's description")
    window: int = option(63, "input length in steps", at_least=1)
    known_in_window: bool = option(True, "read known covariates in the window too, not only at the steps ahead")
    joint: bool = option(False, "read all series together and forecast them together, as a VAR does")
    reverse: bool = option(False, "feed windows newest row first, as some publications do; of no use to the network")
    transform: str = option("none", "change of variable before scaling", choices=TRANSFORMS)
    scale: str = option("minmax", "scaling, fitted on training rows", choices=SCALINGS)
    loss: str = option("mse", "loss to minimise, in scaled units", choices=VALUE_LOSSES)
    validation: float = option(0.1, "tail of the training rows to watch: a share below 1, or rows; 0: none", at_least=0)

    @property
    def label(self) -> str:
        """Short name in tables."""
        over_time = [layer for layer in self.network.layers if layer.over_time]
        return "+".join(type(x).__name__ + (f"({x.outputs})" if x.outputs else "") for x in over_time)

    @property
    def rows_needed(self) -> int:
        """The window, and what the transform loses."""
        return self.window + TRANSFORMS[self.transform].lost

    @property
    def rows_to_fit(self) -> int:
        """One window with its targets, and the validation tail."""
        return rows_for_tail(self.rows_needed + self.horizon, self.validation, self.horizon)

    def __post_init__(self) -> None:
        """Refuse options that are not allowed, or that contradict each other."""
        super().__post_init__()
        if self.validation > 1 and self.validation != int(self.validation):
            raise OptionError(
                f"Forecaster: validation={self.validation} is neither a share below 1 nor a whole number of rows."
            )

    @property
    def rows_made_of(self) -> str:
        """What the rows that a fit needs add up from."""
        lost, tail = TRANSFORMS[self.transform].lost, self.rows_to_fit - self.rows_needed - self.horizon
        parts = [f"window {self.window}", f"horizon {self.horizon}"]
        parts += [f"{tail} for validation"] if tail else []
        return " + ".join([*parts, f"{lost} lost to the transform"] if lost else parts)

    @property
    def parameters(self) -> int:
        """Weights of one member; covariates, and further series of a joint forecast, are counted once it is fitted."""
        return self.network.parameters(*self._widths)

    def summary(self) -> str:
        """Give the table of the network's layers, as it was fitted, or for one series without covariates."""
        return self.network.summary(*self._widths, self.window)

    @property
    def _widths(self) -> tuple[Inputs, int]:
        if hasattr(self, "inputs_"):
            return self.inputs_, self.outputs(len(self.scaling_.shift))
        return Inputs(), self.outputs(1)

    @property
    def scaling_(self) -> Scaling:
        """Shift and scale of each series."""
        return self.reader_.scaling

    def prepare(self, train_panel: Panel, watched: Panel | None = None) -> Prepared:
        """Fit scales and categories on training rows, and cut samples to learn from and to watch.

        Parameters
        ----------
        train_panel
            The training rows.
        watched
            The same rows followed by others to watch; left out, a tail of the training rows is watched.
        """
        self._require_embeddings(train_panel)
        lost = TRANSFORMS[self.transform].lost
        scaled = train_panel.with_values(TRANSFORMS[self.transform].apply(train_panel))
        reader = self._reader(fit_scaling(self.scale, scaled, lost), Encoding.fit(train_panel))
        if watched is None:
            panel, border = train_panel, tail_border(train_panel, self.validation, self.horizon)
        else:
            panel, border = watched, watched.offsets[:-1] + train_panel.lengths
        samples = reader.samples(panel, border)
        if watched is not None and int(samples.watch.total) == 0:
            raise DataError(f"the validation frame holds no whole horizon: {self.horizon} rows or more are needed.")
        return Prepared(samples, reader, panel.offsets[1:] - border)

    def finish(self, prepared: Prepared, trained: Trained) -> None:
        """Keep what was prepared and what training gave."""
        self.watched_rows_ = prepared.watched_rows
        self.reader_: Reader = prepared.reader
        self.inputs_: Inputs = prepared.samples.source.widths
        self.weights_: Any = trained.weights
        self.history_: History = trained.history

    def _fit(self, train_panel: Panel, watched: Panel | None) -> None:
        prepared = self.prepare(train_panel, watched)
        trained = train(
            self.network,
            self.plan(self.loss),
            prepared.samples,
            window=self.window,
            horizon=self.horizon,
            outputs=self.outputs(len(train_panel)),
            epochs=self.epochs,
            members=self.members,
            seed=self.seed,
            progress=self.progress,
        )
        self.finish(prepared, trained)

    def outputs(self, series: int) -> int:
        """Count what the network puts out for a panel of so many series."""
        return self.horizon * (series if self.joint else 1)

    def _forecast(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> NDArray[np.float64]:
        panel.known_after(origins, self.horizon)  # refuses those that are missing
        starts, which = np.unique(self.reader_.starts(panel, origins), return_inverse=True)
        source, outputs = self.reader_.source(panel, fitted), self.outputs(len(self.ids_))
        out = forward(self.network, self.weights_, source, starts, self.window, outputs)[:, which]
        return self.reader_.levels(self.reader_.own(out, panel, origins, fitted), panel, origins, fitted)

    def _reader(self, scaling: Scaling, encoding: Encoding) -> Reader:
        return Reader(
            scaling,
            encoding,
            transform=self.transform,
            window=self.window,
            steps=self.horizon,
            known_in_window=self.known_in_window,
            reverse=self.reverse,
            joint=self.joint,
        )

    def _require_embeddings(self, panel: Panel) -> None:
        categories, widths = panel.static.shape[1], len(self.network.embeddings)
        if self.joint and categories:
            raise OptionError("Forecaster: joint=True reads all series in one sample, which has no static covariates.")
        if categories != widths:
            given = f"static names {categories} columns" if categories else "no static columns are named"
            raise OptionError(
                f"Forecaster: {given}, but the network has {widths} embeddings; give Network(..., embeddings=[...]) one"
                " width for each static column, 0 for one-hot."
            )

    def _arrays(self) -> Arrays:
        return {
            **stored_weights(self.weights_),
            "scaling.shift": self.scaling_.shift,
            "scaling.scale": self.scaling_.scale,
            "encoding.shift": self.reader_.encoding.shift,
            "encoding.scale": self.reader_.encoding.scale,
            **stored_history(self.history_),
            "watched_rows": self.watched_rows_,
        }

    def _restore(self, arrays: Arrays) -> None:
        none = np.zeros(0)  # files older than covariates
        shift, scale = arrays.get("encoding.shift", none), arrays.get("encoding.scale", none)
        encoding = Encoding(shift, scale, Encoding.values_of(self.tail_.static))
        self.reader_ = self._reader(Scaling(arrays["scaling.shift"], arrays["scaling.scale"]), encoding)
        self.inputs_ = self.reader_.source(self.tail_, np.arange(len(self.tail_))).widths
        outputs = self.outputs(len(self.ids_))
        self.weights_ = restored_weights(arrays, self.network, self.inputs_, outputs, self.members)
        self.history_ = restored_history(arrays)
        self.watched_rows_ = arrays["watched_rows"]
