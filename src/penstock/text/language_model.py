"""A language model: a recurrent network that learns the next token of documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from penstock.argument_types import checked_types, described
from penstock.checkpoints import checkpoints, in_words
from penstock.data.reading.notes import note
from penstock.data.sequences import Sequences
from penstock.errors import OptionError
from penstock.networks.inputs import Inputs
from penstock.networks.language import LanguageNetwork
from penstock.saved import Saved
from penstock.sequences.targets import split_samples
from penstock.storage import Arrays
from penstock.text.documents import checked_texts
from penstock.text.generation import write_texts
from penstock.text.language_options import LanguageOptions
from penstock.text.token_progress import TokenProgress
from penstock.text.token_stream import language_samples, require_words, with_boundaries
from penstock.text.vectors import WordVectors
from penstock.text.vocabulary import Vocabulary
from penstock.training.buckets import bucket_bounds, in_buckets, stored_bounds
from penstock.training.callbacks import Callback, check_callbacks
from penstock.training.carried import places_at_once
from penstock.training.config import TrainSpec
from penstock.training.forward import forward, true_steps
from penstock.training.history import History
from penstock.training.source import Source
from penstock.training.stored import restored_history, restored_weights, stored_history, stored_weights
from penstock.training.train import train_folds
from penstock.values import stored_count

__all__ = ["LanguageModel"]

_READS, _OUTPUTS = Inputs(), 1


@dataclass(repr=False, eq=False, kw_only=True)
class LanguageModel(LanguageOptions, Saved):
    """A recurrent network that learns, from documents without labels, which token follows.

    The documents are one stream in an order drawn by the seed, with a boundary token between them; `batch` places of it
    are read side by side, part by part of `steps` tokens. The gradient goes back to the beginning of a part (truncated
    backpropagation through time), the state on to the next. Documents for validation are each read from their
    beginning, and the softmax there is over all tokens, so that the perplexity is exact.

    Attributes
    ----------
    vocabulary_
        The words that have a number, from the training documents.
    weights_
        Weights of all members, every leaf ``[members, ...]``.
    history_
        Losses by epoch and member, in nats a token; the training loss of a sampled softmax is an estimate.
    tokens_
        Tokens of the training stream.
    bounds_
        Lengths of the buckets in which documents of like length go through the network.

    References
    ----------
    Merity, Keskar & Socher (2018), *Regularizing and optimizing LSTM language models*, for the dropout of words, of
    recurrent weights, and of the same inputs and outputs at every step (`dropout` of a layer, `output_dropout`).

    Examples
    --------
    >>> import penstock as ps
    >>> model = LanguageModel(ps.Network([ps.LSTM(8)]), tokens=ps.text.Tokens(20), units=8, steps=8, batch=2, epochs=40,
    ...                       patience=None, validation=0, optimizer=ps.Adam(0.02))
    >>> model.fit(["we like good films", "we like bad jokes"] * 20).generate("we like good", temperature=0)
    ['we like good films']
    """

    @property
    def whole_network(self) -> LanguageNetwork:
        """The fitted network with its embedding and its output."""
        return self._network(len(self.vocabulary_))

    @property
    def parameters_(self) -> int:
        """Weights of one fitted member."""
        return self.whole_network.parameters(_READS, _OUTPUTS)

    @property
    def perplexity_(self) -> float:
        """The lowest perplexity on the validation documents, the geometric mean of the members'; NaN without any."""
        losses = self.history_.validation_loss
        return float(np.exp(np.nanmin(losses, axis=0).mean())) if np.isfinite(losses).any() else float("nan")

    def fit(
        self,
        X: Iterable[str],
        *,
        vectors: WordVectors | None = None,
        validation: Iterable[str] | None = None,
        callbacks: Sequence[Callback] = (),
        checkpoint: str | Path | None = None,
        resume: bool = False,
    ) -> Self:
        """Fit afresh on documents; earlier fits leave no trace.

        Parameters
        ----------
        X
            The documents.
        vectors
            Word vectors to begin with, as wide as `units`; words without one start at zero.
        validation
            Documents for early stopping instead of a share drawn from these. Never give it the documents that you will
            judge the model by.
        callbacks
            Hooks of the training loop.
        checkpoint, resume
            Folder in which the network is kept in training, and whether to go on with what it holds; the result
            is that of an uninterrupted fit (:func:`penstock.training.checkpoints`).

        Returns
        -------
        This model.

        Raises
        ------
        DataError
            Where the documents hold no words, or fewer tokens than the vocabulary has ids.
        OptionError
            Where the vectors do not fit, or the checkpoint is of another fit.
        """
        documents = checked_texts(X)
        if vectors is not None and not isinstance(vectors, WordVectors):
            raise OptionError(f"vectors={described(vectors)}; allowed: WordVectors, as WordVectors.read(path) gives.")
        if validation is None:
            learn, watch = split_samples(len(documents), self.validation, self.seed)
        else:
            held_out = checked_texts(validation, "validation")
            learn, watch = np.arange(len(documents)), len(documents) + np.arange(len(held_out))
            documents = [*documents, *held_out]
        order = np.random.default_rng([self.seed, len(learn)]).permutation(learn)
        train, others = [documents[place] for place in order], [documents[place] for place in watch]
        check_callbacks(callbacks)
        with checkpoints(checkpoint, resume=resume, what=in_words([self])):
            return self._fit_copy(lambda fitted: fitted._learn(train, others, vectors, callbacks))

    def _learn(
        self, train: list[str], held_out: list[str], vectors: WordVectors | None, callbacks: Sequence[Callback]
    ) -> None:
        """Choose the words, lay out the stream, and train."""
        self.vocabulary_: Vocabulary = self.tokens.fit(train)
        documents = self._encode(train, say=True)
        self.tokens_ = len(documents.values) - len(documents) + 1
        require_words(self.vocabulary_, self.tokens_ - 1)
        self.bounds_: tuple[int, ...] = bucket_bounds(documents.lengths)
        samples = language_samples(documents, self._encode(held_out) if held_out else None, steps=self.steps)
        config = replace(self.train_config("cross_entropy"), stateful=True)
        places = places_at_once(self.batch, len(samples.train[self.steps].numbers))
        if places < self.batch:
            note(
                f"{places} places of the stream are read side by side, not batch={self.batch}: {self.tokens_:,} tokens "
                f"are {-(-self.tokens_ // self.steps):,} parts of steps={self.steps}."
            )
        (trained,) = train_folds(
            TrainSpec(self.whole_network, config, _READS, _OUTPUTS),
            [samples],
            epochs=self.epochs,
            members=self.members,
            seed=self.seed,
            vectors=None if vectors is None else vectors.for_vocabulary(self.vocabulary_, self.units),
            callbacks=[*callbacks, TokenProgress(self.tokens_, self.progress)],
        )
        self.weights_: Any = trained.weights
        self.history_: History = trained.history

    def _encode(self, texts: Iterable[str], *, say: bool = False) -> Sequences:
        return with_boundaries(self.vocabulary_.whole().encode(texts, say=say), reverse=self.reverse)

    def log_likelihood(self, X: Iterable[str]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return the log-probability of each document, and how many tokens it counts, its end included.

        The softmax is over all tokens. The probability of a token is the mean of the members'. A document's figures do
        not depend on the other documents, bit for bit.

        Parameters
        ----------
        X
            The documents.

        Returns
        -------
        Sum of the log-probabilities of the tokens, and their number, ``[documents]`` each.
        """
        self._require_fit()
        documents = self._encode(X)
        source, buckets = Source.of_sequences(documents), in_buckets(documents.lengths, self.bounds_)
        found = forward(self.whole_network, self.weights_, source, buckets, _OUTPUTS)
        each = -true_steps(found, buckets, documents.lengths)[..., 0]
        tokens = np.logaddexp.reduce(each, axis=0) - np.log(len(each))
        return np.add.reduceat(tokens, documents.offsets[:-1]), documents.lengths - 1

    def perplexity(self, X: Iterable[str]) -> float:
        """Return e to the mean of −log p over all tokens of documents, their ends included.

        Parameters
        ----------
        X
            The documents.

        Returns
        -------
        The perplexity; that of a model which knows nothing is the number of words.
        """
        found, counts = self.log_likelihood(X)
        return float(np.exp(-found.sum() / counts.sum()))

    @checked_types("start", at_least={"tokens": 1, "count": 1, "temperature": 0, "beam": 1, "seed": 0})
    def generate(
        self,
        start: str = "",
        tokens: int = 50,
        *,
        count: int = 1,
        temperature: float = 1.0,
        beam: int | None = None,
        seed: int = 0,
    ) -> list[str]:
        """Write text, token by token, up to the end of a document; the unknown word is never written.

        Parameters
        ----------
        start
            What the text begins with; of a model that reads backwards, what it ends with.
        tokens
            Tokens to write at most.
        count
            Number of texts.
        temperature
            What the logits are divided by before a token is drawn; 0 takes the likeliest.
        beam
            Width of a beam search for the most probable texts, instead of draws; the `count` best are returned.
        seed
            Of the draws.

        Returns
        -------
        The texts, their tokens with blanks between.

        Raises
        ------
        OptionError
            Where a beam is given a temperature, or is narrower than `count`.
        """
        self._require_fit()
        if beam is not None and (temperature != 1 or beam < count):
            wrong = f"temperature={temperature:g}" if temperature != 1 else f"count={count} of beam={beam}"
            raise OptionError(
                f"{wrong} is not possible: a beam search draws nothing, and finds as many texts as beams."
            )
        return write_texts(self, start, tokens, count, temperature, beam, seed)

    @property
    def vectors(self) -> WordVectors:
        """The word vectors as they were learned, the mean of the members'; their ``nearest`` looks at them."""
        self._require_fit()
        return WordVectors(self.vocabulary_.words, np.asarray(self.weights_.layers[0].table).mean(axis=0))

    def _arrays(self) -> Arrays:
        bounds = np.asarray(self.bounds_, dtype=np.int64)
        return {**stored_weights(self.weights_), **stored_history(self.history_), "bounds": bounds}

    def _extra_state(self) -> tuple[dict[str, Any], Arrays]:
        return {"vocabulary": self.vocabulary_.to_json(), "tokens": self.tokens_}, {}

    def _load_extra(self, description: dict[str, Any], arrays: Arrays) -> None:
        self.vocabulary_ = Vocabulary.from_json(description["vocabulary"])
        self.tokens_ = stored_count(description["tokens"], "tokens", 2**40)

    def _restore(self, arrays: Arrays) -> None:
        self.weights_ = restored_weights(arrays, self.whole_network, _READS, _OUTPUTS, self.members)
        self.history_ = restored_history(arrays)
        self.bounds_ = stored_bounds(arrays["bounds"])
