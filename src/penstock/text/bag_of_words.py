"""Baselines of text: penalised regressions and a small net on a bag of words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from penstock.sequences.labels import column, numbers, read_labels, stored_labels
from penstock.storage import Arrays
from penstock.text.bag import BagOfWords
from penstock.text.documents import checked_texts
from penstock.text.linear import CLASSIFIERS, REGRESSORS, Chain, fit_classifier, fit_regressor
from penstock.values import storable

__all__ = ["BagClassifier", "BagOfWords", "BagRegressor"]


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

        Parameters
        ----------
        X
            The documents.
        y
            Their labels.

        Returns
        -------
        This estimator.

        Raises
        ------
        DataError
            Where texts or labels cannot be used, or all labels are one class.
        """
        documents = checked_texts(X)
        classes, codes = read_labels(y, len(documents))

        def learn(fitted: Self) -> None:
            fitted.classes_ = classes
            fitted._fit_bags(documents, codes)

        return self._fit_copy(learn)

    def predict_proba(self, X: Iterable[str]) -> NDArray[np.float64]:
        """Return the probability of each class, in the order of ``classes_``.

        Parameters
        ----------
        X
            The documents.

        Returns
        -------
        Probabilities ``[documents, classes]``.
        """
        return self._probabilities(self._answers(X))

    def predict(self, X: Iterable[str]) -> NDArray[Any]:
        """Return the most probable class of each document.

        Parameters
        ----------
        X
            The documents.

        Returns
        -------
        The most probable label of each document.
        """
        most = self.predict_proba(X).argmax(axis=1)
        return self.classes_[most]

    def score(self, X: Iterable[str], y: Any) -> float:
        """Return the share of documents whose class is right.

        Parameters
        ----------
        X
            The documents.
        y
            Their true labels.

        Returns
        -------
        The accuracy.
        """
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
        """Fit afresh on documents and a number for each.

        Parameters
        ----------
        X
            The documents.
        y
            A number for each.

        Returns
        -------
        This estimator.

        Raises
        ------
        DataError
            Where texts or values cannot be used.
        """
        documents = checked_texts(X)
        values = numbers(column(y, len(documents)))
        return self._fit_copy(lambda fitted: fitted._fit_bags(documents, values))

    def predict(self, X: Iterable[str]) -> NDArray[np.float64]:
        """Return the value of each document.

        Parameters
        ----------
        X
            The documents.

        Returns
        -------
        The value of each document, ``[documents]``.
        """
        return self._answers(X)[:, 0]

    def score(self, X: Iterable[str], y: Any) -> float:
        """Return R².

        Parameters
        ----------
        X
            The documents.
        y
            Their true values.

        Returns
        -------
        R².
        """
        truth = np.asarray(y, dtype=np.float64)
        return float(1 - np.sum((truth - self.predict(X)) ** 2) / np.sum((truth - truth.mean()) ** 2))

    def _fit_chain(self, X: Any, y: NDArray[Any], alpha: float) -> Chain:
        return fit_regressor(self.model, X, y, alpha, self.seed)

    def _loss(self, y: NDArray[Any], answers: NDArray[np.float64]) -> float:
        return float(np.mean((y - answers[:, 0]) ** 2))
