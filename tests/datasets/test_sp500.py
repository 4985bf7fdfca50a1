from __future__ import annotations

from pathlib import Path

import pytest

import penstock as ps
from penstock.datasets.home import DataFile, data_file


def test_what_comes_with_arch() -> None:
    frame = ps.datasets.sp500()
    assert frame.columns.tolist() == ["unique_id", "ds", "y"]
    assert len(frame) == 5031
    assert f"{frame['ds'].iloc[0]:%F} {frame['ds'].iloc[-1]:%F}" == "1999-01-04 2018-12-31"
    part = ps.datasets.sp500(start="2018-01-01", end="2018-12-31")
    assert len(part) == 251
    assert part["y"].iloc[-1] == pytest.approx(2506.850098)


@pytest.mark.parametrize("header", ["DATE,SP500", "observation_date,SP500"])
def test_fred_csv(tmp_path: Path, header: str) -> None:
    path = tmp_path / "SP500.csv"
    path.write_text(f"{header}\n2020-01-01,.\n2020-01-02,3257.85\n2020-01-03,\n2020-01-06,3246.28\n")
    frame = ps.datasets.sp500(path)
    assert frame["y"].tolist() == [3257.85, 3246.28]
    assert [f"{day:%F}" for day in frame["ds"]] == ["2020-01-02", "2020-01-06"]


def test_both_sources_agree(data_home: Path) -> None:
    days = {"start": "2010-01-04", "end": "2018-12-31"}
    shipped, fred = ps.datasets.sp500(**days), ps.datasets.sp500(data_home / "SP500.csv", **days)
    assert len(fred) == 2264
    both = shipped.merge(fred, on="ds")
    apart = (both["y_x"] - both["y_y"]).abs()
    assert (apart < 0.01).mean() > 0.99  # index points; a few days were corrected by one of the two
    assert apart.max() < 0.2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("day,value\n2020-01-01,1\n", "has the columns .*; FRED's file has DATE"),
        ("DATE,SP500\nsoon,1\n", "f.csv: the column 'DATE' holds 'soon' in row 0, which is no date"),
        ("DATE,SP500\n2020-01-01,many\n", "the column 'SP500' holds 'many' in row 0, which is no number"),
        ("DATE,SP500\n2020-01-01,.\n", "holds no value in its column SP500"),
    ],
)
def test_files_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "f.csv").write_text(text)
    with pytest.raises(ps.DataError, match=message):
        ps.datasets.sp500(tmp_path / "f.csv")


def test_no_day_in_between() -> None:
    with pytest.raises(ps.OptionError, match="start='soon', end=None: a day such as '2018-01-31' is needed"):
        ps.datasets.sp500(start="soon")
    with pytest.raises(ps.DataError, match="no day lies between 2030-01-01 and None; the data run from 1999-01-04"):
        ps.datasets.sp500(start="2030-01-01")


def test_a_missing_file_says_where_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PENSTOCK_DATA", raising=False)
    with pytest.raises(
        ps.DataError, match="X.csv is needed: get it from THERE, put it in a folder, and set PENSTOCK_DATA"
    ):
        data_file(DataFile("X.csv", "THERE"))
    monkeypatch.setenv("PENSTOCK_DATA", str(tmp_path))
    (tmp_path / "x.csv").write_text("")
    with pytest.raises(
        ps.DataError, match="X.csv is not in .*; get it from THERE and put it there. There, did you mean 'x.csv'"
    ):
        data_file(DataFile("X.csv", "THERE"))
