"""Advice in errors is tried: the error is provoked, the line or option is taken out of its message, and it works."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import penstock as ps
from cli.conftest import penstock  # noqa: F401 (a fixture)
from penstock.data.columns import Columns
from penstock.data.frames import read_panel

Run = Callable[..., "subprocess.CompletedProcess[str]"]
pytestmark = pytest.mark.filterwarnings("ignore::penstock.errors.DataWarning")

DAYS = pd.date_range("2024-03-04", periods=12)
Y = np.arange(12.0)
HOURS = pd.date_range("2024-03-09", periods=48, freq="h", tz="America/New_York")


def frame(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"ds": DAYS, "y": Y, **columns})


# A frame that is refused, and the line of Python in the message.
LINES: dict[str, tuple[Callable[[], Any], str]] = {
    "booleans": (lambda: frame(y=[True, False] * 6), r"frame\['y'\] = .*\.astype\(float\)"),
    "days and months": (
        lambda: frame(ds=[f"{day:02d}/02/2024" for day in range(1, 13)]), r"frame\['ds'\] = .*dayfirst=True\)",
    ),
    "names of days": (lambda: frame(ds=DAYS.strftime("%a %d %b %Y")), r"frame\['ds'\] = .*format='mixed'\)"),
    "thousands": (lambda: frame(y=[f"1,{100 + i}" for i in range(12)]), r"frame\['y'\] = .*\.astype\(float\)"),
    "offsets": (
        lambda: pd.DataFrame({"ds": list(map(str, HOURS)), "y": 1.0}), r"frame\['ds'\] = .*tz_convert\('[^']*'\)",
    ),
    "columns as series": (lambda: frame(b=Y).rename(columns={"y": "a"}), r"frame\.melt\(.*?\)"),
    "lazy": (lambda: pl.from_pandas(frame()).lazy(), r"frame\.collect\(\)"),
    "no order": (lambda: frame().iloc[[1, 0, 2]], r"frame = frame\.sort_values\('ds'\)"),
    "a matrix": (lambda: np.ones((12, 2)), r"pandas\.DataFrame\(\{'ds': dates, 'y': array\[:, 0\]\}\)"),
    "matrices of series": (lambda: np.ones((12, 2)), r"pandas\.DataFrame\(array, index=dates\).*value_name='y'\)"),
    "a list": (lambda: Y.tolist(), r"pandas\.DataFrame\(\{'ds': dates, 'y': values\}\)"),
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
def test_a_line_of_python_works(name: str) -> None:
    make, pattern = LINES[name]
    given = make()
    with pytest.raises(ps.PenstockError) as error:
        ps.Naive().fit(given)
    line = re.search(pattern, str(error.value))
    assert line is not None, error.value
    known = {"frame": given, "pandas": pd, "dates": DAYS, "array": given, "values": given}
    text = line.group()
    if re.match(r"frame(\[.*?\])? = ", text):
        exec(text, known)
    else:
        known["frame"] = eval(text, known)
    assert len(ps.Naive().fit(known["frame"]).predict()) >= 1


# Options in messages: of Python, which are given to the same call again.
OPTIONS: dict[str, tuple[Callable[[], Any], dict[str, Any], str]] = {
    "a value is missing": (lambda: frame(y=[*Y[:5], np.nan, *Y[6:]]), {}, r"missing='ffill'"),
    "rows are missing": (lambda: frame().drop(index=[2]), {}, r"missing='ffill'"),
    "series without a name": (lambda: pd.concat([frame(t="a"), frame(t="b")]), {}, r"id='t'"),
    "series in turn": (lambda: pd.concat([frame(t="a"), frame(t="b")]).sort_values("ds"), {}, r"id='t'"),
    "a static column that changes": (lambda: frame(c=Y), {"static": "c"}, r"past='c'"),
    "text among covariates": (lambda: frame(c="x"), {"past": "c"}, r"static='c'"),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_of_python_works(name: str) -> None:
    make, options, pattern = OPTIONS[name]
    model = ps.Forecaster(ps.Network([ps.LSTM(2)], embeddings=[0]), window=2, epochs=1) if options else ps.Naive()
    with pytest.raises(ps.PenstockError, match=pattern) as error:
        model.fit(make(), **options)
    found = re.search(pattern, str(error.value))
    assert found is not None
    key, value = found.group().split("=")
    if not options:
        assert len(model.fit(make(), **{key: value.strip("'")}).predict()) >= 1
        return
    assert read_panel(make(), Columns(**{key: value.strip("'")}))[0].rows == 12


def rows(cells: Any, names: str = "Date,Close") -> bytes:
    return (names + "\n" + "".join(f"{cell}\n" for cell in cells)).encode()


NUMBERED = list(enumerate(DAYS.strftime("%F")))
# A file that is refused, and the option in the message.
FLAGS: dict[str, tuple[bytes, list[str], str]] = {
    "day or month": (rows(f"{day:02d}/02/2024,{day}" for day in range(1, 13)), [], "--dayfirst"),
    "month or day": (rows(f"02/{day:02d}/2024,{day}" for day in range(1, 13)), [], "--monthfirst"),
    "thousands or not": (rows(f'{day},"1,{100 + i}"' for i, day in NUMBERED), [], "--decimal ."),
    "points among semicolons": (rows((f"{day};1.{100 + i}" for i, day in NUMBERED), "Date;Close"), [], "--decimal ,"),
    "hours as the clock changes": (rows(f"{hour},{i}" for i, hour in enumerate(HOURS)), [], "--zone America/New_York"),
    "no order": (rows(f"{day},{i}" for i, day in [*NUMBERED[6:], *NUMBERED[:6]]), [], "--sort"),
    "two columns of numbers": (rows((f"{day},{i},5" for i, day in NUMBERED), "Date,Open,Close"), [], "--target 'Open'"),
    "two columns of dates": (rows((f"{day},{day},{i}" for i, day in NUMBERED), "Date,Due,Close"), [], "--time 'Date'"),
    "a column a series": (rows((f"{day},{i},5" for i, day in NUMBERED), "ds,a,b"), ["--target", "y"], "--wide"),
    "two tickers": (
        rows((f"{day},{name},{i}" for i, day in NUMBERED for name in "ab"), "Date,Ticker,Close"), [], "--id 'Ticker'",
    ),
    "a value that is missing": (rows(f"{day},{i if i != 5 else 'NA'}" for i, day in NUMBERED), [], "--missing ffill"),
}  # fmt: skip


@pytest.mark.parametrize("name", FLAGS)
def test_an_option_of_the_command_line_works(penstock: Run, tmp_path: Path, name: str) -> None:  # noqa: F811
    content, given, flag = FLAGS[name]
    (tmp_path / "own.csv").write_bytes(content)
    words = ["compare", "own.csv", "--models", "drift", "--test", "2"]
    refused = penstock(*words, *given)
    assert refused.returncode == 2
    assert flag in refused.stderr
    kept = [] if flag == "--wide" else given
    done = penstock(*words, *kept, *(word.strip("'") for word in flag.split(" ")))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("content", "pattern"),
    [
        (b"2024-03-04,1\n2024-03-05,2\n2024-03-06,3\n2024-03-07,4\n", r"sed '1i .*?' old\.csv > new\.csv"),
        ("ds,y,\u540d\n".encode("gb18030") + b"".join(b"2024-03-%02d,%d,\xc3\xfb\xd7\xd6\xc3\xfb\xd7\xd6\n" % (d, d)
         for d in range(10, 20)), r"iconv -f gb18030 -t utf-8 old\.csv > new\.csv"),
    ],
    ids=["no header", "Chinese"],
)  # fmt: skip
def test_a_line_of_the_shell_works(penstock: Run, tmp_path: Path, content: bytes, pattern: str) -> None:  # noqa: F811
    (tmp_path / "old.csv").write_bytes(content)
    words = ["--models", "drift", "--test", "2"]
    refused = penstock("compare", "old.csv", *words)
    assert refused.returncode == 2
    line = re.search(pattern, refused.stderr)
    assert line is not None, refused.stderr
    subprocess.run(line.group(), shell=True, check=True, cwd=tmp_path)
    done = penstock("compare", "new.csv", *words)
    assert done.returncode == 0, done.stderr
