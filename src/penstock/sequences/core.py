"""What all estimators of samples share, whatever reads them: encoding, splitting, training, predicting, saving."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.scaling import SCALINGS
from penstock.errors import DataError, OptionError
from penstock.layers.declared import GRU
from penstock.networks.inputs import Inputs
from penstock.networks.network import Network
from penstock.options import but, option
from penstock.saved import warn_not_finite
from penstock.sequences.inputs import Ready, SampleEncoder, require_vectors
from penstock.sequences.sklearn_mixin import SklearnMixin
from penstock.sequences.targets import Targets, split_samples, validation_arguments
from penstock.storage import Arrays
from penstock.training.buckets import bucket_bounds, in_buckets, stored_bounds
from penstock.training.callbacks import Callback
from penstock.training.config import TrainSpec
from penstock.training.forward import forward, in_order
from penstock.training.history import History
from penstock.training.optimizers import Optimizer
from penstock.training.options import TrainingOptions
from penstock.training.progress import with_progress_bar
from penstock.training.raw_samples import RawSamples, read_samples, sample_weights
from penstock.training.samples import Samples
from penstock.training.scheduled_sampling import ScheduledSampling
from penstock.training.stored import restored_history, restored_weights, stored_history, stored_weights
from penstock.training.train import train_folds
from penstock.values import storable, stored_count

__all__ = ["SampleEstimator"]


@dataclass(repr=False, eq=False, kw_only=True)
class SampleEstimator(TrainingOptions, SklearnMixin, abc.ABC):
    """A network that learns a target for each sample, in scikit-learn's interface.

    A subclass reads what it is given, sequences or documents, in `fit` and `outputs`, and hands :meth:`_learn` and
    :meth:`_outputs` sequences.

    Attributes
    ----------
    weights_
        Weights of all members, every leaf ``[members, ...]``.
    history_
        Losses by epoch and member.
    encoder_
        How samples become numbers.
    bounds_
        Lengths of the buckets in which samples of like length go through the network.
    """

    network: Network = option(Network([GRU(32)]), "the network's description", kw_only=False)
    scale: str = option("standard", "scaling of features, fitted on training samples", choices=SCALINGS)
    optimizer: str | Optimizer = but(TrainingOptions, "optimizer", "adam")
    batch: int = but(TrainingOptions, "batch", 32)
    epochs: int = but(TrainingOptions, "epochs", 50)
    patience: int | None = but(TrainingOptions, "patience", 5)
    validation: float = option(
        0.1, "training samples for validation: a share below 1, or a number; 0: none", at_least=0
    )

    @abc.abstractmethod
    def _fit_targets(self, y: Any, lengths: NDArray[np.int64], sample_weight: NDArray[np.float64] | None) -> Targets:
        """Read the targets of training samples of these lengths, and fit what reads others."""

    @abc.abstractmethod
    def _read_targets(self, y: Any, lengths: NDArray[np.int64]) -> Targets:
        """Read the targets of other samples."""

    @property
    @abc.abstractmethod
    def _loss(self) -> str:
        """The name of the loss, once the targets are fitted."""

    @abc.abstractmethod
    def outputs(self, X: Any, *, categories: Any = None, extra: Any = None) -> NDArray[np.float64]:
        """Return what the network puts out, logits or scaled values, ``[members, samples, outputs]``.

        Parameters
        ----------
        X
            Samples, as in `fit`.
        categories, extra
            As in `fit`.

        Returns
        -------
        Outputs ``[members, samples, outputs]``.
        """

    def _decoder_training(self, targets: Targets) -> tuple[int | None, ScheduledSampling | None]:
        """Return the length of a decoder's longest target, and how it is fed true targets; None for others."""
        return None, None

    @property
    def parameters_(self) -> int:
        """Weights of one fitted member."""
        return self.whole_network.parameters(self.inputs_, self.outputs_)

    def _learn(
        self,
        X: Any,
        y: Any,
        *,
        sample_weight: Any,
        vectors: Any,
        validation: Any,
        callbacks: Sequence[Callback],
        **samples: Any,
    ) -> None:
        """Encode the samples, split them, and train; called on the copy that :meth:`_fit_copy` makes."""
        if self.validation > 1 and self.validation != int(self.validation):
            raise OptionError(
                f"{type(self).__name__}: validation={self.validation} is neither a share below 1 nor a whole number."
            )
        given = self._raw(X, **samples)
        table = require_vectors(vectors, self.whole_network)
        count = len(given)
        targets = self._fit_targets(y, given.sequences.lengths, sample_weights(sample_weight, count))
        self.encoder_: SampleEncoder = SampleEncoder.fit(given, self.scale)
        self.outputs_: int = targets.outputs
        if validation is None:
            learn, watch = split_samples(count, self.validation, self.seed, targets.codes)
        else:
            other, their_targets = self._read_validation(validation)
            learn, watch = np.arange(count), count + np.arange(len(other))
            given = given.followed_by(other)
            targets = targets.followed_by(their_targets)
        learn, watch = learn[targets.weight[learn] > 0], watch[targets.weight[watch] > 0]
        if len(learn) == 0:
            raise DataError(
                f"no sample of {count} is left to learn from: all but the validation samples weigh zero (weight=0)."
            )
        lengths_of = given.sequences.lengths
        self.bounds_: tuple[int, ...] = bucket_bounds(lengths_of[learn])
        source = self.encoder_.source(given)
        longest, schedule = self._decoder_training(targets)
        train, validation_samples = (
            {length: part[found] for length, found in in_buckets(lengths_of[part], self.bounds_).items()}
            for part in (learn, watch)
        )
        prepared = Samples.of_sequences(
            source, targets.y, train, validation_samples, targets.weight, max_target_length=longest
        )
        (trained,) = train_folds(
            TrainSpec(self.whole_network, self.train_config(self._loss, schedule), source.widths, self.outputs_),
            [prepared],
            epochs=self.epochs,
            members=self.members,
            seed=self.seed,
            vectors=table,
            callbacks=with_progress_bar(callbacks, self.progress),
        )
        self.weights_: Any = trained.weights
        self.history_: History = trained.history
        self.n_features_in_ = given.sequences.features

    def _outputs(self, X: Any, **samples: Any) -> NDArray[np.float64]:
        """Return what the network puts out for each member and sample, ``[members, samples, outputs]``."""
        ready = self._ready(X, **samples)
        found = forward(self.whole_network, ready.weights, ready.source, ready.buckets, self.outputs_)
        outputs = in_order(found, ready.buckets)
        warn_not_finite(outputs, type(self).__name__)
        return outputs

    def _raw(self, X: Any, **samples: Any) -> RawSamples:
        """Read and check samples."""
        return read_samples(X, self.whole_network, **samples)

    def _ready(self, X: Any, **samples: Any) -> Ready:
        """Read what every kind of prediction starts from."""
        self._require_fit()
        given = self._raw(X, **samples)
        known = given.sequences.lengths
        return Ready(self.weights_, self.encoder_.source(given), known, in_buckets(known, self.bounds_))

    @property
    def whole_network(self) -> Network:
        """The network that is trained: the one described, unless an estimator adds to it."""
        return self.network

    @property
    def inputs_(self) -> Inputs:
        """What the network reads."""
        features, sizes = max(len(self.encoder_.steps), 1), tuple(len(labels) for labels in self.encoder_.categories)
        return Inputs(features, sizes, len(self.encoder_.extra))

    def _read_validation(self, validation: Any) -> tuple[RawSamples, Targets]:
        arguments = validation_arguments(validation)
        y = arguments.pop("y")
        given = self._raw(name="the validation X", **arguments)
        return given, self._read_targets(y, given.sequences.lengths)

    def _arrays(self) -> Arrays:
        return {
            **stored_weights(self.weights_),
            **stored_history(self.history_),
            **self.encoder_.arrays(),
            "bounds": np.asarray(self.bounds_, dtype=np.int64),
        }

    def _extra_state(self) -> tuple[dict[str, Any], Arrays]:
        categories = [storable(labels, "categories") for labels in self.encoder_.categories]
        return {"categories": categories, "outputs": self.outputs_}, {}

    def _load_extra(self, description: dict[str, Any], arrays: Arrays) -> None:
        self.encoder_ = SampleEncoder.of_arrays(description["categories"], arrays)
        self.outputs_ = stored_count(description["outputs"], "outputs")
        self.n_features_in_ = self.inputs_.features

    def _restore(self, arrays: Arrays) -> None:
        self.weights_ = restored_weights(arrays, self.whole_network, self.inputs_, self.outputs_, self.members)
        self.history_ = restored_history(arrays)
        self.bounds_ = stored_bounds(arrays["bounds"])
