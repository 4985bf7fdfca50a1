"""The README and every page of docs/: their Python runs, and prints what they say; their commands exist."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import types
import warnings
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import typer

from penstock.cli.main import app

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
}
QUICK = ("docs/cells.md",)  # the others take long for what they tell
PEERS = ("neuralforecast", "darts")  # tests/peers runs what is written for them
OPTIONAL = ("sktime", "darts", "mlflow", "adbc_driver_manager")  # of docs/adapters.md: run where they are installed
RUN = sorted(name for name, page in PAGES.items() if "```python\n" in page)


def blocks(page: str) -> list[tuple[str, str]]:
    """Give the language and the content of every block."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", page, flags=re.DOTALL | re.MULTILINE)


def left_out(name: str, content: str) -> bool:
    """Whether a block needs a library that is not here, or that tests/peers runs."""
    used = [each for each in {*PEERS, *OPTIONAL} if re.search(rf"(import|from|adapters\.) ?{each}", content)]
    if name == "docs/adapters.md":
        return any(find_spec(each) is None for each in used)
    return any(each in PEERS for each in used)


def alike(printed: str, shown: str) -> bool:
    """Whether a table is the one shown: what no random number touches to the digit, but for the seconds of a fit."""
    ours, theirs = ([line.split() for line in text.splitlines()] for text in (printed, shown))
    heads = [line[:1] for line in ours] == [line[:1] for line in theirs]
    exact = ("Naive", "Drift", "AR(5)")
    same = [line[:-1] for line in ours if line[0] in exact] == [line[:-1] for line in theirs if line[0] in exact]
    (one, other) = (next(float(line[1]) for line in lines if line[0] == "LSTM(20)") for lines in (ours, theirs))
    return heads and same and one == pytest.approx(other, rel=0.2)  # it trains to nearly the same place everywhere


@pytest.mark.parametrize("name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in RUN])
def test_the_python_of_a_page(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    monkeypatch.chdir(tmp_path)
    if name == "docs/onnx.md":
        pytest.importorskip("onnx", reason="pip install 'penstock[test]' brings onnx")
        pytest.importorskip("onnxruntime", reason="pip install 'penstock[test]' brings onnxruntime")
    if name == "docs/serving.md":
        pytest.importorskip("uvicorn", reason="pip install 'penstock[serve]' brings the HTTP server")
    if name == "docs/text.md":
        begun = request.getfixturevalue("data_home") / "glove.6B.100d.first2717.txt"
        with zipfile.ZipFile("glove.6B.zip", "w") as archive:
            archive.write(begun, "glove.6B.100d.txt")
    module = types.ModuleType("of_the_page")  # annotations are looked up in their module
    monkeypatch.setitem(sys.modules, "of_the_page", module)
    printed = ""
    for kind, content in blocks(PAGES[name]):
        if kind == "python" and not left_out(name, content):
            with warnings.catch_warnings():
                if name == "docs/adapters.md":
                    warnings.simplefilter("ignore")  # other libraries warn of their own
                exec(compile(content, name, "exec"), vars(module))
            out, err = capsys.readouterr()
            assert err == "" or "docs/adapters.md" in name  # other libraries print what they do
            printed = out
        elif not kind and printed:
            assert printed == content or (name == "README.md" and alike(printed, content)), printed
            printed = ""
    if name == "README.md":
        assert sorted(os.listdir(tmp_path)) == ["sp500.html", "sp500.penstock"]


@pytest.mark.parametrize(("name", "start"), [("README.md", "import penstock"), ("docs/cells.md", "class Decay")])
def test_the_first_example_is_short(name: str, start: str) -> None:
    code = next(content for kind, content in blocks(PAGES[name]) if kind == "python")
    assert len([line for line in code[code.index(start) :].splitlines() if line.strip()]) <= 11


def commands() -> Iterator[tuple[str, str]]:
    """Give every command line of Penstock that a page shows, in a block or in its text."""
    for name, page in PAGES.items():
        text = re.sub(r"^```(\w*)\n(.*?)^```$", "", page, flags=re.DOTALL | re.MULTILINE)
        shown = [" ".join(span.split()) for span in re.findall(r"`(penstock [^`]+)`", text)]
        for kind, content in blocks(page):
            lines = "" if kind == "python" else content.replace("\\\n", " ")
            shown += re.findall(r"^(?:.*\| )?(penstock [a-z].*)$", lines, re.MULTILINE)
        yield from ((name, line) for line in dict.fromkeys(shown))


@pytest.mark.parametrize(("name", "line"), list(commands()))
def test_every_command_shown_exists_with_its_flags(name: str, line: str) -> None:
    _, *words = shlex.split(line, comments=True)
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        assert words[0] in command.commands, line
        command = command.commands[words.pop(0)]
        command = command.load() if hasattr(command, "load") else command  # commands are imported when they are used
    known = {"--help", *(flag for each in command.params for flag in (*each.opts, *each.secondary_opts))}
    assert {word.partition("=")[0] for word in words if word.startswith("--")} <= known, line


def test_every_make_target_is_listed_by_make_help() -> None:
    makefile = (ROOT / "Makefile").read_text()
    done = subprocess.run(
        ["make", "--no-print-directory", "-C", ROOT, "help"], capture_output=True, text=True, check=True
    )
    phony = re.search(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)
    assert phony
    assert [line.split()[1] for line in done.stdout.splitlines()] == phony.group(1).split()
