"""How networks of samples are written: raw steps in, values, probabilities or outputs out."""

from __future__ import annotations

import json
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from penstock.errors import OptionError
from penstock.layers.embedding import Embedding
from penstock.onnx.graph import BATCH, Port
from penstock.sequences.classifier import SampleClassifier
from penstock.sequences.estimator import SequenceEstimator
from penstock.sequences.regressor import SampleRegressor
from penstock.sequences.tagger import SequenceTagger
from penstock.sequences.to_sequence import SequenceToSequence
from penstock.training.losses import cumulative_logits
from penstock.training.trained_network import TrainedNetwork

__all__ = ["SampleReader", "reads_samples"]


class SampleReader:
    """The functions around the network of samples, traced in float64.

    Parameters
    ----------
    model
        A network of :func:`penstock.train`, or a fitted estimator of sequences.
    time
        Steps of a sample at most.

    Attributes
    ----------
    inputs
        What the file reads.
    output
        Name of what it puts out.
    decodes
        Whether the network puts out a sequence, step by step.
    """

    def __init__(self, model: Any, time: int) -> None:
        trained = isinstance(model, TrainedNetwork)
        if not trained and not isinstance(
            model, (SampleRegressor, SampleClassifier, SequenceTagger, SequenceToSequence)
        ):
            raise OptionError(
                f"{type(model).__name__} is not exported; allowed: SequenceRegressor, SequenceClassifier, "
                "SequenceTagger, SequenceToSequence, and what penstock.train gives."
            )
        self.model, self.trained, self.decodes = model, trained, isinstance(model, SequenceToSequence)
        self.weights = model.weights if trained else model.weights_
        self.widths, self.outputs = (model.inputs, model.outputs) if trained else (model.inputs_, model.outputs_)
        self.dtype = jax.tree.leaves(self.weights)[0].dtype
        layers = model.network.encoder if self.decodes else model.network.layers
        self.tokens = bool(layers) and isinstance(layers[0], Embedding)
        self.output = "outputs" if trained else "value" if isinstance(model, SampleRegressor) else "probabilities"
        if self.decodes:
            self.output = "labels" if model._loss == "cross_entropy" else "value"
        steps = (BATCH, time) if self.tokens else (BATCH, time, self.widths.features)
        categories, extra = len(self.widths.categories), self.widths.extra
        ports = [
            ("x", np.int64 if self.tokens else np.float64, steps, True),
            ("lengths", np.int64, (BATCH,), True),
            ("categories", np.int64, (BATCH, categories), categories),
            ("extra", np.float64, (BATCH, extra), extra),
        ]
        self.inputs = [Port(name, dtype, shape) for name, dtype, shape, wanted in ports if wanted]

    def read(self, *arrays: jax.Array) -> dict[str, jax.Array]:
        """Return what the network reads of raw samples, by name.

        Parameters
        ----------
        *arrays
            One for each of `inputs`.

        Returns
        -------
        By name: ``x``, ``lengths``, ``categories``, ``extra``.
        """
        given = {port.name: each for port, each in zip(self.inputs, arrays, strict=True)}
        if not self.trained:
            encoder = self.model.encoder_
            if not self.tokens:
                given["x"] = (given["x"] - encoder.steps.shift) / encoder.steps.scale
            if "extra" in given:
                given["extra"] = (given["extra"] - encoder.extra.shift) / encoder.extra.scale
        types = {"lengths": jnp.int32, "categories": jnp.int32, "x": jnp.int32 if self.tokens else self.dtype}
        return {name: each.astype(types.get(name, self.dtype)) for name, each in given.items()}

    def answer(self, out: jax.Array) -> dict[str, jax.Array]:
        """Return what the model says, of the outputs of all members ``[members, batch, ...]``.

        Parameters
        ----------
        out
            What the networks put out.

        Returns
        -------
        By the name of the output.
        """
        out = out.astype(jnp.int64 if self.output == "labels" else jnp.float64)
        if self.trained or self.output == "labels":
            return {self.output: out}
        if self.output == "value":
            scaling = self.model.y_scaling_
            return {self.output: jnp.sum(out, axis=0) / out.shape[0] * scaling.scale + scaling.shift}
        loss = self.model._loss
        if loss == "cross_entropy":
            shares = jax.nn.softmax(out, axis=-1)
        else:
            above = jax.nn.sigmoid(out if loss == "bce" else cumulative_logits(out))
            ends = jnp.ones_like(above[..., :1])
            shares = jnp.concatenate([ends, above], axis=-1) - jnp.concatenate([above, 0 * ends], axis=-1)
        return {self.output: jnp.sum(shares, axis=0) / out.shape[0]}

    def facts(self) -> dict[str, str]:
        """Return what the file says of its outputs."""
        classes = getattr(self.model, "classes_", None)
        if self.decodes and classes is not None:  # their numbers; the one behind them ends a sequence
            return {"labels": json.dumps([str(each) for each in classes])}
        return {} if classes is None else {"classes": str(classes.tolist())}


def reads_samples(model: Any) -> bool:
    """Tell whether a model reads samples instead of series."""
    return isinstance(model, (TrainedNetwork, SequenceEstimator))
