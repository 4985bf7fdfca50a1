"""The series whose law is known."""

from __future__ import annotations

import numpy as np

from penstock.studies.simulated import PHI, SERIES, simulate


def test_the_series_follow_their_laws() -> None:
    panels = {name: simulate(make, 60, 700, seed=3)[0].y.reshape(60, 700) for name, (make, _) in SERIES.items()}
    y = panels["AR(1)"]
    assert abs((y[:, 1:] * y[:, :-1]).sum() / np.square(y[:, :-1]).sum() - PHI) < 0.01
    assert abs(np.diff(panels["random walk"], axis=1).std() - 1) < 0.02
    r = panels["GARCH(1,1)"]
    assert abs(np.square(r).mean() - 1) < 0.1
    squares = np.square(r) - np.square(r).mean()
    assert (squares[:, 1:] * squares[:, :-1]).mean() / np.square(squares).mean() > 0.1  # volatility clusters
    again = simulate(SERIES["AR(1)"][0], 60, 700, seed=3)[0]
    assert np.array_equal(again.y.reshape(60, 700), y)
