"""yelp: the polarity of sentences about businesses, by word vectors of their own.

Source: Jansen, *Machine Learning for Algorithmic Trading*, which trains word2vec on the reviews of Yelp and states no
figure. On the thousand labelled sentences of Kotzias et al. (2015) every sentence is tested once, in five folds.
"""

from __future__ import annotations

import numpy as np

from penstock.datasets.yelp import yelp
from penstock.layers.declared import GRU
from penstock.networks.network import Network
from penstock.studies.comparisons import comparison_tables
from penstock.studies.result import StudyResult
from penstock.studies.study import Request
from penstock.text.bag_of_words import BagClassifier
from penstock.text.classifier import TextClassifier
from penstock.text.comparison import TextComparison
from penstock.text.evaluate import compare
from penstock.text.tokens import Tokens
from penstock.text.vectors import WordVectors
from penstock.text.word2vec import word2vec

__all__ = ["run"]

TOKENS = Tokens(20_000, length=200)
LEARNED, TRAINED, GIVEN = (
    "GRU 32, learned embedding",
    "GRU 32 on word2vec of the training rows",
    "GRU 32 on given vectors",
)


def network(request: Request, units: int) -> TextClassifier:
    """Describe a small GRU."""
    return TextClassifier(
        network=Network([GRU(32, dropout=0.3)]), tokens=TOKENS, units=units, batch=32, clip=1.0,
        patience=4, **request.training(25),
    )  # fmt: skip


def run(request: Request) -> StudyResult:
    """Test each review once."""
    frame = yelp(request.data, rows=request.options.rows)
    frame = frame[frame["label"] >= 0]
    texts, labels = np.array(frame["text"], dtype=object), frame["label"].to_numpy()
    folds = np.array_split(np.random.default_rng(request.seed).permutation(len(texts)), request.options.folds)
    path = request.options.vectors
    given = None if path is None else WordVectors.read(path)
    parts = []
    for test in folds:
        train = np.setdiff1d(np.arange(len(texts)), test)
        parts.append(_fold(request, (texts[train], labels[train]), (texts[test], labels[test]), given))
    result = TextComparison.stacked(parts)
    facts = {
        "reviews": len(texts),
        "positive": int(labels.sum()),
        "folds": len(folds),
        "longest, words": _longest(texts),
    }
    return StudyResult(
        "yelp", request, facts, [], comparison_tables(result), result.said, leaks=result.warnings,
    )  # fmt: skip


def _fold(
    request: Request,
    train: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    given: WordVectors | None,
) -> TextComparison:
    validation = {"validation": (list(test[0]), test[1])} if request.leaking else {}
    pair, other = (list(train[0]), train[1]), (list(test[0]), test[1])
    seed = request.seed
    bags = [
        BagClassifier("ridge", tokens=TOKENS, seed=seed),
        BagClassifier("ridge", bigrams=True, tokens=TOKENS, seed=seed),
        BagClassifier("nb", weight="binary", bigrams=True, tokens=TOKENS, seed=seed),
    ]
    own = word2vec(
        pair[0], Tokens(20_000, length=None, min_count=2), units=50, epochs=30, sample=1e-3, seed=seed,
        progress=request.progress,
    )  # fmt: skip
    begun: dict[str, WordVectors | None] = {LEARNED: None, TRAINED: own, **({} if given is None else {GIVEN: given})}
    networks = {name: network(request, 50 if each is None else each.units) for name, each in begun.items()}
    return compare(
        {**{bag.label: bag for bag in bags}, **networks}, pair, other,
        fit={name: {**validation, "vectors": each} for name, each in begun.items()}, progress=request.progress,
    )  # fmt: skip


def _longest(texts: np.ndarray) -> int:
    return max(len(str(text).split()) for text in texts)
