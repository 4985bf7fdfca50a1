"""Files and frames that people really have: what is told, left out or refused, each with what to do."""

from __future__ import annotations

import gzip
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import penstock as ps
from penstock.data.own_file import read_own_file

pytestmark = pytest.mark.filterwarnings("ignore::penstock.errors.DataWarning")

DAYS = pd.date_range("2024-01-01", periods=9).strftime("%F").tolist()
ROWS = "".join(f"{day},{place}.5\n" for place, day in enumerate(DAYS))


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "own.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"PK\x03\x04" + bytes(60), "own.csv is an Excel workbook or a zip, not a table of text; save it as CSV"),
        (gzip.compress(b"ds,y\n"), "own.csv is compressed with gzip, not a table of text; name it so: .csv.gz"),
        (b"\n<!DOCTYPE html><table>", r"own.csv is a page \(HTML\), not a table of text; save its table as CSV"),
        (b'[{"ds": 1, "y": 2}]', r"own.csv is JSON, not a table of text; turn it into CSV: pandas.read_json\(path\)"),
        (b"PAR1\x15\x04", "own.csv is a Parquet file, not a table of text; name it so: .parquet"),
    ],
    ids=range(5),
)
def test_a_file_of_another_kind_is_called_by_its_kind(tmp_path: Path, content: bytes, what: str) -> None:
    with pytest.raises(ps.DataError, match=what):
        read_own_file(written(tmp_path, content))


def test_the_line_that_makes_a_table_of_json_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = written(tmp_path, '[{"ds": 1, "y": 5.0}, {"ds": 2, "y": 6.0}]')
    with pytest.raises(ps.DataError) as error:
        read_own_file(path)
    exec(str(error.value).partition("turn it into CSV: ")[2].removesuffix("."), {"pandas": pd, "path": path})
    assert read_own_file(Path("new.csv"))[0]["y"].tolist() == [5.0, 6.0]


def test_comments_with_commas_stand_before_the_names(tmp_path: Path) -> None:
    path = written(tmp_path, "# downloaded\n# day,close\nds,y\n" + ROWS)
    with pytest.warns(ps.errors.DataWarning, match="the table begins in line 3"):
        table, _ = read_own_file(path)
    assert table["y"].tolist() == [place + 0.5 for place in range(9)]
    named, columns = read_own_file(written(tmp_path, "#ds,y\n" + ROWS), time="#ds")  # a name that begins so stays
    assert (columns.time, len(named)) == ("#ds", 9)


@pytest.mark.parametrize(
    ("content", "options", "what"),
    [
        ("ds^y\n" + ROWS.replace(",", "^"), {}, "own.csv has one column, 'ds.y'; its fields are to be separated by"),
        ("ds,y\n2024-01-01,1\n0000-00-00,2\n2024-01-03,3\n", {}, "in row 1: '0000-00-00'; mend or drop such rows"),
        ("ds,y\n2024-02-28,1\n2024-02-30,2\n", {}, r"'2024-02-30' \(there is no such day\); mend or drop this row"),
        ("ds,y\n1600-01-01,1\n1600-01-02,2\n", {}, "'1600-01-01'; count steps in whole numbers instead"),
    ],
    ids=range(4),
)  # fmt: skip
def test_what_to_do_fits_what_is_wrong(tmp_path: Path, content: str, options: dict[str, Any], what: str) -> None:
    def read() -> None:
        table, columns = read_own_file(written(tmp_path, content), **options)
        ps.Naive().fit(table, time=columns.time, target=columns.target)

    with pytest.raises(ps.PenstockError, match=what):
        read()


def test_a_column_of_numbers_without_a_name_is_one(tmp_path: Path) -> None:
    with pytest.warns(ps.errors.DataWarning, match="the target is the column 'Unnamed: 1'"):
        table, columns = read_own_file(written(tmp_path, "ds,\n" + ROWS))
    assert table[columns.target].tolist()[:2] == [0.5, 1.5]


def test_wide_columns_without_a_value_are_left_out_and_named(tmp_path: Path) -> None:
    rows = "".join(f"{day},{place}.5,\n" for place, day in enumerate(DAYS))
    with pytest.warns(ps.errors.DataWarning, match="columns that hold no value are left out: 'b'"):
        table, columns = read_own_file(written(tmp_path, "ds,a,b\n" + rows.replace(",\n", ",NA\n")), wide=True)
    assert table[columns.id].unique().tolist() == ["a"]


def test_names_that_differ_by_blanks_or_case_alone_are_told() -> None:
    frame = pd.DataFrame({"unique_id": ["x", "x ", "y"] * 4, "ds": np.repeat(range(4), 3), "y": 1.0})
    with pytest.warns(ps.errors.DataWarning, match="alone, such as 'x' and 'x '; each is a series of its own"):
        model = ps.Naive().fit(frame.sort_values(["unique_id", "ds"]))
    assert len(model.ids_) == 3


def test_structured_arrays_are_frames() -> None:
    array = np.array([(1, 5.0), (2, 6.0)], dtype=[("ds", "i8"), ("y", "f8")])
    assert ps.Naive().fit(array).predict()["yhat"].tolist() == [6.0]


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"ds": [1, 2], "y": [5.0, 6.0]}, "frame = pandas.DataFrame(frame)"),
        ([{"ds": 1, "y": 5.0}, {"ds": 2, "y": 6.0}], "frame = pandas.DataFrame(frame)"),
        (pa.table({"ds": [1, 2], "y": [5.0, 6.0]}).to_batches()[0], "frame = pyarrow.Table.from_batches([frame])"),
        ("own.csv", "frame = pandas.read_csv('own.csv')"),
    ],
    ids=["dict", "rows", "batch", "path"],
)  # fmt: skip
def test_what_is_no_frame_is_made_one_by_the_line_in_the_error(
    given: Any, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, "ds,y\n1,5.0\n2,6.0\n")
    with pytest.raises(ps.DataError) as error:
        ps.Naive().fit(given)
    assert str(error.value).endswith(f"for example {line}.")
    known = {"frame": given, "pandas": pd, "pyarrow": pa}
    exec(line, known)
    assert (
        [*ps.Naive().fit(known["frame"]).predict().to_pandas()["yhat"]]
        if line.startswith("frame = pya")
        else (ps.Naive().fit(known["frame"]).predict()["yhat"].tolist()) == [6.0]
    )


def test_the_line_that_joins_day_and_time_works(tmp_path: Path) -> None:
    rows = "".join(f"2024-01-01,{hour:02d}:00,{hour}.5\n" for hour in range(9))
    frame, _ = read_own_file(written(tmp_path, "ds,time,y\n" + rows))
    with pytest.raises(ps.DataError, match="the column 'time' holds times of day; join the two: frame") as error:
        ps.Naive().fit(frame)
    line = str(error.value).partition("join the two: ")[2].removesuffix(".")
    known = {"frame": frame}
    exec(line, known)
    assert ps.Naive().fit(known["frame"]).predict()["ds"].tolist() == ["2024-01-01 09:00"]


def test_the_line_that_turns_a_row_a_series_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, ",".join(["series", *DAYS]) + "\n" + ",".join(["a", *map(str, range(9))]) + "\n")
    with pytest.raises(ps.OptionError, match="has its dates in the line of names, a row a series") as error:
        read_own_file(Path("own.csv"))
    line = str(error.value).partition("--wide: ")[2]
    exec(line, {"pandas": pd})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table, columns = read_own_file(Path("new.csv"), wide=True)
    assert table[columns.target].tolist() == list(range(9))
