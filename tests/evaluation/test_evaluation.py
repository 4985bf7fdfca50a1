from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest
from scipy import stats

import penstock as ps
from penstock.data.frames import read_panel
from penstock.evaluation.metrics import measure
from penstock.evaluation.rolling_origin import RollingOrigin
from penstock.evaluation.significance import diebold_mariano
from penstock.evaluation.verdict import verdict


def test_metrics_by_hand() -> None:
    y, yhat = np.array([1.0, 2.0, 3.0, 6.0]), np.array([2.0, 2.0, 5.0, 4.0])
    scores = measure(y, yhat)
    assert scores["rmse"] == pytest.approx(1.5)
    assert scores["mae"] == pytest.approx(1.25)
    assert scores["r2"] == pytest.approx(1 - 9 / 14)
    assert scores["pearson"] == pytest.approx(np.corrcoef(y, yhat)[0, 1])
    assert scores["spearman"] == pytest.approx(stats.spearmanr(y, yhat)[0])


def test_scores_that_do_not_exist_are_nan() -> None:
    constant = measure(np.array([1.0, 2.0]), np.array([3.0, 3.0]))
    assert np.isnan(constant["pearson"])
    assert np.isnan(constant["spearman"])
    assert np.isnan(measure(np.array([2.0, 2.0]), np.array([1.0, 3.0]))["r2"])


def test_no_forecast_is_judged_by_a_value_that_was_carried_forward() -> None:
    y = np.arange(30.0)
    y[[22, 29]] = np.nan
    frame = pd.DataFrame({"ds": range(30), "y": y})
    result = ps.compare([], frame, RollingOrigin(horizon=2, test=10), missing="ffill")
    assert result.panel.times[result.origins].tolist() == [19, 22, 23, 24, 25, 26]  # 20 and 21 would be judged by 22
    with pytest.raises(ps.DataError, match="no horizon of the 2 test rows is free of values carried"):
        ps.compare([], frame, RollingOrigin(horizon=2, test=2), missing="ffill")


def test_folds_of_the_rolling_origin() -> None:
    frame = pd.DataFrame({"unique_id": ["a"] * 20 + ["b"] * 15, "ds": [*range(20), *range(3, 18)], "y": 1.0})
    panel, _ = read_panel(frame)  # b begins at 3 and ends at 17, in the middle of the test times 14 to 19
    folds = list(RollingOrigin(horizon=2, test=6, refit=2).folds(panel))
    assert [fold.ends.tolist() for fold in folds] == [[14, 31], [16, 33], [18, 35]]
    assert [fold.origins.tolist() for fold in folds] == [[13, 14, 30, 31], [15, 16, 32], [17]]
    (once,) = RollingOrigin(horizon=1, test=3).folds(panel)
    assert once.ends.tolist() == [17, 34]
    assert once.origins.tolist() == [16, 17, 18, 33]


def test_training_rows_that_slide_and_keep_their_distance() -> None:
    """Two series that begin at 0 and 8: the newest 6 rows of each, 1 + 2 left out before each first forecast."""
    frame = pd.DataFrame({"unique_id": ["a"] * 20 + ["b"] * 12, "ds": [*range(20), *range(8, 20)], "y": 1.0})
    panel, _ = read_panel(frame)
    folds = list(RollingOrigin(horizon=2, test=6, refit=3, step=1, train=6, purge=1, embargo=2).folds(panel))
    assert [fold.starts.tolist() for fold in folds] == [[5, 20], [8, 20]]  # b has only 3 rows before its first gap
    assert [fold.ends.tolist() for fold in folds] == [[11, 23], [14, 26]]
    assert [fold.origins.tolist() for fold in folds] == [[13, 14, 15, 25, 26, 27], [16, 17, 28, 29]]
    expanding = list(RollingOrigin(test=6, refit=3).folds(panel))
    assert [fold.starts.tolist() for fold in expanding] == [[0, 20], [0, 20]]
    assert [fold.ends.tolist() for fold in expanding] == [[14, 26], [17, 29]]
    with pytest.raises(ps.DataError, match="too few for 10 test rows with 1 left out before them: at least 13"):
        list(RollingOrigin(test=10, purge=1).folds(panel))


def test_models_are_fitted_on_the_rows_of_the_split_alone(walk: pd.DataFrame) -> None:
    """What lies in the gap or before the sliding window changes no fit; forecasts start from the cutoff."""
    split = RollingOrigin(test=20, refit=10, train=50, purge=3, embargo=2)
    result = ps.compare([ps.Drift()], walk, split)
    assert repr(result).startswith("<Comparison of ")
    assert len(repr(result)) < 200
    y = walk["y"].to_numpy()
    slopes = [(y[134] - y[85]) / 49, (y[144] - y[95]) / 49]
    expected = y[139:159] + np.repeat(slopes, 10)
    np.testing.assert_allclose(result.entries["Drift"].forecast[:, 0], expected)
    assert result.entries["Drift"].model.ids_ == ("walk",)


