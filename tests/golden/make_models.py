"""Write the golden files that are missing, one for every class that can be saved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import penstock as ps
from penstock.text.bag_of_words import BagClassifier, BagRegressor
from penstock.text.classifier import TextClassifier
from penstock.text.language_model import LanguageModel
from penstock.text.regressor import TextRegressor
from penstock.text.tokens import Tokens

FOLDER = Path(__file__).with_name("models")
TRAINED: dict[str, Any] = {"epochs": 2, "batch": 8, "validation": 0, "patience": None, "seed": 1}

TIMES = np.arange(150.0)
FRAME = pd.DataFrame({"unique_id": "walk", "ds": range(150), "y": 50 + np.cumsum(np.cos(TIMES**1.5))})
BOTH = pd.concat([FRAME, FRAME.assign(unique_id="other", y=40 + np.cumsum(np.sin(TIMES**1.3)))])
SEQUENCES = [np.cos(np.arange(2.0 * length) + row).reshape(length, 2) for row, length in enumerate([2, 5, 3, 4] * 5)]
SUMS = np.array([sequence.sum() for sequence in SEQUENCES])
VECTORS = np.stack([np.cos(np.arange(20.0)), np.sin(np.arange(20.0))], axis=1)
TEXTS = ["a good film", "what fun", "a bad film", "what a bore"] * 5
LABELS = ["up", "up", "down", "down"] * 5
TEXT: dict[str, Any] = {**TRAINED, "tokens": Tokens(20, length=8), "units": 3}

SERIES: dict[str, Any] = {
    "Naive": ps.Naive(horizon=3),
    "SeasonalNaive": ps.SeasonalNaive(2, horizon=3),
    "Naive2": ps.Naive2(5, horizon=3),
    "Drift": ps.Drift(horizon=3),
    "Mean": ps.Mean(horizon=3),
    "SMA": ps.SMA(4, horizon=3),
    "EMA": ps.EMA(max_span=8, horizon=3),
    "LinearTrend": ps.LinearTrend(6, horizon=3),
    "AR": ps.AR(3, horizon=3),
    "ARX": ps.ARX(3, horizon=3),
    "VAR": ps.VAR(2, horizon=3),
    "Ridge": ps.Ridge(5, horizon=3),
    "Lasso": ps.Lasso(5, penalty=0.01, horizon=3),
    "RelaxedLasso": ps.RelaxedLasso(4, horizon=3),
    "ElasticNet": ps.ElasticNet(4, horizon=3),
    "LocalLevel": ps.LocalLevel(horizon=3),
    "LocalTrend": ps.LocalTrend(horizon=3),
    "GARCH": ps.GARCH(horizon=3),
    "Theta": ps.Theta(7, horizon=3),
    "ETS": ps.ETS(5, horizon=3),
    "ARIMA": ps.ARIMA(1, horizon=3),
    "MSTL": ps.MSTL(5, horizon=3),
    "Croston": ps.Croston(0.2, horizon=3),
    "TSB": ps.TSB(0.2, 0.1, horizon=3),
    "Boosting": ps.Boosting(5, trees=2, leaves=4, horizon=3),
    "Ensemble": ps.Ensemble([ps.Theta(7), ps.AR(3), ps.Drift()], "weighted", horizon=3),
    "Tuned": ps.Tuned(ps.Ridge(2), {"lags": [2, 5], "penalty": [0.1, 1.0]}, sampler="grid", horizon=3),
    "Forecaster": ps.Forecaster(ps.Network([ps.LSTM(3)]), window=4, horizon=3, epochs=2, batch=16, seed=1),
}
NETWORK = ps.Network([ps.GRU(3)])
UNFOLDED = ps.EncoderDecoder([], ps.GRU(3), condition="every_step", autoregressive=False)
SAMPLES: dict[str, tuple[Any, Any, Any]] = {
    "SequenceClassifier": (ps.SequenceClassifier(NETWORK, **TRAINED), SEQUENCES, (SUMS > 0).astype(int)),
    "SequenceRegressor": (ps.SequenceRegressor(NETWORK, **TRAINED), SEQUENCES, SUMS),
    "SequenceTagger": (
        ps.SequenceTagger(NETWORK, **TRAINED),
        SEQUENCES,
        [["up" if value > 0 else "down" for value in sequence[:, 0]] for sequence in SEQUENCES],
    ),
    "SequenceToSequence": (
        ps.SequenceToSequence(UNFOLDED, **TRAINED, loss="mse"),
        VECTORS,
        VECTORS[:, :1] * np.sin(np.arange(1, 5) / 2),
    ),
    "TextClassifier": (TextClassifier(NETWORK, **TEXT), TEXTS, LABELS),
    "TextRegressor": (TextRegressor(NETWORK, **TEXT), TEXTS, np.arange(20.0) % 4),
    "LanguageModel": (LanguageModel(NETWORK, **TEXT, steps=4, sampled=3), TEXTS, None),
    "BagClassifier": (BagClassifier(alpha=1.0), TEXTS, LABELS),
    "BagRegressor": (BagRegressor(alpha=1.0), TEXTS, np.arange(20.0) % 4),
}


def fitted(name: str) -> Any:
    """Fit the model of the list."""
    if name in SERIES:
        return SERIES[name].clone().fit(BOTH if name == "VAR" else FRAME)
    model, X, y = SAMPLES[name]
    return model.clone().fit(X) if y is None else model.clone().fit(X, y)


def outputs(name: str, model: Any) -> list[float]:
    """Give all numbers that a fitted model puts out for the inputs above, in one list."""
    if name in SERIES:
        return [float(value) for value in model.predict()["yhat"]]
    X = SAMPLES[name][1]
    if name == "LanguageModel":
        return [float(value) for value in model.log_likelihood(X)[0]]
    found = model.predict_proba(X) if hasattr(model, "predict_proba") else model.predict(X)
    return [float(value) for each in found for value in np.ravel(each)]


def main() -> None:
    """Write the files that are missing; one that exists is never changed."""
    FOLDER.mkdir(exist_ok=True)
    for name in (*SERIES, *SAMPLES):
        path = FOLDER / f"{name}.penstock"
        if not path.exists():
            model = fitted(name)
            model.save(path)
            path.with_suffix(".json").write_text(json.dumps([float(f"{value:.9g}") for value in outputs(name, model)]))


if __name__ == "__main__":
    main()
