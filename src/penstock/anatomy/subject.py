"""What is looked at: a network with its weights, and the sequences that it reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from penstock.cells.cell import Cell
from penstock.errors import DataError, OptionError
from penstock.layers.embedding import Embedding
from penstock.layers.layer import Layer
from penstock.layers.recurrent import RecurrentModule
from penstock.layers.unroll import unroll
from penstock.networks.fitted import fitted_network, has_network
from penstock.networks.inputs import Inputs
from penstock.networks.network import Network

__all__ = ["Subject", "subject_of"]

_NEWEST = 16  # windows of a forecaster that are looked at
_DRAWN, _STEPS = 8, 50  # sequences that are drawn, and the steps of each


@dataclass(frozen=True, eq=False)
class Subject:
    """A network to look into.

    Attributes
    ----------
    name
        What a page calls it.
    module
        A cell, or any Equinox module that maps ``[batch, time, features]`` to outputs.
    x
        The sequences, ``[batch, time, features]``, or token ids ``[batch, time]``.
    given
        What else the module is called with.
    """

    name: str
    module: Any
    x: jax.Array
    given: Mapping[str, Any] = field(default_factory=dict)

    def run(self, module: Any, x: jax.Array) -> jax.Array:
        """Give the outputs of a module like this one's, ``[batch, outputs]``: those of the last step.

        Parameters
        ----------
        module
            The module, which may hold other weights.
        x
            Inputs ``[batch, time, features]``.

        Returns
        -------
        The module's outputs.
        """
        if isinstance(module, Cell):
            return unroll(module, x, sequence=False, **self.given)[0]
        if isinstance(module, RecurrentModule):
            return module(x, sequence=False, **self.given)
        out = module(x, **self.given)
        return out[:, -1] if out.ndim == 3 else out

    def only(self, sample: int) -> Subject:
        """Give the subject with one of its sequences alone.

        Parameters
        ----------
        sample
            Number of the sample, from the end if negative.

        Returns
        -------
        The subject with this sample alone.

        Raises
        ------
        OptionError
            For a number beyond the samples.
        """
        if not -len(self.x) <= sample < len(self.x):
            raise OptionError(f"sample={sample} is not there: {len(self.x)} sequences were given, counted from 0.")
        keep = slice(sample, sample + 1 or None)
        given = {name: value[keep] for name, value in self.given.items()}
        return Subject(self.name, self.module, self.x[keep], given)


def subject_of(model: Any, x: Any = None, *, member: int = 0, seed: int = 0) -> Subject:
    """Make a subject of whatever is at hand.

    Parameters
    ----------
    model
        A fitted estimator (of a forecaster the newest windows of its training rows are taken), a network, a layer or a
        cell, described or with weights, or a :class:`Subject`. Descriptions are built with weights drawn from `seed`.
    x
        Sequences ``[batch, time, features]``, or one ``[time, features]`` or ``[time]``; scaled as the network reads
        them. Of a model of text: a document. Left out: what a forecaster saw last; of all else 50 steps of white
        noise, or of tokens drawn at random.
    member
        Which of an estimator's networks.
    seed
        Of weights and noise.

    Returns
    -------
    The network with its weights and its inputs.

    Raises
    ------
    OptionError
        Where the model is none that can be looked into, or is not fitted.
    DataError
        Where x is empty or has a shape that is none of a sequence.

    Examples
    --------
    >>> from penstock.layers.declared import LSTM
    >>> subject_of(LSTM(3)).x.shape
    (1, 50, 1)
    """
    if isinstance(model, Subject):
        return model if x is None else Subject(model.name, model.module, _sequences(x))
    if has_network(model):
        return _of_estimator(model, x, member)
    name = f"{model!r}" if isinstance(model, (Network, Layer)) else type(model).__name__.removesuffix("Module")
    sequences = None if x is None else _sequences(x)
    width = _width(model) if sequences is None else sequences.shape[-1] if sequences.ndim == 3 else 1
    key = jax.random.key(seed)
    if isinstance(model, Network):
        model = model.build(Inputs(width), 1, key)
    elif isinstance(model, Layer):
        model = model.build(width, key)
    if not isinstance(model, eqx.Module) or not callable(model):
        raise OptionError(
            f"{model!r} cannot be looked into; allowed: a fitted forecaster, a network, a layer or a cell, such as "
            "LSTM(8)."
        )
    if sequences is None:
        sequences = _sequences(np.random.default_rng(seed).normal(size=(1, _STEPS, width)))
    return Subject(name, model, sequences)


def _of_estimator(model: Any, x: Any, member: int) -> Subject:
    module = fitted_network(model, member)
    name = f"{getattr(model, 'label', type(model).__name__)}, fitted"
    if isinstance(x, str):
        if not hasattr(model, "vocabulary_"):
            raise OptionError(
                f"{type(model).__name__} reads numbers, but x={x[:40]!r} is text; give a list of numbers."
            )
        x = np.asarray(model.vocabulary_.encode([x]).values)[None]
    if x is not None:
        sequences = _sequences(x)
        return Subject(name, module, sequences, _neutral(model.inputs_, len(sequences)))
    if not hasattr(model, "reader_"):
        sequences, what = _drawn(model.whole_network, model.inputs_.features)
        return Subject(f"{name}, on {what}", module, sequences, _neutral(model.inputs_, len(sequences)))
    panel, fitted = model.with_calendar(model.tail_), np.arange(len(model.tail_))
    # The newest windows of the first series; where series are read jointly it stands for all of them.
    last = int(panel.offsets[1]) - 1
    reader, window, needed = model.reader_, model.window, model.rows_needed
    if model.stateful:  # shown from the zero state on
        window = min(window, last + 2 - needed)
        needed += window - 1
        reader, name = replace(reader, window=window), f"{name}, its last {window} rows from the zero state"
    origins = np.arange(max(last - _NEWEST + 1, needed - 1), last + 1)
    read = reader.source(panel, fitted).read(jnp.asarray(reader.starts(panel, origins)), window)
    given = {name: value for name, value in read._asdict().items() if name != "x" and value is not None}
    return Subject(name, module, read.x, given)


def _drawn(network: Network, features: int) -> tuple[jax.Array, str]:
    """Draw sequences for a network to read, and say what they are."""
    rng, first = np.random.default_rng(0), network.layers[0]
    if isinstance(first, Embedding):
        return jnp.asarray(rng.integers(1, first.vocabulary, size=(_DRAWN, _STEPS))), "tokens drawn at random"
    return jnp.asarray(rng.normal(size=(_DRAWN, _STEPS, features))), "white noise"


def _neutral(inputs: Inputs, count: int) -> dict[str, jax.Array]:
    """Give what joins the last step where nothing is known of it: the first categories, and means."""
    categories, extra = jnp.zeros((count, len(inputs.categories)), int), jnp.zeros((count, inputs.extra))
    return {name: each for name, each in (("categories", categories), ("extra", extra)) if each.shape[1]}


def _sequences(x: Any) -> jax.Array:
    given = np.asarray(x)
    if given.dtype.kind in "iu" and given.ndim == 2:
        sequences = given  # token ids
    else:
        shape = {1: (1, -1, 1), 2: (1, *given.shape), 3: given.shape}.get(given.ndim)
        sequences = given if shape is None else given.reshape(shape).astype(float)
    if sequences.ndim not in (2, 3) or sequences.size == 0:
        raise DataError(f"x has the shape {given.shape}; allowed: [batch, time, features], or one sequence of numbers.")
    return jnp.asarray(sequences)


def _width(model: Any) -> int:
    if hasattr(model, "inputs") and isinstance(model.inputs, Inputs):
        return model.inputs.features
    cells = list(jax.tree.leaves(model, is_leaf=lambda leaf: isinstance(leaf, Cell)))
    W = next((cell.W for cell in cells if isinstance(cell, Cell) and hasattr(cell, "W")), None)
    return 1 if W is None else int(W.shape[0])
