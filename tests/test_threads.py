"""Fits and forecasts in other threads give the bits that they give alone."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import penstock as ps


def forecast(seed: int, walk: pd.DataFrame) -> NDArray[np.float64]:
    model = ps.Forecaster(ps.Network([ps.LSTM(3)]), window=4, horizon=2, epochs=3, batch=16, members=2, seed=seed)
    return np.concatenate([model.fit(walk[:120]).predict()["yhat"], model.predict(walk)["yhat"]])


def test_two_threads_at_once_give_the_bits_of_each_alone(walk: pd.DataFrame) -> None:
    alone = [forecast(seed, walk) for seed in (1, 2)]
    assert not np.array_equal(*alone)
    barrier = threading.Barrier(2)

    def micro_batch_size(seed: int) -> NDArray[np.float64]:
        barrier.wait(timeout=300)
        return forecast(seed, walk)

    with ThreadPoolExecutor(2) as pool:
        for _ in range(3):
            together = list(pool.map(micro_batch_size, (1, 2)))
            assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))


@pytest.mark.slow
def test_a_model_fitted_in_another_thread_forecasts_here(walk: pd.DataFrame) -> None:
    here = ps.Forecaster(ps.Network([ps.LSTM(3)]), window=4, horizon=2, epochs=3, batch=16, seed=3)
    there = here.clone()
    thread = threading.Thread(target=there.fit, args=(walk,))
    thread.start()
    thread.join(timeout=300)
    assert not thread.is_alive()
    assert there.predict().equals(here.fit(walk).predict())
