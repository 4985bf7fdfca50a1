"""Documents as a stream of tokens: what a language model is trained on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from penstock.data.sequences import Sequences
from penstock.errors import DataError
from penstock.text.documents import PADDING, UNKNOWN
from penstock.text.vocabulary import Vocabulary
from penstock.training.carried import carried_samples
from penstock.training.samples import Samples
from penstock.training.source import Source

__all__ = ["language_samples", "require_words", "with_boundaries"]

BOUNDARY = PADDING
"""The token between documents: the id of padding, which no document holds."""


def with_boundaries(documents: Sequences, *, reverse: bool = False) -> Sequences:
    """Put the boundary before and behind each document.

    Parameters
    ----------
    documents
        Token ids of the documents.
    reverse
        Whether each is read from its end to its beginning.

    Returns
    -------
    The documents, each two tokens longer.

    Examples
    --------
    >>> documents = Sequences(np.array([5, 6, 7]), np.array([0, 2, 3]))
    >>> with_boundaries(documents).values.tolist(), with_boundaries(documents, reverse=True).values.tolist()
    ([0, 5, 6, 0, 0, 7, 0], [0, 6, 5, 0, 0, 7, 0])
    """
    offsets = documents.offsets + 2 * np.arange(len(documents) + 1)
    values = np.full(int(offsets[-1]), BOUNDARY, np.int64)
    places = np.arange(len(documents.values)) + np.repeat(2 * np.arange(len(documents)) + 1, documents.lengths)
    if reverse:  # the place of a token, mirrored within its document
        places = np.repeat(offsets[:-1] + offsets[1:] - 1, documents.lengths) - places
    values[places] = documents.values
    return Sequences(values, offsets)


def language_samples(train: Sequences, validation: Sequences | None, *, steps: int) -> Samples:
    """Lay training documents end to end as one stream, cut into parts; validation documents are walked each by itself.

    Parameters
    ----------
    train, validation
        Documents with their boundaries, the training ones in the order of the stream.
    steps
        Tokens of a part, through which the gradient goes back.

    Returns
    -------
    Samples whose state is carried from part to part.

    Examples
    --------
    >>> documents = with_boundaries(Sequences(np.array([5, 6, 7]), np.array([0, 2, 3])))
    >>> samples = language_samples(documents, None, steps=2)
    >>> samples.source.values[:6].tolist(), samples.train[2].numbers[:3].tolist(), int(samples.train[2].total)
    ([0, 5, 6, 0, 7, 0], [0, 2, 4], 3)
    """
    twice = np.zeros(len(train.values), bool)
    twice[train.offsets[1:-1]] = True  # the end of a document is the beginning of the next
    stream = train.values[~twice]
    parts, series, held_out = [stream], [(0, len(stream))], list[NDArray[np.int64]]()
    if validation is not None:
        order = np.argsort(validation.lengths, kind="stable")[::-1]  # those of like length are walked together
        at = len(stream)
        for place in order:
            own = validation.part(int(place))
            parts.append(own)
            series.append((at, at + len(own)))
            held_out.append(np.arange(at, at + len(own) - 1))
            at += len(own)
    values = np.concatenate(parts)
    bounds = np.array(series, np.int64)
    source = Source.of_sequences(Sequences(values, np.append(bounds[:, 0], len(values))))
    rows = np.concatenate(held_out) if held_out else np.zeros(0, np.int64)
    return carried_samples(source, values, bounds, np.arange(len(stream) - 1), rows, steps=steps, horizon=1)


def require_words(vocabulary: Vocabulary, tokens: int) -> None:
    """Refuse documents from which no next token can be learned.

    Raises
    ------
    DataError
        Where the vocabulary holds no word, or more ids than the documents have tokens.
    """
    if len(vocabulary) <= UNKNOWN + 1:
        raise DataError("no document holds a word that counts; nothing can be learned from them.")
    if len(vocabulary) > tokens:
        raise DataError(
            f"the vocabulary has {len(vocabulary):,} ids, but the documents hold {tokens:,} tokens: most words stand "
            "once, and what follows them cannot be learned; give more text, or a smaller Tokens(vocabulary=...), or "
            "Tokens(min_count=2)."
        )
