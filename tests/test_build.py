"""A build that fails is recorded, said, and an error where kernels are required."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from penstock.build_record import BuildRecord, missing_kernels, read_record, tell_once

ROOT = Path(__file__).resolve().parents[1]
SAYS_WHY = f"""#!{sys.executable}
import os, sys
if any(word.endswith("kernels.cc") for word in sys.argv):
    print("kernels.cc:7:1: warning: a warning before", file=sys.stderr)
    print("kernels.cc:9:3: error: made to fail", file=sys.stderr)
    sys.exit(1)
os.execvp("c++", ["c++", *sys.argv[1:]])
"""
NO_COMPILER = f"#!{sys.executable}\nraise SystemExit(1)\n"


def configure(folder: Path, compiler: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Configure the package as an installation does, with a compiler that fails."""
    if shutil.which("cmake") is None or shutil.which("make") is None or shutil.which("c++") is None:
        pytest.skip("cmake, make or a C++ compiler is not on this machine")
    script = folder / "compiler"
    script.write_text(compiler)
    script.chmod(0o755)
    command = ["cmake", "-S", ROOT, "-B", folder / "build", "-G", "Unix Makefiles"]
    command.append(f"-DPython_EXECUTABLE={sys.executable}")
    given = {**os.environ, "CXX": str(script), **environment}
    return subprocess.run(command, capture_output=True, text=True, env=given)


@pytest.mark.parametrize(
    ("compiler", "reason"),
    [(SAYS_WHY, "kernels.cc:9:3: error: made to fail"), (NO_COMPILER, "no working C++ compiler")],
)
def test_a_build_that_fails_is_recorded_with_its_first_error(tmp_path: Path, compiler: str, reason: str) -> None:
    done = configure(tmp_path, compiler)
    assert done.returncode == 0, done.stderr
    assert "installed WITHOUT its compiled kernels" in done.stderr
    subprocess.run(["cmake", "--install", tmp_path / "build", "--prefix", tmp_path / "out"], check=True, timeout=60)
    record = read_record([str(tmp_path / "nothing"), str(tmp_path / "out/penstock/kernels")])
    assert record is not None
    assert not record.built
    assert reason in record.detail
    assert not list(tmp_path.glob("out/**/*.so"))


def test_a_build_that_must_have_kernels_fails(tmp_path: Path) -> None:
    done = configure(tmp_path, SAYS_WHY, PENSTOCK_KERNELS="native")
    assert done.returncode != 0
    assert "PENSTOCK_KERNELS=native, but the compiled kernels could not be built" in done.stderr
    assert "error: made to fail" in done.stderr


@pytest.mark.parametrize(
    ("record", "says"),
    [
        (None, "no record of their build is there: install Penstock again"),
        (
            BuildRecord(True, "GNU 14.2.0"),
            "were built by GNU 14.2.0, but their library is gone: install Penstock again",
        ),
        (BuildRecord(False, "a.h:1: error: no"), "could not be built when Penstock was installed: a.h:1: error: no"),
    ],
)
def test_says_why_there_are_no_kernels(record: BuildRecord | None, says: str) -> None:
    assert missing_kernels(record).endswith(says)


class Terminal:
    """A stream that says it is a terminal."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> None:
        self.lines += [text] if text.strip() else []


def test_a_terminal_is_told_once_for_each_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PENSTOCK_KERNELS", raising=False)
    record = tmp_path / "build.txt"
    record.write_text("built\nGNU 12.2.0\n")
    tell_once([str(tmp_path)])
    assert terminal.lines == []
    record.write_text("not built\na.h:1: error: no\n")
    for _ in range(3):
        tell_once([str(tmp_path)])
    assert len(terminal.lines) == 1
    assert (
        "could not be built when Penstock was installed: a.h:1: error: no. It runs on jax.lax.scan" in terminal.lines[0]
    )
    record.write_text("not built\nb.h:1: error: no\n")
    tell_once([str(tmp_path)])
    assert len(terminal.lines) == 2


def test_nobody_is_told_where_scan_is_wanted_or_nobody_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "build.txt").write_text("not built\na.h:1: error: no\n")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    tell_once([str(tmp_path)])  # stderr is a file here
    assert capsys.readouterr().err == ""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("PENSTOCK_KERNELS", "scan")
    tell_once([str(tmp_path)])
    assert terminal.lines == []
