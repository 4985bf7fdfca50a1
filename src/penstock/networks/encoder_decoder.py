"""The encoder-decoder described: a sequence, or a vector, read and then told as another sequence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from penstock.cells.initializers import input_weights
from penstock.errors import OptionError
from penstock.layers.attention import Attention
from penstock.layers.dense import Dense
from penstock.layers.dropout import Dropout
from penstock.layers.embedding import Embedding, EmbeddingModule
from penstock.layers.layer import Layer
from penstock.layers.recurrent import RecurrentLayer
from penstock.networks.decoder import EncoderDecoderModule
from penstock.networks.inputs import Inputs
from penstock.networks.weights import Buildable
from penstock.options import Description, check_options, option

__all__ = ["EncoderDecoder"]

CONDITIONS = ("initial_state", "every_step")


@dataclass(frozen=True, init=False, repr=False)
class EncoderDecoder(Description, Buildable[EncoderDecoderModule]):
    """A network described that reads a sequence and unfolds what it read into another, of any length.

    The encoder's last output sets the decoder's first state. The decoder reads its own previous output (in training the
    true one: teacher forcing) and, where it attends, the encoder's outputs by its own state.

    Parameters
    ----------
    encoder
        Layers over time, bottom first; an :class:`Embedding` may come first. Empty: each sample is one vector (one to
        many).
    decoder
        One recurrent layer.
    attention
        How the decoder's outputs score the encoder's; None for no attention.
    condition
        Where the decoder sees what was read of the source: in its ``initial_state`` only, or at ``every_step`` too.
    embedding
        Width of the vectors of the target's tokens, which are fed back; 0 where targets are values, fed back as they
        are.
    autoregressive
        Whether the previous output is fed back at all.

    Examples
    --------
    >>> from penstock.layers.attention import AdditiveAttention
    >>> from penstock.layers.declared import GRU
    >>> EncoderDecoder([Embedding(40, 8), GRU(16)], GRU(16), AdditiveAttention(8), embedding=8)
    EncoderDecoder([Embedding(40, 8), GRU(16)], GRU(16), attention=AdditiveAttention(8), embedding=8)
    >>> EncoderDecoder([], GRU(20), condition="every_step", autoregressive=False).parameters(Inputs(3), outputs=1)
    1541

    References
    ----------
    Cho et al. (2014); Sutskever, Vinyals & Le (2014); attention after the recurrence as in Luong et al. (2015),
    so that with teacher forcing all steps are learned from at once.
    """

    encoder: tuple[Layer, ...]
    decoder: RecurrentLayer
    attention: Attention | None
    condition: str = option("initial_state", "where the decoder sees what was read of the source", choices=CONDITIONS)
    embedding: int = option(0, "width of the vectors of target tokens; 0: targets are values", at_least=0)
    autoregressive: bool = option(True, "feed the previous output back")

    def __init__(
        self,
        encoder: Iterable[Layer] | Layer,
        decoder: RecurrentLayer,
        attention: Attention | None = None,
        *,
        condition: str = "initial_state",
        embedding: int = 0,
        autoregressive: bool = True,
    ) -> None:
        layers = tuple(encoder) if isinstance(encoder, Iterable) else (encoder,)
        for name, value in (
            ("encoder", layers), ("decoder", decoder), ("attention", attention), ("condition", condition),
            ("embedding", embedding), ("autoregressive", autoregressive),
        ):  # fmt: skip
            object.__setattr__(self, name, value)
        check_options(self)
        for place, layer in enumerate(layers):
            if not (isinstance(layer, Embedding) and place == 0) and not (
                isinstance(layer, Layer) and (layer.over_time or isinstance(layer, Dropout))
            ):
                raise OptionError(f"EncoderDecoder: {layer!r} is no layer over time; allowed: such as [GRU(32)].")
        if not isinstance(decoder, RecurrentLayer):
            raise OptionError(f"EncoderDecoder: decoder={decoder!r} is no recurrent layer; allowed: such as GRU(32).")
        if attention is not None and not isinstance(attention, Attention):
            raise OptionError(
                f"EncoderDecoder: attention={attention!r} is not allowed; allowed: AdditiveAttention(units), "
                "DotAttention() or None."
            )
        if attention is not None and not any(layer.over_time for layer in layers):
            raise OptionError("EncoderDecoder: attention reads an encoder's steps, but it has no layer over time.")

    def __repr__(self) -> str:
        told = "".join(
            f", {name}={getattr(self, name)!r}"
            for name, usual in (
                ("attention", None),
                ("condition", "initial_state"),
                ("embedding", 0),
                ("autoregressive", True),
            )
            if getattr(self, name) != usual
        )
        return f"EncoderDecoder({list(self.encoder)!r}, {self.decoder!r}{told})"

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The encoder's layers, as other networks name theirs."""
        return self.encoder

    def build(self, inputs: Inputs, outputs: int, key: jax.Array) -> EncoderDecoderModule:
        """Draw the weights of a module that reads `inputs` and puts out ``[batch, steps, outputs]``.

        Where tokens are fed back, the last output is the end of the sequence.

        Parameters
        ----------
        inputs
            What the network reads.
        outputs
            Width of an output; of labels one more than their number, for the end.
        key
            JAX key that the weights are drawn from.

        Returns
        -------
        The module with weights.

        Raises
        ------
        OptionError
            Where the inputs have categories.
        """
        if inputs.categories:
            raise OptionError("an EncoderDecoder reads no categories; give them as further features: extra=.")
        keys = jax.random.split(key, len(self.encoder) + 5)
        built: list[Any] = []
        width = inputs.features
        for layer, subkey in zip(self.encoder, keys[5:], strict=True):
            built.append(layer.build(width, subkey))
            width = layer.width(width)
        source = width + inputs.extra
        fed = (self.embedding or outputs) if self.autoregressive else 0
        reads = fed + (source if self.condition == "every_step" else 0)
        decoder = self.decoder.build(max(reads, 1), keys[0])
        dtype = jax.dtypes.canonicalize_dtype(float)
        state = jax.eval_shape(lambda: decoder.cell.initial_state(1))
        room = sum(leaf.size for leaf in jax.tree.leaves(state))
        units = self.decoder.units
        return EncoderDecoderModule(
            layers=tuple(built),
            W0=input_weights(keys[1], (source, room), dtype),
            b0=jnp.zeros(room, dtype),
            table=EmbeddingModule(outputs, self.embedding, keys[2]).table if self.embedding else None,
            decoder=decoder,
            attention=self.attention.build(units, width, keys[3]) if self.attention else None,
            readout=Dense(outputs, "linear").build(units + (width if self.attention else 0), keys[4]),
            inputs=inputs,
            over_time=tuple(layer.over_time for layer in self.encoder),
            conditions_every_step=self.condition == "every_step",
            autoregressive=self.autoregressive,
            reads=max(reads, 1),
        )
