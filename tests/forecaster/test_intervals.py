"""The forecaster's own intervals: from the tail by split conformal, from quantiles, from distributions."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.data.frames import read_panel
from penstock.data.panel import Panel

pytestmark = pytest.mark.slow

SMALL = {"window": 4, "batch": 32, "scale": "standard", "optimizer": ps.Adam(0.02), "seed": 1, "epochs": 3}
RNN = ps.Network([ps.RNN(4)])
COLUMNS = ["lo-80", "hi-80", "lo-95", "hi-95"]


def test_of_values_they_are_order_statistics_of_the_errors_on_the_tail(walk: pd.DataFrame, tmp_path: Path) -> None:
    model = ps.Forecaster(RNN, horizon=2, validation=41, **SMALL).fit(walk)  # type: ignore[arg-type]
    out = model.predict(level=[80, 95])
    panel, _ = read_panel(walk)
    origins = np.arange(118, 158)  # 40 cutoffs whose two targets lie in the tail of 41
    errors = np.abs(panel.y[origins[:, None] + [1, 2]] - model.forecast_panel(panel, origins)[0])
    for level in (80, 95):
        half = np.sort(errors, axis=0)[math.ceil(41 * level / 100) - 1]
        np.testing.assert_allclose(out[f"hi-{level}"] - out["yhat"], half, rtol=1e-9)
        np.testing.assert_allclose(out["yhat"] - out[f"lo-{level}"], half, rtol=1e-9)
    sigma = model.sigma_panel(panel, np.array([159]))
    np.testing.assert_allclose(sigma[0], np.sqrt(np.square(errors).mean(axis=0)), rtol=1e-9)
    model.save(tmp_path / "m.penstock")
    assert ps.load(tmp_path / "m.penstock").predict(level=[80, 95]).equals(out)
    newer = model.predict(walk[:140], level=80)  # the tail stays that of the training rows
    np.testing.assert_allclose(newer["hi-80"] - newer["yhat"], out["hi-80"] - out["yhat"], rtol=1e-9)


def test_without_a_tail_of_training_rows_there_are_none(walk: pd.DataFrame) -> None:
    for model in (
        ps.Forecaster(RNN, validation=0, **SMALL).fit(walk),  # type: ignore[arg-type]
        ps.Forecaster(RNN, **SMALL).fit(walk[:100], validation=walk[100:]),  # type: ignore[arg-type]
    ):
        with pytest.raises(ps.OptionError, match="has no validation tail of training rows to take intervals from; fit"):
            model.predict(level=80)
    short = ps.Forecaster(RNN, validation=10, **SMALL).fit(walk)  # type: ignore[arg-type]
    with pytest.raises(ps.DataError, match="10 residuals can give no 95 % interval: 19 are needed"):
        short.predict(level=95)


def test_short_tails_of_many_series_share_their_errors(walk: pd.DataFrame) -> None:
    other = walk.assign(unique_id="other", y=10 * walk["y"].to_numpy()[::-1])
    model = ps.Forecaster(RNN, validation=10, **SMALL).fit(pd.concat([walk, other]))  # type: ignore[arg-type]
    out = model.predict(level=95)
    half = out["hi-95"] - out["yhat"]
    np.testing.assert_allclose(half[1] / half[0], model.scaling_.scale[1] / model.scaling_.scale[0], rtol=1e-9)


@pytest.mark.parametrize(("loss", "transform"), [("pinball", "none"), ("gaussian", "difference"), ("student", "log_return")])  # fmt: skip  # noqa: E501
def test_of_quantiles_and_distributions_they_come_from_the_network(
    walk: pd.DataFrame, loss: str, transform: str, tmp_path: Path
) -> None:
    model = ps.Forecaster(RNN, loss=loss, transform=transform, horizon=3, members=2, **SMALL).fit(walk)  # type: ignore[arg-type]
    out = model.predict(level=[95, 80])
    assert out.columns.tolist() == ["unique_id", "ds", "yhat", *COLUMNS]
    assert (np.diff(out[["lo-95", "lo-80", "yhat", "hi-80", "hi-95"]].to_numpy()) > 0).all()
    model.save(tmp_path / "m.penstock")
    assert ps.load(tmp_path / "m.penstock").predict(level=[95, 80]).equals(out)
    if loss == "pinball":
        with pytest.raises(ps.OptionError, match="level=90 was not learned; allowed: 80, 95"):
            model.predict(level=90)
        with pytest.raises(ps.OptionError, match="has no forecast standard errors of its own"):
            model.sigma_panel(read_panel(walk)[0], np.array([159]))
    else:
        assert np.isfinite(model.sigma_panel(read_panel(walk)[0], np.array([159]))).all()


def test_probabilities_have_none(walk: pd.DataFrame) -> None:
    model = ps.Forecaster(RNN, loss="direction", transform="difference", **SMALL).fit(walk)  # type: ignore[arg-type]
    with pytest.raises(ps.OptionError, match="loss='direction' learns no intervals; leave level= out"):
        model.predict(level=80)


def many(rows: int, seed: int) -> Panel:
    """Forty AR(1) series, φ = .7."""
    draw = np.random.default_rng(seed).normal(size=(40, rows))
    y = draw.copy()
    for t in range(1, rows):
        y[:, t] += 0.7 * y[:, t - 1]
    offsets = np.arange(41) * rows
    return Panel(y.ravel(), np.tile(np.arange(rows), 40), offsets, tuple(range(40)))


@pytest.mark.parametrize("loss", ["mse", "pinball", "gaussian", "student"])
def test_coverage_on_autoregressions(loss: str) -> None:
    """Of 4,000 later steps about 80 % and 95 % are covered; `penstock study simulated` is stricter."""
    panel = many(200, seed=0)
    train = panel.before(panel.offsets[:-1] + 100)
    _, kind = read_panel(pd.DataFrame({"unique_id": [1], "ds": [1], "y": [1.0]}))
    options = {**SMALL, "scale": "none", "epochs": 12, "batch": 128, "validation": 40}
    model = ps.Forecaster(RNN, loss=loss, **options).fit_panel(train, kind)  # type: ignore[arg-type]
    origins = np.concatenate([np.arange(99, 199) + first for first in panel.offsets[:-1]])
    low, high = np.moveaxis(model.bounds_panel(panel, origins, (80, 95))[..., 0], 1, 0)
    covered = np.mean((low <= panel.y[origins + 1]) & (panel.y[origins + 1] <= high), axis=1)
    assert 0.76 < covered[0] < 0.84
    assert 0.92 < covered[1] < 0.98


def test_a_comparison_takes_each_models_own_intervals(walk: pd.DataFrame) -> None:
    """Of a Gaussian its quantiles, of the last value its standard errors; of a ridge, split conformal's."""
    network = ps.Forecaster(RNN, loss="gaussian", transform="difference", **SMALL)  # type: ignore[arg-type]
    split = ps.RollingOrigin(horizon=1, test=20, refit=10)
    result = ps.compare([network, ps.Ridge(5)], walk, split, level=[80, 95], intervals="own")
    panel, _ = read_panel(walk)
    for name, model in (("RNN(4)", network), ("Naive", ps.Naive())):
        origins = np.arange(149, 159)  # of the second fold
        expected = model.clone().fit(walk[:150]).bounds_panel(panel, origins, (80, 95))
        np.testing.assert_allclose(result.entries[name].bounds[:, :, 10:], expected, rtol=1e-6)  # type: ignore[index]
    conformal = ps.compare([ps.Ridge(5)], walk, split, level=[80, 95])
    name = ps.Ridge(5).label
    assert np.array_equal(result.entries[name].bounds, conformal.entries[name].bounds)  # type: ignore[arg-type]
