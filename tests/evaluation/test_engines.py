"""Every engine gives the bits of this process; what goes wrong is told in words."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.data.frames import read_panel
from penstock.engines import Engine
from penstock.engines.choice import engine_of
from penstock.engines.machine import machine, refuse_difference
from penstock.engines.packet import unpack
from penstock.engines.task import SharedPanel, describable
from penstock.engines.work import Work
from penstock.errors import EngineError, OptionError, TrainingError, TrainingWarning, WriteError
from penstock.evaluation.block import Block
from penstock.run_files import Run

SPLIT = ps.RollingOrigin(horizon=2, test=37, refit=4)


def mean_of_five(frame: Any, horizon: int) -> list[float]:
    return [frame["y"].tail(5).mean()] * horizon


class Mine(ps.Naive):
    """A class that no worker can import."""


def net(**options: Any) -> ps.Forecaster:
    given = {"window": 6, "epochs": 4, "patience": 1, "members": 2, "validation": 20, "batch": 8, **options}
    return ps.Forecaster(ps.Network([ps.RNN(2)]), **given)


@pytest.fixture(scope="module")
def processes() -> Iterator[ps.Processes]:
    with ps.Processes(2) as engine:
        yield engine


def same(one: ps.Comparison, other: ps.Comparison) -> bool:
    """Whether forecasts, intervals, fitted models and every number of the page are alike, but for times."""
    told = []
    for result in (one, other):
        numbers = result.to_json()
        for row in numbers["rows"]:
            del row["fit_seconds"]
        numbers.pop("engine", None)
        said = [said for said in numbers.pop("findings") if not re.search("ran in this process|begun again", said)]
        told.append((numbers, said))
    for name, entry in one.entries.items():
        twin = other.entries[name]
        assert np.array_equal(entry.yhat, twin.yhat), name
        assert (entry.bounds is None) == (twin.bounds is None)
        assert entry.bounds is None or np.array_equal(entry.bounds, twin.bounds, equal_nan=True), name
        assert (entry.choices, repr(entry.model)) == (twin.choices, repr(twin.model))
        if name != "mine":
            assert entry.model.predict().equals(twin.model.predict()), name
    return told[0] == told[1]


def compare(walk: pd.DataFrame, engine: Any = None, **options: Any) -> ps.Comparison:
    models = {"net": net(), "ar": ps.AR(2), "mine": mean_of_five}
    return ps.compare(models, walk, SPLIT, level=80, engine=engine, **options)


@pytest.fixture(scope="module")
def here() -> ps.Comparison:
    return compare(the_walk())


def fitted(engine: Any = None) -> tuple[Any, ...]:
    """Fit a search and many members of one model; return what tells each fit from another."""
    space = {"optimizer__learning_rate": [0.001, 0.01, 0.1], "window": [6, 7]}
    search = ps.Tuned(net(members=1, optimizer="adam"), space, trials=6, sampler="grid", horizon=2)
    many = net(members=18, horizon=2)
    for model in (search, many):
        model.fit(the_walk(), engine=engine)
        if engine is not None:
            assert sum(share.jobs for share in model.work_.shares.values()) > 1
    trials = [(repr(trial.settings), trial.error) for trial in search.trials_]
    return trials, search.predict().to_csv(), many.predict(level=80).to_csv()


@pytest.fixture(scope="module")
def fitted_here() -> tuple[Any, ...]:
    return fitted()


def the_walk() -> pd.DataFrame:
    steps = np.random.default_rng(7).normal(size=160)
    days = pd.date_range("2020-01-01", periods=160, freq="B")
    return pd.DataFrame({"unique_id": "walk", "ds": days, "y": 100 + np.cumsum(steps)})


def test_answers_that_another_machine_kept_are_told_without_workers_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*, resume: bool) -> ps.Comparison:
        split = ps.RollingOrigin(test=20, refit=10)
        return ps.compare([ps.AR(2)], the_walk(), split, checkpoint=tmp_path / "run", resume=resume)

    first, found = run(resume=False), machine()
    monkeypatch.setattr("penstock.engines.engine.machine", lambda: {**found, "jax": "0.0"})
    with pytest.warns(TrainingWarning, match=r"answers of the earlier run were computed elsewhere \(jax was .* 0\.0"):
        again = run(resume=True)
    assert again.forecasts.equals(first.forecasts)


@pytest.mark.slow
def test_processes_give_the_bits_of_this_process(
    walk: pd.DataFrame, here: ps.Comparison, processes: ps.Processes, tmp_path: Path
) -> None:
    for _ in range(2):
        there = compare(walk, processes)
        assert same(here, there)
    assert there.work is not None
    assert [share.programs for share in there.work.shares.values()] == [0] * len(there.work.shares)
    assert sum(share.jobs for share in there.work.shares.values()) == 2 + 2 + 2  # net, ar, Naive: two each
    (told,) = [said for said in there.findings if "ran in this process" in said]
    assert told.startswith("mine cannot be given to another process: <function mean_of_five")
    page = there.report(tmp_path / "page.html").read_text()
    assert "Workers" in page
    assert "waited s" in page


def test_a_model_that_json_describes_travels_and_another_does_not() -> None:
    assert describable(net()) == ""
    assert describable(ps.Ensemble([ps.AR(1), net()])) == ""
    assert describable(ps.Tuned(ps.Ridge(1), {"lags": [1, 2]})) == ""
    assert describable(Mine()) == f"it holds {__name__}:Mine, a class that workers do not have"
    assert describable(ps.Ensemble([ps.AR(1), Mine()])).startswith("it holds")
    panel, kind = read_panel(the_walk())
    again = SharedPanel.of(SharedPanel(panel, kind).content)
    assert np.array_equal(again.panel.y, panel.y)
    assert np.array_equal(again.panel.times, panel.times)
    assert (again.panel.ids, again.kind) == (panel.ids, kind)
    endless, kind = read_panel(pd.DataFrame({"unique_id": [np.inf] * 2, "ds": [1, 2], "y": [1.0, 2.0]}))
    assert SharedPanel(endless, kind).obstacle == (
        "a name or a static value is an infinite number, which JSON cannot hold"
    )


def block(**options: Any) -> Block:
    panel, kind = read_panel(the_walk())
    folds = list(SPLIT.folds(panel))[:2]
    return Block("AR(2)", ps.AR(2, horizon=2), SharedPanel(panel, kind), folds, 3, 9, levels=(80.0,), **options)


def test_a_job_through_bytes_gives_what_it_gives_here() -> None:
    from penstock.engines.job import run
    from penstock.intervals.conformal import Conformal

    task = block(method=Conformal())
    about, arrays = unpack(run(task.packed, task.shared[0].content))
    there, here = task.read_answer(about["answer"], arrays), task.run()
    assert np.array_equal(there.yhat, here.yhat)
    assert there.residuals is not None
    assert here.residuals is not None
    assert np.array_equal(there.residuals.errors, here.residuals.errors)
    assert there.model is not None
    assert there.model.predict().equals(here.model.predict())  # type: ignore[union-attr]
    assert about["machine"] == machine()
    held = sum(array.nbytes for array in task.describe()[1].values()) + len(str(task.describe()[0]))
    assert len(task.packed) <= 1.2 * held + 600  # the names of five arrays
    assert task.words == "AR(2), fold 3 to 4 of 9"
    assert block(method=Conformal()).key == task.key != block().key


def test_an_error_of_a_job_comes_back_as_words() -> None:
    from penstock.engines.job import run

    task = block()
    task.model = ps.AR(200, horizon=2)
    about, _ = unpack(run(task.packed, task.shared[0].content))
    assert about["error"] == "DataError"
    assert "123 training rows of series 'walk' are too few" in about["message"]


@pytest.mark.slow
def test_an_error_of_training_names_member_and_fold() -> None:
    from penstock.engines.job import run

    task = block()
    task.model = net(optimizer=ps.SGD(1e30), epochs=9, horizon=2)
    about, _ = unpack(run(task.packed, task.shared[0].content))
    assert about["error"] == "TrainingError"
    assert "of member 0 of fold 3 was no longer finite" in about["message"]


@pytest.mark.slow
def test_a_worker_compiles_two_programs_for_all_jobs_of_a_model() -> None:
    import jax.monitoring

    from penstock.engines.job import run
    from penstock.evaluation.walk_forward import _tasks
    from penstock.intervals.conformal import Conformal

    lowered: list[str] = []

    def note(event: str, duration_secs: float, **told: Any) -> None:
        if event == "/jax/core/compile/jaxpr_to_mlir_module_duration":
            lowered.append(str(told["fun_name"]).removeprefix("jit(").removesuffix(")"))

    jax.monitoring.register_event_duration_secs_listener(note)
    panel, kind = read_panel(the_walk())
    folds, model = list(SPLIT.folds(panel)), net(members=5, window=7, horizon=2)
    with engine_of("processes") as engine:
        tasks = _tasks("net", model, SharedPanel(panel, kind), folds, (80.0,), Conformal(), engine, stopping=False)
    assert [len(task.folds) for task in tasks] == [3, 3, 3]  # 15 lanes
    lowered.clear()
    for task in tasks:
        assert "answer" in unpack(run(task.packed, task.shared[0].content))[0]
    assert [lowered.count(name) for name in ("lanes", "member")] == [1, 1]


def test_machines_that_compute_other_bits_are_refused() -> None:
    mine = machine()
    refuse_difference("one", mine, "two", dict(mine))
    with pytest.raises(EngineError, match=r"of the kernels: \w+ and sse9\).*set PENSTOCK_ISA=avx2 on ever"):
        refuse_difference("one", mine, "two", {**mine, "instructions of the kernels": "sse9"})
    both = {"instructions of the kernels": "avx2", "instructions of XLA": "sse"}
    with pytest.raises(EngineError, match="set PENSTOCK_ISA=avx2 and XLA_FLAGS=--xla_cpu_max_isa=AVX2 on every worker"):
        refuse_difference("one", mine, "two", {**mine, **both})
    with pytest.raises(EngineError, match=r"pip install penstock==0\.\d"):
        refuse_difference("one", mine, "two", {**mine, "penstock": "9"}, versions_alone=True)
    refuse_difference("one", mine, "two", {**mine, "jax": "9"}, versions_alone=True)


def test_engines_are_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.setitem(sys.modules, "ray", None)
    frame = the_walk()
    for engine, address, message in (
        ("desk", None, "did you mean 'dask'"),
        (7, None, r"allowed: 'processes', 'dask', 'ray', 'joblib', an engine such as Processes\(2\)"),
        ("dask", None, r"engine='dask' needs distributed: pip install 'penstock\[dask\]'"),
        ("ray", None, r"engine='ray' needs ray: pip install 'penstock\[ray\]'"),
        ("processes", "tcp://here:1", "^address='tcp://here:1' is that of a cluster of Dask or Ray"),
        (np.ones(2), "tcp://here:1", "is that of a cluster of Dask or Ray"),
        ("ray", 6379, "address=6379 is a number; allowed: text"),
    ):
        with pytest.raises(OptionError, match=message):
            ps.compare([ps.Drift()], frame, ps.RollingOrigin(test=9), engine=engine, address=address)
    with pytest.raises(OptionError, match=r"workers=0 is out of range; allowed: 1 to 1024"):
        ps.Processes(0)
    for environment in ("NPROC=1", {"NPROC": 1}, {1: "NPROC"}):
        with pytest.raises(OptionError, match="environment=.*; allowed: text by name, such as {'NPROC': '2'}"):
            ps.Processes(1, environment=environment)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="The folder is given as checkpoint='FOLDER'"):
        ps.compare([ps.Drift()], frame, ps.RollingOrigin(test=9), resume="run")  # type: ignore[arg-type]


@pytest.mark.slow
def test_what_is_kept_is_not_asked_for_again(
    walk: pd.DataFrame, here: ps.Comparison, processes: ps.Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On workers and in this process: a run that died goes on with the jobs that had not ended."""
    for name, engine in (("workers", processes), ("this process", None)):
        folder, keep, kept = tmp_path / name, Run.keep, [0]

        def dies(self: Run, key: str, content: bytes, keep: Any = keep, kept: Any = kept) -> None:
            keep(self, key, content)
            kept[0] += 1
            if kept[0] == 2:
                raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(Run, "keep", dies)
            with pytest.raises(KeyboardInterrupt):
                compare(walk, engine, checkpoint=folder)
        again = compare(walk, engine, checkpoint=folder, resume=True)
        assert same(here, again)
        if again.work is not None:
            assert again.work.resumed == 2
            assert sum(share.jobs for share in again.work.shares.values()) == 4
        asked = compare(walk, engine, checkpoint=folder, resume=True)
        assert same(here, asked)
        assert asked.work is None or not asked.work.shares
        left = {path.name for path in folder.iterdir()}
        assert not {each for each in left if each.endswith(".penstock")}  # of trainings whose answers are kept
        (first, *_) = sorted(folder.glob("training-*.safetensors"))
        first.write_bytes(first.read_bytes()[:-9])
        with pytest.raises(ps.ModelFileError, match="Delete the file to do this part again"):
            compare(walk, engine, checkpoint=folder, resume=True)
        with pytest.raises(OptionError, match="engine was .* now; Give|engine was .* now\\. Give"):
            compare(walk, None if engine else processes, checkpoint=folder, resume=True)


