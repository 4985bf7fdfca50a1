"""Phrases: pairs of words that come together far more often than chance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from penstock.text.extra import library

__all__ = ["Phrases"]


@dataclass(frozen=True)
class Phrases:
    """Pairs of words that are read as one, such as ``new_york``.

    Attributes
    ----------
    pairs
        The pairs.

    References
    ----------
    Mikolov et al. (2013), *Distributed representations of words and phrases*, equation 6; Bouma (2009) for the
    normalised score. ``gensim`` counts them.

    Examples
    --------
    >>> sentences = [["he", "saw", "new", "york"], ["new", "york", "is", "far"], ["he", "is", "he"]] * 3
    >>> phrases = Phrases.learn(sentences, min_count=3, threshold=0.99)
    >>> sorted(phrases.pairs)
    [('new', 'york')]
    >>> phrases.join(["in", "new", "york"])
    'in new_york'
    """

    pairs: frozenset[tuple[str, str]]

    @classmethod
    def learn(cls, sentences: Iterable[list[str]], min_count: int = 10, threshold: float = 0.6) -> Phrases:
        """Find the pairs whose normalised pointwise mutual information is above `threshold` (at most 1).

        Parameters
        ----------
        sentences
            The words of each document.
        min_count
            Occurrences below which a pair is no phrase.
        threshold
            Least normalised pointwise mutual information.

        Returns
        -------
        The phrases.
        """
        module = library("gensim.models.phrases")
        found = module.Phrases(sentences, min_count=min_count, threshold=threshold, scoring="npmi", delimiter="_")
        pairs = (tuple(phrase.split("_")) for phrase in found.export_phrases())
        return cls(frozenset(pair for pair in pairs if len(pair) == 2 and all(part.isalpha() for part in pair)))

    def join(self, words: list[str]) -> str:
        """Write words as one text, their pairs joined from left to right.

        Parameters
        ----------
        words
            The words of a document.

        Returns
        -------
        The words, separated by blanks, with pairs joined by ``_``.
        """
        written: list[str] = []
        place = 0
        while place < len(words):
            pair = tuple(words[place : place + 2])
            both = pair in self.pairs
            written.append("_".join(pair) if both else pair[0])
            place += 2 if both else 1
        return " ".join(written)

    def join_all(self, documents: Iterable[list[str]]) -> list[str]:
        """Write each document as :meth:`join` does.

        Parameters
        ----------
        documents
            The words of each document.

        Returns
        -------
        Each document as one text.
        """
        return [self.join(words) for words in documents]

    def to_json(self) -> list[list[str]]:
        """Return the pairs, in order."""
        return [list(pair) for pair in sorted(self.pairs)]

    @classmethod
    def from_json(cls, given: list[Any]) -> Phrases:
        """Read back what :meth:`to_json` gave.

        Parameters
        ----------
        given
            What :meth:`to_json` gave.

        Returns
        -------
        The phrases.
        """
        return cls(frozenset((first, second) for first, second in given))
