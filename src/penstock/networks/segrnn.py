"""A recurrent network over segments of a window, whose forecasts are decoded in parallel (SegRNN)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import equinox as eqx
import jax

from penstock.cells.initializers import input_weights
from penstock.errors import OptionError
from penstock.layers.dense import Dense
from penstock.layers.embedding import EmbeddingModule
from penstock.layers.one_hot import OneHotModule
from penstock.layers.recurrent import RecurrentLayer
from penstock.networks.highway import HighwayModule
from penstock.networks.inputs import Inputs
from penstock.networks.segrnn_module import SegRNNModule
from penstock.networks.weights import Buildable, count_untrained, count_weights
from penstock.options import Description, check_options, option

__all__ = ["SegRNN"]


@dataclass(frozen=True, init=False, repr=False)
class SegRNN(Description, Buildable[SegRNNModule]):
    """A recurrent network over segments of the window, described, whose forecasts are decoded in parallel.

    The window is cut into segments of `segment` steps, each projected to one input of the recurrent layer: a window of
    720 hours takes 15 steps instead of 720. From its last state the same cell takes one step for each segment of the
    output, all side by side, told which one it is (and which series, where there are embeddings); a readout that all
    segments share gives their steps. Windows are best centred on their last value:
    ``Forecaster(SegRNN(GRU(128)), window=720, season=1, scale=WindowScale("last", "series"))``.

    Parameters
    ----------
    layer
        The recurrent layer.
    segment
        Steps of a segment, of the window and of the output.
    dropout
        Share of the states dropped before the readout in training.
    embeddings
        For each static category, such as the series, the width of its vector, 0 for one-hot; the vectors take that part
        of the cell's input away from those of the segments' positions.
    highway
        Newest steps of the window of which a linear map, one for all series, is added to the forecasts (the
        autoregressive highway of LSTNet), all features of them; 0: none. Training begins with the map at zero.

    Examples
    --------
    >>> from penstock.layers.declared import GRU
    >>> network = SegRNN(GRU(16), segment=24)
    >>> network, network.parameters(Inputs(1), outputs=96)
    (SegRNN(GRU(16), segment=24), 2456)
    >>> SegRNN(GRU(16), segment=24, highway=720).parameters(Inputs(1), outputs=96)
    71576

    References
    ----------
    Lin, Lin, Wu, Zhao, Mo & Zhang (2023), *SegRNN: Segment recurrent neural network for long-term time series
    forecasting*, sections 4.2 and 4.3; Lai, Chang, Yang & Liu (2018), *Modeling long- and short-term temporal patterns
    with deep neural networks*, section 3.6, for the highway.
    """

    traced: ClassVar[tuple[str, ...]] = ("dropout",)

    layer: RecurrentLayer
    segment: int = option(48, "steps of a segment, of the window and of the output", at_least=1)
    dropout: float = option(0.0, "share of the states dropped before the readout in training", at_least=0, below=1)
    embeddings: tuple[int, ...] = ()
    highway: int = option(
        0, "newest steps of the window of which a linear map is added to the forecasts; 0: none", at_least=0
    )

    def __init__(
        self,
        layer: RecurrentLayer,
        segment: int = 48,
        *,
        dropout: float = 0.0,
        embeddings: Iterable[int] | int = (),
        highway: int = 0,
    ) -> None:
        widths = tuple(embeddings) if isinstance(embeddings, Iterable) else (embeddings,)
        given = {"layer": layer, "segment": segment, "dropout": dropout, "embeddings": widths, "highway": highway}
        for name, value in given.items():
            object.__setattr__(self, name, value)
        check_options(self)
        if not isinstance(layer, RecurrentLayer):
            raise OptionError(f"SegRNN: layer={layer!r} is no recurrent layer; allowed: such as GRU(128).")
        if layer.dropout or layer.recurrent_dropout:
            raise OptionError(
                f"SegRNN: {layer!r} drops inputs or states; give SegRNN({type(layer).__name__}(...), dropout=) instead."
            )
        for width in widths:
            if not isinstance(width, int) or isinstance(width, bool) or width < 0:
                raise OptionError(f"SegRNN: embeddings holds {width!r}; allowed: whole numbers, 0 for one-hot.")

    def __repr__(self) -> str:
        usual = {"segment": 48, "dropout": 0.0, "embeddings": (), "highway": 0}
        told = "".join(f", {name}={value!r}" for name, at in usual.items() if (value := getattr(self, name)) != at)
        return f"SegRNN({self.layer!r}{told})"

    @property
    def layers(self) -> tuple[RecurrentLayer, ...]:
        """The recurrent layer, as other networks name theirs."""
        return (self.layer,)

    @property
    def dense(self) -> tuple[Dense, ...]:
        """None; other networks have dense layers above."""
        return ()

    @property
    def label(self) -> str:
        """Short name in tables."""
        return f"SegRNN({self.layer.units})" + (f"+AR({self.highway})" if self.highway else "")

    def build(self, inputs: Inputs, outputs: int, key: jax.Array) -> SegRNNModule:
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
            Where there are not as many embeddings as categories, or they take the whole input of the cell.
        """
        inputs.require_embeddings(self)
        units = self.layer.units
        told = sum(width or size for width, size in zip(self.embeddings, inputs.categories, strict=True))
        if told >= units:
            raise OptionError(
                f"{self!r}: the vectors of the categories are {told} wide, which leaves none of {units} units for the "
                "positions; give more units or narrower embeddings."
            )
        keys = jax.random.split(key, 5 + len(self.embeddings))
        return SegRNNModule(
            project=Dense(units).build(self.segment * inputs.features, keys[0]),
            layers=(self.layer.build(units, keys[1]),),
            positions=input_weights(
                keys[2], (-(-outputs // self.segment), units - told), jax.dtypes.canonicalize_dtype(float)
            ),
            beside=Dense(units, "linear").build(inputs.extra, keys[3]) if inputs.extra else None,
            readout=Dense(self.segment, "linear").build(self.layer.outputs, keys[4]),
            embeddings=tuple(
                EmbeddingModule(size, width, own) if width else OneHotModule(size)
                for width, size, own in zip(self.embeddings, inputs.categories, keys[5:], strict=True)
            ),
            inputs=inputs,
            segment=self.segment,
            outputs=outputs,
            dropout=self.dropout,
            highway=HighwayModule(self.highway, inputs.features, outputs) if self.highway else None,
        )

    def summary(self, inputs: Inputs = Inputs(), outputs: int = 1, window: int | None = None) -> str:
        """Give a table of the parts: what each puts out and how many weights it has.

        Parameters
        ----------
        inputs
            What the network reads.
        outputs
            How many values it puts out.
        window
            Input length in steps; its segments are shown as ``segments`` if left out.

        Returns
        -------
        The table as text.

        Examples
        --------
        >>> from penstock.layers.declared import GRU
        >>> print(SegRNN(GRU(16), segment=24).summary(outputs=96, window=720))
        part       output           parameters
        segments   [batch, 30, 16]         400
        GRU(16)    [batch, 16]           1,584
        positions  [batch, 4, 16]           64
        readout    [batch, 96]             408
        total                            2,456
        """
        parts = [
            (name, "[batch, " + shape + "]", f"{count:,}") for name, shape, count in self._rows(inputs, outputs, window)
        ]
        rows = [("part", "output", "parameters"), *parts, ("total", "", f"{self.parameters(inputs, outputs):,}")]
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        return "\n".join(
            "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(row, "<<>", widths, strict=True))
            for row in rows
        )

    def _rows(self, inputs: Inputs, outputs: int, window: int | None = None) -> list[tuple[str, str, int]]:
        """Name each part, with its output after the batch, and the weights that are trained."""
        module = eqx.filter_eval_shape(lambda: self.build(inputs, outputs, jax.random.key(0)))
        units, places = self.layer.units, len(module.positions)
        segments = "segments" if window is None else -(-window // self.segment)
        rows = [
            ("segments", f"{segments}, {units}", count_weights(module.project)),
            (
                f"{type(self.layer).__name__}({units})",
                f"{self.layer.outputs}",
                count_weights(module.layers) - count_untrained(module.layers),
            ),
            ("positions", f"{places}, {module.positions.shape[1]}", count_weights(module.positions)),
        ]
        for width, size, part in zip(self.embeddings, inputs.categories, module.embeddings, strict=True):
            name = f"Embedding({size}, {width})" if width else f"one-hot({size})"
            rows.append((name, f"{places}, {width or size}", count_weights(part)))
        if module.beside is not None:
            rows.append(("extra", f"{places}, {units}", count_weights(module.beside)))
        rows.append(("readout", f"{outputs}", count_weights(module.readout)))
        if module.highway is not None:
            rows.append((f"highway({self.highway})", f"{outputs}", count_weights(module.highway)))
        return rows
