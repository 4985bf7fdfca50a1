"""What the README shows is run, and prints what the README says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()


def block(after: str, kind: str = "") -> str:
    found = re.search(rf"```{kind}\n(.*?)```", README[README.index(after) :], flags=re.DOTALL)
    assert found
    return found.group(1)


def test_the_python_example_prints_the_table_that_is_shown(tmp_path: Path) -> None:
    code = block("## In Python", "python")
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=280, check=True
    )
    assert done.stderr == ""
    shown, printed = block("It prints").splitlines(), done.stdout.splitlines()
    assert sorted(os.listdir(tmp_path)) == ["sp500.html", "sp500.penstock"]
    assert [line.split()[:1] for line in printed] == [line.split()[:1] for line in shown]
    # What no random number touches is equal to the digit, but for the seconds that a fit took.
    for name in ("Naive", "Drift", "AR(5)"):
        ours, theirs = (next(line for line in lines if line.startswith(name)) for lines in (printed, shown))
        assert ours.split()[:-1] == theirs.split()[:-1]
    # The network trains to nearly the same place on every machine.
    (ours, theirs) = (
        float(next(line for line in lines if line.startswith("LSTM(20) ")).split()[1]) for lines in (printed, shown)
    )
    assert ours == pytest.approx(theirs, rel=0.2)


@pytest.mark.parametrize("line", block("## From a shell").splitlines())
def test_every_command_shown_exists_with_its_flags(line: str, tmp_path: Path) -> None:
    program, command, *rest = line.split("#")[0].split()
    assert program == "penstock"
    flags = [word for word in rest if word.startswith("--")]
    done = subprocess.run(
        [Path(sys.executable).with_name("penstock"), command, "--help"],
        cwd=tmp_path, capture_output=True, text=True, check=True, env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip
    for flag in flags:
        assert flag in done.stdout


def test_every_make_target_is_listed_by_make_help() -> None:
    makefile = (ROOT / "Makefile").read_text()
    done = subprocess.run(
        ["make", "--no-print-directory", "-C", ROOT, "help"], capture_output=True, text=True, check=True
    )
    phony = re.search(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)
    assert phony
    assert [line.split()[1] for line in done.stdout.splitlines()] == phony.group(1).split()
