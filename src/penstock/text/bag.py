"""A bag of words: counted, weighed, and its penalty chosen; what a classifier and a regression on it share."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from penstock.data.splits import keep_every_class
from penstock.errors import OptionError
from penstock.options import option
from penstock.saved import warn_not_finite
from penstock.sequences.sklearn_mixin import SklearnMixin
from penstock.storage import Arrays
from penstock.text.linear import ALPHAS, CLASSIFIERS, Chain, answer
from penstock.text.ngrams import WEIGHTS, NGrams
from penstock.text.tokens import Tokens
from penstock.text.vocabulary import Vocabulary

__all__ = ["BagOfWords"]


class FittedBag(SklearnMixin):
    """What a fit leaves."""

    vocabulary_: Vocabulary
    ngrams_: NGrams
    chain_: Chain
    alpha_: float
    classes_: NDArray[Any]


@dataclass(repr=False, eq=False)
class BagOfWords(FittedBag):
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

    @property
    def fitted_choices(self) -> dict[str, str]:
        """The penalty, where it was chosen."""
        return {"alpha": f"{self.alpha_:g}"} if self.alpha is None and hasattr(self, "alpha_") else {}

    @abstractmethod
    def _fit_chain(self, X: Any, y: NDArray[Any], alpha: float) -> Chain:
        """Fit to bags."""

    @abstractmethod
    def _loss(self, y: NDArray[Any], answers: NDArray[np.float64]) -> float:
        """Judge answers where the penalty is chosen."""

    def _fit_bags(self, texts: Sequence[str], y: NDArray[Any]) -> None:
        if self.model not in self.kinds:
            raise OptionError(f"{type(self).__name__}: model={self.model!r} is for labels; allowed: {self.kinds}.")
        self.vocabulary_ = self.tokens.fit(texts)
        documents = self.vocabulary_.encode(texts, say=True)
        self.ngrams_ = NGrams.fit(
            documents, len(self.vocabulary_), features=self.features, bigrams=self.bigrams, weight=self.weight
        )
        X = self.ngrams_.transform(documents)
        self.alpha_ = self.alpha or self._chosen(X, y)
        self.chain_ = self._fit_chain(X, y, self.alpha_)

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
        """Return the features with the largest and the smallest coefficients of the last output.

        Parameters
        ----------
        count
            Number of features on each side.

        Returns
        -------
        The features with the largest coefficients, and those with the smallest: pairs of name and coefficient.

        Raises
        ------
        OptionError
            For a net.
        """
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
        rising = keys.ndim == 1 and keys.dtype == np.int64 and (np.diff(keys) > 0).all()
        widths = [(W.ndim, W.shape[-1:]) == (2, b.shape) for W, b in self.chain_]
        if not rising or idf.shape != keys.shape or not all(widths):
            raise ValueError("features, their weights and coefficients do not fit together")
        if len(keys) != len(self.chain_[0][0]):
            raise ValueError(f"{len(keys)} features meet coefficients of {len(self.chain_[0][0])}")
        self.ngrams_ = NGrams(keys, idf, len(self.vocabulary_), self.bigrams, self.weight)

    def _extra_state(self) -> tuple[dict[str, Any], Arrays]:
        return {"vocabulary": self.vocabulary_.to_json(), "strength": self.alpha_}, {}

    def _load_extra(self, description: dict[str, Any], arrays: Arrays) -> None:
        self.vocabulary_ = Vocabulary.from_json(description["vocabulary"])
        self.alpha_ = float(description["strength"])
