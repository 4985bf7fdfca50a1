from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import penstock as ps
from penstock.data.sequences import Sequences
from penstock.text.documents import padded
from penstock.text.tokens import Tokens
from penstock.text.vocabulary import Vocabulary

REVIEWS = [
    "This film isn't good.<br /><br />It's BAD -- 3/10!",
    "A good film; a very good film &amp; I'd see it again!!",
    "Café olé, naïve plot. <i>Really</i> naïve…",
]


def keras_words(text: str) -> list[str]:
    """What Keras 2's `text_to_word_sequence` gives: its filter, lower-case, split at spaces."""
    marks = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
    return [word for word in text.lower().translate(str.maketrans(marks, " " * len(marks))).split(" ") if word]


def test_cuts_by_hand() -> None:
    assert Tokens().split(REVIEWS[:1]) == [
        ["this", "film", "isn't", "good", ".", "it's", "bad", "-", "-", "3", "/", "10", "!"]
    ]
    assert Tokens(tokenizer="letters").split(REVIEWS[1:2]) == [
        ["a", "good", "film", "a", "very", "good", "film", "i'd", "see", "it", "again"]
    ]
    assert Tokens(lower=False, html=False, tokenizer="letters").split(["<b>Film</b>"]) == [["b", "Film", "b"]]


@pytest.mark.parametrize("text", REVIEWS)
def test_the_cut_of_keras(text: str) -> None:
    assert Tokens(tokenizer="keras", html=False).split([text]) == [keras_words(text)]


@settings(max_examples=60)
@given(st.text(alphabet=st.characters(codec="ascii"), max_size=60))
def test_the_cut_of_keras_on_any_ascii(text: str) -> None:
    assert Tokens(tokenizer="keras", html=False).split([text]) == [keras_words(text)]


def test_the_vocabulary_holds_the_most_frequent_words() -> None:
    vocabulary = Tokens(7, tokenizer="keras", html=False, length=None).fit(REVIEWS)
    counts = Counter(word for review in REVIEWS for word in keras_words(review))
    expected = sorted(counts, key=lambda word: (-counts[word], word))[:5]
    assert vocabulary.words == ("<pad>", "<unk>", *expected)
    assert len(vocabulary) == 7
    ids = vocabulary.encode(REVIEWS[:1]).part(0)
    assert ids.tolist() == [vocabulary.ids.get(word, 1) for word in keras_words(REVIEWS[0])]


def test_min_count_leaves_rare_words_out() -> None:
    assert Tokens(100, min_count=2).fit(["a b", "a c"]).words == ("<pad>", "<unk>", "a")


@pytest.mark.parametrize(
    ("truncation", "tokenizer", "expected"),
    [
        ("post", "letters", ["one", "two"]),
        ("pre", "letters", ["two", "three"]),
        ("post", "words", ["one", ","]),
        ("pre", "words", [",", "three"]),
    ],
)
def test_truncation(truncation: str, tokenizer: str, expected: list[str]) -> None:
    vocabulary = Tokens(10, length=2, truncation=truncation, tokenizer=tokenizer).fit(["one, two, three"])
    assert [vocabulary.words[token] for token in vocabulary.encode(["One, two, three"]).part(0)] == expected


def test_empty_unknown_and_unicode_documents() -> None:
    vocabulary = Tokens(10).fit(["ein Film", "ein Café", "日本 映画 日本"])
    encoded = vocabulary.encode(["", "   ", "nothing known", "CAFE\u0301", "日本", "🎬"])
    assert encoded.lengths.tolist() == [1, 1, 2, 1, 2, 1]
    assert encoded.part(0).tolist() == encoded.part(1).tolist() == [1]
    assert encoded.part(2).tolist() == [1, 1]
    assert vocabulary.words[encoded.part(3)[0]] == "café"  # a letter and its accent are one letter
    assert [vocabulary.words[token] for token in encoded.part(4)] == ["日", "本"]  # by character
    assert encoded.part(5).tolist() == [1]


def sequences(ids: list[list[int]]) -> Sequences:
    offsets = np.concatenate([[0], np.cumsum([len(each) for each in ids])]).astype(np.int64)
    return Sequences(np.array([token for each in ids for token in each], dtype=np.int64), offsets)


