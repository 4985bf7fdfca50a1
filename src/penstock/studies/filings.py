"""filings: the return after a company has spoken.

Source: Jansen, *Machine Learning for Algorithmic Trading*, word vectors of 10-K filings and a bidirectional GRU that
forecasts the return from the day before to five days after, on a RANDOM split: MAE .0494, RMSE .0821, rank IC ×100
7.65. Here: earnings calls (or a folder of filings), split by time.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from penstock.datasets.filings import earnings_calls
from penstock.layers.bidirectional import Bidirectional
from penstock.layers.declared import GRU
from penstock.layers.dense import Dense
from penstock.networks.network import Network
from penstock.studies.comparisons import comparison_figure, comparison_tables
from penstock.studies.result import StudyResult
from penstock.studies.study import Request
from penstock.text.bag_of_words import BagRegressor
from penstock.text.evaluate import compare
from penstock.text.regressor import TextRegressor
from penstock.text.tokens import Tokens

__all__ = ["run"]

RANDOM = "Calls are split at RANDOM: other calls of the same weeks, whose returns move together, are trained on."
PUBLISHED = {"mae": 0.0494, "rmse": 0.0821, "spearman": 0.0765}
NAME = "bidirectional GRU 32"


class Zero:
    """The forecast that nothing happens; its baseline has no weights."""

    label, parameters_ = "zero", 0

    def fit(self, X: Any, y: Any) -> Self:
        """Learn nothing."""
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Give zero for each document."""
        return np.zeros(len(X))


def network(request: Request) -> TextRegressor:
    """Describe the source's network; its batch normalisation is left out: a forecast must not depend on its company."""
    length, phrases = request.options.tokens, request.options.phrases
    return TextRegressor(
        network=Network([Bidirectional(GRU(32))], dense=[Dense(5, "relu")]),
        tokens=Tokens(25_000, length=length, truncation="post", tokenizer="letters", min_count=2, phrases=phrases),
        units=100,
        batch=32, patience=2, clip=1.0, **request.training(6),
    )  # fmt: skip


def run(request: Request) -> StudyResult:
    """Forecast the return after each call of the last fifth."""
    frame = earnings_calls(request.data)
    rows = request.options.rows
    frame = frame if rows is None else frame.tail(rows)
    texts, returns = frame["text"].tolist(), frame["y"].to_numpy()
    order = np.random.default_rng(request.seed).permutation(len(frame)) if request.leaking else np.arange(len(frame))
    cut = int(0.8 * len(frame))
    train, test = (([texts[row] for row in part], returns[part]) for part in (order[:cut], order[cut:]))
    model, words = network(request), Tokens(25_000, length=None, tokenizer="letters", min_count=2)
    bags = {bag.label: bag for bag in (BagRegressor(kind, tokens=words) for kind in ("ridge", "lasso"))}
    result = compare(
        {NAME: model, **bags, "zero": Zero()}, train, test, baselines=["zero"],
        fit={NAME: {"validation": test} if request.leaking else {}}, progress=request.progress,
    )  # fmt: skip
    days = frame["ds"].iloc[np.sort(order[cut:])]
    lengths = model.vocabulary_.encode(texts).lengths
    facts: dict[str, Any] = {
        "documents": len(frame),
        "train": cut,
        "test": len(frame) - cut,
        "test from": f"{days.iloc[0]:%F}",
        "test to": f"{days.iloc[-1]:%F}",
        "words": len(model.vocabulary_),
        "tokens, median": int(np.median(lengths)),
        "tokens, longest": int(lengths.max()),
        "parameters": model.parameters_,
    }
    return StudyResult(
        "filings", request, facts, [
            comparison_figure(result, score, NAME, value, name=f"{result.columns[score][0]} of {NAME}")
            for score, value in PUBLISHED.items()
        ],
        comparison_tables(result), result.said, leaks=[*([RANDOM] if request.leaking else []), *result.warnings],
        notes=("The source's figures are of 10-K filings, −1 to +5 days, split at random; these are earnings calls.",),
        draw=result.pictures,
    )  # fmt: skip
