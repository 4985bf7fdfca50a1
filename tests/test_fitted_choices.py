"""What a comparison says of its models: every option, and what fits chose where an option left it open."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.fitted_choices import used_options

MONTHS = pd.date_range("2010-01-31", periods=72, freq="ME")
WAVE = 10 + np.sin(np.arange(72) * np.pi / 6) + np.random.default_rng(0).normal(scale=0.1, size=72)
FRAME = pd.DataFrame({"ds": MONTHS, "y": WAVE})


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (ps.AR(), "AR(horizon=1, order=5, max_order=20)"),
        (ps.AR("bic", max_order=6), "; chosen: order "),
        (ps.EMA(max_span=9), "; chosen: span "),
        (ps.EMA(3), "EMA(horizon=1, span=3, max_span=63)"),
        (ps.SeasonalNaive(None), "SeasonalNaive(horizon=1, season=None); chosen: season 12"),
        (ps.SeasonalNaive(4), "SeasonalNaive(horizon=1, season=4)"),
        (ps.Boosting(), "; chosen: season 12, lags 24, trees "),
        (ps.Theta(), "; chosen: season 12"),
        (ps.Naive2(), "; chosen: season 12"),
        (ps.Ridge(lags=3), "; chosen: penalty "),
        (ps.Ridge(lags=3, penalty=1.0), "Ridge(horizon=1, lags=3, penalty=1.0)"),
    ],
    ids=repr,
)
def test_models_tell_all_options_and_what_was_chosen(model: Any, said: str) -> None:
    text = used_options(model.fit(FRAME))
    assert said in text
    assert text.count("; chosen") == said.count("; chosen")


def test_a_chosen_order_and_span_are_those_of_the_fit() -> None:
    model = ps.AR("bic", max_order=6).fit(FRAME)
    order = int(model.fitted_choices["order"])
    assert (model.coef_[0, 1 : order + 1] != 0).all()
    assert not model.coef_[0, order + 1 :].any()
    two = pd.concat([FRAME.assign(unique_id="a"), FRAME.assign(unique_id="b", y=np.arange(72.0) % 5)])
    spans = ps.SMA(max_span=9).fit(two)
    low, high = sorted(spans.span_)
    assert spans.fitted_choices["span"].startswith(f"{low} to {high}, median" if low < high else str(low))


def test_a_network_tells_its_epochs_and_season() -> None:
    network = ps.Forecaster(ps.Network([ps.LSTM(2)]), window=4, epochs=2, scale="window", progress=False).fit(FRAME)
    assert "epochs 2" in used_options(network).partition("; chosen: ")[2]


def test_the_page_and_the_json_of_a_comparison_say_it() -> None:
    result = ps.compare([ps.SeasonalNaive(None)], FRAME, ps.RollingOrigin(test=6))
    assert any(text.endswith("chosen: season 12") for text in result.settings().values())
    assert result.to_json()["settings"] == result.settings()