def test_every_forecast_sees_only_its_past(walk: pd.DataFrame) -> None:
    result = ps.compare([ps.Drift()], walk, RollingOrigin(horizon=2, test=10, step=2, refit=2))
    table = result.forecasts
    drift = table[table["model"] == "Drift"]
    assert drift["step"].tolist() == [1, 2] * 5
    y, days = walk["y"].to_numpy(), walk["ds"].tolist()
    for number, (_, rows) in enumerate(drift.groupby("cutoff")):
        cutoff, trained = 149 + 2 * number, 150 + 4 * (number // 2)  # refitted every second cutoff
        slope = (y[trained - 1] - y[0]) / (trained - 1)
        assert rows["cutoff"].tolist() == [days[cutoff]] * 2
        assert rows["ds"].tolist() == days[cutoff + 1 : cutoff + 3]
        np.testing.assert_allclose(rows["yhat"], y[cutoff] + slope * np.array([1, 2]))
        np.testing.assert_allclose(rows["y"], y[cutoff + 1 : cutoff + 3])


def test_the_table_of_scores(walk: pd.DataFrame, as_kind: Any) -> None:
    given = as_kind(walk)
    result = ps.compare([ps.AR(2), ps.SeasonalNaive(5)], given, RollingOrigin(test=40))
    scores = result.scores
    assert type(scores) is type(given)
    table = nw.from_native(scores, eager_only=True)
    assert table["model"].to_list() == ["AR(2)", "SeasonalNaive(5)", "Naive"]
    rows = {row["model"]: row for row in result.rows}
    y = walk["y"].to_numpy()
    naive_error = y[120:] - y[119:-1]
    assert rows["Naive"]["rmse"] == pytest.approx(np.sqrt(np.mean(naive_error**2)))
    assert rows["Naive"]["skill"] == 0
    seasonal_error = y[120:] - y[115:-5]
    expected = 1 - np.mean(seasonal_error**2) / np.mean(naive_error**2)
    assert rows["SeasonalNaive(5)"]["skill"] == pytest.approx(expected)
    assert rows["SeasonalNaive(5)"]["dm_statistic"] == pytest.approx(
        diebold_mariano(seasonal_error**2, naive_error**2)[0]
    )
    assert rows["AR(2)"]["parameters"] == 3
    forecasts = nw.from_native(result.forecasts, eager_only=True)
    assert forecasts.columns == ["unique_id", "cutoff", "ds", "step", "model", "y", "yhat"]
    assert len(forecasts) == 120


@pytest.mark.slow
def test_members_and_their_spread(walk: pd.DataFrame) -> None:
    model = ps.Forecaster(ps.Network([ps.LSTM(3)]), window=8, epochs=2, members=4)
    result = ps.compare({"net": model}, walk, RollingOrigin(test=20))
    row, entry = result.rows[0], result.entries["net"]
    errors = [float(np.sqrt(np.mean((walk["y"].to_numpy()[140:] - member[:, 0]) ** 2))) for member in entry.yhat]
    assert row["members"]["count"] == 4
    assert row["members"]["rmse"]["median"] == pytest.approx(np.median(errors))
    assert (row["members"]["rmse"]["low"], row["members"]["rmse"]["high"]) == pytest.approx((min(errors), max(errors)))
    ensemble = entry.yhat.mean(axis=0)[:, 0]
    assert row["rmse"] == pytest.approx(np.sqrt(np.mean((walk["y"].to_numpy()[140:] - ensemble) ** 2)))
    text = str(result)
    assert "· median of 4 members" in text
    for which, error in (("best", min(errors)), ("worst", max(errors))):  # rows are members, whole
        place = errors.index(error)
        member = row["members"][which]
        assert (member["member"], member["rmse"]) == (place + 1, pytest.approx(error))
        assert member["mae"] == pytest.approx(np.abs(walk["y"].to_numpy()[140:] - entry.yhat[place][:, 0]).mean())
        assert f"· {which} member by RMSE" in text
    assert result.verdicts["net"] in text


def test_the_text_tells_all_verdicts_without_networks_and_who_is_ahead_of_them(walk: pd.DataFrame) -> None:
    result = ps.compare([ps.Mean(), ps.AR(1)], walk, RollingOrigin(test=20))
    text = str(result)
    assert result.verdicts["Mean"] in text
    assert result.verdicts["AR(1)"] in text
    assert " is ahead of " not in text
    y = np.random.default_rng(0).normal(size=160)
    for row in range(1, 160):
        y[row] += 0.7 * y[row - 1]
    poor = ps.Tuned(ps.Ridge(1, penalty=1e6), {"penalty": [1e5]}, sampler="grid")  # all but the mean
    result = ps.compare([poor, ps.AR(1)], pd.DataFrame({"ds": range(160), "y": y}), RollingOrigin(test=60))
    (said,) = [each for each in result.said if " is ahead of " in each]
    assert said.startswith(f"AR(1) is ahead of {poor.label}: its RMSE is {result.row('AR(1)')['rmse']:.4g} against ")
    assert result.said[0] == result.verdicts[poor.label]
    assert len(result.said) == 2 + len(result.findings)


def test_models_passed_in_stay_as_they_are(walk: pd.DataFrame) -> None:
    model = ps.Drift().fit(walk[:50])
    step = model.step_.copy()
    ps.compare([model], walk, RollingOrigin(horizon=3, test=20))
    assert np.array_equal(model.step_, step)
    assert model.horizon == 1


def test_the_models_of_a_comparison_can_be_used_and_saved(walk: pd.DataFrame, tmp_path: Any) -> None:
    model = ps.compare([ps.AR(2)], walk, RollingOrigin(test=40)).entries["AR(2)"].model
    model.save(tmp_path / "m.penstock")
    out = ps.load(tmp_path / "m.penstock").predict()
    assert out.equals(ps.AR(2).fit(walk[:120]).predict())


@pytest.mark.slow
def test_an_earlier_fit_is_never_used(walk: pd.DataFrame) -> None:
    """Fitted on everything, then compared: the forecasts are those of a fresh model (a defect of peers)."""
    fresh = ps.Forecaster(ps.Network([ps.LSTM(3)]), window=8, epochs=3)
    tainted = fresh.clone().set_params(epochs=50).fit(walk).set_params(epochs=3)
    split = RollingOrigin(test=20)
    one, other = (ps.compare({"net": model}, walk, split).entries["net"].yhat for model in (fresh, tainted))
    assert np.array_equal(one, other)


def test_leaks_are_switches_that_are_named(walk: pd.DataFrame) -> None:
    model = ps.Forecaster(ps.Network([ps.LSTM(3)]), window=8, epochs=3, scale="none")
    result = ps.compare([model], walk, RollingOrigin(test=20), leaks=[ps.Leak.SCALING, ps.Leak.STOPPING])
    y = walk["y"].to_numpy()
    np.testing.assert_allclose(result.panel.y, (y - y.min()) / (y.max() - y.min()))
    assert result.entries["LSTM(3)"].model.validation_rows_.tolist() == [20]  # type: ignore[attr-defined]
    assert result.to_json()["leaks"] == [ps.Leak.SCALING.value, ps.Leak.STOPPING.value]
    for leak in (ps.Leak.SCALING, ps.Leak.STOPPING):
        assert f"Leak: {leak.value}" in str(result)
    clean = ps.compare([model], walk, RollingOrigin(test=20))
    assert clean.to_json()["leaks"] == []
    assert "Leak" not in str(clean)


def test_rmse_skill_test_and_verdict_point_one_way_also_where_cutoffs_have_unlike_numbers_of_series() -> None:
    rng = np.random.default_rng(4)
    days = np.arange(200)
    parts = [pd.DataFrame({"unique_id": f"a{n}", "ds": days, "y": rng.normal(size=200)}) for n in range(12)]
    late = np.cumsum(rng.normal(size=215)) * 3
    parts += [pd.DataFrame({"unique_id": f"b{n}", "ds": np.arange(215), "y": late + n}) for n in range(2)]
    result = ps.compare([ps.AR(1), ps.SeasonalNaive(3)], pd.concat(parts), RollingOrigin(test=40))
    naive = result.rows[-1]
    for row in result.rows[:-1]:
        assert row["skill"] == pytest.approx(1 - (row["rmse"] / naive["rmse"]) ** 2)
        assert np.sign(row["skill"]) == -np.sign(row["dm_statistic"])
    assert len(result.origins) == 12 * 25 + 2 * 40


def test_several_series_are_tested_on_their_joint_loss(walk: pd.DataFrame) -> None:
    both = pd.concat([walk, walk.assign(unique_id="b", y=walk["y"].to_numpy()[::-1])])
    result = ps.compare([ps.SeasonalNaive(5)], both, RollingOrigin(test=30))
    y = result.panel.y.reshape(2, 160)
    loss = np.mean((y[:, 130:] - y[:, 125:-5]) ** 2, axis=0)
    naive = np.mean((y[:, 130:] - y[:, 129:-1]) ** 2, axis=0)
    assert result.rows[0]["dm_statistic"] == pytest.approx(diebold_mariano(loss, naive)[0])


def test_names_are_unique_and_naive_is_always_there(walk: pd.DataFrame) -> None:
    split = RollingOrigin(test=10)
    assert list(ps.compare([ps.AR(1), ps.AR(1)], walk, split).entries) == ["AR(1)", "AR(1) #2", "Naive"]
    assert list(ps.compare({"Naive": ps.Drift()}, walk, split).entries) == ["Naive", "Naive (last value)"]
    assert ps.compare({"last": ps.Naive()}, walk, split).naive == "last"
    assert list(ps.compare(ps.AR(1), walk, split).entries) == ["AR(1)", "Naive"]


def test_a_long_name_and_the_numbers_are_whole(walk: pd.DataFrame) -> None:
    result = ps.compare({"x" * 90: ps.AR(1)}, walk, RollingOrigin(test=30))
    assert f"{'x' * 90} " in str(result)
    assert f"{result.rows[0]['skill']:.4f}" in str(result)


@pytest.mark.parametrize(
    ("rmse", "p", "words"),
    [
        (
            0.9,
            0.01,
            "LSTM beats the last value: its RMSE is 0.9 against 1 (10.0 % lower), more than chance (p = .010).",
        ),
        (
            0.9,
            0.2,
            "LSTM does not beat the last value: its RMSE is 0.9 against 1 (10.0 % lower), a difference within chance "
            "(p = .20).",
        ),
        (
            1.5,
            1e-5,
            "LSTM does not beat the last value: its RMSE is 1.5 against 1 (50.0 % higher), more than chance "
            "(p < .001).",
        ),
        (
            1.0,
            np.nan,
            "LSTM cannot be told from the last value: its RMSE is 1 against 1, and no test of the difference exists "
            "here.",
        ),
    ],
)
def test_verdicts(rmse: float, p: float, words: str) -> None:
    assert verdict({"model": "LSTM", "rmse": rmse, "p_holm": p}, {"rmse": 1.0}) == words


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"test": 0}, "test=0 is out of range"),
        ({"horizon": 5, "test": 4}, "test=4 rows cannot hold one forecast of horizon=5; allowed: test of at least 5"),
        ({"refit": 0}, "refit=0 is out of range"),
        ({"train": 1}, "train=1 is out of range"),
        ({"purge": -1}, "purge=-1 is out of range"),
    ],
)
def test_splits_refused(options: dict[str, int], message: str) -> None:
    with pytest.raises(ps.OptionError, match=message):
        RollingOrigin(**options)


