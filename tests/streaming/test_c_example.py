"""The example in C, compiled against the header, gives what the stream gives."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.streaming.library import find

NATIVE = Path(__file__).resolve().parents[2] / "native"
LIBRARY = find()
if isinstance(LIBRARY, str):
    pytest.skip(f"no compiled steps: {LIBRARY}", allow_module_level=True)


def test_a_c_program_steps_an_exported_stream(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler is on this machine")
    frame = pd.DataFrame({"ds": range(140), "y": 5 + np.sin(np.arange(140.0) ** 1.3)})
    model = ps.Forecaster(ps.Network([ps.LSTM(4)]), horizon=2, window=8, epochs=1, batch=32, seed=1).fit(frame[:100])
    stream = model.stream(level=50)
    stream.push(100, float(frame.y[100]))
    stream.export(tmp_path / "model.stream")
    library = Path(LIBRARY._dll._name)  # type: ignore[union-attr]
    warnings = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"]
    command = [compiler, *warnings, NATIVE / "example_stream.c", "-I", NATIVE, library, "-o", tmp_path / "example"]
    subprocess.run([*command, f"-Wl,-rpath,{library.parent}"], check=True)
    times = [101, 102, 104, 103]  # 104 is off the step: a row is missing
    rows = "".join(f"{time} {float(frame.y[time])!r}\n" for time in times)
    done = subprocess.run(
        [tmp_path / "example", tmp_path / "model.stream"], input=rows, capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert lines.pop(2) == "answer -1"
    for line, time in zip(lines, (101, 102, 103), strict=True):
        answer = stream.push(time, float(frame.y[time]))
        assert [float(number) for number in line.split()] == answer.values[:, 0].tolist()
    (tmp_path / "broken").write_bytes((tmp_path / "model.stream").read_bytes()[:-8])
    done = subprocess.run([tmp_path / "example", tmp_path / "broken"], input="", capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "no network: the bytes are not whole\n")
