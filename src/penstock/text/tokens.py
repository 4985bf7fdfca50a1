"""Tokens: how a document is cut into words, and which words have a number."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from penstock.data.sequences import PADDINGS
from penstock.options import Description, option
from penstock.text.documents import checked_texts
from penstock.text.extra import library
from penstock.text.markup import without_markup
from penstock.text.phrases import Phrases
from penstock.text.vocabulary import Vocabulary

__all__ = ["Tokens"]

_KERAS_FILTER = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n '
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\x{30FC}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
_CHARACTER = rf"[{_UNSPACED}]\p{{M}}*"  # of a script that puts no blanks between words
_WORD = rf"[\w&&[^{_UNSPACED}]]+(?:['’][\w&&[^{_UNSPACED}]]+)*"
_TOKENIZERS = {
    "words": rf"{_CHARACTER}|{_WORD}|[^\w\s]",
    "letters": rf"{_CHARACTER}|{_WORD}",
    "keras": f"[^{re.escape(_KERAS_FILTER)}]+",
}


@dataclass(frozen=True, repr=False)
class Tokens(Description):
    """How documents become numbers, described; :meth:`fit` chooses the words.

    Id 0 is padding and id 1 is every word that has no number of its own; both count in `vocabulary`, as in Keras. A
    document without a word is read as one unknown word.

    Examples
    --------
    >>> tokens = Tokens(6, length=3)
    >>> vocabulary = tokens.fit(["A fine, fine film!", "A film."])
    >>> vocabulary.words
    ('<pad>', '<unk>', 'a', 'film', 'fine', '!')
    >>> vocabulary.encode(["a fine film", "Fine; fine film, a film"]).values.tolist()
    [2, 4, 3, 1, 2, 3]
    """

    vocabulary: int = option(20_000, "ids in all: padding, unknown, and the most frequent words", at_least=3)
    length: int | None = option(400, "tokens that are kept of a document; None: all", at_least=1)
    truncation: str = option(
        "pre", "where tokens of a longer document are dropped: from its beginning or its end", choices=PADDINGS
    )
    tokenizer: str = option(
        "words",
        "what a token is: words and each punctuation mark, words alone, or what Keras's filter leaves",
        choices=_TOKENIZERS,
    )
    lower: bool = option(True, "lower-case")
    html: bool = option(True, "drop HTML tags, and put characters for HTML entities")
    min_count: int = option(1, "occurrences below which a word gets no number", at_least=1)
    phrases: bool = option(False, "join pairs of words that come together often, such as new_york")

    def fit(self, texts: Iterable[str]) -> Vocabulary:
        """Choose the most frequent words of these documents; equally frequent ones come by their letters.

        Parameters
        ----------
        texts
            The training documents.

        Returns
        -------
        The vocabulary.
        """
        documents = self.cleaned(checked_texts(texts))
        phrases = Phrases.learn(self.split(documents)) if self.phrases else None
        tokenizer = self.build()
        trainer = library("tokenizers.trainers").WordLevelTrainer(
            vocab_size=self.vocabulary,
            min_frequency=self.min_count,
            special_tokens=["<pad>", "<unk>"],
            show_progress=False,
        )
        joined = documents if phrases is None else phrases.join_all(self.split(documents))
        tokenizer.train_from_iterator(joined, trainer)
        return Vocabulary(self, tokenizer, phrases)

    def split(self, texts: Iterable[str]) -> list[list[str]]:
        """Cut documents into words, none left out; scripts without blanks are cut by character.

        Parameters
        ----------
        texts
            The documents.

        Returns
        -------
        The words of each document.

        Examples
        --------
        >>> Tokens(tokenizer="letters").split(["Don't<br />stop &amp; go."])
        [["don't", 'stop', 'go']]
        """
        texts, tokenizer = self.cleaned(texts), self.build()
        normal, cut = tokenizer.normalizer, tokenizer.pre_tokenizer
        if normal is None:
            return [[word for word, _ in cut.pre_tokenize_str(text)] for text in texts]
        return [[word for word, _ in cut.pre_tokenize_str(normal.normalize_str(text))] for text in texts]

    def cleaned(self, texts: Iterable[str]) -> list[str]:
        """Return documents without HTML, where that is asked for.

        Parameters
        ----------
        texts
            The documents.

        Returns
        -------
        The documents without HTML tags and entities, or as they are.
        """
        return [without_markup(text) for text in texts] if self.html else list(texts)

    def build(self) -> Any:
        """Make the tokenizer of the library ``tokenizers``, without words.

        Returns
        -------
        A ``tokenizers.Tokenizer`` without a vocabulary.
        """
        normalizers, root = library("tokenizers.normalizers"), library("tokenizers")
        steps = [] if self.tokenizer == "keras" else [normalizers.NFKC()]
        if self.lower:
            steps.append(normalizers.Lowercase())
        tokenizer = root.Tokenizer(library("tokenizers.models").WordLevel(unk_token="<unk>"))  # noqa: S106
        if steps:
            tokenizer.normalizer = normalizers.Sequence(steps)
        pattern = root.Regex(_TOKENIZERS[self.tokenizer])
        tokenizer.pre_tokenizer = library("tokenizers.pre_tokenizers").Split(pattern, behavior="removed", invert=True)
        if self.length is not None:
            tokenizer.enable_truncation(self.length, direction="left" if self.truncation == "pre" else "right")
        return tokenizer
