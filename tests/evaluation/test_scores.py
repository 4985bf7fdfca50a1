"""The scores of panels: formulas, weights, groups, the season of their scale, a user's function, refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest
from scipy import stats

import penstock as ps
from penstock.data.panel import Panel
from penstock.evaluation.metric import Metric
from penstock.evaluation.panel_metrics import METRIC_NAMES, resolve_metrics
from penstock.evaluation.rolling_origin import Fold
from penstock.evaluation.scored_rows import ScoredRows

SPLIT = ps.RollingOrigin(horizon=2, test=4, step=2, refit=1)
Y = {"a": [1.0, 3, 2, 5, 4, 6, 8, 7], "b": [10.0, 10, 20, 20, 40, 40, 80, 60, 30, 90]}


def frame() -> pd.DataFrame:
    """Two series that end together."""
    rows = [(name, 10 - len(y) + time, name * 2, value) for name, y in Y.items() for time, value in enumerate(y)]
    return pd.DataFrame(rows, columns=["unique_id", "ds", "kind", "y"])


@pytest.fixture(scope="module")
def result() -> ps.Comparison:
    return ps.compare(
        [ps.Drift()], frame(), SPLIT, groups="kind", season=2,
        metrics=["mase", "rmsse", "smape", "mape", "wape", "rmse", "mae", "owa", "r2"],
    )  # fmt: skip


def by_hand(name: str, y: list[float]) -> dict[str, Any]:
    """The scores of the last value of one series: two cutoffs, two steps each, a season of two."""
    y_, n = np.array(y), len(y)
    yhat = np.repeat(y_[[n - 5, n - 3]], 2)
    actual = y_[n - 4 :]
    scales = np.array([np.abs(y_[2:end] - y_[: end - 2]).mean() for end in (n - 4, n - 2)]).repeat(2)
    squares = np.array([np.square(y_[2:end] - y_[: end - 2]).mean() for end in (n - 4, n - 2)]).repeat(2)
    error = np.abs(actual - yhat)
    return {
        "mase": (error / scales).mean(),
        "rmsse": np.sqrt((error**2 / squares).mean()),
        "smape": (200 * error / (actual + yhat)).mean(),
        "mape": (100 * error / actual).mean(),
        "wape": error.sum() / actual.sum(),
        "rmse": np.sqrt((error**2).mean()),
        "mae": error.mean(),
        "error": error,
        "actual": actual,
    }


def test_every_formula_and_how_series_weigh(result: ps.Comparison) -> None:
    own = {name: by_hand(name, y) for name, y in Y.items()}
    row = result.row("Naive")
    for key in ("mase", "rmsse", "smape", "mape"):
        assert row[key] == pytest.approx(np.mean([each[key] for each in own.values()])), key
    error, actual = (np.concatenate([each[key] for each in own.values()]) for key in ("error", "actual"))
    assert row["wape"] == pytest.approx(error.sum() / actual.sum())
    assert row["rmse"] == pytest.approx(np.sqrt(np.mean(error**2)))
    assert row["mae"] == pytest.approx(error.mean())
    within = sum(np.square(each["actual"] - each["actual"].mean()).sum() for each in own.values())
    assert row["r2"] == pytest.approx(1 - (error**2).sum() / within)
    naive2 = result.row("Naive2")
    expected = (row["smape"] / naive2["smape"] + row["mase"] / naive2["mase"]) / 2
    assert (row["owa"], naive2["owa"]) == (pytest.approx(expected), 1)
    notes = " ".join(result.notes)
    assert "Every series weighs the same in MASE, RMSSE, sMAPE, MAPE, OWA." in notes
    assert "Every value weighs the same in WAPE, RMSE, MAE, R²." in notes
    assert "The season m is 2 rows, as given" in notes
    assert "Skill is 1 − MASE / MASE of the last value" in notes
    assert row["skill"] == 0
    assert result.row("Drift")["skill"] == pytest.approx(1 - result.row("Drift")["mase"] / row["mase"])
    other = ps.compare([], frame(), SPLIT, season=2, metrics=["wape", "mase"], weights="series").row("Naive")
    assert other["wape"] == pytest.approx(np.mean([each["wape"] for each in own.values()]))
    by_size = ps.compare([], frame(), SPLIT, season=2, metrics="rmsse", weights="size").row("Naive")
    assert by_size["rmsse"] == pytest.approx(np.sqrt(np.mean([each["rmsse"] ** 2 for each in own.values()])))


def test_by_series_step_cutoff_and_group(result: ps.Comparison, tmp_path: Path) -> None:
    for by, labels in (("unique_id", ["a", "b"]), ("kind", ["aa", "bb"])):
        table = result.scores_by(by)
        rows = table[table["model"] == "Naive"]
        assert rows[by].tolist() == labels
        assert rows["values"].tolist() == [4, 4]
        for place, (name, y) in enumerate(Y.items()):
            own = by_hand(name, y)
            for key in ("mase", "rmsse", "smape", "mape", "wape", "rmse", "mae"):
                assert rows[key].iloc[place] == pytest.approx(own[key])
    steps = result.scores_by("step")
    assert steps["step"].tolist() == [1, 2] * 3
    errors = np.stack([by_hand(name, y)["error"] for name, y in Y.items()])
    naive = steps[steps["model"] == "Naive"]
    assert naive["mae"].tolist() == pytest.approx([errors[:, [0, 2]].mean(), errors[:, [1, 3]].mean()])
    assert result.step_errors["Naive"].tolist() == pytest.approx(naive["mase"].tolist())
    cutoffs = result.scores_by("cutoff")
    assert cutoffs["cutoff"].tolist() == [5, 7] * 3
    with pytest.raises(ps.OptionError, match="no scores by 'kinds'; did you mean 'kind'"):
        result.scores_by("kinds")
    table = result.scores_by().pivot(index="unique_id", columns="model", values="mase")
    lowest = table.eq(table.min(axis=1), axis=0)  # Naive2 is the last value where there is no season: they share
    expected = lowest.div(lowest.sum(axis=1), axis=0).mean()
    assert result.series_won == {name: pytest.approx(expected[name]) for name in result.entries}
    stored = json.loads(result.write_json(tmp_path / "r.json").read_text())
    assert stored["scores"]["season"] == 2
    assert stored["scores"]["metrics"]["wape"]["weights"] == "size"
    assert stored["scores"]["judged_by"] == "mase"


def test_a_frame_of_any_kind_comes_back(walk: pd.DataFrame, as_kind: Any) -> None:
    result = ps.compare([], as_kind(walk), ps.RollingOrigin(test=10), metrics="mase")
    for by in ("unique_id", "cutoff"):
        found = result.scores_by(by)
        assert type(found) is type(as_kind(walk))
        assert nw.from_native(found, eager_only=True).columns[:3] == [by, "model", "values"]


def rows_of(levels: tuple[float, ...], mean: float, deviation: float, y: np.ndarray) -> ScoredRows:
    """Forecasts of a normal distribution, one cutoff each."""
    panel = Panel(np.concatenate([[0.0, 1.0], y]), np.arange(len(y) + 2), np.array([0, len(y) + 2]), (None,))
    fold = Fold(np.array([0]), np.array([2]), np.arange(1, len(y) + 1))
    reach = np.array([stats.norm.ppf(0.5 + level / 200) for level in levels]) * deviation
    bounds = np.stack([mean - reach, mean + reach], axis=1)[:, :, None, None] * np.ones((1, 1, len(y), 1))
    return ScoredRows(panel, [fold], fold.origins, 1, np.full((len(y), 1), mean), levels, bounds)


def metric(name: str, levels: tuple[float, ...]) -> Metric:
    return resolve_metrics(name, levels, None, None)[0]


def test_scores_of_quantiles_and_intervals() -> None:
    y = np.random.default_rng(0).normal(1, 2, size=400)
    levels = tuple(range(2, 100, 2))
    rows = rows_of(levels, 1.5, 3.0, y)
    z = (y - 1.5) / 3
    exact = 3 * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi))
    assert metric("crps", levels).value(rows) == pytest.approx(exact.mean(), rel=2e-3)
    few = (80.0, 95.0)
    rows = rows_of(few, 1.5, 3.0, y)
    q = np.array([0.025, 0.1, 0.5, 0.9, 0.975])
    error = y[:, None] - (1.5 + 3 * stats.norm.ppf(q))
    losses = np.maximum(q * error, (q - 1) * error)
    assert metric("pinball", few).value(rows) == pytest.approx(losses.mean())
    assert metric("wql", few).value(rows) == pytest.approx((2 * losses.sum(axis=0) / np.abs(y).sum()).mean())
    weights = np.array([0.0625, 0.2375, 0.4, 0.2375, 0.0625])
    assert metric("crps", few).value(rows) == pytest.approx(2 * (losses @ weights).mean())
    reach = 3 * stats.norm.ppf(0.9)
    score = 2 * reach + 10 * np.maximum(np.abs(y - 1.5) - reach, 0)
    assert metric("interval_score", few).value(rows) == pytest.approx(score.mean())
    assert metric("msis", few).value(rows) == pytest.approx(score.mean() / 1.0)
    assert metric("coverage", few).value(rows) == pytest.approx((np.abs(y - 1.5) <= reach).mean())
    assert [each.key for each in resolve_metrics("coverage", few, None, None)] == ["coverage_80", "coverage_95"]


def test_a_function_of_ones_own() -> None:
    seen: list[int] = []

    def worst(y: np.ndarray, yhat: np.ndarray) -> float:
        return float(np.abs(y - yhat).max())

    def scaled(y: np.ndarray, yhat: np.ndarray, insample: np.ndarray) -> float:
        seen.append(len(insample))
        return float(np.abs(y - yhat).mean() / np.abs(np.diff(insample)).mean())

    result = ps.compare([], frame(), SPLIT, metrics=[worst, scaled, "mase"])
    own = [by_hand(name, y)["error"] for name, y in Y.items()]
    assert result.row("Naive")["worst"] == pytest.approx(np.mean([each.max() for each in own]))
    assert result.row("Naive")["scaled"] == pytest.approx(result.row("Naive")["mase"])  # season 1, fold by fold
    assert set(seen) == {4, 6, 8}
    assert result.judged == ("worst", True)

    def broken(y: np.ndarray, yhat: np.ndarray) -> Any:
        return "good"

    with pytest.raises(ps.OptionError, match="'broken' returned 'good' for the series 'a'; a metric returns one numb"):
        ps.compare([], frame(), SPLIT, metrics=broken)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metrics": "masse"}, "the metric 'masse' is unknown; did you mean 'mase'"),
        ({"metrics": "crps"}, r"'crps' scores intervals, and none are asked for; give level=\[20"),
        ({"metrics": lambda y, yhat: 0.0}, "needs a name of its own, and a lambda has none; write it as `def"),
        ({"weights": "rows"}, "weights='rows' is unknown; allowed: 'series', 'size'"),
        ({"season": 2.5}, "season=2.5: the scale of MASE has one season"),
        ({"season": 30}, "season=30 steps is longer than every series"),
        ({"groups": "y2"}, "y2"),
    ],
)
def test_refusals(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ps.PenstockError, match=message):
        ps.compare([], frame(), SPLIT, **options)


def test_zeros_constants_and_short_series_are_told() -> None:
    rng = np.random.default_rng(0)
    steps = {"demand": rng.poisson(1.0, 30).astype(float), "flat": np.full(30, 2.0), "price": 5 + rng.random(30)}
    panel = pd.concat([pd.DataFrame({"unique_id": name, "ds": range(30), "y": y}) for name, y in steps.items()])
    with pytest.raises(
        ps.DataError, match=r"MAPE divides by .* of 30 test values are zero \(the first: row .* of seri"
    ):
        ps.compare([ps.Drift()], panel, ps.RollingOrigin(test=10), metrics=["mase", "mape"])
    result = ps.compare([ps.Drift()], panel, ps.RollingOrigin(test=10), metrics=["mase", "wape"])
    assert "MASE does not exist for 1 of 3 series, which are left out of it: constant" in " ".join(result.findings)
    scores = result.scores_by()
    flat = scores[(scores["unique_id"] == "flat") & (scores["model"] == "Naive")].iloc[0]
    assert np.isnan(flat["mase"])
    assert (flat["wape"], flat["rmse"]) == (0, 0)
    assert np.isfinite(result.row("Drift")["mase"])


def test_r2_within_series_is_not_the_spread_between_them() -> None:
    """Two noises of levels 0 and 1,000: the mean of the past explains nothing of either."""
    rng = np.random.default_rng(0)
    parts = [
        pd.DataFrame({"unique_id": name, "ds": range(300), "y": level + rng.normal(size=300)})
        for name, level in (("low", 0.0), ("high", 1000.0))
    ]
    result = ps.compare([ps.Mean()], pd.concat(parts), ps.RollingOrigin(test=100))
    assert -0.1 < result.row("Mean")["r2"] < 0.01
    assert abs(result.row("Naive")["pearson"]) < 0.3


def test_every_metric_has_a_name_and_words() -> None:
    for name in METRIC_NAMES:
        for each in resolve_metrics(name, (80,), None, np.zeros((1, 1))):
            assert each.words
            assert each.key.startswith(name)
