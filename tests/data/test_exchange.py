"""Holidays of exchanges: no missing rows, and never forecast, in fit, predict, compare and the shell alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.data.exchange import open_days

pytest.importorskip("pandas_market_calendars", reason="the extra calendars is not installed")

DAYS = open_days("NYSE", "2023-06-01", "2024-12-24")


def prices(days: Any = DAYS) -> pd.DataFrame:
    return pd.DataFrame({"ds": days.astype("datetime64[ns]"), "y": np.arange(float(len(days)))})


def text(times: Any) -> list[str]:
    return pd.DatetimeIndex(times).strftime("%F").tolist()


def test_holidays_are_left_out_in_every_call(tmp_path: Path) -> None:
    model = ps.Drift(horizon=7).fit(prices(), calendar="NYSE")
    after = ["2024-12-26", "2024-12-27", "2024-12-30", "2024-12-31", "2025-01-02", "2025-01-03", "2025-01-06"]
    assert text(model.predict()["ds"]) == after
    assert text(model.predict(prices().iloc[-50:])["ds"]) == after
    model.save(tmp_path / "m.penstock")
    assert text(ps.load(tmp_path / "m.penstock").predict()["ds"]) == after
    assert text(ps.Drift(horizon=2).fit(prices()).predict()["ds"]) == ["2024-12-25", "2024-12-26"]


def test_a_trading_day_that_is_missing_is_refused_or_filled() -> None:
    frame = prices().drop(index=[100])
    with pytest.raises(ps.DataError, match="skips 1 step of its own rhythm"):
        ps.Drift().fit(frame, calendar="NYSE")
    ps.Drift().fit(frame)  # it may be a holiday, for all that is known
    model = ps.Drift().fit(frame, calendar="NYSE", missing="ffill")
    assert model.predict().shape == (1, 2)
    split = ps.RollingOrigin(test=20)
    assert ps.compare([ps.Drift()], frame, split, calendar="NYSE", missing="ffill").panel.rows == len(DAYS)
    assert ps.compare([ps.Drift()], frame, split, missing="ffill").panel.rows == len(DAYS) - 1


@pytest.mark.parametrize(
    ("days", "calendar", "message"),
    [
        (DAYS, "NYS", "calendar='NYS' is unknown; did you mean 'XNYS'"),
        (np.append(DAYS, np.datetime64("2024-12-25")), "NYSE", "1 rows stand on days on which NYSE is closed, the "),
        (np.arange("2020-01", "2022-01", dtype="datetime64[M]"), "NYSE", "is for rows of days, or of sessions"),
    ],
)
def test_refusals(days: Any, calendar: str, message: str) -> None:
    with pytest.raises(ps.PenstockError, match=message):
        ps.Drift().fit(prices(days), calendar=calendar)


def test_sessions_go_on_at_the_next_trading_day() -> None:
    hours = (DAYS[-30:, None] + np.arange(10, 16).astype("timedelta64[h]")).ravel()
    found = ps.Drift(horizon=7).fit(prices(hours), calendar="NYSE").predict()["ds"]
    assert found.astype(str).tolist()[:1] == ["2024-12-26 10:00:00"]
    assert found.astype(str).tolist()[-1:] == ["2024-12-27 10:00:00"]


def test_a_future_frame_is_held_against_the_exchange() -> None:
    frame = prices().assign(day=lambda f: np.arange(len(f)) % 5)
    model = ps.ARX(2, horizon=2).fit(frame, known="day", calendar="NYSE")
    right = pd.DataFrame({"ds": pd.to_datetime(["2024-12-26", "2024-12-27"]), "day": [3, 4]})
    assert text(model.predict(future=right)["ds"]) == ["2024-12-26", "2024-12-27"]
    with pytest.raises(ps.DataError, match="step 1 is 2024-12-27, where 2024-12-26 follows 2024-12-24"):
        model.predict(future=right.assign(ds=right["ds"] + pd.Timedelta(days=1)))
