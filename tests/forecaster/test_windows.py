"""Windows scaled by themselves, forecasts as additions to the seasonal naive, short and new series."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.data.columns import Columns
from penstock.data.frames import read_panel
from penstock.forecaster.season import describe_season, fit_season

NETWORK = ps.Network([ps.GRU(3)])
SMALL: dict[str, Any] = {"window": 6, "horizon": 2, "epochs": 2, "batch": 32, "seed": 1, "validation": "horizon"}


def months(rows: int, name: str = "a", level: float = 50.0) -> pd.DataFrame:
    time = np.arange(rows)
    y = level * (1 + 0.01 * time + 0.2 * np.sin(2 * np.pi * time / 12)) + np.cos(1.7 * time**1.3)
    return pd.DataFrame({"unique_id": name, "ds": pd.date_range("2015-01-01", periods=rows, freq="MS"), "y": y})


PANEL = pd.concat([months(40), months(30, "b", 2000.0), months(7, "c", 0.5)])


def test_a_window_is_scaled_by_its_own_level_and_spread_and_the_target_is_an_addition() -> None:
    panel, _ = read_panel(PANEL)
    model = ps.Forecaster(NETWORK, scale="window", season=4, **SMALL)
    samples = model.prepare(panel).samples
    front = 6 - 3
    end = 50  # row 10 of b
    y = panel.y[40:]
    batch = samples.batch(jnp.asarray([end - 5 + front]), 6, None)
    window, spread = y[5:11], np.abs(y[5:11] - y[1:7]).mean()
    np.testing.assert_allclose(batch.x[0, :, 0], (window - window.mean()) / spread, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(batch.x[0, :, 1], (y[1:7] - window.mean()) / spread, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(batch.y[0], (y[11:13] - y[7:9]) / spread, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(batch.extra[0, 0], np.arcsinh(window.mean() / spread), rtol=1e-5)  # the level itself
    assert batch.lengths.tolist() == [6]


def test_short_windows_have_their_true_length_and_zeros_behind() -> None:
    panel, _ = read_panel(PANEL)
    model = ps.Forecaster(NETWORK, scale="window", season=4, **SMALL)
    samples = model.prepare(panel).samples
    numbers = np.asarray(samples.train[6].numbers)[: int(samples.train[6].total)]
    assert len(numbers) == len(np.unique(numbers)) == (40 - 2 - 2 - 2) + (30 - 2 - 2 - 2) + (7 - 2 - 2 - 2)
    batch = samples.batch(jnp.asarray([0, 70 + 3 - 6 + 3]), 6, None)  # the first windows of a and of c
    assert batch.lengths.tolist() == [3, 3]
    for place, rows in enumerate((panel.y[:5], panel.y[70:75])):
        spread = np.abs(np.diff(rows[:3])).mean()  # no value is a season back: steps of one row
        np.testing.assert_allclose(batch.x[place, :3, 0], (rows[:3] - rows[:3].mean()) / spread, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(batch.y[place], (rows[3:] - rows[2]) / spread, rtol=1e-4)  # from the last value
    assert not np.asarray(batch.x[:, 3:]).any()


@pytest.mark.slow
def test_the_newest_steps_come_first_where_asked() -> None:
    panel, _ = read_panel(PANEL)
    numbers = jnp.asarray([0, 20])
    models = [ps.Forecaster(NETWORK, scale="window", season=4, reverse=back, **SMALL) for back in (False, True)]
    one, other = (model.prepare(panel).samples.batch(numbers, 6, None) for model in models)
    for place, length in enumerate((3, 6)):
        assert np.array_equal(one.x[place, :length], np.asarray(other.x[place, :length])[::-1])
    assert np.array_equal(one.y, other.y)


@pytest.mark.slow
def test_series_of_any_level_are_forecast_alike_the_new_ones_included() -> None:
    model = ps.Forecaster(NETWORK, scale="window", **SMALL).fit(PANEL)
    known = model.predict(months(40))["yhat"].to_numpy()
    large = months(40, "new").assign(y=lambda frame: frame["y"] * 1e6)
    np.testing.assert_allclose(model.predict(large)["yhat"] / 1e6, known, rtol=1e-5)
    bounds = [model.predict(frame, level=60)["hi-60"].to_numpy() for frame in (large, months(40))]
    np.testing.assert_allclose(bounds[0] / 1e6, bounds[1], rtol=1e-5)  # of errors that all series share
    network = ps.Network([ps.GRU(3)], embeddings=[2])
    by_id = ps.Forecaster(network, scale="window", **SMALL).fit(PANEL, static="unique_id")
    with pytest.raises(ps.DataError, match="the static value 'new' of series 'new' was not among those fitted"):
        by_id.predict(large)


@pytest.mark.slow
def test_the_season_is_taken_from_the_frequency_and_told() -> None:
    december = PANEL.assign(y=PANEL["y"] * (1 + 9 * (PANEL["ds"].dt.month == 12)))
    model = ps.Forecaster(NETWORK, scale="window", **SMALL).fit(december)
    assert model.season_ == (12,)
    assert model.summary().splitlines()[-1] == (
        "season: 12 steps, taken from the frequency; forecasts are additions to the seasonal naive"
    )
    counted = PANEL.assign(ds=PANEL.groupby("unique_id").cumcount())
    none = ps.Forecaster(NETWORK, scale="window", **SMALL).fit(counted)
    assert none.summary().splitlines()[-1].startswith("season: none (none in the frequency, or")
    given = ps.Forecaster(NETWORK, season=[6, 3], **SMALL).fit(PANEL)
    assert (given.season_, given.season) == ((3, 6), (6, 3))


@pytest.mark.parametrize(("wave", "season"), [(0.0, ()), (10.0, (7,))])
@pytest.mark.parametrize("transform", ["none", "difference"])
def test_a_season_of_the_frequency_is_taken_where_it_errs_less_than_the_last_value(
    wave: float, season: tuple[int, ...], transform: str
) -> None:
    rng, days = np.random.default_rng(0), pd.date_range("2020-01-01", periods=120, freq="D")
    y = 100 + wave * np.sin(np.arange(120) * 2 * np.pi / 7) + np.cumsum(rng.normal(size=120))
    panel, _ = read_panel(pd.DataFrame({"ds": days, "y": y}))
    options = ps.Forecaster(NETWORK, scale="window", horizon=3, transform=transform, window=8)
    found = fit_season(options, panel)
    assert found == season
    assert describe_season(options, found).startswith("season: 7 steps" if wave else "season: none (none in the freq")


def test_short_series_are_left_out_with_a_count_or_named() -> None:
    panel = pd.concat([PANEL, months(4, "d"), months(3, "e")])
    with pytest.raises(
        ps.DataError, match=r"2 of 5 series have too few training rows: 5 are needed .* 'd \(4 rows\)', 'e"
    ):
        ps.Forecaster(NETWORK, scale="window", **SMALL).fit(panel)
    with pytest.warns(UserWarning, match=r"2 of 5 series are left out, as they have fewer than the 5 rows"):
        model = ps.Forecaster(NETWORK, scale="window", short="drop", **SMALL).fit(panel)
    assert model.ids_ == ("a", "b", "c")
    assert np.isfinite(model.predict(panel)["yhat"]).all()  # from three rows on, they are new series
    with pytest.raises(ps.DataError, match=r"2 rows up to the cutoff of series 'e' are too few: 3 are needed"):
        model.predict(months(2, "e"))
    single = ps.Forecaster(NETWORK, scale="window", min_window=1, **SMALL).fit(panel)
    assert np.isfinite(single.predict(months(1, "e"))["yhat"]).all()


@pytest.mark.slow
def test_the_tail_comes_from_the_series_that_can_give_it() -> None:
    panel = pd.concat([PANEL, months(5, "d")])
    model = ps.Forecaster(NETWORK, scale="window", **SMALL).fit(panel)
    assert model.validation_rows_.tolist() == [2, 2, 2, 0]
    assert np.isfinite(model.predict(level=50).filter(like="hi")).all(axis=None)
    with pytest.raises(ps.DataError, match="no series has the 7 training rows that leave a validation tail"):
        ps.Forecaster(NETWORK, scale="window", **SMALL).fit(months(6))


@pytest.mark.slow
def test_constant_and_zero_series_are_forecast_constant() -> None:
    flat = pd.concat([PANEL, months(20, "flat").assign(y=7.5), months(20, "zero").assign(y=0.0)])
    out = ps.Forecaster(NETWORK, scale="window", **SMALL).fit(flat).predict()
    assert out[out["unique_id"] == "flat"]["yhat"].tolist() == [7.5, 7.5]
    assert out[out["unique_id"] == "zero"]["yhat"].tolist() == [0.0, 0.0]


def test_balanced_series_weigh_alike_together() -> None:
    panel, _ = read_panel(PANEL)
    samples = ps.Forecaster(NETWORK, scale="window", balance="series", **SMALL).prepare(panel).samples
    numbers = np.asarray(samples.train[6].numbers)[: int(samples.train[6].total)]
    weights = np.asarray(samples.weight)[numbers]
    series = panel.series_of(numbers - 3 + 6)
    np.testing.assert_allclose(weights.mean(), 1, rtol=1e-6)
    np.testing.assert_allclose(np.bincount(series, weights), len(numbers) / 3, rtol=1e-6)


@pytest.mark.slow
def test_a_season_beyond_the_window_is_read_from_the_rows_before_it() -> None:
    model = ps.Forecaster(NETWORK, scale="window", season=12, **(SMALL | {"window": 5})).fit(PANEL)
    untaught = {**SMALL, "window": 5, "optimizer": ps.SGD(1e-12)}
    still = ps.Forecaster(NETWORK, scale="window", season=12, **untaught).fit(PANEL)
    assert model.season_ == still.season_ == (12,)
    panel, _ = read_panel(PANEL)
    origins = np.array([30, 60])
    together = model.forecast_panel(panel, origins)
    for place, origin in enumerate(origins):
        assert np.array_equal(model.forecast_panel(panel, np.array([origin]))[:, 0], together[:, place])
    cut = panel.between(np.array([7, 47, 70]), panel.offsets[1:])  # 36 months before the cutoffs are not all there
    assert np.isfinite(model.forecast_panel(cut, cut.offsets[1:] - 1)).all()


@pytest.mark.parametrize(
    ("options", "frame", "message"),
    [
        ({"season": 50}, PANEL, "season=50 steps is longer than every series .the longest has 40"),
        (
            {"transform": "log", "scale": "window"},
            PANEL.assign(y=-PANEL["y"]),
            "logs need positive values, but row 0 of",
        ),
        ({"season": 1.5}, PANEL, r"season=1.5 is not a whole number; allowed: a whole number or Sequence or None"),
        ({"season": (12, "x")}, PANEL, r"season=\(12, 'x'\) holds 'x'; allowed: steps as whole numbers"),
        ({"scale": "window", "joint": True}, PANEL, "scale='window' takes each series by itself; allowed: joint=False"),
        ({"season": 4, "strategy": "recursive"}, PANEL, "season=4 forecasts all steps as additions at once"),
        ({"min_window": 2}, PANEL, "min_window is for scale='window' or season=; leave it out"),
        ({"season": 4, "min_window": 9}, PANEL, "min_window=9 is longer than window=6"),
        ({"validation": "tail"}, PANEL, "validation='tail' is unknown"),
    ],
)
def test_refused_in_words(options: dict[str, Any], frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(ps.PenstockError, match=message):
        ps.Forecaster(NETWORK, **{**SMALL, **options}).fit(frame)


@pytest.mark.slow
def test_covariates_gaps_and_categories_stand_beside_scaled_windows(tmp_path: Path) -> None:
    """The same forecasts from the whole frame, from the rows that follow, and from a file."""
    frame = PANEL.assign(sale=lambda rows: rows["ds"].dt.month % 2, visits=lambda rows: rows["y"] % 7)
    frame.loc[frame.index == 12, "y"] = np.nan
    shop = {"a": "north", "b": "south", "c": "north"}
    frame["shop"] = frame["unique_id"].map(shop)
    network = ps.Network([ps.GRU(3)], embeddings=[2])
    columns: dict[str, Any] = {"known": "sale", "past": "visits", "static": "shop", "missing": "indicator"}
    after = frame.groupby("unique_id").cumcount(ascending=False) < 2
    model = ps.Forecaster(network, scale="window", **SMALL).fit(frame[~after], **columns)
    ahead = model.predict(future=frame[after])["yhat"].to_numpy()
    panel, _ = read_panel(frame, Columns(known="sale", past="visits", static="shop"), "indicator")
    whole = model.forecast_panel(panel, panel.offsets[1:] - 3)[0]
    assert np.array_equal(ahead, whole.ravel())
    model.save(tmp_path / "m.penstock")
    assert np.array_equal(ps.load(tmp_path / "m.penstock").predict(future=frame[after])["yhat"], ahead)
