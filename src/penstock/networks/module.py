"""The network with weights."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp

from penstock.errors import OptionError
from penstock.layers.chain import run_layers
from penstock.layers.embedding import EmbeddingModule
from penstock.layers.noise import fold_in
from penstock.layers.one_hot import OneHotModule
from penstock.layers.recurrent import RecurrentModule
from penstock.networks.inputs import Inputs

__all__ = ["NetworkModule", "Vectors", "look_up_categories", "require_input"]


class Vectors(NamedTuple):
    """What a network reads after its look-ups.

    Attributes
    ----------
    x
        The sequence ``[batch, time, features]``.
    categories
        The vectors of the static categories, each ``[batch, width]``.
    """

    x: jax.Array
    categories: tuple[jax.Array, ...]


class NetworkModule(eqx.Module):
    """A network with weights: a sequence in, one vector out, read from the last true step of the top layer over time.

    The dense layers read, side by side, that last step, the vectors of the static categories and the extra features.
    """

    layers: tuple[eqx.Module, ...]
    dense: tuple[eqx.Module, ...]
    embeddings: tuple[EmbeddingModule | OneHotModule, ...]
    inputs: Inputs = eqx.field(static=True)
    over_time: tuple[bool, ...] = eqx.field(static=True)
    return_sequences: bool = eqx.field(static=True, default=False)

    def __call__(
        self,
        x: jax.Array,
        *,
        lengths: jax.Array | None = None,
        categories: jax.Array | None = None,
        extra: jax.Array | None = None,
        key: jax.Array | None = None,
    ) -> jax.Array:
        """Map sequences to outputs ``[batch, outputs]``, or ``[batch, time, outputs]`` where every step puts out.

        Parameters
        ----------
        x
            Inputs ``[batch, time, features]``, or token ids ``[batch, time]`` where the first layer embeds.
        lengths
            True steps of each sample, ``[batch]``; all if left out.
        categories
            Ids of the static categories, ``[batch, categories]``.
        extra
            Further features, ``[batch, extra]``.
        key
            What dropout draws from, in training; without it nothing is dropped.

        Raises
        ------
        OptionError
            Where an input is missing, or of another width than the network was built for.
        """
        return self.read(self.look_up(x, categories), lengths=lengths, extra=extra, key=key)

    def look_up(self, x: jax.Array, categories: jax.Array | None = None) -> Vectors:
        """Replace token ids and categories by their vectors."""
        if isinstance(self.layers[0], EmbeddingModule):
            require_input("x", x, 2, None, "token ids [batch, time]")
            x = self.layers[0](x)
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
        embeds = isinstance(self.layers[0], EmbeddingModule)
        if not embeds:
            require_input("x", vectors.x, 3, self.inputs.features, "[batch, time, features]")
        require_input("extra", extra, 2, self.inputs.extra, "[batch, extra]")
        first = int(embeds)
        modules, over_time = self.layers[first:], self.over_time[first:]
        x = run_layers(
            modules, over_time, vectors.x, lengths=lengths, sequence=self.return_sequences, key=key, first=first
        )
        beside = [*vectors.categories, *([] if extra is None else [extra])]
        if self.return_sequences:
            beside = [jnp.broadcast_to(each[:, None], (*x.shape[:2], each.shape[1])) for each in beside]
        x = jnp.concatenate([x, *beside], axis=-1)
        return self._above(x, key)

    def initial_state(self, batch: int) -> tuple[Any, ...]:
        """Return the state of each recurrent layer before the first step, every leaf ``[batch, ...]``."""
        return tuple(layer.cell.initial_state(batch) for layer in self.layers if isinstance(layer, RecurrentModule))

    def walk(
        self,
        vectors: Vectors,
        state: tuple[Any, ...],
        *,
        lengths: jax.Array | None = None,
        extra: jax.Array | None = None,
        key: jax.Array | None = None,
    ) -> tuple[jax.Array, tuple[Any, ...]]:
        """Go on from a state, and put out at every step what :meth:`read` puts out at the last.

        Parameters
        ----------
        vectors
            What :meth:`look_up` gave.
        state
            What :meth:`initial_state` or an earlier call gave.
        lengths
            True steps of each sample, ``[batch]``; all if left out. Later ones leave the state alone.
        extra
            Further features of every step, ``[batch, time, extra]``.
        key
            What dropout draws from, in training; without it nothing is dropped.

        Returns
        -------
        Outputs ``[batch, time, outputs]``, and the state after the last true step.
        """
        require_input("x", vectors.x, 3, self.inputs.features, "[batch, time, features]")
        require_input("extra", extra, 3, self.inputs.extra, "[batch, time, extra]")
        x, before, after = vectors.x, iter(state), []
        for place, layer in enumerate(self.layers):
            own = None if key is None else fold_in(key, place)
            if isinstance(layer, RecurrentModule):
                x, last = layer.walk(x, next(before), lengths=lengths, key=own)
                after.append(last)
            else:
                x = layer(x, key=own)  # type: ignore[operator]
        beside = [jnp.broadcast_to(each[:, None], (*x.shape[:2], each.shape[1])) for each in vectors.categories]
        x = jnp.concatenate([x, *beside, *([] if extra is None else [extra])], axis=-1)
        return self._above(x, key), tuple(after)

    def _above(self, x: jax.Array, key: jax.Array | None) -> jax.Array:
        """Run the dense layers."""
        for place, dense in enumerate(self.dense, start=len(self.layers)):
            x = dense(x, key=None if key is None else fold_in(key, place))  # type: ignore[operator]
        return x


def look_up_categories(
    embeddings: tuple[EmbeddingModule | OneHotModule, ...], categories: jax.Array | None
) -> tuple[jax.Array, ...]:
    """Return the vector of each static category, ``[batch, width]``, from their ids ``[batch, categories]``."""
    require_input("categories", categories, 2, len(embeddings), "one id for each category [batch, categories]")
    ids = () if categories is None else jnp.moveaxis(categories, 1, 0)
    return tuple(embed(each) for embed, each in zip(embeddings, ids, strict=True))


def require_input(name: str, given: jax.Array | None, axes: int, width: int | None, wanted: str) -> None:
    """Refuse, in words, an input that is missing, or has other axes or another width.

    Raises
    ------
    OptionError
        With what the network reads and what it was given.
    """
    if given is None:
        if width:
            raise OptionError(f"the network reads {name} of width {width}, but none were given; give {wanted}.")
        return
    if given.ndim != axes or (width is not None and given.shape[-1] != width):
        last = "" if width is None else f" with a last axis of {width}"
        raise OptionError(f"the network reads {name} as {wanted}{last}, but was given the shape {given.shape}.")
