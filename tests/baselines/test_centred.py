"""A level far above its own changes costs no digits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.baselines.arx import ARX
from penstock.baselines.autoregression import AR
from penstock.baselines.vector_autoregression import VAR


def frame(level: float, step: float, series: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    parts = []
    for name in range(series):
        z = np.zeros(300)
        for t in range(2, 300):
            z[t] = 0.6 * z[t - 1] - 0.3 * z[t - 2] + rng.normal()
        parts.append(pd.DataFrame({"unique_id": name, "ds": range(300), "y": level + step * z, "k": z**2 * step}))
    return pd.concat(parts)


@pytest.mark.parametrize(("level", "step"), [(1e6, 1e-3), (1e9, 1e-1), (-1e6, 1e-2), (0.0, 1e-9), (0.0, 1e9)])
@pytest.mark.parametrize(
    ("model", "columns"), [(AR(2), {}), (AR("bic"), {}), (ARX(2), {"past": "k"}), (VAR(2), {}), (ps.Ridge(lags=2), {})]
)
def test_forecasts_and_errors_follow_level_and_step(model: Any, columns: Any, level: float, step: float) -> None:
    series = 2 if isinstance(model, VAR) else 1
    usual, moved = (model.clone().fit(frame(*where, series), **columns) for where in ((0.0, 1.0), (level, step)))
    expected, found = usual.predict()["yhat"].to_numpy(), (moved.predict()["yhat"].to_numpy() - level) / step
    assert found == pytest.approx(expected, rel=2e-3, abs=2e-3)
    if hasattr(model, "coef_") or isinstance(model, (AR, ARX, VAR)):
        wide, other = (fit.predict(level=80) for fit in (usual, moved))
        width = (other["hi-80"] - other["lo-80"]) / step
        assert width.to_numpy() == pytest.approx((wide["hi-80"] - wide["lo-80"]).to_numpy(), rel=2e-3)
