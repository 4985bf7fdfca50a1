"""The recurrent forecaster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.data.scaling import SCALINGS, Scaling, fit_scaling
from penstock.data.splits import cut_at, rows_for_tail, tail_border
from penstock.data.transforms import TRANSFORMS
from penstock.data.windows import cut_windows
from penstock.errors import DataError, OptionError
from penstock.estimator import Estimator
from penstock.networks.inputs import Inputs
from penstock.networks.network import Network
from penstock.options import option
from penstock.storage import Arrays
from penstock.training.forward import forward
from penstock.training.losses import VALUE_LOSSES
from penstock.training.options import TrainingOptions
from penstock.training.samples import Samples, Source
from penstock.training.stored import restored_history, restored_weights, stored_history, stored_weights
from penstock.training.train import History, train

__all__ = ["Forecaster"]


@dataclass(repr=False, eq=False)
class Forecaster(TrainingOptions, Estimator):
    """A recurrent network that forecasts the next `horizon` values from the last `window`, directly.

    All steps ahead are read from the network's last state, so each sees the newest value. `fit` starts from fresh
    weights, fits the scaler on the training rows, cuts the validation tail from them, and keeps the weights with the
    lowest loss on that tail. Several series share the weights; each has its own scale.

    Attributes
    ----------
    weights_
        Weights of all members, every leaf ``[members, ...]``.
    scaling_
        Shift and scale of each series.
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

    network: Network = option(help="the network's description")
    window: int = option(63, "input length in steps", at_least=1)
    transform: str = option("none", "change of variable before scaling", choices=TRANSFORMS)
    scale: str = option("minmax", "scaling, fitted on training rows", choices=SCALINGS)
    loss: str = option("mse", "loss to minimise, in scaled units", choices=VALUE_LOSSES)
    validation: float = option(0.1, "tail of the training rows to watch: a share below 1, or rows; 0: none", at_least=0)

    @property
    def label(self) -> str:
        """Short name in tables."""
        return "+".join(f"{type(x).__name__}({x.outputs})" for x in self.network.layers if x.over_time)

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
        """Weights of one member."""
        return self.network.parameters(Inputs(), self.horizon)

    def summary(self) -> str:
        """Give the table of the network's layers."""
        return self.network.summary(Inputs(), self.horizon, self.window)

    def _fit(self, train_panel: Panel, watched: Panel | None) -> None:
        lost = TRANSFORMS[self.transform].lost
        scaling = fit_scaling(self.scale, train_panel.with_values(self._transformed(train_panel)), lost)
        panel = train_panel if watched is None else watched
        windows = cut_windows(panel, self.window, self.horizon, lost)
        if watched is None:
            border = tail_border(panel, self.validation, self.horizon)
        else:
            border = panel.offsets[:-1] + train_panel.lengths
        learn, watch = cut_at(panel, windows, border)
        if watched is not None and len(watch) == 0:
            raise DataError(f"the validation frame holds no whole horizon: {self.horizon} rows or more are needed.")
        scaled = scaling.forward(self._transformed(panel), panel.series_of(np.arange(panel.rows)))
        trained = train(
            self.network,
            self.plan(self.loss),
            Samples.of(Source.of(scaled[:, None]), scaled, learn, watch),
            window=self.window,
            horizon=self.horizon,
            outputs=self.horizon,
            epochs=self.epochs,
            members=self.members,
            seed=self.seed,
            progress=self.progress,
        )
        self.watched_rows_ = panel.offsets[1:] - border
        self.scaling_: Scaling = scaling
        self.weights_: Any = trained.weights
        self.history_: History = trained.history

    def _forecast(self, panel: Panel, origins: NDArray[np.int64], fitted: NDArray[np.int64]) -> NDArray[np.float64]:
        scaled = self.scaling_.forward(self._transformed(panel), fitted[panel.series_of(np.arange(panel.rows))])
        starts = origins - self.window + 1
        out = forward(self.network, self.weights_, Source.of(scaled[:, None]), starts, self.window, self.horizon)
        series = fitted[panel.series_of(origins)]
        steps = np.stack([self.scaling_.inverse(member, series) for member in out])
        return TRANSFORMS[self.transform].invert(steps, panel.y[origins])

    def _transformed(self, panel: Panel) -> NDArray[np.float64]:
        return TRANSFORMS[self.transform].apply(panel)

    def _arrays(self) -> Arrays:
        return {
            **stored_weights(self.weights_),
            "scaling.shift": self.scaling_.shift,
            "scaling.scale": self.scaling_.scale,
            **stored_history(self.history_),
            "watched_rows": self.watched_rows_,
        }

    def _restore(self, arrays: Arrays) -> None:
        self.weights_ = restored_weights(arrays, self.network, Inputs(), self.horizon, self.members)
        self.history_ = restored_history(arrays)
        self.scaling_ = Scaling(arrays["scaling.shift"], arrays["scaling.scale"])
        self.watched_rows_ = arrays["watched_rows"]
