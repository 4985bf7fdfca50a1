from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import penstock as ps

REVIEWS = {
    "train/pos/3_9.txt": "Fine!",
    "train/pos/1_10.txt": "Superb.",
    "train/neg/0_2.txt": "Dull…",
    "train/unsup/0_0.txt": "Some film.",
    "test/neg/0_1.txt": "Bad.",
    "imdb.vocab": "the",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in REVIEWS.items():
        path = tmp_path / "aclImdb" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "aclImdb"


def test_imdb_from_folder_and_archive(tree: Path) -> None:
    frame = ps.datasets.imdb(tree)
    assert frame["text"].tolist() == ["Dull…", "Superb.", "Fine!", "Bad."]
    assert frame["split"].tolist() == ["train", "train", "train", "test"]
    assert frame["label"].tolist() == [0, 1, 1, 0]
    assert frame["stars"].tolist() == [2, 10, 9, 1]
    for name in ("aclImdb.tar.xz", "own.tar.gz"):
        with tarfile.open(tree.parent / name, f"w:{name[-2:]}") as archive:
            archive.add(tree, "aclImdb")
    assert ps.datasets.imdb(tree.parent / "own.tar.gz").equals(frame)
    assert ps.datasets.imdb(tree.parent).equals(frame)  # a folder in which the smaller archive lies
    assert ps.datasets.imdb(tree, unlabelled=True)["label"].tolist() == [0, 1, 1, 0, -1]


def test_imdb_refuses_what_is_no_review(tree: Path, tmp_path: Path) -> None:
    (tree / "train/pos/1_10.txt").write_bytes(b"caf\xe9")
    with pytest.raises(ps.DataError, match=r"train/pos/1_10.txt is not UTF-8 \(byte 3\)"):
        ps.datasets.imdb(tree)
    (tmp_path / "cut.tar.gz").write_bytes(b"\x1f\x8b\x08\x00")
    with pytest.raises(ps.DataError, match="is no whole archive of reviews"):
        ps.datasets.imdb(tmp_path / "cut.tar.gz")
    (tmp_path / "empty" / "train").mkdir(parents=True)
    with pytest.raises(ps.DataError, match="holds no review such as"):
        ps.datasets.imdb(tmp_path / "empty")


@pytest.mark.parametrize("packing", ["gz", "xz", "bz2", ""])
def test_an_archive_that_breaks_off_anywhere(packing: str, tree: Path, tmp_path: Path) -> None:
    digits = np.random.default_rng(0).integers(0, 10, 60_000)
    (tree / "train/pos/7_8.txt").write_text("".join(map(str, digits)))  # long enough to be cut in its middle
    with tarfile.open(tmp_path / "whole", f"w:{packing}") as archive:
        archive.add(tree, "aclImdb")
    whole = (tmp_path / "whole").read_bytes()
    for share in (0.1, 0.3, 0.5, 0.7):
        (tmp_path / "cut").write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(ps.DataError, match="is no whole archive of reviews"):
            ps.datasets.imdb(tmp_path / "cut")


def test_yelp(data_home: Path) -> None:
    frame = ps.datasets.yelp()
    assert len(frame) == 1000
    assert frame["label"].tolist().count(1) == 500
    assert frame["text"][0] == "Wow... Loved this place."


def test_yelp_in_full(tmp_path: Path) -> None:
    path = tmp_path / "reviews.json"
    path.write_text('{"stars": 5.0, "text": "Fine"}\n{"stars": 3.0, "text": "So"}\n{"stars": 1.0, "text": "Bad"}\n')
    assert ps.datasets.yelp(path)["label"].tolist() == [1, -1, 0]
    assert ps.datasets.yelp(path, rows=1)["stars"].tolist() == [5]
    path.write_text('{"stars": 5.0, "text": "Fine"}\n{"stars"\n')
    with pytest.raises(ps.DataError, match="line 2 is no review"):
        ps.datasets.yelp(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"Fine\t2\n", "line 1: a sentence, a tab and 0 or 1"), (b"caf\xe9\t1\n", "byte 0xe9 at position 3")],
)
def test_yelp_refuses(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_bytes(content)
    with pytest.raises(ps.DataError, match=message):
        ps.datasets.yelp(tmp_path / "own.txt")


def test_earnings_calls(data_home: Path) -> None:
    frame = ps.datasets.earnings_calls()
    assert len(frame) == 2737
    assert list(frame.columns) == ["ds", "unique_id", "y", "text"]
    assert frame["ds"].is_monotonic_increasing
    assert f"{frame['ds'].iloc[-1]:%F}" <= "2018-06-21"


def test_filings_meet_their_returns(tmp_path: Path) -> None:
    """Close of the day before to five trading days after, by hand."""
    (tmp_path / "index.csv").write_text(
        "CIK,DATE_FILED,EDGAR_LINK,TICKER\n"
        "1,2013-01-09,edgar/data/1/a-13-1.txt,AAA\n2,2013-01-09,edgar/data/2/b.txt,BBB\n3,2013-01-09,x/c.txt,AAA\n"
    )
    (tmp_path / "1.txt").write_text("by number")
    (tmp_path / "b.txt").write_text("no prices")
    days = pd.date_range("2013-01-01", periods=20, freq="B")
    prices = pd.DataFrame({"unique_id": "AAA", "ds": days, "y": np.arange(20) + 100.0})
    frame = ps.datasets.filings(tmp_path, prices, tmp_path / "index.csv")
    day = int(np.searchsorted(days, pd.Timestamp("2013-01-09")))
    assert frame["text"].tolist() == ["by number"]
    assert frame["y"].tolist() == [(105.0 + day) / (99.0 + day) - 1]
    with pytest.raises(ps.DataError, match="no filing of the index has both"):
        ps.datasets.filings(tmp_path, prices.assign(unique_id="CCC"), tmp_path / "index.csv")


def test_glove_takes_the_whole_file_first(tmp_path: Path) -> None:
    for name in ("glove.6B.100d.first2.txt", "glove.6B.50d.txt"):
        (tmp_path / name).write_text("the 0.1 0.2\n")
    assert ps.datasets.glove(tmp_path).name == "glove.6B.100d.first2.txt"
    assert ps.datasets.glove(tmp_path, units=50).name == "glove.6B.50d.txt"
    (tmp_path / "glove.6B.100d.txt").write_text("the 0.1 0.2\n")
    assert ps.datasets.glove(tmp_path).name == "glove.6B.100d.txt"
    assert ps.datasets.glove(tmp_path / "glove.6B.50d.txt").name == "glove.6B.50d.txt"
    with pytest.raises(ps.DataError, match=r"glove.6B.zip is not in .* get it from https://nlp.stanford.edu"):
        ps.datasets.glove(tmp_path, units=200)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("5,Fine\nfour,So\n", "r.csv: the column 'stars' holds 'four' in row 1, which is no number"),
        ("5,Fine\n,So\n", "r.csv: row 1 has nan stars and the text 'So'; allowed: 1 to 5 stars"),
        ("5,Fine\n9,So\n", "row 1 has 9 stars"),
        ("5,\n4,So\n", "row 0 has 5 stars and the text 'nan'"),
    ],
)
def test_a_review_without_stars_or_text_is_named(rows: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(f"stars,text\n{rows}")
    with pytest.raises(ps.DataError, match=message):
        ps.datasets.yelp(tmp_path / "r.csv")
    (tmp_path / "r.json").write_text('{"stars": "five", "text": "Fine"}\n')
    with pytest.raises(ps.DataError, match="line 1 is no review with text and stars: .*'five'"):
        ps.datasets.yelp(tmp_path / "r.json")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("soon,AA,0.1,Hello", "c.csv: the column 'date' holds 'soon' in row 0, which is no date"),
        (",AA,0.1,Hello", "the column 'date' has no date in row 0"),
        ("2015-01-02,AA,much,Hello", "the column 'ret_5d' holds 'much' in row 0, which is no number"),
    ],
)
def test_a_call_without_a_date_or_a_return_is_named(row: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text(f"date,ticker,ret_5d,text\n{row}\n")
    with pytest.raises(ps.DataError, match=message):
        ps.datasets.earnings_calls(tmp_path / "c.csv")
