from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

import penstock as ps
from penstock.cli.main import app
from penstock.layers.gru import GRU
from penstock.networks.network import Network
from penstock.text.classifier import TextClassifier
from penstock.text.tokens import Tokens
from penstock.text.vectors import WordVectors
from penstock.text.word2vec import word2vec

TEXTS, LABELS = ["a good film", "good fun", "a bad film", "so bad a bore"] * 10, ["up", "up", "down", "down"] * 10
MAIN = "from penstock.cli.main import main; main()"


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
def reviews(tmp_path: Path) -> Path:
    pd.DataFrame({"review": TEXTS, "label": LABELS}).to_csv(tmp_path / "reviews.csv", index=False)
    return tmp_path / "reviews.csv"


def run(*words: object, given: bytes | None = None) -> Result:
    return CliRunner().invoke(app, ["text", *map(str, words)], input=given)


def test_fit_then_predict(reviews: Path, tmp_path: Path) -> None:
    out = tmp_path / "own.penstock"
    done = run(
        "fit", reviews, "--text", "review", "--out", out, "--model", "gru:4", "--units", 4, "--epochs", 2, "--batch", 16
    )
    assert done.exit_code == 0, done.output
    assert "32 rows to train, the last 8 to score." in done.output
    assert "ridge on TF-IDF of words" in done.output
    assert isinstance(ps.load(out), TextClassifier)


def test_predict_reads_a_document_a_line(model: Path, tmp_path: Path) -> None:
    lines = "a good film\n\nso bad\r\ngood"
    done = run("predict", model, given=lines.encode())
    answers = done.stdout.splitlines()
    assert len(answers) == 4
    assert [answers[0], answers[2], answers[3]] == ["up", "down", "up"]
    (tmp_path / "lines.txt").write_bytes(lines.encode())
    assert run("predict", model, tmp_path / "lines.txt").stdout == done.stdout
    header, first, *_ = run("predict", model, "--proba", given=b"good fun").stdout.splitlines()
    assert header == "label\tdown\tup"
    label, down, up = first.split("\t")
    assert label == "up"
    assert float(down) + float(up) == pytest.approx(1, abs=1e-3)


def test_predict_in_a_pipe_says_where_the_input_is_not_utf8(model: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MAIN, "text", "predict", str(model)], input=b"good fun\nso caf\xe9 bad\n",
        capture_output=True,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == b"up\n"
    message = done.stderr.decode()
    assert "standard input is not UTF-8: byte 0xe9 at position 15 (line 2)" in message
    assert "Traceback" not in message


def test_vectors_are_trained_looked_at_and_used(reviews: Path, tmp_path: Path) -> None:
    kept, out = tmp_path / "vectors.bin", tmp_path / "own.penstock"
    done = run("vectors", reviews, "--text", "review", "--out", kept, "--units", 4, "--min-count", 1)
    assert "7 words of 40 documents, 4 numbers each." in done.output
    expected = word2vec(TEXTS, Tokens(100_000, length=None), units=4)
    assert (WordVectors.read(kept).table == expected.table).all()
    lines = run("nearest", kept, "good", "--count", 2).stdout.splitlines()
    assert lines == [f"{word}\t{cosine:.3f}" for word, cosine in expected.nearest("good", 2)]
    done = run(
        "fit",
        reviews,
        "--text",
        "review",
        "--out",
        out,
        "--model",
        "gru:4",
        "--vectors",
        kept,
        "--epochs",
        2,
        "--batch",
        16,
    )
    assert "Word vectors: 7 of 7 words (100.0%)" in done.output
    with pytest.raises(ps.DataError, match="there is no vector of 'godo'; did you mean 'good'"):
        raise run("nearest", kept, "godo").exception or AssertionError


def test_explain(model: Path, tmp_path: Path) -> None:
    done = run("explain", model, "a good film", "--count", 1, "--report", tmp_path / "why.html")
    assert done.stdout.splitlines()[0].startswith("log-odds of 'up'\t+")
    assert done.stdout.splitlines()[1].startswith("good\t+")
    assert (tmp_path / "why.html").read_text().count('class="passage"') == 2


@pytest.mark.parametrize(
    ("content", "words", "message"),
    [
        ("review,label\ngood,1\n", ("--text", "reviews"), "has no column 'reviews'; did you mean 'review'"),
        ("review,label\n,1\n,0\n", ("--text", "review"), "the column 'review' of own.csv is empty"),
        ("review,label\ngood,1\nbad,\n", ("--text", "review"), "row 2 of own.csv has no 'label'"),
        ("review,label\ngood,1\nbad,1\n", ("--text", "review", "--test", "0"), "one class only"),
        (
            "review,label\ngood,1\nbad,0\n",
            ("--text", "review", "--model", "gruu"),
            "no layer 'gruu'; did you mean 'gru'",
        ),
        ("review,label\ngood,1\nbad,0\n", ("--text", "review", "--task", "x"), "--task 'x' is unknown"),
    ],
)
def test_bad_input(content: str, words: tuple[str, ...], message: str, tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text(content)
    done = run("fit", tmp_path / "own.csv", "--out", tmp_path / "m.penstock", *words)
    assert isinstance(done.exception, ps.PenstockError)
    assert message in str(done.exception)
    assert not (tmp_path / "m.penstock").exists()


def test_latin1_and_other_models_are_refused(model: Path, tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_bytes(b"text,label\ncaf\xe9,1\n")
    done = run("fit", tmp_path / "own.csv", "--out", tmp_path / "m.penstock")
    assert "is not UTF-8 (byte 0xe9 at position 14)" in str(done.exception)
    frame = pd.DataFrame({"ds": [1, 2, 3], "y": [5.0, 6.0, 8.0]})
    ps.Drift().fit(frame).save(tmp_path / "drift.penstock")
    assert "holds a Drift, which reads no documents" in str(run("predict", tmp_path / "drift.penstock").exception)
