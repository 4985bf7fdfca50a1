"""Models inside darts: its backtest and search, and the numbers of the model itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import penstock as ps

pytest.importorskip("darts", reason="pip install 'penstock[peers]' brings darts and torch")
from darts import TimeSeries

from penstock.adapters.darts import DartsForecaster

pytestmark = pytest.mark.filterwarnings("default")  # darts warns of what its dependencies change

DAYS = pd.date_range("2024-01-01", periods=60, freq="D")


def wave(level: float = 100.0, rows: int = 60) -> np.ndarray[Any, Any]:
    time = np.arange(rows)
    return level + np.sin(time / 2) + 0.1 * np.cos(time**2)


def series(level: float = 100.0, rows: int = 60, name: str = "sales") -> TimeSeries:
    return TimeSeries.from_times_and_values(DAYS[:rows], wave(level, rows), columns=[name])


def frame(rows: int = 60) -> pd.DataFrame:
    return pd.DataFrame({"ds": DAYS[:rows], "y": wave(rows=rows)})


def test_forecasts_are_those_of_the_model() -> None:
    model = DartsForecaster(ps.AR(3, horizon=4)).fit(series(rows=50))
    ours = ps.AR(3, horizon=4).fit(frame(50))
    found = model.predict(3)
    np.testing.assert_array_equal(found.values()[:, 0], ours.predict()["yhat"][:3])
    assert found.time_index.tolist() == DAYS[50:53].tolist()
    assert found.components.tolist() == ["sales"]
    np.testing.assert_array_equal(model.predict(4, series()).values()[:, 0], ours.predict(frame())["yhat"])
    with pytest.raises(ps.OptionError, match="n=5 is beyond the 4 steps"):
        model.predict(5)
    with pytest.raises(ps.OptionError, match="uses no past covariates"):
        DartsForecaster(ps.AR(3)).fit(series(), past_covariates=series())


def test_a_backtest_and_a_search() -> None:
    whole = TimeSeries.from_values(wave())  # counted steps: darts 0.48 cannot divide by a day of pandas 3
    model = DartsForecaster(ps.AR(3, horizon=2))
    found = model.historical_forecasts(whole, start=50, forecast_horizon=2, last_points_only=False, verbose=False)
    split = ps.RollingOrigin(horizon=2, test=10, refit=1)
    result = ps.compare({"AR": ps.AR(3, horizon=2)}, frame(), split)
    theirs = np.stack([each.values()[:, 0] for each in found])
    np.testing.assert_allclose(theirs, result.entries["AR"].forecast, rtol=1e-12)
    model.fit(whole[:50])
    kept = model.historical_forecasts(whole, start=50, forecast_horizon=2, retrain=False, verbose=False)
    assert len(kept) == 9
    parameters = {"model": [ps.AR(order, horizon=2) for order in (1, 4)]}
    best, chosen, _ = DartsForecaster.gridsearch(parameters, whole, forecast_horizon=2, start=0.8)
    assert isinstance(best, DartsForecaster)
    assert chosen["model"].order == 4


def test_several_series_and_covariates() -> None:
    every = [series(5.0, 50, "a"), series(50.0, 50, "b")]
    model = DartsForecaster(ps.Ridge(3, horizon=2)).fit(every)
    together = model.predict(2, every)
    np.testing.assert_array_equal(model.predict(2, every[1]).values(), together[1].values())
    with pytest.raises(ps.OptionError, match="several series; say which"):
        model.predict(2)
    with pytest.raises(ps.DataError, match="1 series cannot be told among the 2 of the fit"):
        model.predict(2, series(name="c"))
    price = TimeSeries.from_times_and_values(DAYS, np.arange(60.0) % 7, columns=["price"])
    found = DartsForecaster(ps.ARX(2, horizon=3)).fit(series(rows=50), future_covariates=price).predict(3)
    rows = frame().assign(price=np.arange(60.0) % 7)
    ours = ps.ARX(2, horizon=3).fit(rows[:50], known="price").predict(future=rows[50:].drop(columns="y"))
    np.testing.assert_array_equal(found.values()[:, 0], ours["yhat"])
