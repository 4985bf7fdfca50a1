"""Other processes: forks are refused in words, and models that were fitted here forecast the same bits there."""

from __future__ import annotations

import os
import pickle
import select
import signal
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock import programs
from penstock.text import TextClassifier
from penstock.training.forward import _compiled

FRAME = pd.DataFrame({"ds": np.arange(60), "y": np.sin(np.arange(60) / 3)})


def forecaster() -> ps.Forecaster:
    return ps.Forecaster(ps.Network([ps.RNN(2)]), window=4, epochs=1, batch=10)


def said_in_a_fork(work: Callable[[], object], seconds: float = 60.0) -> str:
    """Do some work in a forked child; give what it says, or that it hangs."""
    read, write = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # JAX warns of the fork
        child = os.fork()
    if not child:
        try:
            said = repr(work())
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(write, said.encode())
        os._exit(0)
    os.close(write)
    ready, _, _ = select.select([read], [], [], seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    said = os.read(read, 1 << 16).decode() if ready else "it hangs"
    os.close(read)
    return said


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system knows no forks")
def test_a_fork_is_told_what_to_do() -> None:
    model = forecaster().fit(FRAME)
    words = TextClassifier(ps.Network([ps.RNN(2)]), epochs=1, units=2)
    naive = ps.Naive().fit(FRAME)
    work = {
        "fit": lambda: model.clone().fit(FRAME),
        "predict": lambda: model.predict(),
        "words": lambda: words.fit(["good", "bad"] * 4, ["up", "down"] * 4),
        "compiled": lambda: _compiled(model.network, model.inputs_, 1, 4),
    }
    for name, each in work.items():
        said = said_in_a_fork(each)
        assert said.startswith("ForkError: this process is a fork of one in which JAX had computed already"), name
        assert "multiprocessing.get_context('spawn')" in said
    assert said_in_a_fork(lambda: float(naive.predict()["yhat"][0])) == repr(float(FRAME["y"].iloc[-1]))


def forecast(model: ps.Forecaster) -> list[float]:
    return model.predict()["yhat"].tolist()


def test_a_fitted_model_is_pickled() -> None:
    model = forecaster().fit(FRAME)
    again = pickle.loads(pickle.dumps(model))
    assert forecast(again) == forecast(model)
    assert again.get_params() == model.get_params()


@pytest.mark.slow
def test_spawned_workers_forecast_the_same_bits() -> None:
    import joblib

    models = [forecaster().set_params(seed=seed).fit(FRAME) for seed in (0, 1)]
    expected = [forecast(model) for model in models]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        assert list(pool.map(forecast, models)) == expected
    assert joblib.Parallel(n_jobs=2)(joblib.delayed(forecast)(model) for model in models) == expected


def test_programs_that_are_kept_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    import jax

    monkeypatch.setattr(programs, "MOST_PROGRAMS", 3)

    @programs.keep_programs(most=8)
    def adding(number: int) -> Callable[[np.ndarray], jax.Array]:
        return jax.jit(lambda x: x + number)

    programs.clear_caches()
    for size in range(1, 6):  # of one function, one for each shape
        assert adding(1)(np.zeros(size)).shape == (size,)
        assert adding(1)._cache_size() <= 3
    adding(2)(np.zeros(1))
    adding(3)(np.zeros(1))
    assert adding(2)._cache_size() + adding(3)._cache_size() + adding(1)._cache_size() <= 3
    assert adding(2)(np.zeros(1)) == 2.0
    programs.clear_caches()
    assert adding.cache_info().currsize == 0
