"""A network with the weights that training on arrays found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from penstock.data.sequences import Sequences, read_sequences
from penstock.errors import DataError, OptionError
from penstock.layers.embedding import Embedding
from penstock.networks.inputs import Inputs
from penstock.networks.module import NetworkModule
from penstock.networks.network import Network
from penstock.training.buckets import bucket_bounds, in_buckets
from penstock.training.forward import forward, in_order, true_steps
from penstock.training.history import History
from penstock.training.source import Source

__all__ = ["TrainedNetwork", "read_samples"]


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """A network with the weights that :func:`penstock.train` found.

    Attributes
    ----------
    network
        Its description.
    weights
        The weights of all members, every leaf ``[members, ...]``.
    history
        Losses by epoch and member.
    inputs, outputs
        What it reads, and how many values it puts out.
    """

    network: Network
    weights: Any
    history: History
    inputs: Inputs
    outputs: int

    @property
    def members(self) -> int:
        """Number of networks that were trained from different seeds."""
        return len(jax.tree.leaves(self.weights)[0])

    def module(self, member: int = 0) -> NetworkModule:
        """Return one member as an Equinox module, a function of ``x [batch, time, features]``.

        Parameters
        ----------
        member : int
            Which network, counted from 0.

        Returns
        -------
        NetworkModule
            The module with its weights.

        Raises
        ------
        OptionError
            Where there is no such member.
        """
        if not 0 <= member < self.members:
            raise OptionError(f"member={member} is not there: there are {self.members}, counted from 0.")
        weights = jax.tree.map(lambda leaf: jnp.asarray(leaf[member]), self.weights)
        return self.network.with_weights(weights, self.inputs, self.outputs)

    def predict(self, x: Any, *, lengths: Any = None) -> NDArray[np.float64]:
        """Return the outputs of every member.

        A sample's outputs do not depend on the other samples, bit for bit.

        Parameters
        ----------
        x : array or list of arrays
            As in :func:`penstock.train`.
        lengths : array of int, optional
            True steps of each sample of a padded array, ``[samples]``.

        Returns
        -------
        numpy.ndarray
            ``[members, samples, outputs]``; of a network with outputs at every step ``[members, steps, outputs]``, the
            true steps of all samples one after the other.

        Raises
        ------
        DataError
            Where `x` cannot be used, or has another number of features.
        """
        sequences = read_samples(self.network, x, lengths, "x")
        if sequences.features != self.inputs.features:
            raise DataError(f"x has {sequences.features} features, but the network reads {self.inputs.features}.")
        buckets = in_buckets(sequences.lengths, bucket_bounds(sequences.lengths))
        found = forward(self.network, self.weights, Source.of_sequences(sequences), buckets, self.outputs)
        return (
            true_steps(found, buckets, sequences.lengths) if self.network.return_sequences else in_order(found, buckets)
        )


def read_samples(network: Network, x: Any, lengths: Any, name: str) -> Sequences:
    """Read samples for a network."""
    first = network.layers[0]
    sequences = read_sequences(x, ids=isinstance(first, Embedding), lengths=lengths, name=name)
    if isinstance(first, Embedding) and sequences.values.max() >= first.vocabulary:
        raise DataError(
            f"{name} holds the id {sequences.values.max()}, but {first!r} knows ids from 0 to {first.vocabulary - 1}."
        )
    return sequences
