from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import numpy as np
import pytest

import penstock as ps
from penstock.text.tokens import Tokens
from penstock.text.vectors import WordVectors
from penstock.text.word2vec import word2vec

GLOVE = "the 0.1 -0.2 0.3\nfilm 1.5 0.0 -1.25\n, 0.5 0.5 0.5\nat name@domain.com 0.0 0.25 1.0\n"


@pytest.fixture
def glove(tmp_path: Path) -> Path:
    path = tmp_path / "glove.txt"
    path.write_text(GLOVE)
    return path


def test_glove_text(glove: Path) -> None:
    vectors = WordVectors.read(glove)
    assert vectors.words == ("the", "film", ",", "at name@domain.com")
    assert vectors["film"].tolist() == [1.5, 0.0, -1.25]
    assert vectors.units == 3
    few = WordVectors.read(glove, only=["film", "movie"])
    assert few.words == ("film",)
    assert few.table.tolist() == [[1.5, 0.0, -1.25]]


def test_packed_files(glove: Path, tmp_path: Path) -> None:
    (tmp_path / "glove.txt.gz").write_bytes(gzip.compress(GLOVE.encode()))
    with zipfile.ZipFile(tmp_path / "glove.zip", "w") as archive:
        archive.write(glove, "glove.txt")
    expected = WordVectors.read(glove).table
    assert (WordVectors.read(tmp_path / "glove.txt.gz").table == expected).all()
    assert (WordVectors.read(tmp_path / "glove.zip" / "glove.txt").table == expected).all()
    with pytest.raises(ps.DataError, match="is a zip; name the file in it: glove.zip/glove.txt"):
        WordVectors.read(tmp_path / "glove.zip")


@pytest.mark.parametrize("name", ["vectors.bin", "vectors.txt"])
def test_word2vec_files_as_gensim_writes_and_reads_them(name: str, glove: Path, tmp_path: Path) -> None:
    from gensim.models import KeyedVectors

    vectors = WordVectors.read(glove, only=["the", "film", ","])
    path = vectors.write(tmp_path / name)
    twin = WordVectors.read(path)
    assert twin.words == vectors.words
    assert (twin.table == vectors.table).all()
    keyed = KeyedVectors.load_word2vec_format(str(path), binary=name.endswith(".bin"))
    assert keyed["film"].tolist() == [1.5, 0.0, -1.25]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("good 0.1 0.2", "line 5 .'good 0.1 0.2'…. is broken: it holds 2 numbers where 3 are needed"),
        ("good 0.1 0.2 0.3 0.4", "line 5 .*holds more than 3 numbers"),
        ("good 0.1 x 0.3", "line 5 .* is broken: could not convert"),
        ("good 0.1 nan 0.3", "line 5 .* not all of its numbers are finite"),
        ("", "line 5 .* is broken"),
    ],
)
def test_a_broken_line_is_named(line: str, message: str, glove: Path) -> None:
    with glove.open("a") as file:
        file.write(f"{line}\nlast 1 2 3\n")
    with pytest.raises(ps.DataError, match=message):
        WordVectors.read(glove)


def test_a_word_that_is_not_utf8(glove: Path) -> None:
    glove.write_bytes(b"caf\xe9 0.1 0.2\n")
    with pytest.raises(ps.DataError, match="line 1 .* its word is not UTF-8"):
        WordVectors.read(glove)


def test_files_that_hold_no_vectors(tmp_path: Path) -> None:
    empty, binary = tmp_path / "empty.txt", tmp_path / "cut.bin"
    empty.write_text("")
    binary.write_bytes(b"3 4\nfilm \x00\x00")
    with pytest.raises(ps.DataError, match="holds no vectors: a word and its numbers"):
        WordVectors.read(empty)
    with pytest.raises(ps.DataError, match="cut.bin' is truncated or not word2vec's binary form"):
        WordVectors.read(binary)
    for name in ("none.txt", "none.bin"):
        with pytest.raises(ps.DataError, match="there is no file of vectors"):
            WordVectors.read(tmp_path / name)


def test_laid_out_by_a_vocabulary(glove: Path) -> None:
    vectors = WordVectors.read(glove)
    vocabulary = Tokens(10).fit(["the film, the plot"])
    table = vectors.for_vocabulary(vocabulary)
    assert vocabulary.words == ("<pad>", "<unk>", "the", ",", "film", "plot")
    expected = [[0, 0, 0], [0, 0, 0], [0.1, -0.2, 0.3], [0.5, 0.5, 0.5], [1.5, 0, -1.25], [0, 0, 0]]
    assert np.allclose(table, expected)
    coverage = vectors.coverage(vocabulary, ["the film plot", "other"])
    assert (coverage.words, coverage.found, coverage.missing) == (4, 3, ("plot",))
    assert coverage.tokens == 0.5
    assert str(coverage) == "3 of 4 words (75.0%), 50.0% of the tokens; without: plot"


def test_what_does_not_fit_is_refused(glove: Path) -> None:
    vectors = WordVectors.read(glove)
    vocabulary = Tokens(10).fit(["the film"])
    with pytest.raises(ps.OptionError, match="the vectors are 3 wide, but the embedding is 100"):
        vectors.for_vocabulary(vocabulary, units=100)
    with pytest.raises(ps.OptionError, match="no word of the vocabulary .Plot, …. has a vector"):
        vectors.for_vocabulary(Tokens(10, lower=False).fit(["Plot"]))
    with pytest.raises(ps.DataError, match="there is no vector of 'flim'; did you mean 'film'"):
        vectors.nearest("flim")


def test_the_prefix_of_the_real_file(data_home: Path) -> None:
    vectors = WordVectors.read(data_home / "glove.6B.100d.first2717.txt")
    assert (len(vectors), vectors.units) == (2717, 100)
    assert vectors.words[:3] == ("the", ",", ".")
    assert vectors["the"][:3].tolist() == np.float32([-0.038194, -0.24487, 0.72812]).tolist()
    assert {word for word, _ in vectors.nearest("january", 11)} >= {"february", "march", "april"}


def test_word2vec_finds_words_used_alike_and_is_deterministic() -> None:
    rng = np.random.default_rng(0)
    animals, colours = ["cat", "dog", "horse"], ["red", "green", "blue"]
    texts = [f"the {rng.choice(animals)} runs and eats" for _ in range(300)]
    texts += [f"a {rng.choice(colours)} paint dries slowly" for _ in range(300)]
    vectors = word2vec(texts, Tokens(50), units=8, epochs=20, sample=0)
    assert {word for word, _ in vectors.nearest("cat", 2)} == {"dog", "horse"}
    assert {word for word, _ in vectors.nearest("red", 2)} == {"green", "blue"}
    again = word2vec(texts, Tokens(50), units=8, epochs=20, sample=0)
    assert again.words == vectors.words
    assert (again.table == vectors.table).all()
    assert not (word2vec(texts, Tokens(50), units=8, epochs=1, seed=1).table == vectors.table).all()


def test_word2vec_reads_long_documents_whole() -> None:
    text = " ".join(["common"] * 10_050 + ["rare"] * 3)
    assert word2vec([text], Tokens(5, min_count=3), units=2, epochs=1).words == ("common", "rare")


def test_word2vec_of_nothing() -> None:
    with pytest.raises(ps.DataError, match="no document holds a word of the vocabulary"):
        word2vec(["", " "], Tokens(5))
