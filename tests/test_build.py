"""A build that fails is recorded, said, and an error where kernels are required."""

from __future__ import annotations

import os
import platform
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


CHOOSES = """
#include <cstdio>
#include "isa_choice.h"
int main() {
  const penstock::IsaChoice isa = penstock::choose_isa();
  std::printf("%d %s: %s", isa.place, isa.name ? isa.name : "none", isa.problem ? isa.problem : "");
}
"""


def need_tools() -> None:
    if shutil.which("cmake") is None or shutil.which("make") is None or shutil.which("c++") is None:
        pytest.skip("cmake, make or a C++ compiler is not on this machine")


def configure(folder: Path, compiler: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Configure the package as an installation does, with a compiler that fails."""
    need_tools()
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
    subprocess.run(["cmake", "--install", tmp_path / "build", "--prefix", tmp_path / "out"], check=True)
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


def choice(folder: Path, *options: str, **environment: str) -> str:
    """Compile the choice of an instruction set as a build with these options does, and return what it chooses."""
    (folder / "main.cc").write_text(CHOOSES)
    sources = [folder / "main.cc", ROOT / "native/isa_choice.cc"]
    subprocess.run(["c++", "-std=c++17", *options, "-I", ROOT / "native", *sources, "-o", folder / "main"], check=True)
    given = {**{name: value for name, value in os.environ.items() if name != "PENSTOCK_ISA"}, **environment}
    return subprocess.run([folder / "main"], capture_output=True, text=True, check=True, env=given).stdout


def test_what_was_not_built_is_never_chosen(tmp_path: Path) -> None:
    need_tools()
    assert choice(tmp_path) == "0 generic: "
    none = choice(tmp_path, "-DPENSTOCK_WITHOUT_GENERIC")
    assert none == "-1 none: they were built for an instruction set that this machine lacks: install Penstock again"
    if platform.machine() != "x86_64" or "avx2" not in Path("/proc/cpuinfo").read_text():
        pytest.skip("the rest needs an x86 processor with AVX2")
    wide = ("-DPENSTOCK_X86", "-DPENSTOCK_WITHOUT_GENERIC", "-DPENSTOCK_WITHOUT_AVX512")
    assert choice(tmp_path, *wide) == "1 avx2: "
    assert choice(tmp_path, *wide, PENSTOCK_ISA="avx2") == "1 avx2: "
    not_narrow = choice(tmp_path, *wide, PENSTOCK_ISA="generic")
    assert not_narrow == "1 avx2: nothing as narrow as PENSTOCK_ISA asks for was built; ignored"
    narrow = choice(tmp_path, "-DPENSTOCK_X86", "-DPENSTOCK_WITHOUT_AVX2", PENSTOCK_ISA="avx2")
    assert narrow.startswith("0 generic: ")


@pytest.mark.parametrize("wish", ["host", "some"])
def test_a_build_for_this_machine_records_its_instruction_set(tmp_path: Path, wish: str) -> None:
    need_tools()
    done = subprocess.run(
        [
            "cmake",
            "-S",
            ROOT / "native",
            "-B",
            tmp_path,
            f"-DPENSTOCK_ISAS={wish}",
            f"-DPython_EXECUTABLE={sys.executable}",
        ],
        capture_output=True,
        text=True,
        env={name: value for name, value in os.environ.items() if name != "PENSTOCK_ISA"},
    )
    if wish == "some":
        assert done.returncode != 0
        assert "PENSTOCK_ISAS is 'some'; allowed: all, host" in done.stderr
    else:
        assert done.returncode == 0, done.stderr
        widest = choice(tmp_path, "-DPENSTOCK_X86") if platform.machine() == "x86_64" else "0 generic: "
        assert (tmp_path / "compiler.txt").read_text().split(" for ")[1] == widest.split()[1].strip(":")


@pytest.mark.parametrize(
    ("record", "says"),
    [
        (None, "no record of their build is there: install Penstock again"),
        (
            BuildRecord(True, "GNU 14.2.0 for avx512"),
            "were built by GNU 14.2.0 for avx512, but their library is gone: install Penstock again",
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
