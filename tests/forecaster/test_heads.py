"""What the loss makes of a forecaster: probabilities of a rise, quantiles, distributions; gaps; recursion."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.data.frames import Columns, read_panel
from penstock.data.transforms import TRANSFORMS

pytestmark = pytest.mark.slow

SMALL = {"window": 4, "batch": 32, "scale": "standard", "optimizer": ps.Adam(0.02), "validation": 12, "seed": 1}
RNN = ps.Network([ps.RNN(4)])


def ar1(rows: int = 300, phi: float = 0.8, level: float = 10) -> pd.DataFrame:
    steps = np.random.default_rng(5).normal(size=rows)
    y = np.zeros(rows)
    for t in range(1, rows):
        y[t] = phi * y[t - 1] + steps[t]
    return pd.DataFrame({"ds": range(rows), "y": level + y})


def test_direction_is_the_probability_of_a_rise() -> None:
    """Up two days, down two days: a rise is certain or impossible, two steps ahead as well."""
    y = np.array([0.0, 1, 2, 1])[np.arange(160) % 4] + 5
    frame = pd.DataFrame({"ds": range(160), "y": y})
    model = ps.Forecaster(RNN, loss="direction", transform="difference", horizon=2, epochs=40, **SMALL)  # type: ignore[arg-type]
    panel, _ = read_panel(frame)
    origins = np.arange(100, 140)
    p = model.fit(frame[:120]).forecast_panel(panel, origins)[0]
    rises = np.diff(y)[origins[:, None] + [0, 1]] > 0
    assert (np.abs(p - rises) < 0.2).all()


def test_labels_are_taken_before_scaling() -> None:
    panel, _ = read_panel(ar1(level=0))
    model = ps.Forecaster(RNN, loss="direction", **SMALL)  # type: ignore[arg-type]
    targets = model.prepare(panel).samples.targets.values
    assert np.array_equal(targets[:300], panel.y > 0)


@pytest.mark.parametrize("transform", list(TRANSFORMS))
def test_targets_of_distributions_are_whole_changes(transform: str) -> None:
    """What a head of sums is taught, brought back, are the levels themselves."""
    frame = ar1()
    model = ps.Forecaster(RNN, loss="gaussian", transform=transform, horizon=3, **{**SMALL, "epochs": 1})  # type: ignore[arg-type]
    model.fit(frame)
    panel, _ = read_panel(frame)
    origins = np.arange(50, 60)
    taught = model.prepare(panel).samples.targets.values[origins[:, None] + [1, 2, 3]]
    if model.head().summed > 1:
        taught = np.cumsum(taught, axis=1)
    levels = model._in_units(np.asarray(taught)[None], panel, origins, np.zeros(1, int))
    np.testing.assert_allclose(levels[0], panel.y[origins[:, None] + [1, 2, 3]], rtol=1e-5)


def test_gaps_are_filled_for_the_input_marked_and_not_learned() -> None:
    frame = ar1(100)
    frame.loc[[40, 41, 60], "y"] = np.nan
    panel, _ = read_panel(frame, Columns(), missing="indicator")
    model = ps.Forecaster(RNN, epochs=2, horizon=2, **SMALL)  # type: ignore[arg-type]
    samples = model.prepare(panel).samples
    read = samples.source.read(np.array([38]), 4)
    assert read.x[0, :, 1].tolist() == [0, 0, 1, 1]
    assert read.x[0, 1, 0] == read.x[0, 2, 0] == read.x[0, 3, 0]
    assert np.flatnonzero(np.isnan(samples.targets.values[:100])).tolist() == [40, 41, 60]
    learned = samples.train[4].numbers[: int(samples.train[4].total)] + 4
    assert 40 not in learned.tolist()  # both targets are gaps
    assert {39, 41, 59, 60} <= set(learned.tolist())
    assert model.fit(frame, missing="indicator").inputs_ == ps.Inputs(2)
    assert np.isfinite(model.history_.training_loss).all()


def test_gaps_round_trip_and_change_nothing_that_lies_before(tmp_path: Path) -> None:
    frame = ar1(100).drop(index=[50, 51])
    model = ps.Forecaster(RNN, epochs=2, **SMALL).fit(frame, missing="indicator")  # type: ignore[arg-type]
    gap = ar1(120)[:112].assign(y=lambda f: f["y"].where(f["ds"] != 110))
    one, other = model.predict(gap), model.predict(gap.fillna(gap["y"][109]))
    assert (one["yhat"] != other["yhat"]).all()  # the mark tells a gap from a value that stayed
    model.save(tmp_path / "m.penstock")
    loaded = ps.load(tmp_path / "m.penstock")
    assert loaded.predict(gap).equals(one)
    assert loaded.predict().equals(model.predict())


def test_recursive_forecasts_are_one_step_forecasts_fed_back() -> None:
    frame = ar1(120).assign(day=lambda f: f["ds"] % 5)
    options = {**SMALL, "epochs": 3, "transform": "difference"}
    model = ps.Forecaster(RNN, horizon=3, strategy="recursive", **options).fit(frame[:110], known="day")  # type: ignore[arg-type]
    out = model.predict(future=frame[110:])["yhat"].to_numpy()
    one = ps.Forecaster(RNN, **options).fit(frame[:110], known="day")  # type: ignore[arg-type]
    history = frame[:110]
    for step in range(3):
        ahead = one.predict(history, future=frame[110 + step :])["yhat"].to_numpy()
        np.testing.assert_allclose(out[step], ahead[0], rtol=1e-5)
        history = pd.concat([history, frame[110 + step : 111 + step].assign(y=ahead[0])])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strategy": "recursive", "loss": "pinball"}, "feeds values back, which loss='pinball' does not forecast"),
        ({"loss": "pinball", "levels": 0.8}, "level=0.8 is a share; levels are percentages: did you mean 80"),
        ({"levels": ()}, "levels holds no level; allowed: percentages"),
        ({"strategy": "iterated"}, "strategy='iterated' is unknown"),
    ],
)
def test_options_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ps.OptionError, match=message):
        ps.Forecaster(RNN, **options)  # type: ignore[arg-type]


def test_a_recursion_cannot_know_past_covariates() -> None:
    model = ps.Forecaster(RNN, horizon=3, strategy="recursive", **SMALL)  # type: ignore[arg-type]
    with pytest.raises(ps.OptionError, match="would have to know the past covariates of the steps ahead"):
        model.fit(ar1().assign(volume=1.0), past="volume")
