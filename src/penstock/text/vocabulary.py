"""A vocabulary: the words that have a number, and documents turned into these numbers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from penstock.data.reading.notes import note
from penstock.data.sequences import Sequences
from penstock.errors import ModelFileError
from penstock.options import from_json, to_json
from penstock.text.documents import UNKNOWN, checked_texts
from penstock.text.extra import library
from penstock.text.phrases import Phrases
from penstock.text.stored_tokenizer import restored_tokenizer

if TYPE_CHECKING:
    from penstock.text.tokens import Tokens

__all__ = ["Vocabulary", "Word"]

_CHUNK = 512  # documents that are cut at once


@dataclass(frozen=True)
class Word:
    """A token where it stands.

    Attributes
    ----------
    id
        Its number.
    start, end
        Its first letter and the one behind its last, in the text that was given (with phrases: in its joined form).
    """

    id: int
    start: int
    end: int


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The words of a fitted :class:`Tokens`, and what turns documents into their ids.

    Attributes
    ----------
    tokens
        The description that was fitted.
    tokenizer
        The tokenizer of the library ``tokenizers``.
    phrases
        Pairs of words that are joined first, or None.
    """

    tokens: Tokens
    tokenizer: Any
    phrases: Phrases | None = None

    @cached_property
    def words(self) -> tuple[str, ...]:
        """All words in the order of their ids; the first two are padding and the unknown word."""
        ids: dict[str, int] = self.tokenizer.get_vocab()
        return tuple(sorted(ids, key=ids.__getitem__))

    @cached_property
    def ids(self) -> dict[str, int]:
        """The id of each word."""
        return {word: place for place, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    @cached_property
    def fingerprint(self) -> str:
        """A short name of the words in their order, by which a model knows its own vocabulary."""
        return hashlib.sha256("\n".join(self.words).encode()).hexdigest()[:16]

    def preprocess(self, texts: Iterable[str]) -> list[str]:
        """Give the documents as they are cut: without HTML where that is asked for, and with their phrases joined.

        Parameters
        ----------
        texts
            The documents.

        Returns
        -------
        The documents as they are cut into tokens.
        """
        documents = checked_texts(texts)
        if self.phrases is not None:
            return self.phrases.join_all(self.tokens.split(documents))
        return self.tokens.cleaned(documents)

    def encode(self, texts: Iterable[str], *, say: bool = False) -> Sequences:
        """Turn documents into ids, laid end to end; one without a word becomes one unknown word.

        Parameters
        ----------
        texts
            The documents.
        say
            Whether to warn how many of them hold no word.

        Returns
        -------
        Their token ids.
        """
        documents = self.preprocess(texts)
        found: list[list[int]] = []
        for first in range(0, len(documents), _CHUNK):
            part = self.tokenizer.encode_batch_fast(documents[first : first + _CHUNK])
            found += [encoding.ids for encoding in part]
        without = [row for row, ids in enumerate(found) if not ids]
        if say and 0 < len(without) < len(found):
            note(
                f"{len(without):,} of {len(found):,} documents hold no word, the first in row {without[0]}; each is "
                "read as one unknown word."
            )
        found = [ids or [UNKNOWN] for ids in found]
        offsets = np.concatenate([[0], np.cumsum([len(ids) for ids in found], dtype=np.int64)])
        flat = np.fromiter((token for ids in found for token in ids), dtype=np.int64, count=int(offsets[-1]))
        return Sequences(flat, offsets)

    def locate(self, text: str) -> tuple[str, list[Word]]:
        """Give a document as it is cut, and where each of its tokens stands in it.

        Parameters
        ----------
        text
            A document.

        Returns
        -------
        The text that was cut, and each word with its place.
        """
        (joined,) = self.preprocess([text])
        encoding = self.tokenizer.encode(joined)
        return joined, [Word(token, *place) for token, place in zip(encoding.ids, encoding.offsets, strict=True)]

    def sentences(self, texts: Iterable[str]) -> list[list[str]]:
        """Cut documents into the words that have a number, whole, whatever the length; for training word vectors.

        Parameters
        ----------
        texts
            The documents.

        Returns
        -------
        The words of each document that are in the vocabulary.
        """
        whole = self.whole().encode(texts)
        parts = (whole.part(place).tolist() for place in range(len(whole)))
        return [[self.words[token] for token in part if token > UNKNOWN] for part in parts]

    def whole(self) -> Vocabulary:
        """Give the same vocabulary without a limit of the length.

        Returns
        -------
        The vocabulary without truncation.
        """
        if self.tokens.length is None:
            return self
        twin = library("tokenizers").Tokenizer.from_str(self.tokenizer.to_str())
        twin.no_truncation()
        return Vocabulary(self.tokens, twin, self.phrases)

    def to_json(self) -> dict[str, Any]:
        """Return all that a model file needs to cut documents in the same way."""
        return {
            "tokens": to_json(self.tokens),
            "tokenizer": json.loads(self.tokenizer.to_str()),
            "phrases": None if self.phrases is None else self.phrases.to_json(),
            "fingerprint": self.fingerprint,
        }

    @staticmethod
    def from_json(given: dict[str, Any]) -> Vocabulary:
        """Read back what :meth:`to_json` gave.

        Parameters
        ----------
        given
            What :meth:`to_json` gave.

        Returns
        -------
        The vocabulary.

        Raises
        ------
        ModelFileError
            Where the words are not those that the file was written with, or are cut in another way than its options
            say.
        """
        tokens = from_json(given["tokens"])
        if not hasattr(tokens, "build"):
            raise ModelFileError(f"documents are cut by Tokens, not by {tokens!r}.")
        phrases = None if given["phrases"] is None else Phrases.from_json(given["phrases"])
        vocabulary = Vocabulary(tokens, restored_tokenizer(given["tokenizer"], tokens), phrases)
        if vocabulary.fingerprint != given["fingerprint"]:
            raise ModelFileError(
                f"the vocabulary ({len(vocabulary):,} words, {vocabulary.fingerprint}) is not the one that the model "
                f"was trained with ({given['fingerprint']}); take the vocabulary from the model's own file."
            )
        return vocabulary
