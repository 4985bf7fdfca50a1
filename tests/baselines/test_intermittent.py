"""Croston's method and TSB against their recursions, written out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import penstock as ps

Y = [0.0, 3.0, 0.0, 0.0, 5.0, 0.0, 2.0, 0.0, 0.0]


def frame(y: list[float], **more: str) -> pd.DataFrame:
    return pd.DataFrame({"ds": range(len(y)), "y": y, **more})


def croston(y: list[float], alpha: float) -> tuple[float, float]:
    size = interval = None
    waited = 0
    for value in y:
        waited += 1
        if value > 0:
            size = value if size is None else size + alpha * (value - size)
            interval = waited if interval is None else interval + alpha * (waited - interval)
            waited = 0
    assert size is not None
    assert interval is not None
    return size, interval


def test_croston_equals_its_recursion() -> None:
    size, interval = croston(Y, 0.3)
    assert ps.Croston(0.3).fit(frame(Y)).predict()["yhat"].tolist() == pytest.approx([size / interval])
    unbiased = ps.Croston(0.3, variant="sba").fit(frame(Y)).predict()["yhat"].tolist()
    assert unbiased == pytest.approx([0.85 * size / interval])


def test_tsb_equals_its_recursion() -> None:
    size, chance = 0.0, 0.0
    for value in Y:
        if value > 0:
            size = value if size == 0 else size + 0.2 * (value - size)
        chance += 0.1 * ((value > 0) - chance)
    assert ps.TSB(0.2, 0.1).fit(frame(Y)).predict()["yhat"].tolist() == pytest.approx([size * chance])
    assert ps.TSB(0.2, 0.1).label == "TSB(alpha=0.2, beta=0.1)"


def test_the_parameters_have_the_smallest_one_step_errors() -> None:
    draw = np.random.default_rng(0)
    y = (draw.poisson(4, 60) * (draw.random(60) < 0.4)).astype(float)
    chosen = ps.Croston().fit(frame(y.tolist()))

    def loss(alpha: float) -> float:
        model = ps.Croston(alpha).fit(frame(y.tolist()))
        whole = model.forecast_panel(model.tail_, np.arange(59))[0, :, 0]
        return float(np.square(y[1:] - whole).sum())

    best = min((loss(alpha), alpha) for alpha in (0.01, 0.05, 0.1, 0.2, 0.3))
    assert loss(chosen.alphas_[0, 0]) <= best[0]
    assert chosen.sigma_[0] == pytest.approx(np.sqrt(loss(chosen.alphas_[0, 0]) / 59))


@pytest.mark.parametrize("model", [ps.Croston(), ps.TSB()], ids=lambda model: model.label)
def test_zeros_are_forecast_zero_and_negative_values_are_refused(model: ps.TSB) -> None:
    assert model.fit(frame([0.0] * 9)).predict(level=80)[["yhat", "hi-80"]].to_numpy().tolist() == [[0, 0]]
    both = pd.concat([frame(Y, unique_id="a"), frame([1.0, -2.0, 0.0, 0.0], unique_id="b")])
    with pytest.raises(ps.DataError, match="demands, which are zero or above, but of series 'b' holds -2; use ETS"):
        model.fit(both)
