"""A bag of words: how often each word, or pair of words, stands in a document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.sequences import Sequences
from penstock.errors import DataError
from penstock.text.documents import UNKNOWN

if TYPE_CHECKING:
    from penstock.text.vocabulary import Vocabulary

__all__ = ["WEIGHTS", "NGrams"]

WEIGHTS = ("binary", "counts", "tfidf")


@dataclass(frozen=True, eq=False)
class NGrams:
    """The words and pairs that are counted, and how a count is weighed.

    Attributes
    ----------
    keys
        The features in order ``[features]``: a word's id, or for a pair (a, b) the number (a + 1) V + b, where V is the
        size of the vocabulary.
    idf
        What each feature's count is multiplied by under ``tfidf``: ln((1 + n) / (1 + documents with it)) + 1.
    vocabulary, bigrams, weight
        Size V of the vocabulary; whether pairs are counted; ``binary``, ``counts`` or ``tfidf``.
    """

    keys: NDArray[np.int64]
    idf: NDArray[np.float64]
    vocabulary: int
    bigrams: bool
    weight: str

    @classmethod
    def fit(cls, documents: Sequences, vocabulary: int, *, features: int, bigrams: bool, weight: str) -> NGrams:
        """Take the features that stand in the most documents; equally frequent ones in the order of their numbers."""
        _, keys, _ = _counted(documents, vocabulary, bigrams)
        found, frequency = np.unique(keys, return_counts=True)
        if not len(found):
            raise DataError("no document holds a word of the vocabulary; nothing can be learned from them.")
        best = np.sort(np.argsort(-frequency, kind="stable")[:features])
        idf = np.log((1 + len(documents)) / (1 + frequency[best])) + 1
        return cls(found[best], idf, vocabulary, bigrams, weight)

    def transform(self, documents: Sequences) -> Any:
        """Weigh the features of each document: a sparse matrix ``[documents, features]`` of scipy's.

        Under ``tfidf`` each document has length one.
        """
        from scipy.sparse import csr_matrix

        rows, keys, counts = _counted(documents, self.vocabulary, self.bigrams)
        places = np.searchsorted(self.keys, keys).clip(max=len(self.keys) - 1)
        known = self.keys[places] == keys
        rows, places, values = rows[known], places[known], counts[known].astype(np.float64)
        if self.weight == "binary":
            values = np.ones_like(values)
        elif self.weight == "tfidf":
            values = values * self.idf[places]
            lengths = np.sqrt(np.bincount(rows, values**2, minlength=len(documents)))
            values = values / lengths[rows]
        return csr_matrix((values, (rows, places)), shape=(len(documents), len(self.keys)))

    def names(self, vocabulary: Vocabulary) -> Sequence[str]:
        """Name the features."""
        size, words = self.vocabulary, vocabulary.words
        return [words[k] if k < size else f"{words[k // size - 1]} {words[k % size]}" for k in self.keys]


def _counted(
    documents: Sequences, vocabulary: int, bigrams: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Give document, key and count of everything that a document holds; unknown words and their pairs are left out."""
    ids, rows = documents.values, np.repeat(np.arange(len(documents)), documents.lengths)
    known = ids > UNKNOWN
    keys, of = [ids[known]], [rows[known]]
    if bigrams:
        both = known[:-1] & known[1:] & (rows[:-1] == rows[1:])
        keys.append(((ids[:-1] + 1) * vocabulary + ids[1:])[both])
        of.append(rows[:-1][both])
    joint = np.concatenate(of) * (vocabulary * (vocabulary + 1)) + np.concatenate(keys)
    found, counts = np.unique(joint, return_counts=True)
    return found // (vocabulary * (vocabulary + 1)), found % (vocabulary * (vocabulary + 1)), counts
