"""Processes that are killed at random moments: what was reported as saved is there, and runs go on to the same bits.

``PENSTOCK_KILLS`` says how often each kind of work is killed.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from penstock.storage import read_model

KILLS = int(os.environ.get("PENSTOCK_KILLS", "3"))

BEGIN = """
import sys
import jax, numpy as np, pandas as pd
import penstock as ps
from penstock.checkpoints import TrainingFile
from penstock.training.lanes import Lanes
from penstock.training.pieces import Pieces, StepRange
TrainingFile.due = True  # a checkpoint after every epoch, and after every call within it
if sys.argv[2:] == ["cut"]:
    def few(self, first):
        last = min(first + 4, self.steps)
        return StepRange.of(first, last, ends=last == self.steps)
    Pieces.next = few
record = Lanes.record
def told(self, *losses):
    print("epoch", flush=True)
    record(self, *losses)
Lanes.record = told
frame = pd.DataFrame({"ds": np.arange(300), "y": np.sin(np.arange(300) / 5) + np.arange(300) % 7})
def model(**options):
    options = {"window": 8, "epochs": 120, "patience": None, "batch": 20, **options}
    return ps.Forecaster(ps.Network([ps.GRU(4)]), **options)
"""
# Each prints a line once it has begun, and the bits of its result at the end; the folder is its argument.
WORK = {
    "training": """
fitted = model().fit(frame, checkpoint=sys.argv[1], resume=True)
result = fitted.predict()["yhat"].to_numpy(), fitted.history_.training_loss
print("done " + " ".join(each.tobytes().hex() for each in result))
""",
    "walk": """
models = [model(epochs=40, patience=8, optimizer="adam", seed=seed, members=3) for seed in (0, 1)]
split = ps.RollingOrigin(test=40, refit=5)
result = ps.compare(models, frame, split, level=80, checkpoint=sys.argv[1], resume=True)
print("done " + " ".join(each.forecast.tobytes().hex() for each in result.entries.values()))
""",
}
# Writes files that tell their number.
WRITING = """
import sys
import numpy as np
from penstock.storage import write_model
for number in range(1, 1_000_000):
    write_model(sys.argv[1] + "/model.penstock", {"number": number}, {"all": np.full(20_000, number)})
    print(number, flush=True)
"""
SAVING = """
fitted = model(epochs=1).fit(frame)
for number in range(1, 100_000):
    fitted.weights_ = jax.tree.map(lambda leaf: np.full_like(leaf, number), fitted.weights_)
    fitted.save(sys.argv[1] + "/model.penstock")
    print(number, flush=True)
"""


class Process:
    """A Python process, whose lines are read as they come."""

    def __init__(self, code: str, folder: Path, *more: str) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-u", "-c", code, str(folder), *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def line(self) -> str:
        assert self._child.stdout is not None
        return self._child.stdout.readline().rstrip()

    def rest(self) -> list[str]:
        """Wait for the end; give the lines that had been printed."""
        out, errors = self._child.communicate(timeout=300)
        assert self._child.returncode in (0, -signal.SIGKILL), errors
        return out.splitlines()

    def kill_within(self, seconds: float, moments: random.Random) -> list[str]:
        """Kill it at a random moment from now."""
        time.sleep(moments.uniform(0, seconds))
        self._child.kill()
        return self.rest()


@pytest.mark.slow
@pytest.mark.parametrize("work", WORK)
def test_a_run_that_is_killed_goes_on_to_the_same_bits(work: str, tmp_path: Path) -> None:
    code = BEGIN + WORK[work]
    whole = Process(code, tmp_path / "whole")  # its epochs are not cut
    lines = [whole.line()]
    begin = time.monotonic()
    lines += whole.rest()
    seconds, moments = time.monotonic() - begin, random.Random(work)
    *epochs, expected = lines
    assert expected.startswith("done ")
    killed = number = 0
    while killed < KILLS:
        seen, lost, number = 0, 0, number + 1
        while True:  # until the run is done
            process = Process(code, tmp_path / str(number), "cut")
            lines = [process.line()]
            lines += process.kill_within(seconds / 3, moments) if killed < KILLS else process.rest()
            seen += len(lines)
            if lines[-1].startswith("done"):
                break
            killed, lost = killed + 1, lost + 1
        assert lines[-1] == expected
        assert seen - 1 <= len(epochs) + lost  # a kill loses the epoch that was not yet kept, and no other


def test_what_was_reported_as_written_is_whole_after_a_kill(tmp_path: Path) -> None:
    """The short form of the next: the files without models."""
    moments = random.Random(1)
    for _ in range(3):
        process = Process(WRITING, tmp_path)
        reported = [process.line(), *process.kill_within(0.05, moments)]
        numbers = [int(line) for line in reported if line.strip().isdecimal()]
        about, arrays = read_model(tmp_path / "model.penstock")
        assert about["number"] in (numbers[-1], numbers[-1] + 1)
        assert (arrays["all"] == about["number"]).all()


@pytest.mark.slow
def test_a_model_file_is_whole_whenever_its_process_is_killed(tmp_path: Path) -> None:
    import jax
    import numpy as np

    import penstock as ps

    moments = random.Random(0)
    for _ in range(KILLS):
        process = Process(BEGIN + SAVING, tmp_path)
        reported = [process.line(), *process.kill_within(0.5, moments)]
        numbers = [int(line) for line in reported if line.strip().isdecimal()]
        (leaf, *_) = jax.tree.leaves(ps.load(tmp_path / "model.penstock").weights_)
        assert np.unique(leaf).size == 1
        assert leaf.flat[0] in (numbers[-1], numbers[-1] + 1)
        (tmp_path / "model.penstock").unlink()
