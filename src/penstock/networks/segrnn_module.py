"""The SegRNN with weights: segments in, segments of forecasts out."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp

from penstock.cells.padding import check_sequence
from penstock.layers.dense import DenseModule
from penstock.layers.dropout import DropoutModule
from penstock.layers.embedding import EmbeddingModule
from penstock.layers.noise import fold_in
from penstock.layers.one_hot import OneHotModule
from penstock.layers.recurrent import RecurrentModule
from penstock.layers.unroll import unroll
from penstock.networks.highway import HighwayModule
from penstock.networks.inputs import Inputs
from penstock.networks.module import Vectors, look_up_categories, require_input

__all__ = ["SegRNNModule"]


class SegRNNModule(eqx.Module):
    """A SegRNN with weights: a sequence in, one vector out.

    Attributes
    ----------
    project
        From the steps of a segment to the input of the cell.
    layers
        The recurrent layer, which reads the segments of the window, and takes one step for each segment of the output.
    positions
        The vector of each segment of the output, ``[segments, units − widths of the categories]``.
    beside
        From the further features to the input of the cell; None where there are none.
    readout
        From a state to the steps of one segment of the output.
    highway
        The linear map of the newest steps that is added; None where there is none.
    """

    project: DenseModule
    layers: tuple[RecurrentModule, ...]
    positions: jax.Array
    beside: DenseModule | None
    readout: DenseModule
    embeddings: tuple[EmbeddingModule | OneHotModule, ...]
    inputs: Inputs = eqx.field(static=True)
    segment: int = eqx.field(static=True)
    outputs: int = eqx.field(static=True)
    dropout: float = eqx.field(static=True)
    highway: HighwayModule | None = None

    def __call__(
        self,
        x: jax.Array,
        *,
        lengths: jax.Array | None = None,
        categories: jax.Array | None = None,
        extra: jax.Array | None = None,
        key: jax.Array | None = None,
    ) -> jax.Array:
        """Map sequences ``[batch, time, features]`` to outputs ``[batch, outputs]``.

        Parameters
        ----------
        x, lengths, categories, extra, key
            As in :class:`penstock.networks.module.NetworkModule`.
        """
        return self.read(self.look_up(x, categories), lengths=lengths, extra=extra, key=key)

    def look_up(self, x: jax.Array, categories: jax.Array | None = None) -> Vectors:
        """Replace categories by their vectors."""
        return Vectors(x, look_up_categories(self.embeddings, categories))

    def read(
        self,
        vectors: Vectors,
        *,
        lengths: jax.Array | None = None,
        extra: jax.Array | None = None,
        key: jax.Array | None = None,
    ) -> jax.Array:
        """Do what :meth:`__call__` does after the look-ups."""
        require_input("x", vectors.x, 3, self.inputs.features, "[batch, time, features]")
        require_input("extra", extra, 2, self.inputs.extra, "[batch, extra]")
        check_sequence("SegRNN", vectors.x, lengths)
        segments, count = self._segments(vectors.x, lengths)
        cell = self.layers[0].cell
        _, state = unroll(cell, self.project(segments), lengths=count, sequence=False)
        batch, parts = segments.shape[0], len(self.positions)
        own = [jnp.broadcast_to(each, (parts, *each.shape)) for each in vectors.categories]
        places = jnp.broadcast_to(self.positions[:, None], (parts, batch, self.positions.shape[1]))
        told = jnp.concatenate([places, *own], axis=-1)
        if self.beside is not None and extra is not None:
            told = told + self.beside(extra)
        # Every segment starts from the same state: its share of the step is computed once.
        found, _ = jax.vmap(cell, in_axes=(0, None))(told, state)
        if key is not None and self.dropout:
            found = DropoutModule(self.dropout)(found, key=fold_in(key, 0))
        steps = jnp.moveaxis(self.readout(found), 0, 1)
        outputs = steps.reshape(batch, -1)[:, : self.outputs]
        return outputs if self.highway is None else outputs + self.highway(vectors.x, lengths)

    def _segments(self, x: jax.Array, lengths: jax.Array | None) -> tuple[jax.Array, jax.Array | None]:
        """Cut sequences into segments ``[batch, segments, segment · features]``; the last ends at the last step.

        Zeros stand before the first step; of a shorter sequence the segments come first, and their number is given.
        """
        batch, time, _ = x.shape
        parts = -(-time // self.segment)
        if lengths is None:
            whole = jnp.pad(x, ((0, 0), (parts * self.segment - time, 0), (0, 0)))
            return whole.reshape(batch, parts, -1), None
        count = -(-lengths // self.segment)
        rows = jnp.arange(parts * self.segment) + (lengths - count * self.segment)[:, None]
        found = jnp.take_along_axis(x, jnp.clip(rows, 0, time - 1)[:, :, None], axis=1)
        true = (rows >= 0) & (rows < lengths[:, None])
        return jnp.where(true[:, :, None], found, 0).reshape(batch, parts, -1), count
