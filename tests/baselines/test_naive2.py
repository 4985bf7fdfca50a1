"""The last value, seasonally adjusted, against its definition."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.seasonal import seasonal_decompose

import penstock as ps


@pytest.mark.parametrize(("lift", "model"), [(100.0, "multiplicative"), (0.0, "additive")])
def test_the_last_value_is_adjusted_by_the_classical_decomposition(lift: float, model: str) -> None:
    rng, time = np.random.default_rng(0), np.arange(50)
    y = lift + (20 if lift else 5) * np.sin(np.pi * time / 2) + rng.normal(size=50)
    found = ps.Naive2(4, horizon=6).fit(pd.DataFrame({"ds": time, "y": y})).predict()["yhat"]
    index = seasonal_decompose(y, model, period=4).seasonal
    ahead = np.resize(index[50 % 4 : 50 % 4 + 4], 6)
    expected = y[-1] / index[49] * ahead if lift else y[-1] - index[49] + ahead
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_without_a_significant_season_or_three_of_them_it_is_the_last_value() -> None:
    walk = np.random.default_rng(0).normal(size=40).cumsum()
    assert ps.Naive2(4, horizon=2).fit(pd.DataFrame({"ds": range(40), "y": walk})).predict()["yhat"].tolist() == [
        walk[-1],
        walk[-1],
    ]
    short = pd.DataFrame({"ds": range(11), "y": [1.0, 2.0, 3.0, 4.0] * 2 + [1.0, 2.0, 3.0]})
    assert ps.Naive2(4).fit(short).predict()["yhat"].tolist() == [3.0]
