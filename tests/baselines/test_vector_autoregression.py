from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.vector_ar.var_model import VAR

import penstock as ps
from penstock.data.frames import read_panel


@pytest.fixture
def values() -> np.ndarray:
    """Three series, the second led by the first."""
    rng = np.random.default_rng(4)
    A1 = np.array([[0.5, 0.1, 0.0], [0.4, 0.3, 0.0], [0.0, 0.2, 0.2]])
    A2 = np.diag([0.2, 0.0, 0.3])
    y = np.zeros((250, 3))
    for t in range(2, 250):
        y[t] = [1, 0, -1] + A1 @ y[t - 1] + A2 @ y[t - 2] + rng.normal(size=3) * [1, 0.5, 2]
    return y


def long(values: np.ndarray) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"unique_id": f"s{k}", "ds": range(len(values)), "y": values[:, k]})
        for k in range(values.shape[1])
    ]
    return pd.concat(parts)


@pytest.mark.parametrize("order", [1, 2, 4])
def test_equals_statsmodels(values: np.ndarray, order: int) -> None:
    model = ps.VAR(order, horizon=6).fit(long(values))
    reference = VAR(values).fit(order, trend="c")
    np.testing.assert_allclose(model.coef_, reference.params, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(model.covariance_, reference.sigma_u, rtol=1e-8)
    mean, low, high = reference.forecast_interval(values[-order:], 6, alpha=0.05)
    out = model.predict(level=95)
    for k in range(3):
        part = out[out["unique_id"] == f"s{k}"]
        np.testing.assert_allclose(
            part[["yhat", "lo-95", "hi-95"]], np.column_stack([mean, low, high])[:, k::3], rtol=1e-8
        )


def test_rolls_on_one_and_many_steps_with_fixed_coefficients(values: np.ndarray) -> None:
    model = ps.VAR(2, horizon=4).fit(long(values[:150]))
    reference = VAR(values[:150]).fit(2, trend="c")
    panel, _ = read_panel(long(values))
    origins = np.concatenate([np.arange(149, 240, 10) + 250 * k for k in range(3)])
    forecast = model.forecast_panel(panel, origins)[0].reshape(3, -1, 4)
    for place, t in enumerate(range(149, 240, 10)):
        np.testing.assert_allclose(forecast[:, place].T, reference.forecast(values[t - 1 : t + 1], 4), rtol=1e-8)


@pytest.mark.parametrize("criterion", ["aic", "bic"])
def test_order(values: np.ndarray, criterion: str) -> None:
    model = ps.VAR(criterion, max_order=6).fit(long(values))
    chosen = VAR(values).select_order(6, trend="c").selected_orders[criterion]
    assert chosen > 0
    np.testing.assert_allclose(model.coef_, VAR(values).fit(chosen, trend="c").params, rtol=1e-8, atol=1e-12)


def test_one_series_is_an_ar(walk: pd.DataFrame) -> None:
    var, ar = ps.VAR(3, horizon=4).fit(walk), ps.AR(3, horizon=4).fit(walk)
    np.testing.assert_allclose(var.predict()["yhat"], ar.predict()["yhat"], rtol=1e-9)


def test_series_in_another_order_and_series_left_out(values: np.ndarray) -> None:
    frame = long(values)
    model = ps.VAR(2, horizon=2).fit(frame)
    swapped = pd.concat([frame[500:], frame[:250], frame[250:500]])
    out = model.predict(swapped)
    assert out["unique_id"].tolist() == ["s2", "s2", "s0", "s0", "s1", "s1"]
    assert np.array_equal(out.sort_values(["unique_id", "ds"])["yhat"], model.predict(frame)["yhat"])
    with pytest.raises(ps.DataError, match="needs every series that was fitted; 's0' is not in the frame"):
        model.predict(frame[250:])
    ps.VAR(2).fit(frame).fit(frame[250:])  # another fit may have fewer


def test_what_is_refused(values: np.ndarray) -> None:
    with pytest.raises(
        ps.DataError, match=r"do not have their rows at the same times \(rows of series 's0' 250, 's1' 249\)"
    ):
        ps.VAR(1).fit(long(values[:, :2])[:-1])
    with pytest.raises(
        ps.DataError, match="9 rows of each of 3 series are too few: 10 are needed, one equation more than the 7 coef"
    ):
        ps.VAR(2).fit(long(values[:9]))
