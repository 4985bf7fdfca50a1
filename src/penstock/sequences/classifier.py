"""A label for each sequence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from penstock.errors import OptionError
from penstock.options import option
from penstock.sequences.core import SampleEstimator
from penstock.sequences.estimator import SequenceEstimator
from penstock.sequences.labels import class_weights, codes_of, known_labels, probabilities, read_labels, stored_labels
from penstock.sequences.targets import Targets
from penstock.storage import Arrays
from penstock.training.raw_samples import sample_weights
from penstock.values import storable

__all__ = ["SampleClassifier", "SequenceClassifier"]


@dataclass(repr=False, eq=False, kw_only=True)
class SampleClassifier(SampleEstimator):
    """What a network that gives each sample one of two or more labels adds to one that reads samples.

    Attributes
    ----------
    classes_
        The labels, in the order of the columns of :meth:`predict_proba`.
    """

    kind: ClassVar[str] = "classifier"

    loss: str = option("cross_entropy", "loss to minimise", choices=("cross_entropy", "ordered"))
    class_weight: dict[Any, float] | str | None = option(
        None, "weight of each label, or balanced: inverse to how often it occurs", choices=("balanced",)
    )

    def predict(self, X: Any, **samples: Any) -> NDArray[Any]:
        """Give the most probable label of each sample; the arguments are those of :meth:`predict_proba`.

        Parameters
        ----------
        X
            Samples, as in :meth:`fit`.
        **samples
            What else :meth:`outputs` takes.

        Returns
        -------
        A label for each sample.
        """
        most = np.argmax(self.predict_proba(X, **samples), axis=1)
        return self.classes_[most]

    def predict_proba(self, X: Any, **samples: Any) -> NDArray[np.float64]:
        """Return the probability of each label, ``[samples, classes]``, the mean of the members'.

        Parameters
        ----------
        X
            Samples, as in :meth:`fit`.
        **samples
            What else :meth:`outputs` takes.

        Returns
        -------
        Probabilities ``[samples, classes]``, in the order of `classes_`.
        """
        return self.member_proba(X, **samples).mean(axis=0)

    def member_proba(self, X: Any, **samples: Any) -> NDArray[np.float64]:
        """Give the probabilities of each member, ``[members, samples, classes]``, as :meth:`predict_proba` does.

        Parameters
        ----------
        X
            Samples, as in :meth:`fit`.
        **samples
            What else :meth:`outputs` takes.

        Returns
        -------
        Probabilities ``[members, samples, classes]``.
        """
        logits = self.outputs(X, **samples)
        return probabilities(self._loss, logits)

    def score(self, X: Any, y: Any, sample_weight: Any = None, **samples: Any) -> float:
        """Give the share of samples whose label is predicted.

        Parameters
        ----------
        X
            Samples, as in :meth:`fit`.
        y
            Their true labels.
        sample_weight
            Weight of each sample in the mean, ``[samples]``.
        **samples
            What else :meth:`outputs` takes.

        Returns
        -------
        The accuracy.
        """
        found = self.predict(X, **samples)
        right = found == known_labels(y, len(found), self.classes_)
        return float(np.average(right, weights=sample_weights(sample_weight, len(found))))

    @property
    def _loss(self) -> str:
        return "bce" if len(self.classes_) == 2 else self.loss

    def _fit_targets(self, y: Any, lengths: NDArray[np.int64], sample_weight: NDArray[np.float64] | None) -> Targets:
        self.classes_, codes = read_labels(y, len(lengths))
        by_class = class_weights(self.class_weight, self.classes_, codes)
        weight = by_class[codes] * (1.0 if sample_weight is None else sample_weight)
        kinds = len(self.classes_)
        outputs = 1 if kinds == 2 else kinds - (self.loss == "ordered")
        self._by_class = by_class
        return Targets(codes[:, None].astype(np.float64), weight, outputs, codes)

    def _read_targets(self, y: Any, lengths: NDArray[np.int64]) -> Targets:
        codes = codes_of(y, self.classes_, len(lengths))
        return Targets(codes[:, None].astype(np.float64), self._by_class[codes], 0)

    def _extra_state(self) -> tuple[dict[str, Any], Arrays]:
        about, arrays = super()._extra_state()
        if isinstance(self.class_weight, dict):
            storable(self.class_weight, "labels")
        return {**about, "classes": storable(self.classes_, "labels"), "type": self.classes_.dtype.str}, arrays

    def _load_extra(self, description: dict[str, Any], arrays: Arrays) -> None:
        self.classes_ = stored_labels(description["classes"], description["type"])
        super()._load_extra(description, arrays)
        if len(self.classes_) < 2:
            raise OptionError(f"a classifier has two labels or more, not {self.classes_.tolist()}.")


@dataclass(repr=False, eq=False)
class SequenceClassifier(SequenceEstimator, SampleClassifier):
    """A network that gives each sequence one of two or more labels.

    Two labels are told apart by one logit, more by one each. With ``loss="ordered"`` the labels, in the order in which
    they sort, are steps of a scale, such as stars: the network gives cumulative logits.

    Attributes
    ----------
    classes_
        The labels, in the order of the columns of :meth:`predict_proba`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=(time, 2)) for time in rng.integers(3, 9, size=40)]
    >>> y = ["up" if x[-1, 0] > 0 else "down" for x in X]
    >>> from penstock.networks.network import Network
    >>> from penstock.layers.declared import GRU
    >>> from penstock.training.optimizers import Adam
    >>> model = SequenceClassifier(Network([GRU(4)]), epochs=20, optimizer=Adam(0.05)).fit(X, y)
    >>> model.classes_.tolist(), model.predict_proba(X).shape, model.score(X, y) > 0.7
    (['down', 'up'], (40, 2), True)
    """
