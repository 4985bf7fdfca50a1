"""A label for each document."""

from __future__ import annotations

from dataclasses import dataclass

from penstock.sequences.classifier import SampleClassifier
from penstock.text.estimator import TextEstimator

__all__ = ["TextClassifier"]


@dataclass(repr=False, eq=False)
class TextClassifier(TextEstimator, SampleClassifier):
    """A recurrent network that gives each document one of two or more labels.

    `fit` chooses the vocabulary from the training documents, puts an embedding under the network, and trains. The cost
    of a step follows the tokens of its documents: documents of like length go through the network together, and padding
    is not read. With ``loss="ordered"`` the labels are steps of a scale, such as stars.

    Attributes
    ----------
    classes_
        The labels, in the order of the columns of :meth:`predict_proba`.

    Examples
    --------
    >>> from penstock.layers.declared import GRU
    >>> from penstock.networks.network import Network
    >>> from penstock.text.tokens import Tokens
    >>> texts, labels = ["a good film", "what fun", "a bad film", "what a bore"] * 10, ["+", "+", "-", "-"] * 10
    >>> model = TextClassifier(Network([GRU(4)]), tokens=Tokens(20), units=4, epochs=30, patience=None, validation=0)
    >>> model.fit(texts, labels).predict(["good fun", "a bore"]).tolist()
    ['+', '-']
    """
