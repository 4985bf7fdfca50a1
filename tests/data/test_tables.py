from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest

import penstock as ps
from penstock.data.tables import read_table

FRAME = pd.DataFrame({"DATE": ["2020-01-01", "2020-01-02"], "y": [1.0, None]})


def test_csv_and_parquet(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("DATE,y\n2020-01-01,1.0\n2020-01-02,.\n")
    FRAME.to_csv(tmp_path / "a.csv.xz", index=False)
    FRAME.to_parquet(tmp_path / "a.parquet")
    FRAME.to_feather(tmp_path / "a.arrow")
    for name in ("a.csv", "a.csv.xz", "a.parquet", "a.arrow"):
        pd.testing.assert_frame_equal(read_table(tmp_path / name), FRAME)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.csv", b"", r"is empty \(0 bytes\)"),
        ("blank.csv", b"\n\n", "cannot be read as csv: no columns to parse"),
        ("gb.csv", "text,label\n点了面条,1\n".encode("gb18030"), "is not UTF-8 .* iconv -f gb18030 -t utf-8"),
        ("half.csv", "ds,y\n1,2\n".encode("utf-16")[:-1], "begins with the mark of UTF-16 and breaks off"),
        ("ragged.csv", b"a,b\n1,2\n1,2,3\n", "the first in line 3: 3 fields where the header names 2 .a, b.: '1,2,3'"),
        ("wide.csv", b"a,b\n1,2\n1,2\n1,2,3,4\n", "the first in line 4: 4 fields where the header names 2"),
        ("quote.csv", b'a,b\n1,"2\n1,2\n', "a quote .* opens a field and none closes it"),
        ("bare.csv", b"2022-01-03,5\n2022-01-04,6\n", "has no line of names: its first line holds values already"),
        ("twice.csv", b"ds,y,y\n1,2,3\n", "2 columns of one name, 'y'"),
        ("broken.parquet", b"PAR1 nothing", "cannot be read as parquet"),
        ("broken.csv.gz", b"nothing", "cannot be read as csv.gz"),
        ("cut.csv.gz", gzip.compress(b"ds,y\n" + bytes(range(32, 127)) * 50, mtime=0)[:60], "cannot be read as csv.gz"),
        ("broken.csv.xz", b"nothing", "cannot be read as csv.xz"),
        ("broken.csv.zip", b"nothing", "cannot be read as csv.zip"),
        ("prices.xlsx", b"PK", r"ends in '.xlsx'; allowed: .csv"),
    ],
)
def test_what_is_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ps.DataError, match=message):
        read_table(tmp_path / name)


def test_a_named_index_becomes_a_column(tmp_path: Path) -> None:
    FRAME.set_index("DATE").to_parquet(tmp_path / "i.parquet")
    assert read_table(tmp_path / "i.parquet").columns.tolist() == ["DATE", "y"]


def test_no_such_file(tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text("ds,y\n")
    with pytest.raises(ps.DataError, match="'.*price.csv' does not exist. Here, did you mean 'prices.csv'"):
        read_table(tmp_path / "price.csv")
    with pytest.raises(ps.DataError, match="is a folder; a CSV or Parquet file is needed. Only penstock fit and pr"):
        read_table(tmp_path)
    with pytest.raises(ps.DataError, match=r"pric\*.csv' is a pattern; the name of one file .* Only penstock"):
        read_table(tmp_path / "pric*.csv")