@pytest.mark.slow
def test_a_full_disk_is_told(walk: pd.DataFrame, processes: ps.Processes, tmp_path: Path) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        import penstock.run_files

        write = penstock.run_files.write_whole

        def fills(path: Path, content: bytes) -> Path:
            patch.setattr(os, "fsync", full)
            return write(path, content)

        patch.setattr(penstock.run_files, "write_whole", fills)
        with pytest.raises(WriteError, match=r"training-.*cannot be written: No space left on device \(.* kB free\)"):
            compare(walk, processes, checkpoint=tmp_path / "run")
    assert compare(walk, processes, checkpoint=tmp_path / "run", resume=True).work is not None


@pytest.mark.slow
def test_an_error_is_raised_once_with_model_and_fold(walk: pd.DataFrame, processes: ps.Processes) -> None:
    wild = net(optimizer=ps.SGD(1e30), epochs=9)
    with pytest.raises(TrainingError, match=r"^wild, fold \d to \d of 9: the loss of member \d of fold \d was"):
        ps.compare({"wild": wild, "ar": ps.AR(2)}, walk, SPLIT, engine=processes)
    assert compare(walk, processes).work is not None  # the workers serve on


@pytest.mark.slow
def test_workers_that_ended_between_two_calls_are_replaced(walk: pd.DataFrame, processes: ps.Processes) -> None:
    compare(walk, processes)
    for pid in workers_of("processes"):
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # not before its last thread has ended
    work = compare(walk, processes).work
    assert work is not None
    assert work.died == 0


