"""A search on workers chooses what it chooses in this process, from the same errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.data.frames import read_panel
from penstock.engines.engine import Engine
from penstock.engines.in_use import engine_in_use
from penstock.engines.job import run
from penstock.engines.packet import unpack
from penstock.errors import OptionError, TrainingWarning
from penstock.search.trial_task import TrialTask


class Through(Engine):
    """An engine that sends every job through bytes, in this process."""

    name = "bytes"

    def __init__(self) -> None:
        self.tasks: list[Any] = []

    def run(self, tasks: Any, work: Any) -> Iterator[tuple[int, Any]]:
        self.tasks += tasks
        for number in reversed(range(len(tasks))):
            task = tasks[number]
            about, arrays = unpack(run(task.packed, *(each.content for each in task.shared)))
            yield number, task.read_answer(about["answer"], arrays)


def the_walk() -> pd.DataFrame:
    steps = np.random.default_rng(7).normal(size=120)
    return pd.DataFrame({"ds": range(120), "y": 100 + np.cumsum(steps)})


def trials(model: ps.Tuned) -> list[tuple[str, float]]:
    return [(repr(trial.settings), trial.error) for trial in model.trials_]


def test_settings_of_a_baseline_are_jobs_and_give_the_same_errors() -> None:
    model, engine = ps.Tuned(ps.Ridge(1), {"lags": [*range(1, 9)], "penalty": [0.1, 1.0]}, trials=12), Through()
    here = model.clone().fit(the_walk())
    there = model.clone().fit(the_walk(), engine=engine)
    assert trials(there) == trials(here)
    assert there.predict().equals(here.predict())
    assert [len(task.settings) for task in engine.tasks] == [4, 4, 4, 1]  # 13 settings in four jobs
    assert there.work_.engine == "bytes"
    with pytest.raises(OptionError, match=r"AR\(2\) is fitted as a whole, so an engine has nothing to share"):
        ps.AR(2).fit(the_walk(), engine="processes")


@pytest.mark.slow
def test_settings_of_networks_are_jobs_of_one_shape() -> None:
    net = ps.Forecaster(ps.Network([ps.RNN(2)]), window=6, epochs=3, members=2, validation=20, batch=16)
    space = {"optimizer__learning_rate": ps.Range(1e-3, 1e-1, log=True), "window": [6, 8]}
    for options in ({}, {"halving": 1}, {"inner": ps.RollingOrigin(test=20, refit=10)}):
        model, engine = ps.Tuned(net, space, trials=20, **options), Through()
        here = model.clone().fit(the_walk())
        there = model.clone().fit(the_walk(), engine=engine)
        assert trials(there) == trials(here)
        assert there.predict().equals(here.predict())
        sizes: dict[str, set[int]] = {}
        for task in engine.tasks:
            assert isinstance(task, TrialTask)
            assert len({each.window for each in task.models}) == 1
            sizes.setdefault(task.models[0].window, set()).add(len(task.settings))
        if "halving" in options:
            assert len(engine.tasks) == 2  # what is compared stays together
        else:
            assert all(len(each) == 1 for each in sizes.values())  # one program for each shape


@pytest.mark.slow
def test_many_members_of_one_model_are_jobs() -> None:
    net = ps.Forecaster(ps.Network([ps.RNN(2)]), window=6, epochs=4, patience=1, members=20, validation=20, batch=16)
    engine = Through()
    here, there = net.clone().fit(the_walk()), net.clone().fit(the_walk(), engine=engine)
    assert [(task.first, task.count) for task in engine.tasks] == [(0, 10), (10, 10)]
    assert there.predict(level=80).equals(here.predict(level=80))
    assert np.array_equal(here.history_.validation_loss, there.history_.validation_loss, equal_nan=True)
    rows = the_walk()
    watched = [
        net.clone().fit(rows[:90], validation=rows[90:], engine=each).predict() for each in (None, Through())
    ]  # fmt: skip
    assert watched[0].equals(watched[1])
    one = ps.compare([net], the_walk(), ps.RollingOrigin(test=20))
    engine = Through()
    assert one.forecasts.equals(ps.compare([net], the_walk(), ps.RollingOrigin(test=20), engine=engine).forecasts)
    assert [task.kind for task in engine.tasks] == ["block", "members", "members"]  # the last value; the network
    wild = net.clone().set_params(optimizer=ps.SGD(1e30))
    with pytest.raises(ps.errors.TrainingError, match=r"the loss of member \d+ was no longer finite"):
        wild.fit(the_walk())


def test_what_cannot_travel_is_searched_here_and_said() -> None:
    from penstock.engines.engine import Asked, Workers

    class Nobody(Workers):
        name = "nobody"

        def ask(self, jobs: Any, work: Any) -> Asked:
            raise AssertionError("nothing travels")

    class Mine(ps.Ridge):
        pass

    model = ps.Tuned(Mine(1), {"lags": [1, 2, 5]}, trials=2)
    with pytest.warns(TrainingWarning, match="cannot be given to another process: it holds .*Mine"):
        found = model.clone().fit(the_walk(), engine=Nobody())
    assert trials(found) == trials(model.clone().fit(the_walk()))


def test_a_comparison_takes_the_engine_that_is_in_use() -> None:
    engine = Through()
    split = ps.RollingOrigin(test=20, refit=10)
    with engine_in_use(engine):
        there = ps.compare([ps.AR(2)], the_walk(), split)
    assert [task.kind for task in engine.tasks] == ["block", "block"]
    assert there.forecasts.equals(ps.compare([ps.AR(2)], the_walk(), split).forecasts)
    assert read_panel(the_walk())[0].rows == 120


@pytest.mark.slow
def test_an_audit_of_a_search_on_an_engine_finds_what_it_finds_here() -> None:
    model, engine = ps.Tuned(ps.Ridge(1), {"lags": [1, 2, 5]}, trials=3), Through()
    here, there = ps.audit(model, the_walk(), test=20), ps.audit(model, the_walk(), test=20, engine=engine)
    assert here.ok
    assert str(there) == str(here)
    assert {task.kind for task in engine.tasks} == {"trials", "block"}
    with pytest.raises(OptionError, match="cannot be given to another process: it is not one of Penstock's models"):
        ps.audit(lambda frame, horizon: [0.0] * horizon, the_walk(), engine="processes")
