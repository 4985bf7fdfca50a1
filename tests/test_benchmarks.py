"""The frame of the benchmarks: what it compares, keeps and shows. The measurements themselves are no tests."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def frame(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module


def test_difference_is_relative_to_the_largest_value(frame: Any) -> None:
    difference = frame("frame.agreement").difference
    assert difference({"h": np.array([1.0, 4.0])}, {"h": np.array([1.0, 3.0]), "dx": np.ones(3)}) == (0.25, "h")
    assert difference({"h": np.zeros(2)}, {"h": np.zeros(3)}) == (np.inf, "h")
    assert difference({"h": np.zeros(2)}, {"h": np.array([0, np.nan])}) == (np.inf, "h")


def test_a_figure_is_the_median_of_the_rounds_medians(frame: Any) -> None:
    timing = frame("frame.timing")
    rounds = tuple(timing.Round.of(times) for times in ([1.0, 2.0, 9.0], [5.0, 5.0, 5.0], [3.0, 3.0, 3.0]))
    times = timing.Times("loop", rounds)
    assert (times.figure, times.minimum) == (3.0, 1.0)
    assert timing.Round.of([3.0, 1.0, 2.0, 4.0, 5.0]) == timing.Round(5, 1.0, 2.0, 3.0, 4.0)


def test_a_call_may_time_its_own_parts(frame: Any) -> None:
    """Epochs of a training; a list of anything else, such as forecasts, is no time."""
    timing = frame("frame.timing")
    assert timing.sample(lambda: timing.Seconds([0.5, 0.25]), 0.7, 2) == [0.5, 0.25]
    (taken,) = timing.sample(lambda: [1e9], 0.0, 1)
    assert taken < 1


def test_a_column_shows_its_fastest_path_and_the_best_peer_is_the_fastest_of_all(frame: Any) -> None:
    bench, table, timing = frame("frame.bench"), frame("frame.table"), frame("frame.timing")
    row = frame("frame.row").Row("LSTM", frame("jobs.layer").Layer("lstm", 4, 4), frame("paths.table").EVERY)
    seconds = {"ours": 0.001, "scan": 0.007, "torch-1": 0.004, "torch-2": 0.5, "torch-2-passive": 0.005, "keras": 0.01}
    figures = bench.Figures(
        row, {path: timing.Times("call", (timing.Round.of([taken]),)) for path, taken in seconds.items()}
    )
    assert figures.best_peer == "torch-1"
    assert table.line(figures, table.labels([row])) == (
        "| LSTM | 1.00 | 7.00 (7.0) | 4.00 (4.0) | 5.00 (5.0) | 10.0 (10.0) | **4.0** |"
    )


@pytest.mark.slow
def test_a_path_runs_in_its_own_process_and_environment(frame: Any, tmp_path: Path) -> None:
    worker, layer = frame("frame.worker"), frame("jobs.layer").Layer("gru_after", 3, 2, batch=2, window=4, padded=0.5)
    process = worker.Worker("ours", {"PENSTOCK_KERNELS": "scan"}, tmp_path / "log")
    outputs, ways = process.ask("prepare", layer, layer.arrays(), False, set())
    assert set(outputs) == {"h", "dx", "dW", "dU", "db", "dbU"}
    assert ways == ["compiled call"]
    assert all(taken > 0 for taken in process.ask("measure", ways[0], 0.0, 1, True))
    with pytest.raises(worker.PathError, match="KeyError"):
        process.ask("measure", "no such way", 0.0, 1, True)
    process.close()
    with pytest.raises(OSError, match="closed"):
        process.send("facts")


def test_where_the_first_call_of_a_process_is_asked_for_none_goes_before(frame: Any) -> None:
    calls: list[None] = []
    tasks = frame("frame.worker")._Tasks("ours")
    tasks._ways = {"fit": lambda: calls.append(None)}
    assert (len(tasks.measure("fit", 0.0, 1, False)), len(calls)) == (1, 1)
    assert (len(tasks.measure("fit", 0.0, 1, True)), len(calls)) == (1, 3)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nyse", "imdb"])
def test_our_epoch_is_the_products(name: str, frame: Any) -> None:
    """Over windows and over tokens: the programs that a fit runs, from the weights that all paths begin with."""
    job = frame("jobs.model").MODELS[name]
    small = replace(job, steps=2, window=4, **({"tokens": (30, 4)} if job.tokens else {}))
    task = frame("paths.ours.step").Task(small, small.arrays())
    before = task.outputs()["yhat"]
    task.ways()["epoch"]()
    assert np.abs(task.outputs()["yhat"] - before).max() > 1e-4
