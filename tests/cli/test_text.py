from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.layers.declared import GRU
from penstock.networks.network import Network
from penstock.storage import read_model, write_model
from penstock.text.classifier import TextClassifier
from penstock.text.tokens import Tokens
from penstock.text.vectors import WordVectors
from penstock.text.word2vec import word2vec

Run = Callable[..., Any]

FIT = ("text", "fit", "own.csv", "--out", "m.penstock", "--text", "review")
SMALL = ("--model", "gru:4", "--epochs", 2, "--batch", 16)

TEXTS, LABELS = ["a good film", "good fun", "a bad film", "so bad a bore"] * 10, ["up", "up", "down", "down"] * 10


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("text") / "model.penstock"
    small = TextClassifier(
        Network([GRU(4)]), tokens=Tokens(20, length=16), units=4, batch=16, epochs=12, patience=None, validation=0,
        optimizer=ps.Adam(learning_rate=0.02),
    )  # fmt: skip
    small.fit(TEXTS, LABELS).save(path)
    return path


@pytest.fixture
def reviews(tmp_path: Path) -> None:
    pd.DataFrame({"review": TEXTS, "label": LABELS}).to_csv(tmp_path / "own.csv", index=False)


def test_fit(penstock: Run, reviews: None, tmp_path: Path) -> None:
    done = penstock(*FIT, *SMALL, "--units", 4)
    assert done.returncode == 0, done.stderr
    assert "32 rows to train, 8 drawn to score." in done.stderr
    assert "ridge on TF-IDF of words" in done.stderr
    assert isinstance(ps.load(tmp_path / "m.penstock"), TextClassifier)


@pytest.mark.slow
def test_a_file_sorted_by_label_is_scored_on_every_label(penstock: Run, tmp_path: Path) -> None:
    order = sorted(range(len(TEXTS)), key=LABELS.__getitem__)
    texts, labels = [TEXTS[row] for row in order], [LABELS[row] for row in order]
    frame = pd.DataFrame({"review": [*texts, "a word of its own"], "label": [*labels, "zz"]})
    frame.to_csv(tmp_path / "own.csv", index=False)
    done = penstock(*FIT, *SMALL, "--units", 4)
    assert done.returncode == 0, done.stderr
    assert "33 rows to train, 8 drawn to score." in done.stderr
    assert "ridge on TF-IDF of words" in done.stderr
    fitted = ps.load(tmp_path / "m.penstock")
    assert isinstance(fitted, TextClassifier)
    assert fitted.classes_.tolist() == ["down", "up", "zz"]