def test_comparisons_refused(walk: pd.DataFrame) -> None:
    with pytest.raises(ps.DataError, match="160 rows of series 'walk' are too few for 159 test rows: at least 161"):
        ps.compare([ps.Naive()], walk, RollingOrigin(test=159))
    with pytest.raises(ps.OptionError, match=r"AR\(5\) forecasts 2 steps but the split asks for 3"):
        ps.compare([ps.AR(horizon=2)], walk, RollingOrigin(horizon=3, test=9))
    with pytest.raises(ps.OptionError, match="split=20 is no split; allowed: RollingOrigin"):
        ps.compare(ps.Naive(), walk, 20)  # type: ignore[arg-type]
    with pytest.raises(ps.OptionError, match=r"'lstm' is no model; allowed: a Penstock model such as AR\(5\)"):
        ps.compare(["lstm"], walk, RollingOrigin(test=9))  # type: ignore[list-item]
    slow = ps.Forecaster(ps.Network([ps.LSTM(3)]), window=8, epochs=10**9)
    with pytest.raises(ps.DataError, match=r"AR\(60\): 120 training rows .* 122 are needed"):  # before anything trains
        ps.compare([slow, ps.AR(60)], walk, RollingOrigin(test=40))


def test_json(walk: pd.DataFrame, tmp_path: Any) -> None:
    import json

    path = ps.compare([ps.Drift()], walk, RollingOrigin(test=10)).write_json(tmp_path / "r.json")
    result = json.loads(path.read_text())
    assert result["rows"][1]["dm_pvalue"] is None  # naive against itself: there is no test
    split = {
        "horizon": 1,
        "test": 10,
        "step": 1,
        "refit": None,
        "train": None,
        "purge": 0,
        "embargo": 0,
        "align": "times",
    }
    assert result["split"] == split
    assert set(result["verdicts"]) == {"Drift"}
