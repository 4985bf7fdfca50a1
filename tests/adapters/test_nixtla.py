"""Models behind the interface of StatsForecast and NeuralForecast: their rows, and the numbers of the models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import penstock as ps
from penstock.adapters.nixtla import Forecasts


def sales(rows: int = 40) -> pd.DataFrame:
    time = np.arange(rows)
    parts = [
        pd.DataFrame({"unique_id": name, "ds": pd.date_range("2024-01-31", periods=rows, freq="ME"), "y": level * wave})
        for name, level in (("a", 5.0), ("b", 50.0))
        for wave in [10 + np.sin(time / 2) + 0.1 * np.cos(time**2)]
    ]
    return pd.concat(parts, ignore_index=True)


def test_a_column_a_model() -> None:
    forecasts = Forecasts([ps.AR(2), ps.AR(2), ps.Naive()], freq="ME").fit(sales(), h=3)
    found = forecasts.predict(2, level=80)
    assert list(found) == [
        "unique_id", "ds", "AR(2)", "AR(2)-lo-80", "AR(2)-hi-80", "AR(2) #2", "AR(2) #2-lo-80", "AR(2) #2-hi-80",
        "Naive", "Naive-lo-80", "Naive-hi-80",
    ]  # fmt: skip
    ours = ps.AR(2, horizon=3).fit(sales()).predict(level=80)
    np.testing.assert_array_equal(found["AR(2)-lo-80"], ours["lo-80"][[0, 1, 3, 4]])
    with pytest.raises(ps.OptionError, match=r"h=4, but AR\(2\) was fitted for 3; fit for as many: fit\(df, h=4\)"):
        forecasts.predict(4)
    with pytest.raises(ps.OptionError, match="not fitted yet"):
        Forecasts([ps.Naive()]).predict()


def test_cross_validation_gives_the_forecasts_of_a_comparison() -> None:
    found = Forecasts({"mine": ps.AR(2)}).cross_validation(sales(), 3, n_windows=2, step_size=2, level=80)
    split = ps.RollingOrigin(horizon=3, test=5, step=2, refit=1, align="series")
    ours = ps.compare({"mine": ps.AR(2, horizon=3)}, sales(), split, level=80, intervals="own").forecasts
    ours = ours[ours["model"] == "mine"]
    ours = ours.sort_values(["unique_id", "cutoff", "ds"])
    np.testing.assert_array_equal(found["mine-hi-80"], ours["hi-80"])
    np.testing.assert_array_equal(found["y"], ours["y"])
    polars = Forecasts([ps.Naive()]).cross_validation(pl.from_pandas(sales()), 3, refit=False)
    assert polars.columns == ["unique_id", "ds", "cutoff", "y", "Naive"]


def test_other_columns_are_known_covariates() -> None:
    frame = sales().assign(price=np.arange(80.0) % 7)
    ahead = pd.DataFrame({"unique_id": ["a", "b"], "ds": pd.to_datetime(["2027-05-31"] * 2), "price": [1.0, 2.0]})
    found = Forecasts([ps.ARX(2), ps.Naive()]).fit(frame).predict(X_df=ahead)
    ours = ps.ARX(2).fit(frame, known="price").predict(future=ahead)
    np.testing.assert_array_equal(found.iloc[:, 2], ours["yhat"])


@pytest.mark.parametrize(("n_windows", "step_size", "refit"), [(3, 1, True), (2, 4, False), (4, 2, 2)])
@pytest.mark.filterwarnings("default")  # of pandas, at that library's calls
def test_rows_are_those_of_statsforecast(n_windows: int, step_size: int, refit: Any) -> None:
    pytest.importorskip("statsforecast", reason="pip install 'penstock[classical]' brings statsforecast")
    from statsforecast import StatsForecast
    from statsforecast.models import Naive

    frame = sales()
    theirs = StatsForecast([Naive()], freq="ME").cross_validation(
        df=frame, h=4, n_windows=n_windows, step_size=step_size, refit=refit
    )
    ours = Forecasts([ps.Naive()], freq="ME").cross_validation(
        frame, 4, n_windows=n_windows, step_size=step_size, refit=refit
    )
    pd.testing.assert_frame_equal(ours, theirs.reset_index(drop=True), check_dtype=False)
    ahead = StatsForecast([Naive()], freq="ME").fit(frame).predict(h=4, level=[80])
    mine = Forecasts([ps.Naive()], freq="ME").fit(frame, h=4).predict(4, level=[80])
    assert list(mine) == list(ahead.reset_index(drop=True))
    assert mine["ds"].tolist() == ahead["ds"].tolist()


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_rows_are_those_of_neuralforecast() -> None:
    pytest.importorskip("neuralforecast", reason="pip install 'penstock[peers]' brings neuralforecast and torch")
    from neuralforecast import NeuralForecast
    from neuralforecast.models import MLP

    frame, quiet = sales(), {"enable_progress_bar": False, "logger": False, "enable_checkpointing": False}
    nf = NeuralForecast([MLP(h=3, input_size=6, max_steps=1, **quiet)], freq="ME")
    theirs = nf.cross_validation(frame, n_windows=2, step_size=2).reset_index(drop=True)
    model = ps.Forecaster(ps.Network([ps.RNN(2)]), window=6, epochs=1, progress=False)
    ours = Forecasts({"RNN": model}, freq="ME").cross_validation(frame, 3, n_windows=2, step_size=2, refit=False)
    rows = ["unique_id", "ds", "cutoff", "y"]
    pd.testing.assert_frame_equal(ours[rows], theirs[rows], check_dtype=False, check_exact=False, rtol=1e-6)
