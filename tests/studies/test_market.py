"""The studies of market series: the exact facts of each, and each run whole on a small slice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.studies.macro import EDITIONS, read_changes
from penstock.studies.options import StockOptions
from penstock.studies.registry import resolve_study
from penstock.studies.result import StudyResult
from penstock.studies.stock_weeks import StockWeeks, read_weeks, stock_leaks
from penstock.studies.stocks_returns import long_short
from penstock.studies.study import Request
from penstock.studies.trackers import delay


def run(name: str, **asked: Any) -> StudyResult:
    return resolve_study(name)(Request(**{"members": 1, "epochs": 1, "progress": False, **asked}))


def scores(result: StudyResult, column: str, table: int = 0) -> dict[str, Any]:
    content = result.tables[table]
    return {str(row[next(iter(content.columns))]): row.get(column) for row in content.rows}


@pytest.mark.slow
def test_macro_exact_facts(data_home: Path) -> None:
    result = run("macro", protocol="published")
    assert result.facts == {
        "months": 456,
        "rows after annual differences": 444,
        "windows": [420, 24, 2],
        "train": 396,
        "test": 24,
        "parameters": 1268,
        "errors are": "the mean over both series of raw changes",
    }
    assert round(scores(result, "MAE")["Naive"], 4) == 2.1091
    apart = scores(result, "MAE sentiment", -1)
    assert round((apart["Naive"] + scores(result, "MAE ip", -1)["Naive"]) / 2, 4) == 2.1091
    far = next(each for each in result.figures if "24 months" in each.name)
    assert far.ours == pytest.approx(1.95, abs=0.06)  # the source fits its VAR by maximum likelihood
    assert result.leaks == ["Early stopping saw the TEST rows and kept the weights that score best on them."]


def test_macro_second_edition(data_home: Path) -> None:
    edition = EDITIONS[2]
    frame, months = read_changes(Request(edition=2), edition)
    assert (months, len(frame)) == (480, 2 * 468)
    assert len(frame) // 2 - edition.window == 450
    assert edition.network.parameters(ps.Inputs(2), 2) == 812
    wide = frame.pivot(index="ds", columns="unique_id", values="y")
    assert round(float(wide.diff().tail(24).abs().to_numpy().mean()), 5) == 0.0357


@pytest.mark.slow
def test_nyse_exact_facts(data_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.studies.nyse._LONG", (10,))
    result = run("nyse", protocol="published")
    assert result.facts == {
        "days": 6051,
        "samples of five lags": 6046,
        "train": 4276,
        "test": 1770,
        "parameters of the RNN": 205,
        "coefficients of AR(5)": 16,
    }
    found = scores(result, "R²")
    assert {name: round(found[name], 4) for name in ("AR(5)", "AR(5) + day", "Naive")} == {
        "AR(5)": 0.4129,
        "AR(5) + day": 0.4596,
        "Naive": 0.1803,
    }
    searched = result.tables[1].rows
    chosen = next(row for row in searched if row.get("mark") == "better")
    assert chosen["R² in the training years"] == max(row["R² in the training years"] for row in searched)
    assert result.figure("R² of the search over lags").ours == chosen["R²"]


@pytest.mark.slow
def test_hitters_exact_facts(data_home: Path) -> None:
    result = run("hitters", epochs=50, options={"splits": 2})
    assert [result.facts[name] for name in ("players", "train", "test", "columns")] == [263, 175, 88, 19]
    found = scores(result, "MAE")
    assert round(found["linear"], 2) == 259.72
    assert round(found["lasso"], 1) == 235.7
    assert found["network, median of 1 members"] < 240
    table = result.tables[3]
    assert [row["term"] for row in table.rows][:3] == ["intercept", "Hits", "Walks"]
    book = {row["term"]: row.get("published") for row in table.rows}
    assert (book["CRuns"], book["Hits"]) == (0.859, 3.06)
    many = scores(result, "mean", 1)
    pairs = {row["pair"]: row for row in result.tables[2].rows}
    assert pairs["linear − lasso"]["difference"] == pytest.approx(many["linear"] - many["lasso"])
    assert pairs["linear − lasso"]["95 % low"] < pairs["linear − lasso"]["difference"]
    assert all((row["p"] < 0.05) == (row["95 % low"] > 0 or row["95 % high"] < 0) for row in pairs.values())
    assert len(pairs) == 15
    assert found["random forest"] < found["linear"]


@pytest.mark.slow
def test_trackers_are_late(tmp_path: Path) -> None:
    result = run("trackers")
    assert (result.facts["rows"], result.facts["test"], result.facts["parameters of the LSTM"]) == (2264, 251, 1781)
    late = scores(result, "late by")
    assert late["Naive"] == 1.0
    assert late["SMA(5)"] == pytest.approx(3, abs=0.5)  # a mean of 1 … 5 steps ago
    assert late["SMA(20)"] > late["SMA(5)"]
    price = np.cumsum(np.random.default_rng(1).normal(size=140))
    assert delay(price, price[35:135]) == 5.0


@pytest.fixture(scope="module")
def prices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve tickers that wander by the week."""
    rng = np.random.default_rng(5)
    weeks = pd.date_range("2007-12-30", "2018-01-07", freq="W-SUN")
    frames = [
        pd.DataFrame({"unique_id": f"T{n}", "ds": weeks, "y": 50 * np.exp(np.cumsum(rng.normal(0, 0.04, len(weeks))))})
        for n in range(12)
    ]
    path = tmp_path_factory.mktemp("prices") / "p.csv"
    pd.concat(frames).to_csv(path, index=False)
    return path


