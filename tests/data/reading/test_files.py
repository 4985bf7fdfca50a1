"""Every way of writing one table gives the same frame."""

from __future__ import annotations

import codecs
import decimal
import gzip
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import penstock as ps
from penstock.data.columns import Columns
from penstock.data.frames import read_panel
from penstock.data.own_file import read_own_file
from penstock.data.reading.targets import read_targets
from penstock.data.tables import read_table
from penstock.errors import DataWarning

DAYS = pd.date_range("2022-01-03", periods=40, freq="B")
VALUES = np.round(1000 + np.cumsum(np.random.default_rng(0).normal(size=40)) * 50, 2)

ENCODINGS = {
    "utf-8": lambda text: text.encode(),
    "utf-8 with a mark": lambda text: codecs.BOM_UTF8 + text.encode(),
    "utf-16": lambda text: text.encode("utf-16"),
    "utf-16 big": lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    "utf-16 without a mark": lambda text: text.encode("utf-16-le"),
    "cp1252": lambda text: text.encode("cp1252"),
}


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(
    encoding=st.sampled_from(sorted(ENCODINGS)),
    separator=st.sampled_from([",", ";", "\t", "|"]),
    ends=st.sampled_from(["\n", "\r\n", "\r"]),
    style=st.sampled_from(["plain", "comma", "thousands", "spaces", "german"]),
    dates=st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%Y%m%d", "%d-%b-%Y"]),
    preamble=st.sampled_from([[], ["Daily closes"], ["# from a provider", "# see notes"], ["A title", ""]]),
    trailing=st.booleans(),
    blank=st.booleans(),
)
def test_one_table_in_any_dress(
    tmp_path: Path, encoding: str, separator: str, ends: str, style: str, dates: str, preamble: list[str],
    trailing: bool, blank: bool,
) -> None:  # fmt: skip
    def show(value: float) -> str:
        text = f"{value:,.2f}"
        return {
            "plain": text.replace(",", ""), "comma": text.replace(",", "").replace(".", ","), "thousands": text,
            "spaces": text.replace(",", "\u00a0").replace(".", ","),
            "german": text.translate(str.maketrans(",.", ".,")),
        }[style]  # fmt: skip

    def quoted(cell: str) -> str:
        return f'"{cell}"' if separator in cell else cell

    end = separator if trailing else ""
    rows = [f"{day.strftime(dates)}{separator}{quoted(show(v))}{end}" for day, v in zip(DAYS, VALUES, strict=True)]
    lines = [*preamble, f"Datum{separator}Schlußkurs{end}", *rows, *([""] if blank else [])]
    file = tmp_path / "kurse.csv"
    file.write_bytes(ENCODINGS[encoding](ends.join(lines) + ends))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        frame = read_table(file, text={"Datum"})
        panel, kind = read_panel(frame, Columns(time="Datum", target="Schlußkurs"))
    assert frame.columns.tolist() == ["Datum", "Schlußkurs"]
    assert panel.y.tolist() == VALUES.tolist()
    assert (panel.times == DAYS.to_numpy()).all()
    assert kind.frame({"Datum": panel.times})["Datum"].tolist() == [day.strftime(dates) for day in DAYS]


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(["NA", "NULL", "None", "nan", "TRUE", "0700", "1E5", "007", "1_000", "-", "+1", "N/A", "inf"]),
    other=st.sampled_from(["TD", "9988", "null", "12"]),
    separator=st.sampled_from([",", ";", "\t"]),
)
def test_names_are_text_whatever_they_spell(tmp_path: Path, name: str, other: str, separator: str) -> None:
    rows = [separator.join([who, f"2022-01-{day:02d}", str(day)]) for who in (name, other) for day in range(3, 8)]
    file = tmp_path / "panel.csv"
    file.write_text("\n".join([separator.join(["Symbol", "Date", "Close"]), *rows]) + "\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        frame = read_table(file, text={"Symbol", "Date"})
        panel, _ = read_panel(frame, Columns("Symbol", "Date", "Close", static="Symbol"))
    assert panel.ids == (name, other)
    assert panel.static[:, 0].tolist() == [name, other]


@pytest.mark.parametrize("place", [0, 3, 39])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_row_with_one_field_more_is_named(tmp_path: Path, place: int, separator: str) -> None:
    rows = [f"{label}{separator}fine film number {row}" for row, label in enumerate("01" * 20)]
    rows[place] += f"{separator} I think"
    (tmp_path / "a.csv").write_text("\n".join([f"label{separator}text", *rows]))
    with pytest.raises(ps.DataError, match=f"the first in line {place + 2}: 3 fields where the header names 2"):
        read_table(tmp_path / "a.csv", text={"label", "text"})


def test_a_footer_and_a_second_table_are_left_out_and_named(tmp_path: Path) -> None:
    (tmp_path / "ff.csv").write_text(
        "This file was created by CMPT_ME_BEME_RETS\nThe 1-month rate is from a provider\n\n,Mkt-RF,SMB\n"
        "192607,2.96,-2.30\n192608,2.64,-1.40\n192609,0.36,-1.32\n\n Annual Factors: January-December\n,Mkt-RF,SMB\n"
        "1927,29.47,-2.46\n"
    )
    with pytest.warns(DataWarning) as said:
        frame = read_table(tmp_path / "ff.csv")
    assert frame.columns.tolist() == ["Unnamed: 0", "Mkt-RF", "SMB"]
    assert frame["Mkt-RF"].tolist() == [2.96, 2.64, 0.36]
    lines = [str(each.message) for each in said]
    assert "the table begins in line 4 (',Mkt-RF,SMB')" in lines[0]
    assert "the table ends in line 7 with an empty line" in lines[1]
    (tmp_path / "foot.csv").write_text("ds,y\n1,5\n2,6\n\nSource: a bureau\n")
    with pytest.warns(DataWarning, match="what follows the last empty line is left out: 'Source: a bureau'"):
        assert read_table(tmp_path / "foot.csv")["y"].tolist() == [5, 6]


def test_quoted_line_breaks_and_empty_lines_count_as_lines(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('text,label\n"one\ntwo",1\n\nthree,0\nfour, five,1\n')
    with pytest.raises(ps.DataError, match="the first in line 6: 3 fields"):
        read_table(tmp_path / "a.csv")


def test_several_tickers_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "yf.csv").write_text(
        "Price,Close,Close,Volume,Volume\nTicker,AAA,BBB,AAA,BBB\nDate,,,,\n"
        + "".join(f"2024-01-{day:02d},{day},{day + 1},10,20\n" for day in range(2, 8))
    )
    with pytest.warns(DataWarning, match="3 lines of names, of columns at several levels, are read as one: Close AAA"):
        frame = read_table(tmp_path / "yf.csv", text={"Date"})
    assert frame.columns.tolist() == ["Date", "Close AAA", "Close BBB", "Volume AAA", "Volume BBB"]
    with pytest.raises(ps.DataError, match="for each of several tickers: 'Close AAA', 'Close BBB'; name one of them"):
        read_panel(frame, Columns(time="Date", target="Close"))
    assert read_panel(frame, Columns(time="Date", target="Close BBB"))[0].y.tolist() == [3, 4, 5, 6, 7, 8]


def test_compressed_files_of_other_encodings(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress("ds\ty\n1\t5\n2\t6\n".encode("utf-16"), mtime=0))
    assert read_table(tmp_path / "a.csv.gz")["y"].tolist() == [5, 6]
    (tmp_path / "l.csv").write_bytes("day,y\n1,caf\u00e9\n".encode("latin-1"))
    with pytest.warns(DataWarning, match="is not UTF-8 .byte 0xe9 at position 11.: read as Windows-1252"):
        assert read_table(tmp_path / "l.csv")["y"].tolist() == ["caf\u00e9"]


def test_few_numbers_with_fractions_may_be_labels() -> None:
    with pytest.warns(DataWarning, match=r"read as values, for its numbers have fractions .*; --task label takes them"):
        assert read_targets(["1.10", "1.1", "0.5"] * 4, "label", "auto")[1]
    assert read_targets(["1.10", "1.1", "0.5"] * 4, "label", "label")[0].tolist()[:3] == ["1.10", "1.1", "0.5"]


def test_the_line_by_which_excel_tells_its_separator_is_no_header(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("sep=;\nDate;Close\n2024-01-02;1,5\n2024-01-03;2,5\n")
    with pytest.warns(DataWarning, match=r"the table begins in line 2 \('Date,Close'\)"):
        table, columns = read_own_file(tmp_path / "a.csv", time="Date", target="Close")
    assert (columns.time, columns.target, len(table)) == ("Date", "Close", 2)


def test_decimals_of_parquet_are_numbers_that_can_be_told(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    cells = [decimal.Decimal("1.5"), decimal.Decimal("2.5")]
    pd.DataFrame({"Date": ["2024-01-02", "2024-01-03"], "Close": cells}).to_parquet(tmp_path / "a.parquet")
    with pytest.warns(DataWarning, match="the target is the column 'Close'"):
        assert read_own_file(tmp_path / "a.parquet", time="Date")[1].target == "Close"


def test_a_table_parted_by_blanks_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Date Close\n2024-01-02 1.5\n2024-01-03 2.5\n")
    with pytest.raises(ps.OptionError, match="Its fields are to be separated by"), pytest.warns(DataWarning):
        read_own_file(tmp_path / "a.txt")
