"""Other people's models, and forecasts that were made elsewhere, in a comparison."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

import penstock as ps

SPLIT = ps.RollingOrigin(horizon=2, test=6, step=2)


def panel(rows: int = 40) -> pd.DataFrame:
    draw = np.random.default_rng(2)
    days = pd.date_range("2024-01-01", periods=rows)
    return pd.concat(
        pd.DataFrame({"unique_id": name, "ds": days, "y": level + draw.normal(size=rows).cumsum()})
        for name, level in (("b", 50.0), ("a", 500.0))
    )


def last_value(frame: pd.DataFrame, horizon: int) -> pd.DataFrame:
    """The last value of each series, as a frame."""
    last = frame.groupby("unique_id", sort=False)["y"].last().repeat(horizon)
    return last.rename("yhat").reset_index()


def made_elsewhere(frame: pd.DataFrame) -> pd.DataFrame:
    """The forecasts of the last value as R or a spreadsheet would hand them over."""
    out = ps.compare([ps.Naive()], frame, SPLIT, level=80).forecasts
    return out.drop(columns=["step", "model", "y"])


def test_a_function_and_a_frame_are_judged_as_the_model_itself() -> None:
    frame = panel()
    models: dict[str, Any] = {"function": last_value, "elsewhere": made_elsewhere(frame), "drift": ps.Drift()}
    result = ps.compare(models, frame, SPLIT, level=80)
    naive = result.row("Naive")["rmse"]
    assert result.row("function")["rmse"] == pytest.approx(naive)
    assert result.row("elsewhere")["rmse"] == pytest.approx(naive)
    assert result.row("elsewhere")["coverage_80"] == result.row("Naive")["coverage_80"]
    leaks = [leak.split()[0] for leak in result.to_json()["leaks"]]
    assert leaks == ["function", "elsewhere"]
    assert "Leak: elsewhere was forecast elsewhere; that no forecast saw a value after its cutoff" in str(result)
    assert "function: fitted afresh at every cutoff, since it reads no newer rows." in result.findings


def test_a_function_sees_nothing_after_the_cutoff() -> None:
    seen = []

    def look(frame: pd.DataFrame, horizon: int) -> list[float]:
        seen.append((frame["ds"].max(), set(frame["unique_id"])))
        return [1.0] * horizon * frame["unique_id"].nunique()

    ps.compare([look], panel(), SPLIT)
    assert [time.day for time, _ in seen] == [3, 5, 7]  # of 2024-02: the three cutoffs
    assert all(names == {"a", "b"} for _, names in seen)


def test_a_regressor_forecasts_from_lags() -> None:
    rows = np.arange(60.0)
    frame = pd.DataFrame({"ds": range(60), "y": 10 + 3 * np.sin(2 * np.pi * rows / 6)})
    result = ps.compare([LinearRegression()], frame, SPLIT)
    assert result.row("LinearRegression")["rmse"] < 1e-8
    assert ps.audit(LinearRegression(), frame)["future-blindness"].outcome != "fail"


def test_an_object_with_fit_and_predict_is_fitted_once_a_fold() -> None:
    class Mean:
        fits = 0

        def fit(self, frame: pd.DataFrame) -> None:
            Mean.fits += 1
            self.mean = frame["y"].mean()

        def predict(self, frame: pd.DataFrame) -> list[float]:
            return [self.mean] * 2 * frame["unique_id"].nunique()

    frame = panel()
    result = ps.compare([Mean()], frame, SPLIT)
    assert Mean.fits == 1
    assert result.entries["Mean"].forecast[0, 0] == pytest.approx(frame[frame["ds"] < "2024-02-04"]["y"].mean())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda f: f.drop(columns="cutoff"),
            "have no column 'cutoff', the time of the last .* Needed: 'unique_id'",
        ),
        (lambda f: f.rename(columns={"yhat": "mean"}), "have no column 'yhat', the forecast"),
        (lambda f: f[f["cutoff"] != f["cutoff"].max()], r"4 of 12 forecasts are missing; .* a cutoff that they do not"),
        (lambda f: f[f["unique_id"] != "a"], r"6 of 12 .* the first series without any is 'a', and .* hold 'b'"),
        (lambda f: f.iloc[1:], "1 of 12 .* give all 2 steps from each"),
        (
            lambda f: f.assign(yhat=f["yhat"].where(f["yhat"] != f["yhat"].max())),
            "values of 'yhat' are missing",
        ),
        (lambda f: pd.concat([f, f.iloc[:1]]), "rows 0 and 12 forecast the same time of the same series"),
        (lambda f: f.drop(columns="lo-80"), "have no column 'lo-80' for the intervals that were asked for"),
    ],
)
def test_frames_of_forecasts_that_cannot_be_used(change: Any, words: str) -> None:
    frame = panel()
    with pytest.raises(ps.DataError, match=words):
        ps.compare({"R": change(made_elsewhere(frame))}, frame, SPLIT, level=80)


def test_functions_that_answer_wrongly() -> None:
    with pytest.raises(ps.DataError, match="short gave 1 forecasts a series, but 2 are needed"):
        ps.compare({"x": _named("short", lambda frame, horizon: [1.0, 2.0])}, panel(), SPLIT)
    with pytest.raises(ps.DataError, match="holes forecast NaN or infinity of series 'b' from the cutoff 2024-02-03"):
        ps.compare([_named("holes", lambda frame, horizon: [np.nan] * 4)], panel(), SPLIT)


def _named(name: str, function: Any) -> Any:
    function.__name__ = name
    return function


def test_models_that_hold_their_rows_ask_for_a_function() -> None:
    from statsmodels.tsa.ar_model import AutoReg

    with pytest.raises(ps.OptionError, match="AutoReg of statsmodels holds the rows .* def autoreg"):
        ps.compare([AutoReg(np.arange(20.0), 1)], panel(), SPLIT)


def test_statsforecast_by_itself_and_whole() -> None:
    models = pytest.importorskip("statsforecast.models", reason="pip install 'penstock[classical]'")
    from statsforecast import StatsForecast

    result = ps.compare({"one": models.Naive(), "whole": StatsForecast([models.Naive()], freq="D")}, panel(), SPLIT)
    assert result.row("one")["rmse"] == pytest.approx(result.row("Naive")["rmse"])
    assert result.row("whole")["rmse"] == pytest.approx(result.row("Naive")["rmse"])


def test_answers_that_name_their_series_are_put_in_order() -> None:
    def backwards(frame: pd.DataFrame, horizon: int) -> pd.DataFrame:
        return last_value(frame, horizon).sort_values("unique_id", kind="stable")

    result = ps.compare([backwards], panel(), SPLIT)
    assert result.row("backwards")["rmse"] == pytest.approx(result.row("Naive")["rmse"])
    with pytest.raises(ps.DataError, match="half gave 0 forecasts of series 'a', and up to 2 of others"):
        ps.compare([_named("half", lambda frame, h: last_value(frame, h)[:2])], panel(), SPLIT)
