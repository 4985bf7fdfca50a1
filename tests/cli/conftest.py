"""The program, run in this process: what it prints, how it ends, what it writes."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from penstock.cli.main import main

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def penstock(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run the program as a shell does, without a new process: test_program.py has those."""

    def run(*words: object, given: bytes = b"", **environment: str) -> subprocess.CompletedProcess[str]:
        monkeypatch.chdir(tmp_path)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)  # put back afterwards
        monkeypatch.setattr(sys, "argv", ["penstock", *map(str, words)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        capsys.readouterr()
        code, handler = 0, signal.getsignal(signal.SIGINT)
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
        finally:
            signal.signal(signal.SIGINT, handler)
        out, err = capsys.readouterr()
        return subprocess.CompletedProcess(list(map(str, words)), code, out, err)

    return run


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    y = 100 + np.cumsum(np.random.default_rng(3).normal(size=150))
    days = pd.date_range("2021-01-01", periods=150, freq="B")
    frame = pd.DataFrame({"Date": days.strftime("%F"), "Close": y.round(4), "Note": "x"})
    frame.to_csv(tmp_path / "prices.csv", index=False)
    frame.to_parquet(tmp_path / "prices.parquet")
    return tmp_path
