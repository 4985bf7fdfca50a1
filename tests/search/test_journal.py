"""Trials in a file: shared by processes, gone on with after a kill, and refused for another search."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.search.journal import Journal
from penstock.searchable import Trial

SPACE = {"lags": [1, 2, 5], "penalty": ps.Range(1e-3, 1e3, log=True)}
FRAME = pd.DataFrame({"ds": range(300), "y": np.random.default_rng(0).normal(size=300).cumsum()})


def search(path: Path | None = None, **options: Any) -> ps.Tuned:
    storage = None if path is None else str(path)
    return ps.Tuned(ps.Ridge(1), SPACE, inner=ps.RollingOrigin(test=60), storage=storage, **{"trials": 12, **options})


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()[1:]]


def finished(path: Path) -> Counter[int]:
    return Counter(each["finished"] for each in records(path) if "finished" in each)


def test_a_file_changes_nothing_and_is_gone_on_with(tmp_path: Path) -> None:
    path, whole = tmp_path / "trials", search().fit(FRAME)
    assert search(path, trials=5).fit(FRAME).trials_ == whole.trials_[:6]
    with path.open("ab") as file:
        file.write(b'{"rows":"killed while')  # a line that was not finished
    more = search(path).fit(FRAME)  # more trials of the same search
    assert (more.trials_, more.best_) == (whole.trials_, whole.best_)
    assert set(finished(path).values()) == {1}
    assert [each.name for each in tmp_path.iterdir()] == ["trials"]  # no lock is left
    assert search(path).fit(FRAME[:-1]).trials_[0].error != more.trials_[0].error  # other rows: trials of their own
    assert len(finished(path)) == 13
    assert sum(finished(path).values()) == 26


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seed": 3}, "holds the trials of another search: seed is 0 there and 3 here; give each search a file"),
        ({"sampler": "grid", "trials": 99}, "space is .'lags': .*Range.* there and .'lags': .1, 2.. here"),
    ],
)
def test_the_file_of_another_search_is_refused(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    search(tmp_path / "trials", trials=1).fit(FRAME)
    with pytest.raises(ps.OptionError, match=said):
        ps.Tuned(
            ps.Ridge(1), {"lags": [1, 2]} if "sampler" in options else SPACE, inner=ps.RollingOrigin(test=60),
            storage=str(tmp_path / "trials"), **{"trials": 12, **options},
        ).fit(FRAME)  # fmt: skip


def test_what_is_no_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / "trials").write_text("ds,y\n1,2\n")
    with pytest.raises(ps.OptionError, match="holds no trials of a search"):
        search(tmp_path / "trials").fit(FRAME)
    assert (tmp_path / "trials").read_text() == "ds,y\n1,2\n"
    for content in (b"one line that does not end", b'{"penstock_search_of":', b"PK\x03\x04\nwithout an end of line"):
        (tmp_path / "trials").write_bytes(content)
        with pytest.raises(ps.OptionError, match="holds no trials of a search"):
            search(tmp_path / "trials").fit(FRAME)
        assert (tmp_path / "trials").read_bytes() == content  # nothing of it is cut off
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "trials", tmp_path, Path()):
        with pytest.raises(ps.OptionError, match="cannot be written"):
            search(path).fit(FRAME)


def test_the_trials_of_a_process_that_ended_are_claimed_anew(tmp_path: Path) -> None:
    def propose(so_far: Any, count: int) -> list[dict[str, Any]]:
        return [{"a": len(so_far) + n} for n in range(count)]

    def journal() -> Journal:
        return Journal(tmp_path / "trials", {"model": "m"}, "rows")

    with journal() as one, journal() as other:
        assert [number for number, _ in one.claim(propose, 5, 2)] == [0, 1]
        assert [number for number, _ in other.claim(propose, 5, 2)] == [2, 3]
        other.finish([2, 3], [Trial({"a": 2}, 1.0), Trial({"a": 3}, float("nan"), 4)])
        assert other.claim(propose, 5, 2) == [(4, {"a": 4})]
        assert other.claim(propose, 5, 2) == []  # the first two run still
        one.__exit__(None, None, None)  # what the end of a process does to its lock
        assert other.claim(propose, 5, 9) == [(0, {"a": 0}), (1, {"a": 1})]
        other.finish([0, 1, 4], [Trial({"a": n}, 2.0) for n in (0, 1, 4)])
        assert not other.wait(5)
        assert [trial.error for trial in other.finished(4)][:3] == [2.0, 2.0, 1.0]
        assert other.finished(4)[3].halved == 4


RUN = """
import sys, numpy as np, pandas as pd, penstock as ps
frame = pd.DataFrame({"ds": range(300), "y": np.random.default_rng(0).normal(size=300).cumsum()})
model = ps.Forecaster(ps.Network([ps.RNN(2)]), window=4, epochs=40, patience=None, validation=0.2)
space = {"optimizer__learning_rate": ps.Range(1e-4, 1e-1, log=True)}
model = ps.Tuned(model, space, trials=60, inner=ps.RollingOrigin(test=60), storage=sys.argv[1]).fit(frame)
print([(trial.settings, trial.error) for trial in model.trials_])
"""


@pytest.mark.slow
def test_two_processes_share_trials_and_a_killed_one_is_gone_on_with(tmp_path: Path) -> None:
    def start(path: Path) -> subprocess.Popen[str]:
        return subprocess.Popen([sys.executable, "-c", RUN, str(path)], stdout=subprocess.PIPE, text=True)

    def said(process: subprocess.Popen[str]) -> str:
        out, _ = process.communicate(timeout=600)
        assert process.returncode == 0
        return out

    shared, killed = tmp_path / "shared", tmp_path / "killed"
    both = [start(shared) for _ in range(2)]
    victim = start(killed)
    while not killed.exists() or not finished(killed):
        time.sleep(0.1)
        assert victim.poll() is None
    victim.send_signal(signal.SIGKILL)
    victim.communicate()
    done = finished(killed)
    first, second = map(said, both)
    assert first == second == said(start(killed)) == said(start(tmp_path / "alone"))
    assert finished(shared) == finished(killed) == dict.fromkeys(range(61), 1)  # each trial once
    again = Counter(each["claimed"] for each in records(killed) if "claimed" in each)
    assert all(again[number] == 1 for number in done)
    assert len({each["driver"] for each in records(shared) if "claimed" in each}) == 2


def test_fewer_trials_on_a_fuller_journal_choose_among_the_first(tmp_path: Path) -> None:
    assert len(search(tmp_path / "trials").fit(FRAME).trials_) == 13
    few = search(tmp_path / "trials", trials=2).fit(FRAME)
    assert len(few.trials_) == 3
    assert few.trials_ == search(trials=2).fit(FRAME).trials_


def test_a_search_of_searches_keeps_the_outer_trials_alone() -> None:
    inner = ps.Tuned(ps.Ridge(1), {"lags": [1, 2]}, storage="inner.jsonl")
    for model in (inner, ps.Ensemble([ps.AR(1), inner])):
        with pytest.raises(ps.OptionError, match=r"each setting makes it another search.*storage= to the outer Tuned"):
            ps.Tuned(model, {"seed": [0, 1]} if model is inner else {"cutoffs": [1]})