def test_padding_on_either_side() -> None:
    documents = sequences([[5, 6, 7], [8]])
    assert padded(documents, "pre").tolist() == [[5, 6, 7], [0, 0, 8]]
    assert padded(documents, "post", length=4).tolist() == [[5, 6, 7, 0], [8, 0, 0, 0]]
    with pytest.raises(ps.OptionError, match="length=2 is shorter than the longest document, 3 tokens"):
        padded(documents, length=2)
    with pytest.raises(ps.OptionError, match="padding='back' is unknown"):
        padded(documents, "back")


@settings(max_examples=40)
@given(st.lists(st.lists(st.integers(1, 99), max_size=8), min_size=1, max_size=6))
def test_padding_keeps_every_token(ids: list[list[int]]) -> None:
    for side in ("pre", "post"):
        assert [row[row > 0].tolist() for row in padded(sequences(ids), side)] == ids


def test_words_are_found_again_in_the_text() -> None:
    vocabulary = Tokens(30).fit(REVIEWS)
    text, words = vocabulary.locate(REVIEWS[0])
    assert text == REVIEWS[0].replace("<br />", " ")
    shown = [text[word.start : word.end] for word in words]
    assert shown == ["This", "film", "isn't", "good", ".", "It's", "BAD", "-", "-", "3", "/", "10", "!"]
    assert [word.id for word in words] == vocabulary.encode([text]).part(0).tolist()


def test_phrases_are_joined() -> None:
    texts = ["we met in New York today"] * 12 + ["we met in town today", "he met us in the new town"] * 6
    vocabulary = Tokens(30, phrases=True).fit(texts)
    assert "new_york" in vocabulary.words
    ids = vocabulary.encode(["He saw New York"]).part(0)
    assert [vocabulary.words[token] for token in ids] == ["he", "<unk>", "new_york"]
    twin = Vocabulary.from_json(json.loads(json.dumps(vocabulary.to_json())))
    assert twin.encode(["He saw New York"]).part(0).tolist() == ids.tolist()


def test_sentences_are_whole_and_hold_known_words() -> None:
    vocabulary = Tokens(4, length=1).fit(["b a a", "a b"])
    assert vocabulary.sentences(["a c b b a"]) == [["a", "b", "b", "a"]]
    assert vocabulary.encode(["a c b b a"]).lengths.tolist() == [1]


def test_a_vocabulary_comes_back_from_json() -> None:
    vocabulary = Tokens(20, length=5, tokenizer="letters").fit(REVIEWS)
    stored = json.loads(json.dumps(vocabulary.to_json()))
    twin = Vocabulary.from_json(stored)
    assert twin.tokens == vocabulary.tokens
    assert twin.words == vocabulary.words
    assert twin.encode(REVIEWS).values.tolist() == vocabulary.encode(REVIEWS).values.tolist()


def test_another_vocabulary_is_refused() -> None:
    stored = Tokens(20).fit(REVIEWS).to_json()
    stored["tokenizer"] = Tokens(20).fit(REVIEWS[:1]).to_json()["tokenizer"]
    with pytest.raises(ps.ModelFileError, match="is not the one that the model was trained with"):
        Vocabulary.from_json(stored)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([], "texts hold no document"),
        (3, "texts are a int; a list of documents is needed"),
        ("one string", "texts are one string; a list of documents is needed"),
        (["fine", None], "row 1 holds nothing, not text; drop it or write ''"),
        (["fine", float("nan")], "row 1 holds nothing"),
        ([3], "row 0 holds 3, a int, not text"),
        (["half \ud83d"], "row 0 holds half a character at position 5"),
    ],
)
def test_what_is_no_text_is_refused(texts: object, message: str) -> None:
    with pytest.raises(ps.DataError, match=message):
        Tokens(10).fit(texts)  # type: ignore[arg-type]


def test_options_are_checked() -> None:
    with pytest.raises(ps.OptionError, match="Tokens: vocabulary=2 is out of range"):
        Tokens(2)
    with pytest.raises(ps.OptionError, match="tokenizer='word' is unknown; did you mean 'words'"):
        Tokens(tokenizer="word")


def test_without_the_extra_the_message_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in [name for name in sys.modules if name.partition(".")[0] == "tokenizers"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ps.OptionError, match=r"text needs tokenizers: pip install 'penstock\[text\]'"):
        Tokens(10).fit(["a"])
