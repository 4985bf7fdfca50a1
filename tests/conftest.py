"""Fixtures that many tests share."""

from __future__ import annotations

import os

import compiled_programs

PROGRAMS = compiled_programs.keep(os.environ)  # before JAX is imported, which reads the variables then
os.environ.setdefault("OMP_NUM_THREADS", "1")  # the workers share the cores; threads that spin would take them

import signal
import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import jax
import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, settings

FAST_SECONDS = 5.0
"""What a test that is not marked slow may take, of the processor and on the clock, beside XLA's compilations."""
REFERENCE_SECONDS = 0.04
"""What the loop of `slowness` takes on a machine that does nothing else."""
_compiling = [0.0]

# A run in the background may begin with interrupts ignored, as would the processes that tests begin and interrupt.
if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Examples depend on nothing but the test, so that a run elsewhere tries the same ones; a busy machine is no fault.
settings.register_profile(
    "repeatable", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("repeatable")


def _count_compilation(event: str, seconds: float, **_: object) -> None:
    if event == "/jax/core/compile/backend_compile_duration":
        _compiling[0] += seconds


jax.monitoring.register_event_duration_secs_listener(_count_compilation)


def pytest_report_header() -> str:
    """Say where compiled programs are kept."""
    return f"compiled programs: {PROGRAMS}"


def used() -> float:
    """Return the seconds of the processor that this process has used.

    Those of children do not count: what starts another Python waits for its imports, which bytecode decides.
    """
    return time.process_time()


def clock() -> float:
    """Return the seconds on the clock."""
    return time.perf_counter()


def slowness() -> float:
    """Return how many times longer than `REFERENCE_SECONDS` the processor needs just now, at least 1."""
    begin = time.process_time()
    sum(number % 7 for number in range(1_000_000))
    return max((time.process_time() - begin) / REFERENCE_SECONDS, 1.0)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Fail a fast test that is not fast.

    Both clocks must be over: the processor's time grows little where other programs load the machine, and the time
    on the clock is the smaller one where a test computes on many cores. A machine that is slow, or busy with something
    else, is allowed for. XLA's compilations do not count, so that a test passes with an empty cache where it passes
    with a full one.
    """
    begin, processor, compiling = clock(), used(), _compiling[0]
    yield
    if item.get_closest_marker("slow") is None:
        seconds = min(clock() - begin, used() - processor) - (_compiling[0] - compiling)
        if seconds > FAST_SECONDS and seconds > FAST_SECONDS * slowness():
            pytest.fail(
                f"took {seconds:.1f} s, and a fast test may take {FAST_SECONDS:g} s: make it smaller or mark it slow.",
                pytrace=False,
            )


@pytest.hookimpl(tryfirst=True)  # before the slow ones are left out
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what is slow.

    Slow are the examples in docstrings, and the cases of a parametrized test that its mark ``fast`` does not name.
    """
    named: dict[str, set[str]] = {}
    found: dict[str, set[str]] = {}
    for item in items:
        fast = item.get_closest_marker("fast")
        if fast is not None:
            test, case = item.nodeid.split("[")[0], item.callspec.id  # type: ignore[attr-defined]
            named[test] = set(fast.args)
            found.setdefault(test, set()).add(case)
        if isinstance(item, pytest.DoctestItem) or (fast is not None and case not in fast.args):
            item.add_marker(pytest.mark.slow)
    if not any("::" in argument for argument in config.args):  # a single case was asked for
        lost = {test: sorted(cases - found[test]) for test, cases in named.items() if cases - found[test]}
        if lost:
            raise pytest.UsageError(f"the mark `fast` names cases that do not exist: {lost}")


@pytest.fixture(autouse=True, scope="module")
def forget_programs() -> Iterator[None]:
    """Programs are shared within a module; kept for the whole suite they would fill the memory."""
    yield
    jax.clear_caches()


@pytest.fixture
def rng() -> np.random.Generator:
    """Random numbers that depend on nothing but the test; a module's generator also knows which tests ran before."""
    return np.random.default_rng(0)


@pytest.fixture
def walk() -> pd.DataFrame:
    """A random walk of 160 business days."""
    steps = np.random.default_rng(7).normal(size=160)
    days = pd.date_range("2020-01-01", periods=160, freq="B")
    return pd.DataFrame({"unique_id": "walk", "ds": days, "y": 100 + np.cumsum(steps)})


@pytest.fixture(params=["pandas", "polars", "pyarrow"])
def as_kind(request: pytest.FixtureRequest) -> Callable[[pd.DataFrame], Any]:
    """Turn a pandas frame into one of each kind."""
    backend = request.param

    def convert(frame: pd.DataFrame) -> Any:
        if backend == "pandas":
            return frame
        table = nw.from_native(frame)
        data = {
            name: table[name].to_numpy() if name != "unique_id" else table[name].to_list() for name in table.columns
        }
        return nw.from_dict(data, backend=backend).to_native()

    convert.backend = backend  # type: ignore[attr-defined]
    return convert


@pytest.fixture
def data_home(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of real data, or a skip that says how to have it."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("PENSTOCK_DATA") or beside)
    if not folder.is_dir():
        pytest.skip("real data are not here: set PENSTOCK_DATA to a folder that holds them")
    monkeypatch.setenv("PENSTOCK_DATA", str(folder))
    return folder


collect_ignore = ["golden"]  # programs that write golden files, no tests


@pytest.fixture
def file_size_limit() -> Iterator[Callable[[int], None]]:
    """Limit the size of the files that this process writes: the system then answers as it does for a full disk."""
    resource = pytest.importorskip("resource", reason="only POSIX limits the size of files")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
