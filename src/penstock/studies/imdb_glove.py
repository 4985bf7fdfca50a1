"""imdb-glove: the polarity of film reviews from frozen word vectors.

Source: Jansen, *Machine Learning for Algorithmic Trading*, sentiment with pretrained GloVe vectors: the 10,000 most
frequent words, the first 100 tokens, a GRU of 32 units on vectors that stay as they are: 12,801 weights are trained.
"""

from __future__ import annotations

from penstock.datasets.glove import glove
from penstock.layers.declared import GRU
from penstock.networks.network import Network
from penstock.studies.comparisons import comparison_figure, comparison_tables
from penstock.studies.imdb import reviews, vectors_of
from penstock.studies.result import StudyResult
from penstock.studies.study import Request
from penstock.text.bag_of_words import BagClassifier
from penstock.text.classifier import TextClassifier
from penstock.text.evaluate import compare
from penstock.text.tokens import Tokens
from penstock.text.vectors import WordVectors

__all__ = ["run"]

PUBLISHED = {1: 0.9107, 2: 0.9150}
TOKENS = Tokens(10_000, length=100, truncation="post", tokenizer="letters")


def network(request: Request) -> TextClassifier:
    """Describe the source's network on vectors that stay."""
    layer = GRU(32, reset_after=request.edition == 2, dropout=0.2, recurrent_dropout=0.2)
    return TextClassifier(
        network=Network([layer]), tokens=TOKENS, units=100, frozen=True, optimizer="rmsprop", batch=32,
        patience=4, **request.training(25),
    )  # fmt: skip


def run(request: Request) -> StudyResult:
    """Train on GloVe's vectors and on those of the reviews."""
    data = reviews(request, for_vectors=True)
    path = glove(request.options.glove)
    vectors = {
        f"GRU 32 on {path.stem}": WordVectors.read(path),
        "GRU 32 on word2vec of the reviews": vectors_of(request, data),
    }
    validation = {"validation": data.test} if request.leaking else {}
    networks = {name: network(request) for name in vectors}
    bag = BagClassifier("ridge", features=10_000, tokens=TOKENS, seed=request.seed)
    result = compare(
        {**networks, bag.label: bag}, data.train, data.test,
        fit={name: {**validation, "vectors": each} for name, each in vectors.items()}, progress=request.progress,
    )  # fmt: skip
    first = next(iter(networks.values()))
    facts = {
        "train": len(data.train[0]),
        "test": len(data.test[0]),
        "words": len(first.vocabulary_),
        "weights trained": first.parameters_,
        "weights that stay": len(first.vocabulary_) * 100,
        **{f"coverage, {name}": str(model.coverage_) for name, model in networks.items()},
    }
    whole = len(vectors[f"GRU 32 on {path.stem}"]) > 100_000
    notes = (
        () if whole else (f"{path.name} holds only the first rows of GloVe's file; most words have no vector in it.",)
    )
    return StudyResult(
        "imdb-glove", request, facts,
        [
            comparison_figure(result, "auc", name, PUBLISHED[request.edition], name=f"AUC of {name}")
            for name in networks
        ],
        comparison_tables(result), result.said, leaks=result.warnings, notes=notes, draw=result.pictures,
    )  # fmt: skip