def test_the_model_is_written_before_it_is_scored(
    penstock: Run, reviews: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ps.DataError("no score")

    monkeypatch.setattr("penstock.text.evaluate.TextComparison", broken)
    done = penstock(*FIT, *SMALL, "--units", 4)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (2, "penstock: no score")
    assert isinstance(ps.load(tmp_path / "m.penstock"), TextClassifier)


def test_a_model_that_cannot_be_written_is_scored_all_the_same(
    penstock: Run, reviews: None, tmp_path: Path, file_size_limit: Callable[[int], None]
) -> None:
    file_size_limit(1000)
    done = penstock(*FIT, *SMALL, "--units", 4)
    assert done.returncode == 2
    assert "ridge on TF-IDF of words" in done.stderr
    assert "m.penstock' cannot be written: File too large. Free some space" in done.stderr
    assert not (tmp_path / "m.penstock").exists()


def test_predict_reads_a_document_a_line(penstock: Run, model: Path, tmp_path: Path) -> None:
    lines = "a good film\n\nso bad\r\ngood"
    done = penstock("text", "predict", model, given=lines.encode())
    answers = done.stdout.splitlines()
    assert len(answers) == 4
    assert [answers[0], answers[2], answers[3]] == ["up", "down", "up"]
    (tmp_path / "lines.txt").write_bytes(lines.encode())
    assert penstock("text", "predict", model, "lines.txt").stdout == done.stdout
    header, first, *_ = penstock("text", "predict", model, "--proba", given=b"good fun").stdout.splitlines()
    assert header == "label\tdown\tup"
    label, down, up = first.split("\t")
    assert label == "up"
    assert float(down) + float(up) == pytest.approx(1, abs=1e-3)


def test_predict_reads_what_fit_reads(penstock: Run, model: Path, tmp_path: Path) -> None:
    lines = "good fun, naïve\nso bad, naïve\n"
    for encoding in ("utf-8-sig", "utf-16", "cp1252"):
        (tmp_path / "own.txt").write_bytes(lines.encode(encoding))
        pd.DataFrame({"review": lines.splitlines()}).to_csv(tmp_path / "own.csv", index=False, encoding=encoding)
        for words in (["own.txt"], ["own.csv", "--text", "review"]):
            done = penstock("text", "predict", model, *words)
            assert (done.returncode, done.stdout) == (0, "up\ndown\n"), done.stderr
        if encoding != "cp1252":
            assert penstock("text", "predict", model, given=lines.encode(encoding)).stdout == "up\ndown\n"
    told = penstock("text", "predict", model, "own.csv")
    assert "each line of own.csv is read as a document, its first one too; of a table name the column" in told.stderr


def test_vectors_are_trained_looked_at_and_used(penstock: Run, reviews: None, tmp_path: Path) -> None:
    done = penstock("text", "vectors", "own.csv", "--text", "review", "--out", "v.bin", "--units", 4, "--min-count", 1)
    assert "7 words of 40 documents, 4 numbers each." in done.stderr
    expected = word2vec(TEXTS, Tokens(100_000, length=None), units=4)
    assert (WordVectors.read(tmp_path / "v.bin").table == expected.table).all()
    lines = penstock("text", "nearest", "v.bin", "good", "--count", 2).stdout.splitlines()
    assert lines == [f"{word}\t{cosine:.3f}" for word, cosine in expected.nearest("good", 2)]
    done = penstock(*FIT, *SMALL, "--vectors", "v.bin")
    assert "Word vectors: 7 of 7 words (100.0%)" in done.stderr
    assert "there is no vector of 'godo'; did you mean 'good'" in penstock("text", "nearest", "v.bin", "godo").stderr


@pytest.mark.slow
def test_explain(penstock: Run, model: Path, tmp_path: Path) -> None:
    done = penstock("text", "explain", model, "a good film", "--count", 1, "--report", "why.html")
    assert done.stdout.splitlines()[0].startswith("log-odds of 'up'\t+")
    assert done.stdout.splitlines()[1].startswith("good\t+")
    assert (tmp_path / "why.html").read_text().count('class="passage"') == 2


@pytest.mark.parametrize(
    ("content", "words", "message"),
    [
        (b"review,label\ncaf\xe9,1\n", (), "own.csv is not UTF-8 (byte 0xe9 at position 16)"),
        (b"text,label\ngood,1\n", (), "has no column 'review'; allowed: 'text', 'label'"),
        (b"review,label\n,1\n,0\n", (), "the column 'review' of own.csv is empty"),
        (b"review,label\ngood,1\nbad,\n", (), "row 2 of own.csv has no 'label'"),
        (b"review,label\ngood,1\nbad,1\n", ("--test", 0), "holds one class only"),
        (b"review,label\ngood,1\nbad,0\n", ("--model", "gruu"), "no layer 'gruu'; did you mean 'gru'"),
        (b"review,label\ngood,1\nbad,0\n", ("--task", "x"), "--task 'x' is unknown"),
        (b"review,label\ngood,1\nbad,0\n", ("--vectors", "v.txt"), "v.txt, line 2 ('bad 0.1 x'…) is broken"),
        (
            b"review,label\ngood,1\nbad,0\n",
            ("--vectors", "w.txt", "--units", 3),
            "the vectors are 2 wide, but the embedding is 3",
        ),
    ],
)
def test_bad_input(penstock: Run, content: bytes, words: tuple[Any, ...], message: str, tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_bytes(content)
    (tmp_path / "v.txt").write_text("good 0.1 0.2\nbad 0.1 x\n")
    (tmp_path / "w.txt").write_text("good 0.1 0.2\nbad 0.1 0.3\n")
    done = penstock(*FIT, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].startswith("penstock: ")  # behind notes of what was read
    assert message in done.stderr
    assert not (tmp_path / "m.penstock").exists()


@pytest.mark.slow
def test_a_language_model_is_pretrained_and_writes(penstock: Run, reviews: None, tmp_path: Path) -> None:
    words = ("text", "pretrain", "own.csv", "--text", "review", "--model", "gru:4", "--units", 4, "--batch", 2)
    done = penstock(*words, "--steps", 8, "--epochs", 2, "--sampled", 0, "--out", "lm.penstock")
    assert done.returncode == 0, done.stderr
    assert "9 words, 153 weights, 2 epochs: perplexity" in done.stderr
    model = ps.load(tmp_path / "lm.penstock")
    done = penstock("text", "generate", "lm.penstock", "a good", "--count", 2, "--seed", 3)
    assert done.stdout.splitlines() == model.generate("a good", count=2, seed=3)
    assert "holds a LanguageModel, which" in penstock("text", "predict", "lm.penstock", given=b"good").stderr


def test_other_models_are_refused(penstock: Run, model: Path, tmp_path: Path) -> None:
    ps.Drift().fit(pd.DataFrame({"ds": [1, 2, 3], "y": [5.0, 6.0, 8.0]})).save(tmp_path / "drift.penstock")
    description, arrays = read_model(model)
    description["vocabulary"]["tokenizer"] = Tokens(20, length=16).fit(["other words entirely"]).to_json()["tokenizer"]
    write_model(tmp_path / "mixed.penstock", description, arrays)
    for name, message in (
        ("drift", "holds a Drift, which reads no documents"),
        ("mixed", "is not the one that the model was trained with"),
    ):
        done = penstock("text", "predict", f"{name}.penstock", given=b"good")
        assert (done.returncode, done.stdout) == (2, "")
        assert message in done.stderr


@pytest.mark.slow
def test_a_fit_is_repeated_from_its_configuration_and_its_checkpoint(
    penstock: Run, reviews: None, tmp_path: Path
) -> None:
    words = ("text", "fit", "own.csv", "--text", "review", *SMALL, "--units", 4, "--checkpoint", "kept")
    done = penstock(*words, "--out", "a.penstock", "--write-config", "run.toml")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run.toml").read_text().startswith("# penstock text fit\n")
    repeated = penstock("text", "fit", "--config", "run.toml", "--out", "b.penstock")
    assert repeated.returncode == 0, repeated.stderr
    resumed = penstock(*words, "--resume", "--out", "c.penstock")
    assert resumed.returncode == 0, resumed.stderr
    first, *others = (read_model(tmp_path / f"{name}.penstock") for name in "abc")
    for description, arrays in others:
        assert description == first[0]
        assert all(np.array_equal(arrays[name], first[1][name], equal_nan=True) for name in first[1])
    other = penstock(*words, "--resume", "--seed", 7, "--out", "d.penstock")
    assert other.returncode == 2
    assert "seed was 0 and is 7 now" in other.stderr
