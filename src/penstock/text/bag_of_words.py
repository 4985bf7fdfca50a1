"""Baselines of text: penalised regressions and a small net on a bag of words."""

from __future__ import annotations

import copy
import warnings
from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from penstock.data.sequences import Sequences
from penstock.data.splits import keep_every_class
from penstock.errors import OptionError
from penstock.options import check_options, option
from penstock.saved import warn_not_finite
from penstock.sequences.grammar import SklearnGrammar
from penstock.sequences.labels import column, numbers, read_labels, stored_labels
from penstock.storage import Arrays
from penstock.text.documents import checked_texts
from penstock.text.linear import ALPHAS, CLASSIFIERS, REGRESSORS, Chain, answer, fit_classifier, fit_regressor
from penstock.text.ngrams import WEIGHTS, NGrams
from penstock.text.tokens import Tokens
from penstock.text.vocabulary import Vocabulary
from penstock.values import storable

__all__ = ["BagClassifier", "BagOfWords", "BagRegressor"]


class Fitted(SklearnGrammar):
    """What a fit leaves."""

    vocabulary_: Vocabulary
    ngrams_: NGrams
    chain_: Chain
    alpha_: float
    classes_: NDArray[Any]


@dataclass(repr=False, eq=False)
class BagOfWords(Fitted):
    """What the baselines of text share: words and pairs counted, weighed, and the penalty chosen.

    Attributes
    ----------
    vocabulary_, ngrams_
        The words, and the features that are counted.
    alpha_
        The penalty that was given, or chosen on a part of the training rows that was left out for it.
    """

    kind: ClassVar[str]
    kinds: ClassVar[tuple[str, ...]]

    model: str = option("ridge", "what is fitted to the bag", choices=CLASSIFIERS)
    weight: str = option("tfidf", "how a count is weighed", choices=WEIGHTS)
    bigrams: bool = option(False, "count pairs of neighbouring words too")
    features: int = option(20_000, "most frequent words and pairs that are counted", at_least=1)
    tokens: Tokens = option(Tokens(50_000, length=None, tokenizer="letters"), "how documents are cut")
    alpha: float | None = option(None, "penalty; None: chosen on training rows left out for it", above=0)
    validation: float = option(0.1, "share of the training rows, drawn by the seed, that chooses", above=0, below=1)
    seed: int = option(0, "seed of that draw, and of the net", at_least=0, below=2**32)

    @property
    def label(self) -> str:
        """Short name in tables."""
        names = {"nb": "naive-Bayes-weighted ridge", "net": "net 16-16"}
        words = "words and pairs" if self.bigrams else "words"
        return f"{names.get(self.model, self.model)} on {'' if self.weight != 'tfidf' else 'TF-IDF of '}{words}"

    @property
    def parameters(self) -> int:
        """Coefficients that are not zero."""
        return sum(int(np.count_nonzero(W)) + len(b) for W, b in self.chain_)

    @abstractmethod
    def _fit_chain(self, X: Any, y: NDArray[Any], alpha: float) -> Chain:
        """Fit to bags."""

    @abstractmethod
    def _loss(self, y: NDArray[Any], answers: NDArray[np.float64]) -> float:
        """Judge answers where the penalty is chosen."""

    def _fit_bags(self, documents: Sequences, y: NDArray[Any]) -> None:
        check_options(self)
        if self.model not in self.kinds:
            raise OptionError(f"{type(self).__name__}: model={self.model!r} is for labels; allowed: {self.kinds}.")
        self.ngrams_ = NGrams.fit(
            documents, len(self.vocabulary_), features=self.features, bigrams=self.bigrams, weight=self.weight
        )
        X = self.ngrams_.transform(documents)
        self.alpha_ = self.alpha or self._chosen(X, y)
        self.chain_ = self._fit_chain(X, y, self.alpha_)
        self.fitted_options_ = self.get_params()

    def _chosen(self, X: Any, y: NDArray[Any]) -> float:
        drawn = np.random.default_rng(self.seed).permutation(len(y))
        count = max(int(len(y) * self.validation), 1)
        watch, learn = np.sort(drawn[:count]), np.sort(drawn[count:])
        if self.kind == "classifier":
            learn, watch = keep_every_class(learn, watch, y)
        if len(learn) < 2 or len(watch) == 0 or (y[learn] == y[learn][0]).all():
            raise OptionError(f"{len(y)} documents are too few to choose the penalty on a part of them; give alpha=.")
        losses = {
            alpha: self._loss(y[watch], answer(self._fit_chain(X[learn], y[learn], alpha), X[watch]))
            for alpha in ALPHAS[self.model]
        }
        return min(losses, key=losses.__getitem__)

    def _answers(self, texts: Iterable[str]) -> NDArray[np.float64]:
        self._require_fit()
        answers = answer(self.chain_, self.ngrams_.transform(self.vocabulary_.encode(texts)))
        warn_not_finite(answers, type(self).__name__)
        return answers

    def _check_restored(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._answers(["a"])

    def top(self, count: int = 10) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
        """Give the features with the largest and the smallest coefficients of the last output (the net has none)."""
        self._require_fit()
        if len(self.chain_) > 1:
            raise OptionError("a net has no coefficient for each word; ask a ridge or a lasso.")
        W, names = self.chain_[0][0][:, -1], self.ngrams_.names(self.vocabulary_)
        order = np.argsort(-W, kind="stable")
        return tuple([(names[k], float(W[k])) for k in part] for part in (order[:count], order[::-1][:count]))  # type: ignore[return-value]

    def _arrays(self) -> Arrays:
        chain = {
            f"chain.{place}.{name}": part[k] for place, part in enumerate(self.chain_) for k, name in enumerate("Wb")
        }
        return {**chain, "ngrams.keys": self.ngrams_.keys, "ngrams.idf": self.ngrams_.idf}

    def _restore(self, arrays: Arrays) -> None:
        count = sum(name.endswith(".W") for name in arrays)
        self.chain_ = [(arrays[f"chain.{place}.W"], arrays[f"chain.{place}.b"]) for place in range(count)]
        keys, idf = arrays["ngrams.keys"], arrays["ngrams.idf"]
        if len(keys) != len(self.chain_[0][0]):
            raise ValueError(f"{len(keys)} features meet coefficients of {len(self.chain_[0][0])}")
        self.ngrams_ = NGrams(keys, idf, len(self.vocabulary_), self.bigrams, self.weight)

    def _extra_state(self) -> tuple[dict[str, Any], Arrays]:
        return {"vocabulary": self.vocabulary_.to_json(), "strength": self.alpha_}, {}

    def _load_extra(self, description: dict[str, Any], arrays: Arrays) -> None:
        self.vocabulary_ = Vocabulary.from_json(description["vocabulary"])
        self.alpha_ = float(description["strength"])


@dataclass(repr=False, eq=False)
class BagClassifier(BagOfWords):
    """A classifier on a bag of words: the baseline that a network on text has to beat.

    `model` is ``ridge`` or ``lasso`` (penalised logistic regression), ``nb`` (ridge on features weighed by naive Bayes'
    log ratios, best with ``weight="binary", bigrams=True``), or ``net`` (two layers of 16 ReLU units).

    References
    ----------
    Wang & Manning (2012), *Baselines and bigrams*; James et al., *ISLP*, section 10.4, for lasso and the net.

    Examples
    --------
    >>> texts = ["a good film", "good fun", "a bad film", "bad, bad"] * 5
    >>> model = BagClassifier("ridge", alpha=1.0).fit(texts, [1, 1, 0, 0] * 5)
    >>> model.predict(["good", "so bad"]).tolist()
    [1, 0]
    """

    kind = "classifier"
    kinds = CLASSIFIERS

    def fit(self, X: Iterable[str], y: Any) -> Self:
        """Fit afresh on documents and their labels.

        Raises
        ------
        DataError
            Where texts or labels cannot be used, or all labels are one class.
        """
        documents = checked_texts(X)
        fitted = copy.copy(self)
        fitted.classes_, codes = read_labels(y, len(documents))
        fitted.vocabulary_ = self.tokens.fit(documents)
        fitted._fit_bags(fitted.vocabulary_.encode(documents), codes)
        return self._commit(fitted)

    def predict_proba(self, X: Iterable[str]) -> NDArray[np.float64]:
        """Give the probability of each class, ``[documents, classes]``, in the order of ``classes_``."""
        return self._probabilities(self._answers(X))

    def predict(self, X: Iterable[str]) -> NDArray[Any]:
        """Give the most probable class of each document."""
        most = self.predict_proba(X).argmax(axis=1)
        return self.classes_[most]

    def score(self, X: Iterable[str], y: Any) -> float:
        """Give the share of documents whose class is right."""
        return float(np.mean(self.predict(X) == np.asarray(y)))

    def _fit_chain(self, X: Any, y: NDArray[Any], alpha: float) -> Chain:
        return fit_classifier(self.model, X, y, len(self.classes_), alpha, self.seed)

    def _loss(self, y: NDArray[Any], answers: NDArray[np.float64]) -> float:
        return float(-np.log(self._probabilities(answers)[np.arange(len(y)), y] + 1e-12).mean())

    def _probabilities(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        from scipy.special import expit, softmax

        if logits.shape[1] == 1:
            up = expit(logits[:, 0])
            return np.stack([1 - up, up], axis=1)
        if self.model == "net":
            return np.asarray(softmax(logits, axis=1))
        each = expit(logits)  # one against the rest
        return np.asarray(each / each.sum(axis=1, keepdims=True))

    def _extra_state(self) -> tuple[dict[str, Any], Arrays]:
        description, arrays = super()._extra_state()
        return {
            **description,
            "classes": storable(self.classes_, "labels"),
            "type": self.classes_.dtype.str,
        }, arrays

    def _load_extra(self, description: dict[str, Any], arrays: Arrays) -> None:
        super()._load_extra(description, arrays)
        self.classes_ = stored_labels(description["classes"], description["type"])


@dataclass(repr=False, eq=False)
class BagRegressor(BagOfWords):
    """A regression on a bag of words: ``ridge``, ``lasso``, or ``net`` (two layers of 16 ReLU units).

    Examples
    --------
    >>> texts = ["up up", "up", "down", "down down"] * 5
    >>> model = BagRegressor("ridge", weight="counts", alpha=1e-6).fit(texts, [2.0, 1.0, -1.0, -2.0] * 5)
    >>> model.predict(["up up up"]).round(2).tolist()
    [3.0]
    """

    kind = "regressor"
    kinds = REGRESSORS

    def fit(self, X: Iterable[str], y: Any) -> Self:
        """Fit afresh on documents and a number for each."""
        documents = checked_texts(X)
        values = numbers(column(y, len(documents)))
        fitted = copy.copy(self)
        fitted.vocabulary_ = self.tokens.fit(documents)
        fitted._fit_bags(fitted.vocabulary_.encode(documents), values)
        return self._commit(fitted)

    def predict(self, X: Iterable[str]) -> NDArray[np.float64]:
        """Give the value of each document."""
        return self._answers(X)[:, 0]

    def score(self, X: Iterable[str], y: Any) -> float:
        """Give R²."""
        truth = np.asarray(y, dtype=np.float64)
        return float(1 - np.sum((truth - self.predict(X)) ** 2) / np.sum((truth - truth.mean()) ** 2))

    def _fit_chain(self, X: Any, y: NDArray[Any], alpha: float) -> Chain:
        return fit_regressor(self.model, X, y, alpha, self.seed)

    def _loss(self, y: NDArray[Any], answers: NDArray[np.float64]) -> float:
        return float(np.mean((y - answers[:, 0]) ** 2))
