"""Models inside sktime: its own checks, and the numbers of the model itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import penstock as ps

pytest.importorskip("sktime", reason="pip install 'penstock[sktime]' brings sktime, which the test extra leaves out")
from penstock.adapters.sktime import SktimeForecaster

pytestmark = pytest.mark.filterwarnings("default")  # sktime warns of its own and of pandas' changes


def monthly(rows: int = 48, level: float = 100.0) -> pd.Series:
    time = np.arange(rows)
    index = pd.period_range("2020-01", periods=rows, freq="M")
    return pd.Series(level + np.sin(time / 2) + 0.1 * np.cos(time**2), index=index, name="sales")


def native(y: pd.Series, model: Any, **fit: Any) -> Any:
    return model.fit(pd.DataFrame({"ds": y.index, "y": y.to_numpy()}), **fit)


def test_forecasts_and_intervals_are_those_of_the_model() -> None:
    y = monthly()
    forecaster = SktimeForecaster(ps.AR(3)).fit(y, fh=[1, 3])
    ours = native(y, ps.AR(3, horizon=3)).predict(level=[80, 95])
    np.testing.assert_array_equal(forecaster.predict(), ours["yhat"][[0, 2]])
    assert forecaster.predict().index.astype(str).tolist() == ["2024-01", "2024-03"]
    bounds = forecaster.predict_interval(coverage=[0.8, 0.95])
    np.testing.assert_array_equal(bounds[("sales", 0.95, "upper")], ours["hi-95"][[0, 2]])
    later = monthly(50)
    forecaster.update(later[48:], update_params=False)
    frame = pd.DataFrame({"ds": later.index, "y": later.to_numpy()})
    model = native(y, ps.AR(3, horizon=3))
    np.testing.assert_array_equal(forecaster.predict(), model.predict(frame)["yhat"][[0, 2]])
    forecaster.update(later[48:])
    np.testing.assert_array_equal(forecaster.predict(), native(later, ps.AR(3, horizon=3)).predict()["yhat"][[0, 2]])
    with pytest.raises(NotImplementedError, match="in-sample"):
        SktimeForecaster(ps.AR(3)).fit(y, fh=[-1, 1]).predict()


def test_exogenous_columns_are_known_covariates() -> None:
    y = monthly()
    X = pd.DataFrame({"price": np.arange(51.0) % 7}, index=pd.period_range("2020-01", periods=51, freq="M"))
    forecaster = SktimeForecaster(ps.ARX(2)).fit(y, X=X[:48], fh=[1, 2, 3])
    frame = pd.DataFrame({"ds": y.index, "y": y.to_numpy(), "price": X["price"][:48].to_numpy()})
    future = pd.DataFrame({"ds": X.index[48:], "price": X["price"][48:].to_numpy()})
    ours = ps.ARX(2, horizon=3).fit(frame, known="price").predict(future=future)
    np.testing.assert_array_equal(forecaster.predict(X=X[48:]), ours["yhat"])
    assert not SktimeForecaster(ps.AR(2)).get_tag("capability:exogenous")


def test_a_search_and_a_panel() -> None:
    from sktime.forecasting.model_selection import ForecastingGridSearchCV
    from sktime.split import ExpandingWindowSplitter

    y = monthly()
    cv = ExpandingWindowSplitter(fh=[1, 2], initial_window=36, step_length=4)
    search = ForecastingGridSearchCV(SktimeForecaster(ps.AR(1)), cv=cv, param_grid={"model__order": [1, 4]})
    search.fit(y, fh=[1, 2])
    assert search.best_params_["model__order"] == 4
    panel = pd.concat({"b": monthly(level=5.0).to_frame(), "a": monthly().to_frame()}, names=["shop", "month"])
    panel = panel.sort_index()
    forecaster = SktimeForecaster(ps.Ridge(3)).fit(panel, fh=[2])
    long = pd.DataFrame({"unique_id": panel.index.get_level_values(0), "ds": panel.index.get_level_values(1)})
    ours = ps.Ridge(3, horizon=2).fit(long.assign(y=panel["sales"].to_numpy())).predict()
    found = forecaster.predict()
    assert found.index.get_level_values(0).tolist() == ["a", "b"]
    np.testing.assert_array_equal(found["sales"], ours["yhat"][[1, 3]])


@pytest.mark.slow
def test_a_network_with_nested_options() -> None:
    model = ps.Forecaster(ps.Network([ps.RNN(2)]), window=6, epochs=2, seed=1, progress=False)
    forecaster = SktimeForecaster(model).set_params(model__window=8).fit(monthly(), fh=[1, 2])
    twin = model.clone().set_params(window=8, horizon=2)
    np.testing.assert_array_equal(forecaster.predict(), native(monthly(), twin).predict()["yhat"])


@pytest.mark.slow
def test_the_checks_of_sktime() -> None:
    from sktime.utils.estimator_checks import check_estimator

    found = check_estimator(SktimeForecaster, raise_exceptions=False, verbose=False)
    assert {name: said for name, said in found.items() if said != "PASSED"} == {}
    assert len(found) > 500
