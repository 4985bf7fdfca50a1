"""The network described: layers over time read to their last step, then dense layers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax

from penstock.errors import OptionError
from penstock.layers.dense import Dense
from penstock.layers.dropout import Dropout
from penstock.layers.embedding import Embedding, EmbeddingModule
from penstock.layers.flatten import Flatten
from penstock.layers.layer import Layer
from penstock.layers.layer_norm import LayerNorm
from penstock.layers.one_hot import OneHotModule
from penstock.networks.inputs import Inputs
from penstock.networks.module import NetworkModule
from penstock.networks.weights import Buildable, count_untrained, count_weights
from penstock.options import Description, check_options, option

__all__ = ["Network"]


@dataclass(frozen=True, init=False, repr=False)
class Network(Description, Buildable[NetworkModule]):
    """A network described: layers over time, then dense layers; the output layer is added by whoever builds it.

    Parameters
    ----------
    layers
        Layers over time, bottom first, such as ``[LSTM(25), LSTM(10)]``. All but the top one hand their whole
        sequence on. An :class:`Embedding` may come first, :class:`Dropout` and :class:`LayerNorm` anywhere else.
    dense
        Dense layers between the last step and the output: :class:`Dense`, or a number of ReLU units; and
        :class:`Dropout`.
    embeddings
        For each static category of a sample, such as its series, the width of its vector, which joins the last step;
        0 for one-hot.
    return_sequences
        Whether to put out a vector at every step (aligned many to many), or one for the whole sequence.

    Examples
    --------
    >>> from penstock.layers.declared import LSTM
    >>> Network([LSTM(20)]).parameters(Inputs(1), outputs=1)
    1781
    >>> stocks = Network([LSTM(25), LSTM(10), Dropout(0.2)], dense=[10], embeddings=[10])
    >>> stocks.parameters(Inputs(1, categories=(2489,), extra=12), outputs=1)
    29371
    """

    layers: tuple[Layer, ...]
    dense: tuple[Dense | Dropout, ...]
    embeddings: tuple[int, ...]
    return_sequences: bool = option(False, "put out a vector at every step, or one for the whole sequence")

    def __init__(
        self,
        layers: Iterable[Layer] | Layer,
        dense: Iterable[Dense | Dropout | int] | Dense | int = (),
        embeddings: Iterable[int] | int = (),
        *,
        return_sequences: bool = False,
    ) -> None:
        above = [d if isinstance(d, (Dense, Dropout)) else Dense(d) for d in _several(dense)]
        object.__setattr__(self, "layers", _several(layers))
        object.__setattr__(self, "dense", tuple(above))
        object.__setattr__(self, "embeddings", _several(embeddings))
        object.__setattr__(self, "return_sequences", return_sequences)
        check_options(self)
        wrong = [layer for place, layer in enumerate(self.layers) if not _allowed(layer, place)]
        if wrong or not any(layer.over_time for layer in self.layers):
            given = f"{wrong[0]!r} is no layer over time" if wrong else "no layer over time was given"
            raise OptionError(f"Network: {given}; allowed: a list of layers such as [LSTM(20)].")
        for width in self.embeddings:
            if not isinstance(width, int) or isinstance(width, bool) or width < 0:
                raise OptionError(f"Network: embeddings holds {width!r}; allowed: whole numbers, 0 for one-hot.")

    def __repr__(self) -> str:
        dense = f", dense={list(self.dense)!r}" if self.dense else ""
        embeddings = f", embeddings={list(self.embeddings)!r}" if self.embeddings else ""
        return_sequences = ", return_sequences=True" if self.return_sequences else ""
        return f"Network({list(self.layers)!r}{dense}{embeddings}{return_sequences})"

    @property
    def label(self) -> str:
        """Short name in tables: the layers over time; of a feed-forward net on lags the dense ones too."""
        over_time = [layer for layer in self.layers if layer.over_time]
        above = self.dense if all(isinstance(layer, Flatten) for layer in over_time) else ()
        return "+".join(_short(layer) for layer in (*over_time, *above) if layer.outputs or layer.over_time)

    def build(self, inputs: Inputs, outputs: int, key: jax.Array) -> NetworkModule:
        """Draw the weights of a module that reads `inputs` and gives ``[batch, outputs]``.

        Parameters
        ----------
        inputs
            What the network reads.
        outputs
            How many values it puts out.
        key
            JAX key that the weights are drawn from.

        Returns
        -------
        The module with weights.

        Raises
        ------
        OptionError
            Where the inputs do not fit: another number of categories than embeddings, or features beside token ids.
        """
        inputs.require_embeddings(self)
        if isinstance(self.layers[0], Embedding) and inputs.features != 1:
            raise OptionError(f"{self!r} reads one token id a step, not {inputs.features} features.")
        chain = self._chain(outputs)
        keys = jax.random.split(key, len(chain))
        built: list[eqx.Module] = []
        width = inputs.features
        for place, (layer, subkey) in enumerate(zip(chain, keys, strict=True)):
            if place == len(self.layers):
                width += inputs.extra + sum(e or n for e, n in zip(self.embeddings, inputs.categories, strict=True))
            built.append(layer.build(width, subkey))
            width = layer.width(width)
        embeddings = tuple(
            EmbeddingModule(size, embed, jax.random.fold_in(key, place)) if embed else OneHotModule(size)
            for place, (embed, size) in enumerate(zip(self.embeddings, inputs.categories, strict=True))
        )
        over_time = tuple(layer.over_time for layer in self.layers)
        own = len(self.layers)
        return NetworkModule(
            tuple(built[:own]), tuple(built[own:]), embeddings, inputs, over_time, self.return_sequences
        )

    def summary(self, inputs: Inputs = Inputs(), outputs: int = 1, window: int | None = None) -> str:
        """Give a table of the layers: what each puts out and how many weights it has, trained and untrained.

        Parameters
        ----------
        inputs
            What the network reads.
        outputs
            How many values it puts out.
        window
            Input length in steps; shown as ``time`` if left out.

        Returns
        -------
        The table as text.

        Examples
        --------
        >>> from penstock.layers.declared import LSTM
        >>> print(Network([LSTM(20)]).summary(window=63))
        layer     output       parameters
        LSTM(20)  [batch, 20]       1,760
        Dense(1)  [batch, 1]           21
        total                       1,781
        >>> from penstock.layers.declared import EchoState
        >>> print(Network([EchoState(200)]).summary())
        layer           output        parameters  untrained
        EchoState(200)  [batch, 200]           0     40,400
        Dense(1)        [batch, 1]           201          0
        total                                201     40,400
        """
        time = "time" if window is None else window
        parts = self._rows(inputs, outputs)
        rows = [["layer", "output", "parameters", "untrained"]]
        for name, shape, trained, untrained in parts:
            output = f"[batch, {', '.join(str(time if axis is None else axis) for axis in shape)}]"
            rows.append([name, output, f"{trained:,}", f"{untrained:,}"])
        totals = [sum(part[2] for part in parts), sum(part[3] for part in parts)]
        rows.append(["total", "", *(f"{total:,}" for total in totals)])
        shown = 4 if totals[1] else 3
        widths = [max(len(row[column]) for row in rows) for column in range(shown)]
        align = ("<", "<", ">", ">")
        lines = [[f"{row[column]:{align[column]}{widths[column]}}" for column in range(shown)] for row in rows]
        return "\n".join(map("  ".join, lines))

    def _chain(self, outputs: int) -> list[Layer]:
        return [*self.layers, *self.dense, Dense(outputs, "linear")]

    def _rows(self, inputs: Inputs, outputs: int) -> list[tuple[str, tuple[int | None, ...], int, int]]:
        """Name each part, with its output after the batch (None: time), and its weights, trained and untrained."""
        module = eqx.filter_eval_shape(lambda: self.build(inputs, outputs, jax.random.key(0)))
        top = max(place for place, layer in enumerate(self.layers) if layer.over_time)
        rows: list[tuple[str, tuple[int | None, ...], int, int]] = []
        width = inputs.features
        built = (*module.layers, *module.dense)
        for place, (layer, part) in enumerate(zip(self._chain(outputs), built, strict=True)):
            if place == len(self.layers):
                for size, embed in zip(inputs.categories, self.embeddings, strict=True):
                    name = f"Embedding({size}, {embed})" if embed else f"one-hot({size})"
                    rows.append((name, (embed or size,), size * embed, 0))
                if inputs.extra:
                    rows.append(("extra", (inputs.extra,), 0, 0))
            width = layer.width(width)
            name = f"{type(layer).__name__}({width})" if layer.outputs else repr(layer)
            untrained = count_untrained(part)
            shape = (None, width) if place < top or self.return_sequences else (width,)
            rows.append((name, shape, count_weights(part) - untrained, untrained))
        return rows


def _several(given: Any) -> tuple[Any, ...]:
    return tuple(given) if isinstance(given, Iterable) else (given,)


def _short(layer: Layer) -> str:
    width = layer.steps if isinstance(layer, Flatten) else layer.outputs
    return type(layer).__name__ + (f"({width})" if width else "")


def _allowed(layer: Any, place: int) -> bool:
    if isinstance(layer, Embedding):
        return place == 0
    return isinstance(layer, Layer) and (layer.over_time or isinstance(layer, (Dropout, LayerNorm)))
