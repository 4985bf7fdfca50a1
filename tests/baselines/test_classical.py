"""The models of the extra `classical`: what the library says, one series at a time."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.errors import DataWarning


def monthly(rows: int = 72, name: str = "a") -> pd.DataFrame:
    draw, time = np.random.default_rng(1), np.arange(rows)
    y = (100 + 0.7 * time) * (1 + 0.2 * np.sin(2 * np.pi * time / 12)) + draw.normal(size=rows).cumsum()
    days = pd.date_range("2012-05-01", periods=rows, freq="MS")
    return pd.DataFrame({"unique_id": name, "ds": days, "y": y})


@pytest.mark.parametrize("name", ["ETS", "ARIMA", "MSTL"])
def test_without_the_library_the_error_says_how_to_have_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "statsforecast.models", None)
    with pytest.raises(ps.OptionError, match=rf"{name} needs statsforecast: pip install 'penstock\[classical\]'"):
        getattr(ps, name)().fit(monthly())


def test_what_no_model_can_take_is_refused() -> None:
    with pytest.raises(ps.OptionError, match=r"season=52 is longer than 24 steps.*use MSTL\(52\), or season=1"):
        ps.ETS(52)
    with pytest.raises(ps.OptionError, match="season=.* holds several periods; allowed: one, or MSTL"):
        ps.ARIMA((24, 168))
    with pytest.raises(ps.OptionError, match="model='XYZ' is no form; allowed: three letters"):
        ps.ETS(model="XYZ")
    with pytest.raises(ps.OptionError, match="additive error and a multiplicative .* allowed: 'MAM'"):
        ps.ETS(model="AAM")


def test_the_library_is_asked_series_by_series() -> None:
    library = pytest.importorskip("statsforecast.models", reason="pip install 'penstock[classical]'")
    frame = monthly()
    model = ps.ETS(horizon=6).fit(frame)
    expected = library.AutoETS(12).forecast(frame["y"].to_numpy(), 6, level=[80])
    out = model.predict(level=80)
    np.testing.assert_allclose(out["yhat"], expected["mean"], rtol=1e-10)
    np.testing.assert_allclose(out["hi-80"], expected["hi-80"], rtol=1e-6)
    assert model.fit_notes == ("season of 12 steps, taken from the frequency",)
    assert model.forms == [library.AutoETS(12).fit(frame["y"].to_numpy()).model_["method"]]


def test_series_that_hold_no_two_seasons_are_named() -> None:
    pytest.importorskip("statsforecast.models", reason="pip install 'penstock[classical]'")
    both = pd.concat([monthly(), monthly(20, "b")])
    with pytest.warns(DataWarning, match=r"ETS\(12\): 1 of 2 series have fewer rows than two seasons of 12 .*'b'"):
        model = ps.ETS(12, horizon=2).fit(both)
    assert model.periods_.tolist() == [[12], [0]]
    assert model.forms[1].endswith("N)")
    with pytest.raises(ps.DataError, match="season=24 steps is longer than every series"):
        ps.ETS(24).fit(monthly(20))


@pytest.mark.parametrize("name", ["ETS", "ARIMA", "MSTL"])
def test_zeros_and_constants_are_forecast_as_they_are(name: str) -> None:
    pytest.importorskip("statsforecast.models", reason="pip install 'penstock[classical]'")
    frame = pd.concat([monthly(30).assign(y=0.0), monthly(30, "b").assign(y=5.0)])
    assert getattr(ps, name)(1, horizon=2).fit(frame).predict()["yhat"].tolist() == [0, 0, 5, 5]


def test_a_panel_of_several_frequencies_is_told() -> None:
    quarters = monthly(40, "q").assign(ds=pd.date_range("2000-01-01", periods=40, freq="QS"))
    with pytest.warns(DataWarning, match="'a' suggests a season of 12 steps, that of 'q' of 4 steps; the first is"):
        ps.Theta().fit(pd.concat([monthly(), quarters]))
