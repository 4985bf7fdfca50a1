"""The studies of text on small corpora of their own: facts, splits, leaks, tables; figures stand in docs/studies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.studies.registry import resolve_study
from penstock.studies.result import StudyResult
from penstock.studies.study import Request

pytestmark = pytest.mark.slow

NEUTRAL = ["film", "plot", "actor", "scene", "music", "the", "a"]


def review(rng: np.random.Generator, label: int) -> str:
    words = [*rng.choice(NEUTRAL, 8), "good" if label else "bad"]
    return " ".join(rng.permutation(words))


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, rng = tmp_path_factory.mktemp("films") / "aclImdb", np.random.default_rng(0)
    for split in ("train", "test"):
        for label, name in enumerate(("neg", "pos")):
            (folder / split / name).mkdir(parents=True)
            for number in range(30):
                text = review(rng, label)
                (folder / split / name / f"{number}_{1 + 8 * label}.txt").write_text(text)
    (folder / "train/unsup").mkdir()
    (folder / "train/unsup/0_0.txt").write_text("the film good bad")
    return folder


def run(name: str, data: Path, protocol: str = "honest", members: int = 1, **options: Any) -> StudyResult:
    request = Request(protocol, data=data, members=members, epochs=1, options=options, progress=False)
    return resolve_study(name)(request)


def test_imdb_as_published_watches_the_test_rows(films: Path) -> None:
    result = run("imdb", films, "published", members=2, part="gru", rows=50)
    words = 9 + 2
    assert result.facts["train"] == result.facts["learned from, GRU 32, learned embedding"] == 50
    assert result.facts["parameters, GRU 32, learned embedding"] == words * 100 + 12_768 + 33
    assert result.leaks == ["Early stopping saw the TEST rows and kept the weights that score best on them."]
    assert [row["model"][:8] for row in result.tables[0].rows] == [
        "GRU 32, ",
        "· median",
        "· best m",
        "· worst ",
        "naive-Ba",
    ]
    figure = result.figures[0]
    assert (figure.published, figure.baseline_value) == (0.9346, 1.0)
    assert "does not beat the best baseline" in result.verdict[0]


def test_imdb_honest_trains_word2vec_on_the_training_side(films: Path, tmp_path: Path) -> None:
    kept = tmp_path / "vectors.bin"
    result = run("imdb", films, part="ours", rows=50, vectors=str(kept))
    assert result.leaks == []
    assert result.facts["learned from, GRU 64 on word2vec"] == 50
    assert "good" in ps.text.WordVectors.read(kept).words  # written, and read the next time
    again = run("imdb", films, part="ours", rows=50, vectors=str(kept))
    assert again.tables[0].rows[0]["AUC"] == result.tables[0].rows[0]["AUC"]
    assert result.facts["word2vec"].startswith("9 of 9 words (100.0%)")
    assert result.pictures()[0].title == "Losses of GRU 64 on word2vec"


def test_vectors_that_cannot_be_written_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(ps.OptionError, match="does not exist; make it first"):
        run("imdb", tmp_path / "none", part="ours", vectors=str(tmp_path / "no" / "v.bin"))


def test_imdb_glove_trains_12801_weights(films: Path, tmp_path: Path) -> None:
    line = " ".join(["0.1"] * 100)
    (tmp_path / "glove.txt").write_text("".join(f"{word} {line}\n" for word in ("good", "bad", "film")))
    result = run("imdb-glove", films, glove=str(tmp_path / "glove.txt"), vectors=str(tmp_path / "glove.txt"), rows=50)
    assert result.facts["weights trained"] == 12_801
    assert result.facts["coverage, GRU 32 on glove"].startswith("3 of 9 words (33.3%)")
    assert "holds only the first rows of GloVe's file" in result.notes[0]


def test_yelp_tests_every_review_once(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    labels = np.arange(60) % 2
    (tmp_path / "own.txt").write_text("".join(f"{review(rng, label)}\t{label}\n" for label in labels))
    result = run("yelp", tmp_path / "own.txt", folds=2)
    assert (result.facts["reviews"], result.facts["positive"], result.facts["folds"]) == (60, 30, 2)
    assert len(result.tables[0].rows) == 5
    ridge = next(row for row in result.tables[0].rows if row["model"] == "ridge on TF-IDF of words")
    assert ridge["accuracy"] == 1.0


def test_filings_are_split_by_time(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    days = pd.date_range("2016-01-01", periods=60, freq="D")
    frame = pd.DataFrame({"date": days[::-1], "ticker": "A", "ret_5d": 0.02 * rng.normal(size=60)})
    frame["text"] = [review(rng, int(value > 0)) for value in frame["ret_5d"]]
    frame.to_csv(tmp_path / "calls.csv", index=False)
    result = run("filings", tmp_path / "calls.csv", tokens=32)
    assert (result.facts["train"], result.facts["test"]) == (48, 12)
    assert (result.facts["test from"], result.facts["test to"]) == (f"{days[48]:%F}", f"{days[59]:%F}")
    rows = {row["model"]: row for row in result.tables[0].rows}
    returns = frame.sort_values("date")["ret_5d"].to_numpy()[48:]
    assert rows["zero"]["RMSE"] == pytest.approx(np.sqrt(np.mean(returns**2)))
    published = run("filings", tmp_path / "calls.csv", "published", tokens=32)
    assert "split at RANDOM" in published.leaks[0]
