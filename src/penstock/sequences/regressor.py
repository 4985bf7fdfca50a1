"""A value for each sequence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from penstock.data.scaling import Standardizer
from penstock.errors import DataError
from penstock.options import option
from penstock.sequences.core import SampleEstimator
from penstock.sequences.estimator import SequenceEstimator
from penstock.sequences.labels import column, numbers
from penstock.sequences.targets import Targets
from penstock.storage import Arrays
from penstock.training.losses import VALUE_LOSSES
from penstock.training.raw_samples import sample_weights

__all__ = ["SampleRegressor", "SequenceRegressor"]


@dataclass(repr=False, eq=False, kw_only=True)
class SampleRegressor(SampleEstimator):
    """What a network that gives each sample a value, or several, adds to one that reads samples."""

    kind: ClassVar[str] = "regressor"

    loss: str = option("mse", "loss to minimise, in scaled units", choices=VALUE_LOSSES)

    def predict(self, X: Any, **samples: Any) -> NDArray[np.float64]:
        """Return the value of each sample, ``[samples]`` or as many columns as y had; the mean of the members'.

        Parameters
        ----------
        X
            Samples, as in :meth:`fit`.
        **samples
            What else :meth:`outputs` takes.

        Returns
        -------
        Values ``[samples]``, or ``[samples, columns]``.
        """
        scaled = self.outputs(X, **samples).mean(axis=0)
        values = self.y_scaling_.inverse(scaled)
        return values[:, 0] if self.y_axes_ == 1 else values

    def score(self, X: Any, y: Any, sample_weight: Any = None, **samples: Any) -> float:
        """Give R², the share of the variance that is explained; the mean over the columns of y.

        Parameters
        ----------
        X
            Samples, as in :meth:`fit`.
        y
            Their true values.
        sample_weight
            Weight of each sample in the mean, ``[samples]``.
        **samples
            What else :meth:`outputs` takes.

        Returns
        -------
        R².
        """
        values = self.predict(X, **samples)
        values = values.reshape(len(values), -1)
        truth, weights = self._values(y, len(values)), sample_weights(sample_weight, len(values))
        self._require_columns(truth, "y")
        residual = np.average((truth - values) ** 2, axis=0, weights=weights)
        mean = np.average(truth, axis=0, weights=weights)
        total = np.average((truth - mean) ** 2, axis=0, weights=weights)
        # A constant column has no variance to explain: 1 where it is met exactly, else 0, as in scikit-learn.
        share = np.where(total > 0, 1 - residual / np.where(total > 0, total, 1), (residual == 0).astype(float))
        return float(np.mean(share))

    @property
    def _loss(self) -> str:
        return self.loss

    def _values(self, y: Any, count: int) -> NDArray[np.float64]:
        """Read values ``[samples, columns]``."""
        table = np.asarray(y) if isinstance(y, (list, tuple)) else y
        if getattr(table, "ndim", 1) == 2 and table.shape[1] != 1 and not hasattr(table, "tocsr"):
            rows = np.asarray(table)
            return np.stack([numbers(column(rows[:, place], count)) for place in range(rows.shape[1])], axis=1)
        return numbers(column(table, count))[:, None]

    def _require_columns(self, values: NDArray[np.float64], name: str) -> None:
        if values.shape[1] != (fitted := len(self.y_scaling_)):
            raise DataError(f"{name} has {values.shape[1]} columns, the training y {fitted}; give the same.")

    def _fit_targets(self, y: Any, lengths: NDArray[np.int64], sample_weight: NDArray[np.float64] | None) -> Targets:
        values = self._values(y, len(lengths))
        self.y_axes_ = 2 if values.shape[1] > 1 else 1
        self.y_scaling_ = Standardizer.fit(values, self.scale)
        weight = np.ones(len(lengths)) if sample_weight is None else sample_weight
        return Targets(self.y_scaling_.transform(values), weight, values.shape[1])

    def _read_targets(self, y: Any, lengths: NDArray[np.int64]) -> Targets:
        values = self._values(y, len(lengths))
        self._require_columns(values, "the validation y")
        return Targets(self.y_scaling_.transform(values), np.ones(len(lengths)), 0)

    def _extra_state(self) -> tuple[dict[str, Any], Arrays]:
        about, arrays = super()._extra_state()
        return about, {**arrays, **self.y_scaling_.arrays("y.")}

    def _load_extra(self, description: dict[str, Any], arrays: Arrays) -> None:
        super()._load_extra(description, arrays)
        self.y_scaling_ = Standardizer.of_arrays(arrays, "y.")
        if not len(self.y_scaling_) or self.outputs_ % len(self.y_scaling_):
            raise ValueError(f"{len(self.y_scaling_)} targets are scaled, of a network with {self.outputs_} outputs")
        self.y_axes_ = 2 if len(self.y_scaling_) > 1 else 1


@dataclass(repr=False, eq=False)
class SequenceRegressor(SequenceEstimator, SampleRegressor):
    """A network that gives each sequence a value, or several.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=time) for time in rng.integers(3, 9, size=60)]
    >>> y = [x[-1] for x in X]
    >>> from penstock.networks.network import Network
    >>> from penstock.layers.declared import GRU
    >>> from penstock.training.optimizers import Adam
    >>> model = SequenceRegressor(Network([GRU(4)]), epochs=20, optimizer=Adam(0.05)).fit(X, y)
    >>> model.predict(X).shape, model.score(X, y) > 0.5
    ((60,), True)
    """
