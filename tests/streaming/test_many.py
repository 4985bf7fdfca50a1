"""Rows of many series at once: in lanes, a series each, to the bits of single pushes."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.streaming.image import build_image
from penstock.streaming.library import ANY_TIME, CARRY, find
from penstock.streaming.many import push_each

from .test_stateful import CASES, FAST, TINY, fitted

LIBRARY = find()
if isinstance(LIBRARY, str):
    pytest.skip(f"no compiled steps: {LIBRARY}", allow_module_level=True)
COMPILED = [case for case in CASES if case != "no compiled step"]
COUNTS = (1, 15, 16, 17, 1000)


class Series:
    """Series of a network as a C program makes them."""

    def __init__(self, library: Any, network: int, count: int, *, together: bool) -> None:
        self.library, self.count = library, count
        self.pointers = (ctypes.c_void_p * count)()
        self.own: list[int] = []
        if together:
            assert library.penstock_series_new_many(network, count, (ctypes.c_int64 * count)(), self.pointers)
            self.own = [self.pointers[0]]
        else:
            for place in range(count):
                self.pointers[place] = library.penstock_series_new(network, 0)
            self.own = list(self.pointers)

    def push(self, time: int, y: np.ndarray[Any, Any], flags: int, *, many: bool) -> list[int]:
        answers = (ctypes.c_int32 * self.count)()
        if many:
            values = y.ctypes.data_as(ctypes.c_void_p)
            made = self.library.penstock_push_many(self.pointers, self.count, time, values, flags, answers)
            assert made == [*answers].count(1)
            return list(answers)
        return [
            self.library.penstock_push(p, time, ctypes.c_double(v), flags)
            for p, v in zip(self.pointers, y, strict=True)
        ]

    def values(self, each: int, states: int) -> np.ndarray[Any, Any]:
        """Answers and states of all."""
        out, state = np.zeros((self.count, each)), np.zeros((self.count, states))
        self.library.penstock_outputs(self.pointers, self.count, out.ctypes.data_as(ctypes.c_void_p))
        for pointer, row in zip(self.pointers, state, strict=True):
            self.library.penstock_get_state(ctypes.c_void_p(pointer), row.ctypes.data_as(ctypes.c_void_p))
        return np.hstack([out, state])


@contextmanager
def opened(model: ps.Forecaster, **options: Any) -> Iterator[tuple[Any, int, int, int]]:
    """A network as C opens it: the library, the network, values of an answer, of a state."""
    image = build_image(model.stream(**options), rows=True)
    library = ctypes.CDLL(LIBRARY._dll._name)  # type: ignore[union-attr]
    void, whole = ctypes.c_void_p, ctypes.c_int64
    library.penstock_network_open.restype = library.penstock_series_new.restype = void
    library.penstock_push_many.restype = library.penstock_size.restype = whole
    library.penstock_series_new.argtypes = [void, whole]
    library.penstock_series_new_many.argtypes = [void, whole, void, void]
    library.penstock_push_many.argtypes = [void, whole, whole, void, ctypes.c_int, void]
    library.penstock_push.argtypes = [void, whole, ctypes.c_double, ctypes.c_int]
    library.penstock_size.argtypes = [void, ctypes.c_char_p]
    for name in ("series_free", "network_close"):
        getattr(library, f"penstock_{name}").argtypes = [void]
    error = ctypes.create_string_buffer(200)
    network = library.penstock_network_open(image, ctypes.c_size_t(len(image)), error)
    assert network, error.value
    size = {name: library.penstock_size(network, name.encode()) for name in ("horizon", "levels", "state_values")}
    yield library, network, (1 + 2 * size["levels"]) * size["horizon"], size["state_values"]
    library.penstock_network_close(network)


def compare(model: ps.Forecaster, counts: tuple[int, ...], rows: int) -> None:
    """Push the same rows to series together, to separate ones as many, and singly: the bits are the same."""
    rng, first = np.random.default_rng(0), int(model.tail_.times.max()) + 1
    for count in counts:
        with opened(model, level=[50, 80]) as (library, network, each, states):
            ways = {
                (together, many): Series(library, network, count, together=together)
                for together, many in ((True, True), (False, True), (False, False), (True, False))
            }
            for row in range(rows):
                y = 20 + rng.normal(size=count)
                y[rng.random(count) < 0.1] = np.nan
                y[rng.random(count) < 0.02] = np.inf
                flags = ANY_TIME | (CARRY if row % 3 else 0)
                y = np.full(count, 21.5) if row % 4 == 3 else y  # a plain row of all
                answers = [each.push(first + row, y, flags, many=many) for (_, many), each in ways.items()]
                assert all(answer == answers[0] for answer in answers)
                assert -3 in answers[0] or count < 1000 or row % 4 == 3
                assert (-4 in answers[0]) == bool(np.isnan(y).any() and not flags & CARRY)
            values = [series.values(each, states) for series in ways.values()]
            assert np.isfinite(values[0][:, 0]).all()
            for other in values[1:]:
                np.testing.assert_array_equal(values[0], other)
            for series in ways.values():
                for pointer in series.own:
                    library.penstock_series_free(pointer)


@pytest.mark.fast(*FAST)
@pytest.mark.parametrize("case", COMPILED)
def test_many_series_are_stepped_to_the_bits_of_single_pushes(case: str) -> None:
    model, _ = fitted(case)
    compare(model, COUNTS if case not in FAST else COUNTS[:4], 5)
    compare(model, (17,), 2 * model.rows_kept + 3)  # the buffers are full in between


def test_separate_streams_are_stepped_together() -> None:
    model, frame = fitted("one layer")
    streams, alone = [model.stream(level=80) for _ in range(5)], model.stream(level=80)
    network = streams[0]._native.network  # type: ignore[union-attr]
    assert all(each._native.network is network for each in streams)
    y = frame.y[frame.ds == 174].to_numpy()[0] + np.arange(5.0)
    pointers = [each._native.pointers[0] for each in streams]
    answers, values = push_each(network, pointers, [174] * 4 + [176], y)
    assert answers.tolist() == [1, 1, 1, 1, -1]
    np.testing.assert_array_equal(values[0], alone.push(174, float(y[0])).values)
    np.testing.assert_array_equal(streams[2].push(175, 3.0).values[1:].shape, (2, 1))


def test_missing_values_of_a_row_of_all_series_follow_the_policy() -> None:
    frame = pd.concat([pd.DataFrame({"ds": range(40), "y": np.arange(40.0) % (3 + place), "unique_id": name})
                       for place, name in enumerate("ABC")])  # fmt: skip
    model = ps.Forecaster(ps.Network([ps.LSTM(4)]), **TINY).fit(frame)
    together, alone = model.stream(missing="ffill"), model.stream(missing="ffill")
    for row in range(40, 43):
        y = np.array([1.0, np.nan, 2.0]) * row
        answers = together.push_all(row, y)
        for place, name in enumerate("ABC"):
            np.testing.assert_array_equal(answers[place], alone.push(row, float(y[place]), name).values)
    assert together.carried == alone.carried == 3
    np.testing.assert_array_equal(together.states, alone.states)
    with pytest.raises(ps.DataError, match="y is missing of series 'B'"):
        model.stream().push_all(40, y)


@pytest.mark.slow
def test_double_precision_too() -> None:
    code = "from streaming.test_many import *\nfor case in COMPILED:\n    compare(fitted(case)[0], (7, 8, 9), 6)\n"
    tests = Path(__file__).resolve().parents[1]
    environment = {**os.environ, "JAX_ENABLE_X64": "1"}
    environment["PYTHONPATH"] = os.pathsep.join([str(tests), environment.get("PYTHONPATH", "")])
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
