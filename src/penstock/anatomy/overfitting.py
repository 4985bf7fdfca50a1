"""Overfitting on one small example, and four remedies: ridge, lasso, dropout and early stopping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from penstock.baselines.lasso import Lasso
from penstock.baselines.penalised import PenalisedRegression
from penstock.baselines.ridge import Ridge
from penstock.data.panel import Panel
from penstock.forecaster import Forecaster
from penstock.layers.declared import LSTM
from penstock.layers.dropout import Dropout
from penstock.networks.network import Network
from penstock.report.lines import Curves, curves_picture
from penstock.report.page import Page, Reported, Section
from penstock.report.table import Table
from penstock.training.optimizers import Adam

__all__ = ["Overfitting", "overfitting"]

Values = NDArray[np.float64]

Score = tuple[float, float, int]

_RULE = (0.6, -0.5)
_LAGS, _TRAIN, _WATCHED, _TEST = 30, 110, 40, 400
_UNITS, _EPOCHS, _DROPOUT = 16, 150, 0.4
_PENALTIES: Values = 10.0 ** np.arange(-4, 0.51, 0.25)


@dataclass(frozen=True, eq=False)
class Overfitting(Reported):
    """One noisy series of few rows, fitted with far too many weights.

    Attributes
    ----------
    floor
        Mean squared error of the true rule, below which no forecast can go but by luck.
    scores
        For each model its mean squared error on the training rows and on the test rows, and its weights that are not
        zero.
    penalties
        The penalties of the two paths, ``[n]``.
    paths
        For ridge and lasso: errors on training rows and on test rows, and the number of weights not zero, each ``[n]``.
    losses
        For each network its losses on training rows and on the validation rows, by epoch.
    stopped
        The epoch whose weights early stopping keeps.
    """

    floor: float
    scores: Mapping[str, Score]
    penalties: Values
    paths: Mapping[str, tuple[Values, ...]]
    losses: Mapping[str, tuple[Values, Values]]
    stopped: int

    def frame(self) -> Any:
        """Return the scores as a pandas frame: model, training, test, weights."""
        import pandas as pd

        rows = [[name, *score] for name, score in self.scores.items()]
        return pd.DataFrame(rows, columns=["model", "training", "test", "weights"])

    def page(self) -> Page:
        """Explain overfitting and its remedies."""
        paths = curves_picture(
            "Error over the penalty",
            "Mean squared error on the training rows and on the test rows over the penalty; left: ridge, right: lasso "
            "(on a phone above and below). To the left the penalty vanishes and the model follows the noise.",
            [
                Curves(
                    {"training rows": (self.penalties, learned), "test rows": (self.penalties, test)},
                    f"penalty of the {name}",
                    "mean squared error",
                    log="x",
                    level=self.floor,
                )
                for name, (learned, test, _) in self.paths.items()
            ],
            height=3.3,
            narrow_height=5.8,
        )
        kept = curves_picture(
            "Weights that are left",
            "How many of the weights are not zero. Ridge shrinks all and keeps all; lasso sets one after the other to "
            "zero.",
            Curves(
                {name: (self.penalties, count) for name, (_, _, count) in self.paths.items()},
                "penalty",
                "weights",
                log="x",
            ),
            height=2.8,
        )
        losses = curves_picture(
            "Losses by epoch",
            "Left (on a phone above): the network as it is. The loss on the training rows goes on falling while that "
            "on the validation rows turns: from there on it learns the noise. Right (below): with dropout.",
            [
                Curves(
                    {"training rows": _by_epoch(learned), "validation rows": _by_epoch(validation)},
                    f"epoch, {name}",
                    "loss",
                    log="y",
                    marks={"stops here": (self.stopped, float(validation[self.stopped - 1]))} if not place else {},
                )
                for place, (name, (learned, validation)) in enumerate(self.losses.items())
            ],
            height=3.3,
            narrow_height=5.8,
        )
        rows = [
            [name, f"{learned:.3f}", f"{test:.3f}", f"{weights:,}"]
            for name, (learned, test, weights) in self.scores.items()
        ]
        rows.append(["the true rule", "", f"{self.floor:.3f}", "2"])
        plain, best = self.scores["least squares"], min(self.scores.items(), key=lambda item: item[1][1])
        return Page(
            "Overfitting, and what helps",
            [
                f"With {_LAGS} weights for {_TRAIN - _LAGS} samples, least squares has an error of {plain[0]:.2f} on "
                f"the rows it has seen and of {plain[1]:.2f} on those it has not; the noise alone is {self.floor:.2f}.",
                f"Best on the test rows is {best[0]} with {best[1][1]:.2f}. Each remedy gives up some fit on the "
                "training rows to follow the noise less.",
            ],
            sections=[
                Section(
                    "The example",
                    [
                        f"A series that follows two of its last values, plus noise. The models are given {_LAGS} "
                        "lags, of which 28 say nothing, and few rows to find that out.",
                    ],
                    ["y_t  =  .6 y_(t−1) − .5 y_(t−2) + noise"],
                    tables=[Table.of("Mean squared errors", ["model", "training", "test", "weights"], rows)],
                ),
                Section(
                    "Ridge and lasso",
                    [
                        "Both add the size of the weights to what is minimised: ridge their squares, lasso their "
                        "absolute values. The penalty that suits is found by cross-validation in time, on training "
                        "rows only.",
                    ],
                    ["ridge\t‖y − Xβ‖² / 2n + λ ‖β‖² / 2", "lasso\t‖y − Xβ‖² / 2n + λ Σ|β|"],
                    [paths, kept],
                ),
                Section(
                    "Early stopping and dropout",
                    [
                        "A network is trained step by step, so it can be stopped before it has learned the noise: "
                        "rows are set aside for validation; the weights of the best epoch are kept. Dropout switches "
                        "units off at random in training, so that none can rely on another; it works like an average "
                        "over many smaller networks.",
                    ],
                    pictures=[losses],
                ),
            ],
        )


def overfitting(seed: int = 0) -> Overfitting:
    """Overfit one small example, and remedy it.

    Parameters
    ----------
    seed
        Of the noise and of the networks.

    Returns
    -------
    The losses, the penalties and their scores.

    Examples
    --------
    >>> found = overfitting()  # doctest: +SKIP
    >>> found.scores["lasso"][1] < found.scores["least squares"][1]  # doctest: +SKIP
    True
    """
    import pandas as pd

    rows = _TRAIN + _WATCHED + _TEST
    noise = np.random.default_rng(seed).normal(size=rows)
    y = lfilter([1.0], [1.0, -_RULE[0], -_RULE[1]], noise)
    whole = Panel(y, np.arange(rows), np.array([0, rows]), (None,))
    seen = pd.DataFrame({"ds": np.arange(_TRAIN + _WATCHED), "y": y[: _TRAIN + _WATCHED]})
    learned, test = np.arange(_LAGS - 1, _TRAIN - 1), np.arange(_TRAIN + _WATCHED - 1, rows - 1)

    def score(model: Any) -> Score:
        forecast = [model.forecast_panel(whole, at).mean(axis=0)[:, 0] - y[at + 1] for at in (learned, test)]
        return float(np.mean(np.square(forecast[0]))), float(np.mean(np.square(forecast[1]))), _weights(model)

    def regression(kind: type[PenalisedRegression], penalty: float | None) -> Score:
        return score(kind(lags=_LAGS, penalty=penalty).fit(seen[:_TRAIN]))

    def network(dropout: float, validation: int) -> Forecaster:
        layers = [LSTM(_UNITS, dropout=dropout)] + ([Dropout(dropout)] if dropout else [])
        model = Forecaster(
            Network(layers), window=_LAGS, scale="standard", optimizer=Adam(0.005), epochs=_EPOCHS, patience=None,
            validation=validation, seed=seed, progress=False,
        )  # fmt: skip
        return model.fit(seen if validation else seen[:_TRAIN])

    names: dict[str, type[PenalisedRegression]] = {"ridge": Ridge, "lasso": Lasso}
    paths = {
        name: np.array([regression(kind, float(penalty)) for penalty in _PENALTIES]).T for name, kind in names.items()
    }
    stopped = {name: network(share, _WATCHED) for name, share in (("as it is", 0.0), ("with dropout", _DROPOUT))}
    losses = {
        name: (model.history_.training_loss[:, 0], model.history_.validation_loss[:, 0])
        for name, model in stopped.items()
    }
    scores = {
        "least squares": regression(Ridge, 1e-12),
        **{name: regression(kind, None) for name, kind in names.items()},
        f"LSTM({_UNITS}), all {_EPOCHS} epochs": score(network(0.0, 0)),
        f"LSTM({_UNITS}), stopped early": score(stopped["as it is"]),
        f"LSTM({_UNITS}), dropout {_DROPOUT:g}": score(network(_DROPOUT, 0)),
    }
    floor = float(np.mean(np.square(noise[test + 1])))
    best = int(np.argmin(losses["as it is"][1])) + 1
    return Overfitting(floor, scores, _PENALTIES, {name: tuple(path) for name, path in paths.items()}, losses, best)


def _weights(model: Any) -> int:
    return int(np.count_nonzero(model.coef_)) if hasattr(model, "coef_") else int(model.parameters)


def _by_epoch(losses: Values) -> tuple[Values, Values]:
    return np.arange(1.0, len(losses) + 1), losses
