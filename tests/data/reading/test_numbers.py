from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import penstock as ps
from penstock.data.frames import read_panel
from penstock.data.reading.numbers import AmbiguousNumbersError, NotNumbersError, read_cells
from penstock.data.tables import read_table
from penstock.errors import DataWarning

STYLES = {
    "english": lambda v: f"{v:,.2f}",
    "german": lambda v: f"{v:,.2f}".translate(str.maketrans(",.", ".,")),
    "french": lambda v: f"{v:,.2f}".translate(str.maketrans(",.", "\u202f,")),
    "swiss": lambda v: f"{v:,.2f}".replace(",", "’"),
    "dollars": lambda v: f"{'-' if v < 0 else ''}${abs(v):,.2f}",
    "euros behind": lambda v: f"{v:,.2f} €",
    "brackets": lambda v: f"({-v:,.2f})" if v < 0 else f"{v:,.2f}",
    "minus": lambda v: f"{v:,.2f}".replace("-", "−"),
    "minus behind": lambda v: f"{-v:,.2f}-" if v < 0 else f"{v:,.2f}",
    "percent": lambda v: f"{v:.2f}%",
    "codes": lambda v: f"USD {v:,.2f}",
    "blanks around": lambda v: f" \u00a0{v:,.2f}\t",
    "plus": lambda v: f"{v:+,.2f}",
}
MANY = st.lists(st.integers(-(10**9), 10**9).map(lambda cents: cents / 100), min_size=2, max_size=20)


@settings(max_examples=200)
@given(values=MANY, style=st.sampled_from(sorted(STYLES)))
def test_what_a_page_prints_is_read_back(values: list[float], style: str) -> None:
    cells = [STYLES[style](value) for value in values]
    assert read_cells(cells).values.tolist() == [value + 0.0 for value in values]


@settings(max_examples=100)
@given(values=st.lists(st.integers(1000, 10**12), min_size=1, max_size=10))
def test_two_readings_are_never_chosen_silently(values: list[int]) -> None:
    cells = [f"{value:,}" for value in values]
    if all(cell.count(",") == 1 for cell in cells):
        with pytest.raises(AmbiguousNumbersError):
            read_cells(cells)
        assert read_cells(cells, ",").values.tolist() == [float(cell.replace(",", ".")) for cell in cells]
    else:
        assert read_cells(cells).values.tolist() == values
    assert read_cells(cells, ".").values.tolist() == values


def test_thousands_by_points_among_semicolons_are_never_guessed(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("ds;y\n1;950\n2;1.234\n3;12.345\n")
    table = read_table(tmp_path / "a.csv")
    with pytest.raises(ps.DataError, match=r"'1.234' in row 1 may be 1234 or 1.234; say which: --decimal \."):
        read_panel(table)
    (tmp_path / "b.csv").write_text("ds;y;rate\n1;950;0,5\n2;1.234;0,25\n3;12.345;0,1\n")
    with pytest.warns(DataWarning, match="thousands by '.'"):
        assert read_panel(read_table(tmp_path / "b.csv"))[0].y.tolist() == [950, 1234, 12345]
    (tmp_path / "c.csv").write_text("ds;y\n1;0.512\n2;1.234\n3;12.345\n")  # no thousand begins with a zero
    assert read_panel(read_table(tmp_path / "c.csv"))[0].y.tolist() == [0.512, 1.234, 12.345]


@pytest.mark.parametrize(
    "values",
    [pd.arrays.SparseArray([1.0, 2.5]), np.array([1, 2.5], np.longdouble), pd.Series(["1", 2.5, pd.NA])[:2]],
)
def test_numbers_of_types_that_pandas_alone_has(values: Any) -> None:
    assert read_panel(pd.DataFrame({"ds": [1, 2], "y": values}))[0].y.tolist() == [1.0, 2.5]


def test_na_among_objects_is_missing() -> None:
    frame = pd.DataFrame({"ds": [1, 2, 3], "y": pd.Series([1.0, pd.NA, 3.0], dtype=object)})
    assert read_panel(frame, missing="ffill")[0].y.tolist() == [1.0, 1.0, 3.0]


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["2.02B", "1.5M", "3K", "7"], [2.02e9, 1.5e6, 3000.0, 7.0]),
        (["1.2bn", "3 Mio.", "4 million"], [1.2e9, 3e6, 4e6]),
        (["-", "5", "n.a."], [math.nan, 5.0, math.nan]),
        (["1,23,456.78", "5"], [123456.78, 5.0]),
        (["(0.18)%", "(0.2%)", "0"], [-0.18, -0.2, 0.0]),
        (["0,123", "0,5"], [0.123, 0.5]),
        ([".5", "1."], [0.5, 1.0]),
        (["1e-3", "2E5"], [0.001, 2e5]),
        (["1.234", "2.5"], [1.234, 2.5]),
        (["1.234,5", "2.345"], [1234.5, 2345.0]),
    ],
)
def test_values(cells: list[str], values: list[float]) -> None:
    assert read_cells(cells).values.tolist() == pytest.approx(values, nan_ok=True, abs=0)