@pytest.mark.slow
def test_a_worker_with_other_instructions_is_refused(walk: pd.DataFrame) -> None:
    if machine()["instructions of the kernels"] in ("lax.scan", "generic"):
        pytest.skip("the kernels have one instruction set here")
    with ps.Processes(2) as engine:
        engine._worker(0, Work("x"))
        engine._environment["PENSTOCK_ISA"] = "generic"
        with pytest.raises(EngineError, match="instructions of the kernels: .*set PENSTOCK_ISA=avx2 on every worker"):
            compare(walk, engine)
    with ps.Processes(2, environment={"PENSTOCK_ISA": "generic"}) as engine:
        said = ps.compare([ps.Drift()], walk, ps.RollingOrigin(test=9), engine=engine).findings
    assert any(
        "The workers compute otherwise than this process (instructions of the kernels: generic" in each for each in said
    )


@pytest.mark.slow
def test_processes_that_cannot_start_are_told(walk: pd.DataFrame) -> None:
    with (
        ps.Processes(1, environment={"JAX_PLATFORMS": "no_such_device"}) as engine,
        pytest.raises(EngineError, match="workers died while they did it .*no_such_device"),
    ):
        ps.compare([ps.Drift()], walk, ps.RollingOrigin(test=9), engine=engine)


