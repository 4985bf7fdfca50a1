"""Word vectors trained on documents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from penstock.argument_types import checked_types
from penstock.errors import DataError
from penstock.text.documents import checked_texts
from penstock.text.extra import library
from penstock.text.tokens import Tokens
from penstock.text.vectors import WordVectors
from penstock.text.vocabulary import Vocabulary
from penstock.training.progress import ProgressBar

__all__ = ["word2vec"]

_USUAL = Tokens(100_000, length=None, min_count=5)
_LONGEST = 10_000  # words of a sentence that gensim reads; it leaves the rest aside without a word


@checked_types(
    "tokens", "skip_gram", "progress",
    at_least={"units": 1, "window": 1, "epochs": 1, "negative": 0, "sample": 0, "seed": 0, "workers": 1},
)  # fmt: skip
def word2vec(
    texts: Iterable[str],
    tokens: Tokens | Vocabulary = _USUAL,
    *,
    units: int = 100,
    window: int = 5,
    epochs: int = 5,
    skip_gram: bool = True,
    negative: int = 5,
    sample: float = 1e-4,
    seed: int = 0,
    workers: int = 1,
    progress: bool | None = None,
) -> WordVectors:
    """Train vectors of the words of these documents.

    Parameters
    ----------
    texts
        The documents; labels are not needed.
    tokens
        How they are cut and which words get a vector, described or fitted. Give the cut that the network will read.
    units, window, epochs
        Width of a vector, words looked at on either side, and passes.
    skip_gram
        Predict the words about a word (skip-gram), or the word from those about it (CBOW, faster).
    negative, sample
        Words drawn against each true one, and the frequency above which words are left out at random.
    seed, workers
        One worker gives the same vectors each time; several are faster, and their vectors differ from run to run.
    progress
        Show a progress bar; None: on a terminal only.

    Returns
    -------
    The vectors of the words.

    Raises
    ------
    DataError
        Where no document holds a word of the vocabulary.

    References
    ----------
    Mikolov et al. (2013), *Distributed representations of words and phrases*. ``gensim`` trains.

    Examples
    --------
    >>> documents = ["a good film", "a good movie", "a bad film", "a bad movie"] * 20
    >>> word2vec(documents, Tokens(10), units=4, epochs=1).words[:3]
    ('a', 'bad', 'film')
    """
    documents = checked_texts(texts)
    vocabulary = tokens if isinstance(tokens, Vocabulary) else tokens.fit(documents)
    whole = vocabulary.sentences(documents)
    sentences = [words[at : at + _LONGEST] for words in whole for at in range(0, len(words), _LONGEST)]
    if not sentences:
        raise DataError("no document holds a word of the vocabulary; nothing can be learned from them.")
    bar = ProgressBar(progress)
    bar.start(epochs)
    try:
        model = library("gensim.models").Word2Vec(
            sentences, vector_size=units, window=window, epochs=epochs, sg=int(skip_gram), negative=negative,
            sample=sample, min_count=1, seed=seed, workers=workers, callbacks=[_told_to(bar, len(vocabulary))],
        )  # fmt: skip
    finally:
        bar.on_fit_end(None)
    order = [word for word in vocabulary.words if word in model.wv]  # gensim orders equally frequent words by chance
    return WordVectors(tuple(order), np.asarray(model.wv[order], dtype=np.float32))


def _told_to(bar: ProgressBar, words: int) -> Any:
    """Make what gensim calls when an epoch has ended."""

    class Told(library("gensim.models.callbacks").CallbackAny2Vec):  # type: ignore[misc]
        def on_epoch_end(self, model: Any) -> None:
            bar.advance(f"vectors of {words:,} words")

    return Told()
