"""Word vectors: read from files, looked at, and laid out for a vocabulary."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from penstock.errors import DataError, OptionError, nearest
from penstock.files import check_destination, made_whole
from penstock.text.documents import UNKNOWN
from penstock.text.extra import library
from penstock.text.vector_files import read_binary, read_text

if TYPE_CHECKING:
    from penstock.text.vocabulary import Vocabulary

__all__ = ["Coverage", "WordVectors"]


@dataclass(frozen=True)
class Coverage:
    """How much of a vocabulary has a vector.

    Attributes
    ----------
    words
        Words of the vocabulary, padding and unknown not counted.
    found
        Those that have a vector.
    tokens
        Share of the tokens of the documents, unknown ones counted, whose word has a vector; None without documents.
    missing
        The first words without one, the most frequent first.
    """

    words: int
    found: int
    tokens: float | None
    missing: tuple[str, ...]

    @property
    def share(self) -> float:
        """Share of the words."""
        return self.found / max(self.words, 1)

    def __str__(self) -> str:
        of_tokens = "" if self.tokens is None else f", {self.tokens:.1%} of the tokens"
        missing = f"; without: {', '.join(self.missing[:8])}" if self.missing else ""
        return f"{self.found:,} of {self.words:,} words ({self.share:.1%}){of_tokens}{missing}"


@dataclass(frozen=True, eq=False)
class WordVectors:
    """A vector for each word.

    Attributes
    ----------
    words
        The words.
    table
        Their vectors, ``[words, units]``.

    Examples
    --------
    >>> vectors = WordVectors(("film", "movie", "tax"), np.array([[1, 0.1], [1, 0], [0, 1]], dtype=np.float32))
    >>> [(word, round(cosine, 3)) for word, cosine in vectors.nearest("film", 2)]
    [('movie', 0.995), ('tax', 0.1)]
    """

    words: tuple[str, ...]
    table: NDArray[np.float32]

    @classmethod
    def read(cls, path: str | Path, *, only: Collection[str] | None = None) -> WordVectors:
        """Read a file of vectors: GloVe's text, word2vec's text or (``.bin``, ``.bin.gz``) word2vec's binary form.

        Parameters
        ----------
        path
            The file; text may be packed as ``.gz`` or ``.xz``, or be the one named so in GloVe's zip:
            ``glove.6B.zip/glove.6B.100d.txt``.
        only
            The words to keep, such as a vocabulary's; all if left out.

        Raises
        ------
        DataError
            Where a line is broken or of another width (with its number), or the file holds no vectors.
        """
        path = Path(path)
        binary = path.name.removesuffix(".gz").endswith(".bin")
        words, table = read_binary(path, only) if binary else read_text(path, only)
        return cls(tuple(words), table)

    @property
    def units(self) -> int:
        """Width of a vector."""
        return self.table.shape[1]

    def __len__(self) -> int:
        return len(self.words)

    @cached_property
    def places(self) -> dict[str, int]:
        """The row of each word."""
        return {word: place for place, word in enumerate(self.words)}

    def __getitem__(self, word: str) -> NDArray[np.float32]:
        if word not in self.places:
            raise DataError(f"there is no vector of {word!r}; {nearest(word, self.words[:2000])}")
        return self.table[self.places[word]]

    def nearest(self, word: str, count: int = 10) -> list[tuple[str, float]]:
        """Give the words whose vectors point most nearly the same way, with their cosines.

        Parameters
        ----------
        word
            A word of the vocabulary.
        count
            How many.

        Returns
        -------
        Words with the cosine of their vectors, nearest first.
        """
        lengths = np.linalg.norm(self.table, axis=1)
        cosines = self.table @ self[word] / np.maximum(lengths * lengths[self.places[word]], 1e-12)
        order = [place for place in np.argsort(-cosines, kind="stable") if self.words[place] != word]
        return [(self.words[place], float(cosines[place])) for place in order[:count]]

    def coverage(self, vocabulary: Vocabulary, texts: Iterable[str] | None = None) -> Coverage:
        """Tell how many words of a vocabulary, and how many tokens of documents, have a vector.

        Parameters
        ----------
        vocabulary
            The words that are asked for.
        texts
            Documents whose words are counted by occurrence; none if left out.

        Returns
        -------
        How many words, and occurrences, have a vector.
        """
        has = np.array([word in self.places for word in vocabulary.words])
        has[: UNKNOWN + 1] = False
        named = vocabulary.words[UNKNOWN + 1 :]
        missing = tuple(word for word in named if word not in self.places)
        tokens = None if texts is None else float(has[vocabulary.encode(texts).values].mean())
        return Coverage(len(named), int(has.sum()), tokens, missing[:50])

    def for_vocabulary(self, vocabulary: Vocabulary, units: int | None = None) -> NDArray[np.float32]:
        """Lay the vectors out by a vocabulary's ids; padding, unknown and words without a vector are zero.

        Parameters
        ----------
        vocabulary
            The words, in the order of their ids.
        units
            Width that the vectors must have; any if left out.

        Returns
        -------
        The table ``[vocabulary, units]``, zero where a word has no vector.

        Raises
        ------
        OptionError
            Where the vectors are not `units` wide, or none of the words has one.
        """
        if units is not None and units != self.units:
            raise OptionError(f"the vectors are {self.units} wide, but the embedding is {units}; give them one width.")
        table = np.zeros((len(vocabulary), self.units), dtype=np.float32)
        for place, word in enumerate(vocabulary.words):
            if place > UNKNOWN and word in self.places:
                table[place] = self.table[self.places[word]]
        if not table.any():
            raise OptionError(
                f"no word of the vocabulary ({', '.join(vocabulary.words[2:7])}, …) has a vector; are both lower-case?"
            )
        return table

    def write(self, path: str | Path) -> Path:
        """Write word2vec's form, which other libraries read: binary where the name ends in ``.bin``, else text.

        Parameters
        ----------
        path
            File to write.

        Returns
        -------
        The path.
        """
        path = check_destination(path)
        keyed = library("gensim.models.keyedvectors").KeyedVectors(self.units)
        keyed.add_vectors(list(self.words), self.table)
        binary = path.suffix == ".bin"
        return made_whole(path, lambda beside: keyed.save_word2vec_format(str(beside), binary=binary))
