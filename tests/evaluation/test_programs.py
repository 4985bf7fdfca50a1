"""A walk-forward compiles one training and one forecasting program for each model, whatever its cut.

A program is a function that JAX lowers for shapes that it has not met. Two count for a model: the epoch (``lanes``) and
the forecast (``member``); the draw of first weights (``lane``), compiled beside the epoch and run once, is named apart.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jax.monitoring
import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.data.frames import read_panel
from penstock.data.panel import Panel

_LOWERED: list[str] = []


def _note(event: str, _: float, **told: Any) -> None:
    if event == "/jax/core/compile/jaxpr_to_mlir_module_duration":
        _LOWERED.append(str(told["fun_name"]))


jax.monitoring.register_event_duration_secs_listener(_note)


@contextmanager
def programs() -> Iterator[Counter[str]]:
    """Count what is lowered inside, by the name of the function."""
    counted: Counter[str] = Counter()
    first = len(_LOWERED)
    yield counted
    counted.update(name.removeprefix("jit(").removesuffix(")") for name in _LOWERED[first:])


def net(**options: Any) -> ps.Forecaster:
    given = {"window": 6, "epochs": 4, "patience": 1, "members": 2, "validation": 20, "batch": 8, **options}
    return ps.Forecaster(ps.Network([ps.RNN(2)]), **given)


def ours(counted: Counter[str]) -> dict[str, int]:
    return {name: counted[name] for name in ("lanes", "member")}


ONE_EACH = {"lanes": 1, "member": 1}


def test_a_comparison_with_refits_compiles_two_programs(walk: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folds of 100 to 154 rows, 11 to 18 steps an epoch, early stopping, intervals from the validation tail.

    Both are begun when one fold is prepared (after the two that give the shape), so that XLA works beside the rest.
    """
    prepare = ps.Forecaster.prepare
    monkeypatch.setattr(ps.Forecaster, "prepare", lambda *given: (_LOWERED.append("prepare"), prepare(*given))[1])
    first = len(_LOWERED)
    with programs() as counted:
        ps.compare([net(window=7)], walk, ps.RollingOrigin(test=60, refit=4), level=80)
    assert ours(counted) == ONE_EACH
    order = [name.removeprefix("jit(").removesuffix(")") for name in _LOWERED[first:]]
    assert [order[: order.index(name)].count("prepare") for name in ("lanes", "member")] == [3, 3]
    assert counted["prepare"] == 2 + 15
    assert counted["lane"] <= 1
    assert not {"_replaced", "copy"} & counted.keys()


@pytest.mark.slow
def test_a_twin_and_a_last_fold_that_is_shorter_compile_nothing(walk: pd.DataFrame) -> None:
    """Without a validation tail a twin gives the residuals; the last of 9 refits forecasts 4 cutoffs, not 7."""
    with programs() as counted:
        split = ps.RollingOrigin(horizon=2, test=61, refit=7)
        ps.compare([net(window=8, validation=0, patience=None)], walk, split, level=80)
    assert ours(counted) == ONE_EACH


@pytest.mark.slow
def test_idle_lanes_stay_where_other_blocks_share_the_program(
    walk: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.training.lanes._COMPILING", 1.0)
    with programs() as counted:
        ps.compare([net(window=9, epochs=30)], walk, ps.RollingOrigin(test=60, refit=15))
    assert ours(counted) == ONE_EACH


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_blocks_share_the_programs_and_change_no_bit(
    strategy: str, walk: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, split = net(window=10, strategy=strategy), ps.RollingOrigin(horizon=2, test=60, refit=4)
    whole = ps.compare({"net": model}, walk, split).entries["net"].yhat
    monkeypatch.setattr(sys.modules["penstock.evaluation.walk_forward"], "_ROWS_TOGETHER", 500)
    with programs() as counted:
        cut = ps.compare({"net": model}, walk, split).entries["net"].yhat
    assert ours(counted) == {"lanes": 1, "member": 0}
    assert np.array_equal(cut, whole)


@pytest.mark.slow
def test_jobs_of_a_walk_forward_compile_nothing_after_the_first(walk: pd.DataFrame) -> None:
    """32 folds in eight jobs of four, in jobs of 3 and all at once: equal bits."""
    panel, kind = read_panel(walk)
    model = net(epochs=2)
    trains: list[Panel] = [panel.before(np.array([end])) for end in range(120, 152)]
    ends = [(trains[0], None), (trains[-1], None)]

    def weights(size: int) -> tuple[list[Any], list[int]]:
        shape = model.block_shape(ends, size)
        found, counts = [], []
        for first in range(0, len(trains), size):
            with programs() as counted:
                found += model.fit_panels(trains[first : first + size], kind, shape=shape)
            counts.append(counted["lanes"])
        return [np.asarray(each.weights_.layers[0].cell.U) for each in found], counts

    eight, counts = weights(4)
    assert counts == [1, 0, 0, 0, 0, 0, 0, 0]
    uneven, counts = weights(3)
    assert counts == [1] + [0] * 10  # the last job has two folds
    together = [np.asarray(each.weights_.layers[0].cell.U) for each in model.fit_panels(trains, kind)]
    assert np.array_equal(eight, together)
    assert np.array_equal(uneven, together)
