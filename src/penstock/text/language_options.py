"""The options of a language model, and the network that they describe."""

from __future__ import annotations

from dataclasses import dataclass

from penstock.errors import OptionError
from penstock.layers.declared import LSTM
from penstock.layers.embedding import Embedding
from penstock.networks.language import LanguageNetwork
from penstock.networks.network import Network
from penstock.options import but, option
from penstock.text.tokens import Tokens
from penstock.training.optimizers import Optimizer
from penstock.training.options import TrainingOptions

__all__ = ["LanguageOptions"]


@dataclass(repr=False, eq=False, kw_only=True)
class LanguageOptions(TrainingOptions):
    """How a language model reads, and how it is trained."""

    network: Network = option(Network([LSTM(256)]), "the recurrent layers above the word vectors", kw_only=False)
    tokens: Tokens = option(
        Tokens(30_000, length=None), "how documents are cut, and which words count; all are read whole"
    )
    units: int = option(256, "width of a word's vector", at_least=1)
    tied: bool = option(True, "whether the output has the word vectors as its weights")
    sampled: int | None = option(
        1024, "words drawn for the softmax of a training step; None, or no fewer than there are: all", at_least=1
    )
    steps: int = option(100, "tokens of a part, through which the gradient goes back", at_least=2)
    reverse: bool = option(False, "read documents from the end to the beginning")
    embedding_dropout: float = option(0.0, "share of the words whose vectors are zero in a step", at_least=0, below=1)
    weight_dropout: float = option(0.0, "share of the recurrent weights dropped in a step", at_least=0, below=1)
    output_dropout: float = option(
        0.0, "share of the top layer's outputs dropped, the same at every step", at_least=0, below=1
    )
    optimizer: str | Optimizer = but(TrainingOptions, "optimizer", "adam")
    batch: int = option(32, "places of the stream that are read side by side", at_least=1)
    epochs: int = but(TrainingOptions, "epochs", 10)
    patience: int | None = but(TrainingOptions, "patience", 2)
    clip: float | None = but(TrainingOptions, "clip", 1.0)
    validation: float = option(
        0.05, "training documents for validation: a share below 1, or a number; 0: none", at_least=0
    )

    def __post_init__(self) -> None:
        """Refuse a network that cannot predict the next token."""
        super().__post_init__()
        if self.network.dense or self.network.embeddings or self.network.return_sequences:
            raise OptionError(
                f"{type(self).__name__} puts the output on the layers itself; give the layers alone: "
                f"Network({list(self.network.layers)!r})."
            )
        self._network(3)

        if self.validation > 1 and self.validation != int(self.validation):
            raise OptionError(
                f"{type(self).__name__}: validation={self.validation} is neither a share below 1 nor a whole number."
            )

    def _network(self, vocabulary: int) -> LanguageNetwork:
        """Return the network for a vocabulary of so many ids."""
        return LanguageNetwork(
            [Embedding(vocabulary, self.units), *self.network.layers],
            tied=self.tied,
            sampled=self.sampled,
            embedding_dropout=self.embedding_dropout,
            weight_dropout=self.weight_dropout,
            output_dropout=self.output_dropout,
        )