@pytest.mark.parametrize(
    ("cells", "cell"),
    [
        (["1", "two"], "two"),
        (["$5", "€4"], "€4"),
        (["5%", "3"], "3"),
        (["1 2"], "1 2"),
        (["12-34"], "12-34"),
        (["1.2.3"], "1.2.3"),
        (["(5", "3"], "(5"),
        (["1,2,3"], "1,2,3"),
        (["2022-01-03"], "2022-01-03"),
    ],
)
def test_what_is_no_number(cells: list[str], cell: str) -> None:
    with pytest.raises(NotNumbersError) as raised:
        read_cells(cells)
    assert raised.value.cell == cell


def test_every_kind_of_frame_and_one_line_about_it() -> None:
    cells = {"ds": [1, 2, 3], "y": ["$1,234.50", "($2.00)", "−3"]}
    for frame in (pd.DataFrame(cells), pl.DataFrame(cells), pl.DataFrame(cells).to_arrow()):
        with pytest.warns(
            DataWarning, match=r"'y' is read as numbers \(thousands by ',', in \$, brackets are negative"
        ):
            assert read_panel(frame)[0].y.tolist() == [1234.5, -2.0, -3.0]


def test_the_offending_value_and_its_row() -> None:
    frame = pd.DataFrame({"ds": [1, 2, 3], "y": ["1", "x2", "3"]})
    with pytest.raises(ps.DataError, match="holds text that is no number, the first in row 1: 'x2'"):
        read_panel(frame)
    dash = pd.DataFrame({"ds": [1, 2, 3], "y": ["1", "-", "3"]})
    with (
        pytest.warns(DataWarning, match="'-' is missing.*1 values are missing, the first in row 1"),
        pytest.raises(ps.DataError, match="1 value that is missing or infinite, the first in row 1"),
    ):
        read_panel(dash)
    with pytest.warns(DataWarning):
        assert read_panel(dash, missing="ffill")[0].y.tolist() == [1, 1, 3]


def test_other_columns_decide_and_else_both_lines_of_advice_work() -> None:
    frame = pd.DataFrame({"ds": [1, 2], "y": ["1,234", "2,345"], "price": ["4,937.98", "5.1"]})
    with pytest.warns(DataWarning):
        assert read_panel(frame)[0].y.tolist() == [1234, 2345]
    frame["price"] = ["4937,98", "5,1"]
    with pytest.warns(DataWarning):
        assert read_panel(frame)[0].y.tolist() == [1.234, 2.345]
    frame = frame.drop(columns="price")
    with pytest.raises(ps.DataError, match="'1,234' in row 0 may be 1234 or 1.234; say which: --decimal"):
        read_panel(frame)
    frame["y"] = frame["y"].str.replace(",", "").astype(float)  # the line of the message
    assert read_panel(frame)[0].y.tolist() == [1234, 2345]


def test_decimals() -> None:
    from decimal import Decimal

    frame = pd.DataFrame({"ds": [1, 2], "y": [Decimal("1.5"), Decimal("2.25")]})
    for each in (frame, pl.DataFrame({"ds": [1, 2], "y": [Decimal("1.5"), Decimal("2.25")]})):
        assert read_panel(each)[0].y.tolist() == [1.5, 2.25]