KILLS = int(os.environ.get("PENSTOCK_KILLS", "3"))


def children(pid: int) -> list[int]:
    """Return every process below one."""
    found = subprocess.run(["ps", "-eo", "pid,ppid"], capture_output=True, text=True, check=True).stdout.split("\n")[1:]
    pairs = [tuple(map(int, line.split())) for line in found if line.strip()]
    below, waiting = [], [pid]
    while waiting:
        mine = [child for child, parent in pairs if parent == waiting[-1]]
        waiting.pop()
        below += mine
        waiting += mine
    return below


def workers_of(name: str) -> list[int]:
    """Return the processes that do jobs."""
    mark = {"processes": b"penstock.engines.worker", "dask": b"spawn_main", "ray": b"ray::run", "joblib": b"loky"}[name]
    found = []
    for pid in children(os.getpid()):
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if mark in line and b"resource_tracker" not in line:
            found.append(pid)
    return found


def cluster(name: str) -> Engine:
    if name == "dask":
        pytest.importorskip("distributed", reason="Dask is not installed: pip install 'penstock[dask]'")
    if name == "ray":
        pytest.importorskip("ray", reason="Ray is not installed: pip install 'penstock[ray]'")
    from penstock import engines

    return {
        "processes": lambda: engines.Processes(2), "dask": engines.Dask, "ray": engines.Ray, "joblib": engines.Joblib
    }[name]()  # fmt: skip


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Ray forks its servers, of which JAX warns; Dask and loky tell of dead workers
@pytest.mark.parametrize("name", ["processes", "dask", "ray", "joblib"])
def test_every_engine_gives_equal_bits_also_where_workers_are_killed(
    name: str, walk: pd.DataFrame, here: ps.Comparison, long_here: ps.Comparison, fitted_here: tuple[Any, ...]
) -> None:
    """PENSTOCK_KILLS says how many workers are killed within a job."""
    with cluster(name) as engine:
        assert same(here, compare(walk, engine))
        assert fitted(engine) == fitted_here
        assert not any(map(forked, children(os.getpid())))
        long = long_jobs(walk, engine)
        assert np.array_equal(long.entries["net"].yhat, long_here.entries["net"].yhat)
        killed, again = 0, 0
        while killed < KILLS:
            stop = threading.Event()
            hits: list[int] = []

            def kill(wait: float, stop: threading.Event = stop, hits: list[int] = hits) -> None:
                time.sleep(wait)
                while not stop.is_set() and not hits:
                    if busy := [pid for pid in workers_of(name) if works(pid)]:
                        os.kill(busy[0], signal.SIGKILL)
                        hits.append(busy[0])

            thread = threading.Thread(target=kill, args=(0.05 * (1 + killed % 5),))
            thread.start()
            result = long_jobs(walk, engine)
            stop.set()
            thread.join()
            killed += len(hits)
            assert np.array_equal(result.entries["net"].yhat, long_here.entries["net"].yhat)
            assert result.work is not None
            again += result.work.died
        print(f"{name}: {killed} busy workers killed, {again} jobs begun again by Penstock")


