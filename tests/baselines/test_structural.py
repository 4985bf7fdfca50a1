from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.datasets import nile
from statsmodels.tsa.statespace.structural import UnobservedComponents

import penstock as ps
from penstock.data.frames import read_panel

KINDS = {"llevel": ps.LocalLevel, "lltrend": ps.LocalTrend}


@pytest.fixture
def flow() -> pd.DataFrame:
    return pd.DataFrame({"ds": np.arange(1871, 1971), "y": nile.load_pandas().data["volume"].to_numpy()})


def test_the_nile(flow: pd.DataFrame) -> None:
    """Durbin & Koopman (2012), section 2.10.3: σ²_ε = 15099, σ²_η = 1469.1; 2.2.5: the filtered level ends at 798.4."""
    model = ps.LocalLevel(horizon=3).fit(flow)
    np.testing.assert_allclose(model.variances_[0], [15099, 1469.1], rtol=1e-4)
    np.testing.assert_allclose(model.predict()["yhat"], 798.4, atol=0.5)
    model.variances_ = np.array([[15099.0, 1469.1]])
    out = model.predict(level=50)
    # Figure 2.6: forecast variances rise by σ²_η a step from P_n + σ²_ε = 4032.2 + 1469.1 + 15099.
    reference = UnobservedComponents(flow["y"], "llevel", use_exact_diffuse=True).smooth([15099.0, 1469.1])
    np.testing.assert_allclose(out["yhat"], reference.get_forecast(3).predicted_mean, rtol=1e-9)
    np.testing.assert_allclose(out[["lo-50", "hi-50"]], reference.get_forecast(3).conf_int(alpha=0.5), rtol=1e-9)


@pytest.mark.parametrize("name", KINDS)
def test_filtering_equals_statsmodels_at_every_cutoff(walk: pd.DataFrame, name: str) -> None:
    model = KINDS[name](horizon=5).fit(walk[:100])
    params = np.array([0.8, 0.5, 0.1][: model.variances_.shape[1]])
    model.variances_ = params[None]
    panel, _ = read_panel(walk)
    origins = np.array([20, 99, 140, 159])
    yhat, sigma = model.forecast_panel(panel, origins)[0], model.sigma_panel(panel, origins)
    for place, origin in enumerate(origins):
        known = UnobservedComponents(panel.y[: origin + 1], name, use_exact_diffuse=True).smooth(params)
        expected = known.get_forecast(5)
        np.testing.assert_allclose(yhat[place], expected.predicted_mean, rtol=1e-9)
        np.testing.assert_allclose(sigma[place], expected.se_mean, rtol=1e-9)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6])
def test_variances_are_the_likeliest_in_any_units(flow: pd.DataFrame, name: str, scale: float) -> None:
    y = flow["y"].to_numpy()
    model = KINDS[name]().fit(flow.assign(y=y * scale))
    reference = UnobservedComponents(y, name, use_exact_diffuse=True)
    best = reference.fit(disp=False, maxiter=500)
    ours = reference.loglike(model.variances_[0] / scale**2, transformed=True)
    assert ours > best.llf - 1e-5
    if name == "llevel":
        np.testing.assert_allclose(model.variances_[0] / scale**2, [15099, 1469.1], rtol=1e-4)


def test_each_series_for_itself(walk: pd.DataFrame) -> None:
    rng = np.random.default_rng(8)
    both = pd.concat([walk, walk.assign(unique_id="noise", y=rng.normal(size=160))])
    model = ps.LocalLevel().fit(both)
    noise, level = (model.variances_[:, place] for place in (0, 1))
    assert level[0] > noise[0]  # the walk
    assert noise[1] > 20 * level[1]
    assert model.predict()["yhat"][1] == pytest.approx(0, abs=0.4)


def test_exact_lines_and_constants() -> None:
    for y, expected in ((np.full(40, 4.0), [4, 4]), (0.1 * np.arange(40), [4.0, 4.1])):
        out = ps.LocalTrend(horizon=2).fit(pd.DataFrame({"ds": range(40), "y": y})).predict()["yhat"]
        np.testing.assert_allclose(out, expected, rtol=1e-6)


def test_predict_starts_from_all_rows(walk: pd.DataFrame) -> None:
    model = ps.LocalLevel().fit(walk)
    assert model.tail_.rows == 160
    assert np.array_equal(model.predict()["yhat"], model.predict(walk)["yhat"])


def test_all_series_at_once_are_what_each_is_alone() -> None:
    """Of unlike lengths and units, a line and a constant among them; statsmodels finds no likelier variances."""
    rng = np.random.default_rng(3)
    series = [np.cumsum(rng.normal(size=n)) * unit + rng.normal(size=n) for n, unit in ((40, 1), (25, 0.1), (60, 3))]
    series += [np.full(30, 2.0), 0.5 * np.arange(20)]
    frames = [pd.DataFrame({"unique_id": str(k), "ds": range(len(y)), "y": y}) for k, y in enumerate(series)]
    for kind in KINDS:
        together = KINDS[kind](horizon=3).fit(pd.concat(frames))
        for place, frame in enumerate(frames):
            alone = KINDS[kind](horizon=3).fit(frame)
            np.testing.assert_allclose(together.variances_[place], alone.variances_[0], rtol=1e-3, atol=1e-9)
            rows = slice(3 * place, 3 * place + 3)
            np.testing.assert_allclose(together.predict()["yhat"][rows], alone.predict()["yhat"], rtol=1e-4, atol=1e-6)
        for y, variances in zip(series[:3], together.variances_, strict=False):
            reference = UnobservedComponents(y, kind, use_exact_diffuse=True)
            assert reference.loglike(variances, transformed=True) > reference.fit(disp=False, maxiter=500).llf - 1e-4