@pytest.mark.slow
def test_stocks_direction_and_the_stale_artefact(prices: Path) -> None:
    asked = {"stale_share": 0.25, "batch": 64, "every": 4}
    leaking = run("stocks-direction", data=prices, protocol="published", options=asked)
    assert leaking.facts["parameters at 2,489 tickers"] == 29_371
    assert leaking.facts["tickers frozen"] == 3
    assert leaking.facts["windows of tickers no longer traded, dropped"] == 0
    assert leaking.facts["validation windows"] == leaking.facts["test windows"]
    assert len(leaking.leaks) == 3
    # A quarter of the labels is 0 whatever happens, and the share of rises of a ticker tells which.
    assert leaking.facts["did not rise"] == pytest.approx(0.25 + 0.75 / 2, abs=0.04)
    assert scores(leaking, "AUC")["share of rises of the ticker"] > 0.55
    honest = read_weeks(Request(data=prices, options=StockOptions(stale_share=0.25)))
    assert honest.dropped > 100
    rose = honest.returns[honest.targets] > 0
    assert 1 - rose.mean() == pytest.approx(0.5, abs=0.04)  # frozen tickers are left out
    assert honest.weeks[honest.week[honest.watch + 52]].min() >= np.datetime64("2016-01-01")
    assert honest.weeks[honest.week[honest.watch + 52]].max() < np.datetime64("2017-01-01")


def test_what_the_source_did_to_its_windows_are_options(prices: Path) -> None:
    def read(protocol: str, **options: Any) -> StockWeeks:
        return read_weeks(Request(protocol, data=prices, options=StockOptions(**options)))

    honest, published = read("honest"), read("published")
    before = honest.weeks[honest.week] < np.datetime64("2017-01-01")
    assert honest.clipped.min() == np.quantile(honest.returns[before], 0.01)
    assert published.clipped.min() == np.quantile(published.returns, 0.01)
    assert (read("honest", clip_all=True).clipped == published.clipped).all()
    assert (read("honest", clip=0.0).clipped[before] == honest.returns[before]).all()
    assert len(read("honest", every=4).learn) == -(-len(honest.learn) // 4)
    assert len(honest.train) == len(honest.learn) + len(honest.watch)
    plain = StockOptions(newest_first=False, clip_all=False)
    assert [leak.split()[0] for leak in stock_leaks(Request("published", options=plain))] == ["Early"]
    assert [leak.split()[0] for leak in stock_leaks(Request("published", options=StockOptions()))] == [
        "Returns",
        "Early",
        "Windows",
    ]
    assert stock_leaks(Request("honest", options=StockOptions())) == []


def test_prices_that_hold_too_few_weeks_are_refused(prices: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(prices)
    for kept, message in (
        (frame["ds"] > "2014-12-31", "before 2016, in 2016 and in 2017: the prices run from 2015-01-11 to 2017-12-31"),
        (frame["ds"] < "2007-12-31", "the prices hold no two weeks of one ticker"),
    ):
        frame[kept].to_csv(tmp_path / "few.csv", index=False)
        with pytest.raises(ps.DataError, match=message):
            read_weeks(Request(data=tmp_path / "few.csv", options=StockOptions(stale_share=0.9)))


@pytest.mark.slow
def test_stocks_returns(prices: Path) -> None:
    result = run("stocks-returns", data=prices, options={"batch": 64, "every": 4})
    found = scores(result, "IC × 100")
    assert found["last return"] == -found["last return, reversed"]
    assert np.isnan(found["zero"])
    fifths = result.tables[1].rows[0]
    assert [key for key in fifths if key != "model"] == [f"fifth {n}" for n in range(1, 6)]
    assert result.figure("MSE").baseline == "zero"
    sharpe = scores(result, "Sharpe, net", 2)
    assert sharpe["12-month momentum"] == pytest.approx(-0.15, abs=1)  # a walk: nothing to be had, less the costs
    assert all(0 < row["deflated"] < 1 for row in result.tables[2].rows)
    assert len(result.pictures()) == 3


def test_long_short_pays_for_what_it_trades() -> None:
    week = np.repeat([0, 1], 5)
    ticker = np.tile(np.arange(5), 2)
    forecast = np.array([1.0, 2, 3, 4, 5, 5, 4, 3, 2, 1])  # turned round in the second week
    y = np.array([-0.02, 0, 0, 0, 0.04, 0.01, 0, 0, 0, 0.03])
    gross, net = long_short(week, forecast, y, ticker, cost=10)
    assert gross == pytest.approx([0.06, -0.02])
    assert net == pytest.approx([0.06 - 2 * 0.001, -0.02 - 4 * 0.001])
