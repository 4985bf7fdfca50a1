"""Shards: files of whole series, each refused in words with its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.data.read_ahead import read_ahead
from penstock.errors import DataError, DataWarning, OptionError


def rows(*names: Any, count: int = 5, start: str = "2024-01-01") -> pd.DataFrame:
    days = pd.date_range(start, periods=count)
    return pd.concat([pd.DataFrame({"unique_id": name, "ds": days, "y": np.arange(count) + 1.0}) for name in names])


def write(folder: Path, **frames: pd.DataFrame) -> ps.Shards:
    for name, frame in frames.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    return ps.Shards(folder)


def test_the_files_are_those_of_a_pattern_a_folder_or_a_list_by_name(tmp_path: Path) -> None:
    shards = write(tmp_path, b=rows("x"), a=rows("y"))
    assert [path.name for path in shards.files] == ["a.parquet", "b.parquet"]
    assert ps.Shards(f"{tmp_path}/*.parquet").files == shards.files == ps.Shards(list(shards.files)).files
    assert [shards.names(place) for place in range(len(shards))] == [["y"], ["x"]]
    shards.require_whole()


def test_a_comparison_takes_one_of_the_files_as_its_message_says(tmp_path: Path) -> None:
    shards, split = write(tmp_path, a=rows("y", count=8), b=rows("x", count=8)), ps.RollingOrigin(test=2)
    with pytest.raises(DataError, match=r"frame = pandas\.read_parquet\(shards\.files\[0\]\)"):
        ps.compare([ps.Drift()], shards, split)
    frame = pd.read_parquet(shards.files[0])
    assert ps.compare([ps.Drift()], frame, split).forecasts["unique_id"].unique().tolist() == ["y"]


def test_a_series_in_two_files_is_refused_with_its_name_and_both_files(tmp_path: Path) -> None:
    shards = write(tmp_path, one=rows("a", "b"), two=rows("c", "b", start="2025-01-01"), zero=rows("d"))
    with pytest.raises(DataError, match=r"rows of series 'b' stand in both '.*one\.parquet' and '.*two\.parquet'"):
        shards.require_whole()
    rows("c").to_parquet(tmp_path / "two.parquet", index=False)  # mended
    shards.require_whole()


def test_files_without_names_of_series_are_refused_unless_there_is_one(tmp_path: Path) -> None:
    bare = rows("a").drop(columns="unique_id")
    shards = write(tmp_path, one=bare)
    shards.require_whole()
    with pytest.raises(DataError, match="no column 'unique_id'"):
        write(tmp_path, one=bare, two=bare).require_whole()


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (rows("b").rename(columns={"y": "price"}), "two.parquet: .*'y'"),
        (rows(7), "two.parquet: the column 'unique_id' is of the type Int64, but is of the type String in 'one"),
        (rows("b").assign(ds=range(5)), "two.parquet: the column 'ds' is of the type Int64"),
        (rows("b").iloc[:0], "two.parquet: the frame is empty"),
        (rows("b", count=21).drop(index=[8, 9]), "two.parquet: the time column 'ds' skips 2 steps"),
    ],
)
def test_a_file_that_cannot_be_read_like_the_first_is_refused_by_name(
    tmp_path: Path, second: pd.DataFrame, said: str
) -> None:
    shards = write(tmp_path, one=rows("a"), two=second)
    _, kind = shards.panel(0, shards.frame(0))
    with pytest.raises(DataError, match=said):
        shards.panel(1, shards.frame(1), kind)


def test_notes_of_a_file_carry_its_name(tmp_path: Path) -> None:
    shards = write(tmp_path, one=rows("a").iloc[::-1])
    with pytest.warns(DataWarning, match=r"one\.parquet: the rows stand newest first"):
        shards.panel(0, shards.frame(0))


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.parquet").write_bytes(b"")
    (tmp_path / "text.parquet").write_text("unique_id,ds,y\n")
    shards = ps.Shards(tmp_path)
    with pytest.raises(DataError, match=r"empty\.parquet' is empty \(0 bytes\)"):
        shards.require_whole()
    with pytest.raises(DataError, match=r"text\.parquet' cannot be read as parquet"):
        shards.names(1)
    (tmp_path / "prices.csv").write_text("")
    with pytest.raises(DataError, match=r"prices\.csv' is no Parquet file by its name"):
        ps.Shards(f"{tmp_path}/*")
    with pytest.raises(DataError, match="no file is named"):
        ps.Shards(f"{tmp_path}/*.pq")
    with pytest.raises(OptionError, match="files=3"):
        ps.Shards(3)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="calendar=1 is a number"):
        ps.Shards(shards.files, calendar=1)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="two of the files have one name"):
        ps.Shards([tmp_path / "text.parquet", tmp_path / "other" / "text.parquet"])


def test_a_file_that_is_gone_is_refused(tmp_path: Path) -> None:
    shards = write(tmp_path, one=rows("a"), two=rows("b"))
    shards.files[1].unlink()
    with pytest.raises(DataError, match=r"two\.parquet' cannot be read: No such file"):
        shards.require_whole()


def test_reading_ahead_keeps_the_order_and_passes_errors_on() -> None:
    assert list(read_ahead(int, [])) == []
    assert list(read_ahead(str, range(4))) == [(0, "0"), (1, "1"), (2, "2"), (3, "3")]
    found = read_ahead(lambda number: 1 / number, [1, 0])
    assert next(found) == (1, 1.0)
    with pytest.raises(ZeroDivisionError):
        next(found)
