"""simulated: what is known beforehand, and so can be checked: multi-step forecasts of AR(1) series, and coverage.

Sixty AR(1) series, φ = .95: the best forecast k steps ahead is φ^k times the last value. Networks learn from 400 values
of each and are judged on 312 more, for 60 cutoffs alone would let chance decide. A network whose steps do not all see
the newest values fails here at the first step. Then intervals of 80 % and 95 % one step
ahead on three kinds of series, for each kind of head: the share of later values that they cover.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from penstock.data.frames import FrameKind, read_panel
from penstock.data.panel import Panel
from penstock.forecaster import Forecaster
from penstock.layers.declared import LSTM
from penstock.networks.network import Network
from penstock.report.table import Table
from penstock.studies.figures import Figure
from penstock.studies.result import StudyResult
from penstock.studies.study import Request
from penstock.training.optimizers import Adam

__all__ = ["SERIES", "run", "simulate"]

Values = NDArray[np.float64]

PHI, HORIZON, COUNT = 0.95, 12, 60
ROWS, TEST = 400, 312  # training rows of each series, and those that follow
LEVELS = (80, 95)
LOSSES = ("mse", "pinball", "gaussian", "student")


def _autoregression(e: Values, phi: float = PHI) -> Values:
    """y_t = φ y_{t−1} + ε_t, from its stationary law."""
    y = e.copy()
    y[:, 0] /= np.sqrt(1 - phi**2)
    for t in range(1, y.shape[1]):
        y[:, t] += phi * y[:, t - 1]
    return y


def _garch(e: Values) -> Values:
    """Make returns of GARCH(1, 1): ω = .05, α = .1, β = .85."""
    r, variance = np.empty_like(e), np.ones(len(e))
    for t in range(e.shape[1]):
        r[:, t] = np.sqrt(variance) * e[:, t]
        variance = 0.05 + 0.1 * np.square(r[:, t]) + 0.85 * variance
    return r


SERIES: dict[str, tuple[Callable[[Values], Values], str]] = {
    "AR(1)": (_autoregression, "none"),
    "random walk": (lambda e: np.cumsum(e, axis=1), "difference"),
    "GARCH(1,1)": (_garch, "none"),
}
"""What is made of standard normal shocks ``[series, rows]``, and the transform that a network is given."""


def simulate(make: Callable[[Values], Values], count: int, rows: int, seed: int) -> tuple[Panel, FrameKind]:
    """Draw a panel of series."""
    y = make(np.random.default_rng(seed).normal(size=(count, rows)))
    ids = [f"s{number:03}" for number in range(count)]
    frame = pd.DataFrame({"unique_id": np.repeat(ids, rows), "ds": np.tile(np.arange(rows), count), "y": y.ravel()})
    return read_panel(frame)


def _network(request: Request, **options: Any) -> Forecaster:
    usual = {"window": 24, "scale": "standard", "batch": 128, "patience": 15, "optimizer": Adam(0.003)}
    return Forecaster(Network([LSTM(16)]), **{**usual, **request.training(100), **options})


def _steps_ahead(request: Request) -> tuple[Table, dict[str, Values]]:
    panel, kind = simulate(_autoregression, COUNT, ROWS + TEST, request.seed)
    ends = panel.offsets[:-1] + ROWS
    model = _network(request, horizon=HORIZON).fit_panel(panel.before(ends), kind)
    origins = np.concatenate([np.arange(end - 1, end + TEST - HORIZON, 4) for end in ends])
    last, y = panel.y[origins][:, None], panel.y[origins[:, None] + np.arange(1, HORIZON + 1)]
    forecasts = {
        "true AR(1)": last * PHI ** np.arange(1, HORIZON + 1),
        model.label: model.forecast_panel(panel, origins).mean(axis=0),
        "last value": np.repeat(last, HORIZON, axis=1),
    }
    errors = {name: np.abs(y - yhat).mean(axis=0) for name, yhat in forecasts.items()}
    rows = [
        {"model": name, **{f"h = {step}": each[step - 1] for step in (1, 2, 3, 6, 12)}, "mean": each.mean()}
        for name, each in errors.items()
    ]
    forms = {"model": "", **{name: ".3f" for name in rows[0] if name != "model"}}
    return Table("Mean absolute error by step ahead, AR(1), φ = .95", forms, rows), errors


def _coverage(request: Request) -> Table:
    rows = []
    for name, (make, transform) in SERIES.items():
        panel, kind = simulate(make, COUNT, 900, request.seed + 1)
        ends = panel.offsets[:-1] + 700
        origins = np.concatenate([np.arange(end - 1, end + 199) for end in ends])
        for loss in LOSSES:
            options = {"loss": loss, "transform": transform, "validation": 0.4, "members": 1, "patience": 8}
            model = _network(request, **options, epochs=request.epochs or 30)
            model.fit_panel(panel.before(ends), kind)
            bounds = model.bounds_panel(panel, origins, LEVELS)[..., 0]
            y = panel.y[origins + 1]
            row: dict[str, Any] = {"series": name, "loss": loss}
            for level, (low, high) in zip(LEVELS, bounds, strict=True):
                row[f"{level} %"] = float(np.mean((low <= y) & (y <= high)))
                row[f"width {level} %"] = float(np.mean(high - low))
            rows.append(row)
    forms = {"series": "", "loss": "", "80 %": ".1%", "95 %": ".1%", "width 80 %": ".3f", "width 95 %": ".3f"}
    notes = ("12,000 later values of 60 series; loss mse: split conformal from the validation tail.",)
    return Table("Share of later values covered, one step ahead", forms, rows, notes)


def run(request: Request) -> StudyResult:
    """Run both parts."""
    table, errors = _steps_ahead(request)
    coverage = _coverage(request)
    truth, network, naive = errors.values()
    first, mean = network[0] / truth[0], network.mean() / truth.mean()
    covered = {level: [row[f"{level} %"] for row in coverage.rows] for level in LEVELS}
    within = " and ".join(f"{min(each):.1%} to {max(each):.1%} ({level} %)" for level, each in covered.items())
    figures = [
        Figure(f"MAE over the true model's, {what}", None, ours, None, None, "last value", other, ".3f")
        for what, ours, other in (
            ("h = 1", first, naive[0] / truth[0]),
            (f"mean of {HORIZON} steps", mean, naive.mean() / truth.mean()),
        )
    ]
    return StudyResult(
        "simulated",
        request,
        {"series": COUNT, "rows": ROWS, "horizon": HORIZON, "window": 24, "network": "LSTM(16)"},
        figures,
        [table, coverage],
        [
            f"The direct network's error is {first:.3f} times that of the true model one step ahead, and {mean:.3f} "
            f"times on average over {HORIZON} steps; the last value's, {naive.mean() / truth.mean():.3f} times.",
            f"Intervals cover {within} over all series and heads.",
        ],
    )
