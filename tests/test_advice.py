"""Advice in errors is tried: the error is provoked, the line or option is taken out of its message, and it works."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Callable, Iterator
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
from penstock.data.sequences import read_sequences

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


ZONED = HOURS[:12]
# A model, the call that it refuses, and the line of Python in the message, which makes another frame of what was given.
LATER: dict[str, tuple[Callable[[], Any], str]] = {
    "no zone after a zone": (lambda: frame(ds=ZONED), r"frame\['ds'\] = .*tz_localize\('America/New_York'\)"),
    "a zone after none": (lambda: frame(ds=ZONED.tz_localize(None)), r"frame\['ds'\] = .*tz_localize\(None\)"),
}


@pytest.mark.parametrize("name", LATER)
def test_a_line_of_python_works_for_later_rows(name: str) -> None:
    make, pattern = LATER[name]
    fitted = ps.Naive().fit(make()[:6])
    given = make()
    zoned = given["ds"].dt.tz is not None
    given["ds"] = given["ds"].dt.tz_localize(None if zoned else "America/New_York")
    with pytest.raises(ps.DataError) as error:
        fitted.predict(given)
    line = re.search(pattern, str(error.value))
    assert line is not None, error.value
    exec(line.group(), {"frame": given})
    assert len(fitted.predict(given)) == 1


def test_the_line_for_a_future_frame_works() -> None:
    known = frame(ds=ZONED, x=Y)
    fitted = ps.ARX(1).fit(known[:6], known="x")
    future = known[6:7].assign(ds=known["ds"][6:7].dt.tz_localize(None))
    with pytest.raises(ps.DataError) as error:
        fitted.predict(future=future)
    line = re.search(r"future\['ds'\] = .*tz_localize\(\s*'America/New_York'\)", str(error.value))
    assert line is not None, error.value
    exec(line.group(), {"future": future})
    assert len(fitted.predict(future=future)) == 1


def test_a_series_that_needs_covariates_is_made_a_frame() -> None:
    series = frame().set_index("ds")["y"]
    with pytest.raises(ps.DataError, match=r"give a frame: series\.reset_index\(\)"):
        ps.ARX(1).fit(series, past="x")
    assert series.reset_index().columns.tolist() == ["ds", "y"]
    several = pd.Series(Y, pd.MultiIndex.from_arrays([["a"] * 12, ["b"] * 12, DAYS], names=["k", "unique_id", "ds"]))
    with pytest.raises(ps.DataError, match=r"index of 3 levels was given; name its columns: series\.reset_index\(\)"):
        ps.Naive().fit(several)
    named = several.rename("y").reset_index()
    assert len(ps.Naive().fit(named).predict()) == 1


def test_a_sparse_matrix_is_made_dense() -> None:
    sparse = pytest.importorskip("scipy.sparse").csr_matrix(np.eye(4))
    with pytest.raises(ps.DataError, match=r"X\.toarray\(\)"):
        read_sequences(sparse, name="X")
    assert len(read_sequences(sparse.toarray()[:, :, None], name="X")) == 4


def test_columns_for_scores_are_named_as_groups() -> None:
    split, table = ps.RollingOrigin(test=3), frame(unique_id="a", sector="x")
    with pytest.raises(ps.OptionError, match=r"compare\(\.\.\., groups='sector'\)"):
        ps.compare([ps.Drift()], table, split).scores_by("sector")
    found = ps.compare([ps.Drift()], table, split, groups="sector").scores_by("sector")
    assert set(found["sector"]) == {"x"}


def test_a_folder_is_made_by_the_line_of_the_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model = ps.Naive().fit(frame())
    with pytest.raises(ps.OptionError) as error:
        model.save("some/folder/m.penstock")
    line = str(error.value).partition("make it first: ")[2]
    subprocess.run(line, shell=True, check=True)
    model.save("some/folder/m.penstock")


_CODE = re.compile(
    r"(?:frame|future)(?:\[| = |\.[a-z_]+\()|pandas\.[A-Za-z_]+\(|pyarrow\.[A-Z]\w+\.|series\.reset_index|\.toarray\(\)"
    r"|iconv -f|sed '|mkdir -p|compare\(\.\.\."
)
TRIED = {
    "frame[*] = frame[*].astype(float)", "frame[*] = pandas.to_datetime(frame[*], dayfirst=True)",
    "frame[*] = pandas.to_datetime(frame[*], format='mixed')", "frame[*] = frame[*].str.replace(*, '').astype(float)",
    "frame[*] = pandas.to_datetime(frame[*], utc=True).dt.tz_convert('America/New_York')", "frame.melt('ds', ",
    "frame.collect()", "frame = frame.sort_values(*)", "pandas.DataFrame({'ds': dates, 'y': array[:, 0]})",
    "pandas.DataFrame(array, index=dates).rename_axis('ds').reset_index().melt('ds', ", "series.reset_index()",
    "pandas.DataFrame({'ds': dates, 'y': values})", "frame[*] = frame[*].dt.tz_localize(*)",
    "future[*] = future[*].dt.tz_localize(*)", "*.toarray()", "y.toarray()", "compare(..., groups=*)",
    "iconv -f gb18030 -t utf-8 old.csv > new.csv", "sed '1i *' old.csv > new.csv", "mkdir -p *",
    # in tests/data/reading/test_strangers.py
    "frame[*] + ' ' + frame[*]", "join the two: frame[*] = *", "frame = pandas.DataFrame(frame)",
    "frame = pyarrow.Table.from_batches([frame])", "frame = pandas.read_csv(*)",
    "pandas.read_json(path).to_csv('new.csv'",
    "pandas.read_csv(*, index_col=0).T.rename_axis('ds').to_csv('new.csv')",
    # in tests/data/test_shards.py
    "frame = pandas.read_parquet(shards.files[0])",
    # in tests/cli/test_program.py
    "iconv -f cp1252 -t utf-8 old.txt | penstock text predict model.penst",
}  # fmt: skip
"""Code in messages, as it stands in the source with * for what is filled in; what stands here is tried in a test."""
UNTRIED = {
    "frame[*] = frame[*].dt.tz_convert('UTC')": "zones without a name come from objects of pytz and dateutil alone",
    "frame = frame.df()": "a relation of DuckDB, which is an extra",
    "def *(frame, horizon): return *(frame": "tried with statsmodels in tests/evaluation/test_others.py",
}


def literals(node: ast.expr) -> Iterator[str]:
    """Give the texts of an expression, with * where values are filled in."""
    if isinstance(node, ast.JoinedStr):
        yield "".join(part.value if isinstance(part, ast.Constant) else "*" for part in node.values)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    else:
        for child in ast.iter_child_nodes(node):
            yield from literals(child)


@pytest.mark.slow
def test_code_in_messages_is_tried() -> None:
    source = Path(ps.__file__).parent
    found = set()
    for path in sorted(source.rglob("*.py")):
        tree = ast.parse(path.read_text())
        documented = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and isinstance(node.body[0], ast.Expr)
        }
        told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        told |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            whole = isinstance(node, (ast.JoinedStr, ast.Constant)) and id(node) not in documented | told
            texts = literals(node) if whole else ()
            found |= {(str(path.relative_to(source)), text) for text in texts if _CODE.search(text)}
    strangers = {
        f"{path}: {text}"
        for path, text in found
        if not any(line in text for line in (*TRIED, *UNTRIED)) and not path.startswith(("studies/", "report/"))
    }
    assert not strangers, "these lines stand in messages, and no test tries them"
    unused = {line for line in TRIED if not any(line in text for _, text in found)}
    assert not unused, "these lines stand in no message"


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
