"""What a network that reads text adds to one that reads sequences: tokens, a vocabulary, word vectors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from penstock.argument_types import described
from penstock.checkpoints import checkpoints, in_words
from penstock.errors import OptionError
from penstock.layers.declared import GRU
from penstock.layers.embedding import Embedding
from penstock.networks.network import Network
from penstock.options import option
from penstock.sequences.core import SampleEstimator
from penstock.sequences.targets import Targets
from penstock.storage import Arrays
from penstock.text.documents import checked_texts
from penstock.text.tokens import Tokens
from penstock.text.vectors import Coverage, WordVectors
from penstock.text.vocabulary import Vocabulary
from penstock.training.callbacks import Callback
from penstock.training.raw_samples import RawSamples

__all__ = ["TextEstimator"]


@dataclass(repr=False, eq=False, kw_only=True)
class TextEstimator(SampleEstimator):
    """A network that reads documents: a tokeniser, and a network with an embedding above it.

    Attributes
    ----------
    vocabulary_
        The words that have a vector of their own, from the training documents.
    coverage_
        How many of them the given word vectors hold; None where the vectors were learned from nothing.
    """

    network: Network = option(Network([GRU(32)]), "the network above the word vectors", kw_only=False)
    tokens: Tokens = option(Tokens(), "how documents are cut, which words count, how many tokens are read")
    units: int = option(100, "width of a word's vector", at_least=1)
    frozen: bool = option(False, "keep the vectors that are given as they are")

    def __post_init__(self) -> None:
        """Refuse a network that begins with an embedding of its own."""
        super().__post_init__()
        if isinstance(self.network.layers[0], Embedding):
            raise OptionError(
                f"{type(self).__name__} makes the embedding itself, for its vocabulary; leave "
                f"{self.network.layers[0]!r} out of the network and give units={self.network.layers[0].units}."
            )

    @property
    def whole_network(self) -> Network:
        """The fitted network with its embedding."""
        embedding = Embedding(len(self.vocabulary_), self.units, frozen=self.frozen)
        return Network([embedding, *self.network.layers], dense=self.network.dense, embeddings=self.network.embeddings)

    def fit(
        self,
        X: Iterable[str],
        y: Any,
        *,
        categories: Any = None,
        extra: Any = None,
        sample_weight: Any = None,
        vectors: WordVectors | None = None,
        validation: Any = None,
        callbacks: Sequence[Callback] = (),
        checkpoint: str | Path | None = None,
        resume: bool = False,
        checkpoint_minutes: float = 1.0,
    ) -> Self:
        """Fit afresh on documents; earlier fits leave no trace.

        Parameters
        ----------
        X
            The documents.
        y
            A target for each.
        categories, extra
            Labels of static categories and further numbers of each document, ``[documents, columns]``; they join what
            the network has read at the end.
        sample_weight
            What the loss of each document weighs.
        vectors
            Pretrained vectors, as wide as `units`; words without one start at zero. With ``frozen=True`` they stay.
        validation
            Documents for early stopping instead of a share drawn from these: ``(X, y)``, or a mapping of this
            method's arguments. Never give it the documents that you will judge the model by.
        callbacks
            Hooks of the training loop.
        checkpoint, resume
            Folder in which the network is kept in training, and whether to go on with what it holds; the result
            is that of an uninterrupted fit (:func:`penstock.training.checkpoints`).
        checkpoint_minutes
            Minutes between two checkpoints at most; always where one takes less than a twentieth of the time.

        Returns
        -------
        This estimator.

        Raises
        ------
        DataError
            Where documents or targets cannot be used; the message says which row.
        OptionError
            Where the vectors do not fit.
        """
        documents = checked_texts(X)
        if vectors is not None and not isinstance(vectors, WordVectors):
            raise OptionError(f"vectors={described(vectors)}; allowed: WordVectors, as WordVectors.read(path) gives.")
        further = {"sample_weight": sample_weight, "validation": validation, "callbacks": callbacks}

        def learn(fitted: Self) -> None:
            words = self.tokens.fit(documents)
            fitted.vocabulary_ = words
            table = None if vectors is None else vectors.for_vocabulary(words, self.units)
            fitted.coverage_ = None if vectors is None else vectors.coverage(words)
            fitted._learn(
                words.encode(documents, say=True), y, vectors=table, categories=categories, extra=extra, **further
            )

        with checkpoints(checkpoint, resume=resume, minutes=checkpoint_minutes, what=in_words([self])):
            return self._fit_copy(learn)

    def outputs(self, X: Iterable[str], *, categories: Any = None, extra: Any = None) -> NDArray[np.float64]:
        """Return what the network puts out, logits or scaled values, ``[members, documents, outputs]``.

        A document's outputs do not depend on the other documents, bit for bit.

        Parameters
        ----------
        X
            The documents.
        categories, extra
            As in :meth:`fit`.

        Returns
        -------
        Outputs ``[members, documents, outputs]``: logits, or scaled values.
        """
        self._require_fit()
        return self._outputs(self.vocabulary_.encode(X), categories=categories, extra=extra)

    @property
    def vectors(self) -> WordVectors:
        """The word vectors as they were learned, the mean of the members'; their ``nearest`` looks at them."""
        self._require_fit()
        return WordVectors(self.vocabulary_.words, np.asarray(self.weights_.layers[0].table).mean(axis=0))

    def _read_validation(self, validation: Any) -> tuple[RawSamples, Targets]:
        if isinstance(validation, Mapping):
            if "X" in validation:
                validation = {**validation, "X": self.vocabulary_.encode(validation["X"])}
        elif isinstance(validation, (tuple, list)) and len(validation) == 2:
            validation = (self.vocabulary_.encode(validation[0]), validation[1])
        return super()._read_validation(validation)

    def _extra_state(self) -> tuple[dict[str, Any], Arrays]:
        about, arrays = super()._extra_state()
        found = self.coverage_
        coverage = None if found is None else {**found.__dict__, "missing": list(found.missing)}
        return {**about, "vocabulary": self.vocabulary_.to_json(), "coverage": coverage}, arrays

    def _load_extra(self, description: dict[str, Any], arrays: Arrays) -> None:
        self.vocabulary_ = Vocabulary.from_json(description["vocabulary"])
        found = description["coverage"]
        self.coverage_ = found and Coverage(**{**found, "missing": tuple(found["missing"])})
        super()._load_extra(description, arrays)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        inputs = replace(tags.input_tags, one_d_array=True, two_d_array=False, three_d_array=False, string=True)
        return replace(tags, input_tags=inputs)
