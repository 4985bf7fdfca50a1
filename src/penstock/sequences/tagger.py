"""A label for each step of each sequence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from penstock.errors import DataError
from penstock.networks.network import Network
from penstock.sequences.estimator import SequenceEstimator
from penstock.sequences.labels import probabilities
from penstock.sequences.targets import Targets
from penstock.sequences.tracks import codes_along, labels_of, read_label_sequences
from penstock.storage import Arrays
from penstock.training.forward import forward, true_steps
from penstock.values import from_plain, storable

__all__ = ["SequenceTagger"]


@dataclass(repr=False, eq=False)
class SequenceTagger(SequenceEstimator):
    """A network that gives every step of a sequence one of two or more labels (aligned many to many).

    A recurrent network sees the steps up to the one that it tags; a bidirectional one sees them all.

    Attributes
    ----------
    classes_
        The labels, in the order of the columns of :meth:`predict_proba`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=time) for time in rng.integers(3, 9, size=40)]
    >>> y = [["up" if value > 0 else "down" for value in np.cumsum(x)] for x in X]
    >>> from penstock.layers.declared import GRU
    >>> from penstock.training.optimizers import Adam
    >>> model = SequenceTagger(Network([GRU(4)]), epochs=20, optimizer=Adam(0.05)).fit(X, y)
    >>> len(model.predict(X)[0]) == len(X[0]), model.score(X, y) > 0.8
    (True, True)
    """

    kind: ClassVar[str] = "classifier"

    def predict(self, X: Any, **samples: Any) -> list[NDArray[Any]]:
        """Give the most probable label of each step, one array a sample.

        The arguments are those of :meth:`predict_proba`.

        Parameters
        ----------
        X
            Samples, as in :meth:`fit`.
        **samples
            ``lengths``, ``padding``, ``categories`` and ``extra``, as in :meth:`fit`.

        Returns
        -------
        For each sample the labels of its steps.
        """
        found = self.predict_proba(X, **samples)
        return [self.classes_[np.argmax(each, axis=1)] for each in found]

    def predict_proba(
        self,
        X: Any,
        *,
        lengths: Any = None,
        padding: str = "post",
        categories: Any = None,
        extra: Any = None,
    ) -> list[NDArray[np.float64]]:
        """Give the probability of each label at each step, ``[time, classes]`` a sample; the mean of the members'.

        The arguments are those of :meth:`fit`.

        Parameters
        ----------
        X
            Samples, as in :meth:`fit`.
        lengths, padding, categories, extra
            As in :meth:`fit`.

        Returns
        -------
        For each sample probabilities ``[time, classes]``.
        """
        ready = self._ready(X, lengths=lengths, padding=padding, categories=categories, extra=extra)
        found = forward(self.whole_network, ready.weights, ready.source, ready.buckets, self.outputs_)
        steps = probabilities(self._loss, true_steps(found, ready.buckets, ready.lengths)).mean(axis=0)
        return np.split(steps, np.cumsum(ready.lengths)[:-1])

    def score(self, X: Any, y: Any, **samples: Any) -> float:
        """Give the share of steps whose label is predicted.

        Parameters
        ----------
        X
            Samples, as in :meth:`fit`.
        y
            The true labels of their steps.
        **samples
            ``lengths``, ``padding``, ``categories`` and ``extra``, as in :meth:`fit`.

        Returns
        -------
        The accuracy over all steps.
        """
        found = self.predict(X, **samples)
        truth = read_label_sequences(y, len(found), np.array([len(each) for each in found]))
        right = [each == np.array(track, dtype=object) for each, track in zip(found, truth, strict=True)]
        return float(np.mean(np.concatenate(right)))

    @property
    def _loss(self) -> str:
        return "bce" if len(self.classes_) == 2 else "cross_entropy"

    @property
    def whole_network(self) -> Network:
        """The network that is trained: the one described, which puts out at every step."""
        return Network(self.network.layers, self.network.dense, self.network.embeddings, return_sequences=True)

    def _fit_targets(self, y: Any, lengths: NDArray[np.int64], sample_weight: NDArray[np.float64] | None) -> Targets:
        tracks = read_label_sequences(y, len(lengths), lengths)
        self.classes_ = labels_of(tracks)
        if len(self.classes_) < 2:
            raise DataError(f"y holds one label only, {self.classes_[0]!r}; a tagger needs two or more.")
        weight = np.ones(len(lengths)) if sample_weight is None else sample_weight
        kinds = len(self.classes_)
        return Targets(codes_along(tracks, self.classes_), weight, 1 if kinds == 2 else kinds)

    def _read_targets(self, y: Any, lengths: NDArray[np.int64]) -> Targets:
        tracks = read_label_sequences(y, len(lengths), lengths)
        return Targets(codes_along(tracks, self.classes_), np.ones(len(lengths)), 0)

    def _extra_state(self) -> tuple[dict[str, Any], Arrays]:
        about, arrays = super()._extra_state()
        return {**about, "classes": storable(self.classes_, "labels")}, arrays

    def _load_extra(self, description: dict[str, Any], arrays: Arrays) -> None:
        self.classes_ = labels_of([[from_plain(label)] for label in description["classes"]])
        super()._load_extra(description, arrays)
