"""A network with the weights that training on arrays found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from penstock.errors import OptionError
from penstock.networks.inputs import Inputs
from penstock.networks.module import NetworkModule
from penstock.networks.network import Network
from penstock.training.array_samples import ArraySamples
from penstock.training.forward import forward, in_order, true_steps
from penstock.training.history import History
from penstock.training.row_windows import RowWindows

__all__ = ["TrainedNetwork"]


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

    def predict(self, x: Any, *, lengths: Any = None, categories: Any = None, extra: Any = None) -> NDArray[np.float64]:
        """Return the outputs of every member.

        A sample's outputs do not depend on the other samples, bit for bit.

        Parameters
        ----------
        x : array, list of arrays or RowWindows
            As in :func:`penstock.train`.
        lengths : array of int, optional
            True steps of each sample of a padded array, ``[samples]``.
        categories, extra : array, optional
            As in :func:`penstock.train`.

        Returns
        -------
        numpy.ndarray
            ``[members, samples, outputs]``; of a network with outputs at every step ``[members, steps, outputs]``, the
            true steps of all samples one after the other.

        Raises
        ------
        DataError
            Where the samples cannot be used, or have another number of features or categories.
        """
        samples = ArraySamples.read(self.network, x, lengths=lengths, categories=categories, extra=extra)
        source, buckets = samples.source(samples.sizes_within(self.inputs)), samples.buckets()
        found = forward(self.network, self.weights, source, buckets, self.outputs)
        if isinstance(samples.x, RowWindows):
            return found[samples.x.window]
        return (
            true_steps(found, buckets, samples.x.lengths) if self.network.return_sequences else in_order(found, buckets)
        )