def long_jobs(walk: pd.DataFrame, engine: Any = None) -> ps.Comparison:
    """Compare a network whose jobs take about half a second each."""
    return ps.compare({"net": net(epochs=600, patience=None)}, walk, SPLIT, engine=engine)


@pytest.fixture(scope="module")
def long_here() -> ps.Comparison:
    return long_jobs(the_walk())


def works(pid: int) -> bool:
    """Whether a process computes just now."""
    before = seconds_of(pid)
    time.sleep(0.08)
    return before + 0.04 <= seconds_of(pid) < np.inf


def seconds_of(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return np.inf
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def forked(pid: int) -> bool:
    """Whether a process below this one is a copy of it: a worker that was forked."""
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return line == Path("/proc/self/cmdline").read_bytes()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_clusters_that_cannot_serve_are_told_in_words(walk: pd.DataFrame) -> None:
    distributed = pytest.importorskip("distributed", reason="Dask is not installed: pip install 'penstock[dask]'")
    split = ps.RollingOrigin(test=9)
    with pytest.raises(EngineError, match="no scheduler of Dask answers at 'tcp://127.0.0.1:9'"):
        ps.compare([ps.Drift()], walk, split, engine="dask", address="tcp://127.0.0.1:9")
    options = {"n_workers": 1, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**options, env={"PENSTOCK_ISA": "generic"}) as own, distributed.Client(own) as client:
        with (
            pytest.raises(EngineError, match="no worker; start one"),
            distributed.LocalCluster(n_workers=0, dashboard_address=None) as empty,
        ):
            ps.compare([ps.Drift()], walk, split, engine="dask", address=empty.scheduler_address)
        result = ps.compare([ps.Drift()], walk, split, engine=client)
        assert np.array_equal(result.entries["Drift"].yhat, ps.compare([ps.Drift()], walk, split).entries["Drift"].yhat)
        client.run(lambda: __import__("sys").modules.__setitem__("penstock.engines.machine", None))
        with pytest.raises(EngineError, match=r"cannot run Penstock .*pip install penstock=="):
            ps.compare([ps.Drift()], walk, split, engine=client)


@pytest.mark.slow
def test_the_command_line_takes_an_engine(walk: pd.DataFrame, tmp_path: Path) -> None:
    walk.to_csv(tmp_path / "walk.csv", index=False)
    options = ["--test", "12", "--refit", "6", "--models", "ar:2"]
    command = [sys.executable, "-m", "penstock", "compare", "walk.csv", *options]
    done = subprocess.run(
        [*command, "--engine", "processes", "--workers", "1", "--json", "a.json"],
        capture_output=True, text=True, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "a.json").read_text())["engine"]
    assert (told["name"], len(told["workers"])) == ("processes", 1)
    wrong = subprocess.run([*command, "--workers", "2"], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert "add --engine processes" in wrong.stderr


DRIVER = """
import sys, time
sys.path.insert(0, sys.argv[2])
from test_engines import compare, the_walk
from penstock.run_files import Run
import penstock as ps
keep = Run.keep
def told(self, key, content):
    keep(self, key, content)
    print("kept", flush=True)
Run.keep = told
with ps.Processes(2) as engine:
    result = compare(the_walk(), engine, checkpoint=sys.argv[1], resume=True)
print(result.work.resumed, "done " + " ".join(each.yhat.tobytes().hex() for each in result.entries.values()))
"""


@pytest.mark.slow
def test_a_killed_driver_resumes_with_what_is_missing(tmp_path: Path, here: ps.Comparison) -> None:
    expected = "done " + " ".join(each.yhat.tobytes().hex() for each in here.entries.values())
    for kill in range(KILLS):
        wanted, kept = 1 + kill % 5, 0
        command = [sys.executable, "-u", "-c", DRIVER, str(tmp_path / str(kill)), str(Path(__file__).parent)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for _ in range(wanted):
                assert process.stdout.readline() == "kept\n"
                kept += 1
            time.sleep(0.01 * kill)  # anywhere within the next jobs
            process.kill()
            kept += process.stdout.read().count("kept")
        done = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        resumed, _, answer = done[-1].partition(" ")
        assert answer == expected
        assert kept <= int(resumed) <= kept + 1  # one may have been written and not yet told
        assert done.count("kept") == 6 - int(resumed)


@pytest.mark.slow
def test_a_forecast_in_one_call_is_the_same_on_workers(processes: ps.Processes, tmp_path: Path) -> None:
    months, noise = pd.date_range("2010-01-01", periods=72, freq="MS"), np.random.default_rng(0)
    parts = [
        pd.DataFrame({"unique_id": name, "ds": months, "y": 100 + np.arange(72) + noise.normal(size=72)})
        for name in "abc"
    ]
    here = ps.forecast(pd.concat(parts), 6, members=2, steps=60, level=80)
    there = ps.forecast(pd.concat(parts), 6, members=2, steps=60, level=80, engine=processes)
    assert there.frame.equals(here.frame)
    assert (there.tried, there.notes, there.parts) == (here.tried, here.notes, here.parts)
    assert there.work is not None
    there.model.save(tmp_path / "model.penstock")
    assert ps.load(tmp_path / "model.penstock").predict().equals(here.model.predict())
    assert "Workers" in there.report(tmp_path / "page.html").read_text()
