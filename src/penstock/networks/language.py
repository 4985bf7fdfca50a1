"""The network of a language model, described: an embedding, recurrent layers, a softmax over the tokens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from penstock.errors import OptionError
from penstock.layers.embedding import Embedding, EmbeddingModule
from penstock.layers.recurrent import RecurrentLayer, RecurrentModule
from penstock.networks.inputs import Inputs
from penstock.networks.language_module import LanguageModule
from penstock.networks.weights import Buildable
from penstock.options import Description, check_options, option

__all__ = ["LanguageNetwork"]


@dataclass(frozen=True, init=False, repr=False)
class LanguageNetwork(Description, Buildable[LanguageModule]):
    """A network that predicts the next token, described.

    Parameters
    ----------
    layers
        The embedding, and the recurrent layers above it, bottom first.
    tied
        Whether the output has the embedding's table as its weights.
    sampled
        Tokens that are drawn for the softmax of a training step; None: all tokens.
    embedding_dropout
        Share of the words whose vectors are zero throughout a training step.
    weight_dropout
        Share of the recurrent weights dropped in a training step.
    output_dropout
        Share of the top layer's outputs dropped, the same at every step of a part.

    Examples
    --------
    >>> from penstock.layers.declared import LSTM
    >>> network = LanguageNetwork([Embedding(100, 8), LSTM(8)])
    >>> network.parameters(Inputs(), outputs=1)
    1444
    >>> LanguageNetwork([Embedding(100, 8), LSTM(16)], tied=False).parameters(Inputs(), outputs=1)
    4100
    """

    traced: ClassVar[tuple[str, ...]] = ("embedding_dropout", "weight_dropout", "output_dropout")

    layers: tuple[Any, ...]
    tied: bool = option(True, "whether the output has the embedding's table as its weights")
    sampled: int | None = option(None, "tokens drawn for the softmax of a training step; None: all", at_least=1)
    embedding_dropout: float = option(0.0, "share of the words dropped in a training step", at_least=0, below=1)
    weight_dropout: float = option(0.0, "share of the recurrent weights dropped in a step", at_least=0, below=1)
    output_dropout: float = option(0.0, "share of the top layer's outputs dropped", at_least=0, below=1)

    def __init__(
        self,
        layers: Iterable[Any],
        tied: bool = True,
        sampled: int | None = None,
        embedding_dropout: float = 0.0,
        weight_dropout: float = 0.0,
        output_dropout: float = 0.0,
    ) -> None:
        dropouts = {
            "embedding_dropout": embedding_dropout, "weight_dropout": weight_dropout, "output_dropout": output_dropout
        }  # fmt: skip
        for name, value in {"layers": tuple(layers), "tied": tied, "sampled": sampled, **dropouts}.items():
            object.__setattr__(self, name, value)
        check_options(self)
        embedding, *above = self.layers or (None,)
        wrong = [layer for layer in above if not isinstance(layer, RecurrentLayer)]
        if not isinstance(embedding, Embedding) or not above or wrong:
            given = f"{wrong[0]!r} is no recurrent layer" if wrong else "no recurrent layer was given"
            raise OptionError(
                f"a language model reads tokens from left to right: {given}; allowed: such as [LSTM(256)]."
            )
        if tied and above[-1].units != embedding.units:
            raise OptionError(
                f"the output has the embedding's table as its weights (tied=True), which is {embedding.units} wide, "
                f"but the top layer is {above[-1]!r}; give units={above[-1].units}, or tied=False."
            )

    @property
    def dense(self) -> tuple[Any, ...]:
        """None; other networks have dense layers above."""
        return ()

    @property
    def embeddings(self) -> tuple[int, ...]:
        """None; other networks read static categories."""
        return ()

    @property
    def vocabulary(self) -> int:
        """Number of tokens."""
        tokens: int = self.layers[0].vocabulary
        return tokens

    @property
    def draws(self) -> int | None:
        """Tokens that are drawn for a training step; None where the softmax is over all."""
        return None if self.sampled is None or self.sampled >= self.vocabulary else self.sampled

    def build(self, inputs: Inputs, outputs: int, key: jax.Array) -> LanguageModule:
        """Draw the weights.

        Parameters
        ----------
        inputs
            What the network reads: one token id a step.
        outputs
            One: the loss of the next token.
        key
            JAX key that the weights are drawn from.

        Returns
        -------
        The module with weights.

        Raises
        ------
        OptionError
            Where weights are to be dropped of a cell that has no recurrent weights ``U``.
        """
        keys = jax.random.split(key, len(self.layers) + 1)
        width, built = 1, list[Any]()
        for layer, own in zip(self.layers, keys, strict=False):
            built.append(layer.build(width, own))
            width = layer.outputs
            module = built[-1]
            if self.weight_dropout and isinstance(module, RecurrentModule) and not hasattr(module.cell, "U"):
                raise OptionError(f"weight_dropout drops recurrent weights, and {layer!r} has none; leave it out.")
        output = () if self.tied else (EmbeddingModule(self.vocabulary, width, keys[-1]),)
        bias = jnp.zeros(self.vocabulary, built[0].table.dtype)
        return LanguageModule(
            tuple(built), output, bias, inputs, self.embedding_dropout, self.weight_dropout, self.output_dropout
        )
