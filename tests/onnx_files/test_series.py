"""Forecasters as ONNX files, run by onnxruntime against our own forecasts, from every row of two series."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.cells.cell import Cell

pytest.importorskip("onnx", reason="pip install 'penstock[test]' brings onnx")
pytest.importorskip("onnxruntime", reason="pip install 'penstock[test]' brings onnxruntime")
from onnx_files.runtime import raw_inputs, run

ROWS, WINDOW = 60, 6
NETWORK = ps.Network([ps.LSTM(2)])


class Halving(Cell[jax.Array]):
    """A cell of the user's own: half of the state, and the sum of the inputs."""

    weight: jax.Array

    def __init__(self, features: int, units: int, key: jax.Array) -> None:
        self.weight = jax.random.normal(key, (features, units))

    def initial_state(self, batch: int) -> jax.Array:
        return jnp.zeros((batch, self.weight.shape[1]))

    def __call__(self, x: jax.Array, state: jax.Array) -> tuple[jax.Array, jax.Array]:
        state = state / 2 + jnp.sin(x @ self.weight)
        return state, state


CASES: dict[str, dict[str, Any]] = {
    "minmax": {},
    "log": {"transform": "log", "scale": "none"},
    "difference": {"transform": "difference", "scale": "standard", "horizon": 3},
    "log return, median": {"transform": "log_return", "scale": "standard", "members": 4, "ensemble": "median"},
    "reverse": {"reverse": True, "members": 3},
    "gru, reset after": {"network": ps.Network([ps.GRU(2, reset_after=True), ps.GRU(2)], dense=[3])},
    "own cell": {"network": ps.Network([ps.Recurrent(Halving, 2)])},
    "segments": {"network": ps.SegRNN(ps.GRU(3, reset_after=True), 2, highway=3), "horizon": 4},
    "gaussian": {"loss": "gaussian", "transform": "difference", "scale": "standard", "horizon": 3},
    "pinball": {"loss": "pinball", "horizon": 2},
    "direction": {"loss": "direction", "transform": "difference", "scale": "standard"},
    "window": {"scale": "window", "season": 1},
    "window, season": {"scale": "window", "season": 7, "horizon": 3},
    "window, two seasons": {"scale": ps.WindowScale("median", "deviation"), "season": (3, 7), "horizon": 4},
    "window, last": {"scale": ps.WindowScale("last", "absolute"), "season": 1, "min_window": 1},
    "window, series": {"scale": ps.WindowScale("mean", "series"), "season": 7},
    "window, differences": {"scale": "window", "transform": "difference", "season": 5, "horizon": 7},
    "window, newest first": {"scale": "window", "season": 7, "reverse": True},
    "window, full": {"scale": "window", "season": 7, "min_window": WINDOW},
    "additions": {"scale": "standard", "season": 7},
    "recursive": {"strategy": "recursive", "horizon": 4, "members": 2},
    "recursive, differences": {"strategy": "recursive", "horizon": 3, "transform": "difference", "reverse": True},
    "recursive, own cell": {"strategy": "recursive", "horizon": 3, "network": ps.Network([ps.Recurrent(Halving, 2)])},
    "calendar": {"calendar_features": ("dayofweek", "month"), "horizon": 2},
}
COVARIATES: dict[str, dict[str, Any]] = {
    "covariates": {},
    "covariates ahead alone": {"known_in_window": False, "horizon": 2},
    "covariates, window": {"scale": "window", "season": 7, "horizon": 2},
}
JOINT: dict[str, dict[str, Any]] = {
    "joint": {"horizon": 3},
    "joint, log returns": {"transform": "log_return", "scale": "standard", "members": 2, "reverse": True},
    "joint, recursive": {"strategy": "recursive", "horizon": 3},
    "joint, gaussian": {"loss": "gaussian", "horizon": 2},
}


def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    parts = []
    for place, name in enumerate(("a", "b")):
        wave = 3 * np.sin(np.arange(ROWS) * 2 * np.pi / 7)
        y = 30 * (place + 1) + wave + np.cumsum(rng.normal(size=ROWS))
        parts.append(pd.DataFrame({"unique_id": name, "ds": pd.date_range("2024-01-01", periods=ROWS), "y": y}))
    made = pd.concat(parts, ignore_index=True)
    return made.assign(volume=rng.lognormal(3, 1, 2 * ROWS), holiday=(np.arange(2 * ROWS) % 5 == 0).astype(float))


def check(model: ps.Forecaster, path: Path) -> None:
    """Compare forecasts from every row from which both can forecast, with its covariates ahead."""
    panel = model.tail_
    row = np.arange(panel.rows) - panel.offsets[panel.series_of(np.arange(panel.rows))]
    left = panel.lengths[panel.series_of(np.arange(panel.rows))] - 1 - row
    origins = np.flatnonzero((row + 1 >= model.rows_needed) & (left >= model.horizon))
    ours = model.aggregate(model.forecast_panel(panel, origins))
    (theirs,) = run(ps.onnx.write(path, model), raw_inputs(model, panel, origins))
    spread = ours.std()
    assert theirs.shape == ours.shape == (len(origins), model.horizon)
    assert len(origins) > 20
    assert spread > 1e-4
    assert np.abs(theirs - ours).max() < 1e-5 * max(spread, np.abs(ours).mean() / 10)


@pytest.mark.fast("minmax")
@pytest.mark.parametrize("case", CASES)
def test_forecasts_from_raw_rows_are_ours(case: str, tmp_path: Path) -> None:
    options = {"network": NETWORK, "window": WINDOW, "epochs": 1, "seed": 1, **CASES[case]}
    check(ps.Forecaster(**options).fit(frame()), tmp_path / "model.onnx")


@pytest.mark.slow
@pytest.mark.parametrize("case", COVARIATES)
def test_covariates_are_raw_too(case: str, tmp_path: Path) -> None:
    network = ps.Network([ps.LSTM(2)], embeddings=[2, 0])
    model = ps.Forecaster(network, window=WINDOW, epochs=1, seed=1, **COVARIATES[case])
    static = frame().assign(kind=lambda rows: rows["unique_id"].map({"a": "share", "b": "bond"}))
    model = model.fit(static, past="volume", known="holiday", static=["unique_id", "kind"])
    check(model, tmp_path / "model.onnx")


def check_together(model: ps.Forecaster, path: Path) -> None:
    """Compare forecasts of all series from every row, each read with all of them."""
    panel, (count,) = model.tail_, set(model.tail_.lengths.tolist())
    rows = np.arange(model.rows_needed - 1, count - model.horizon)
    origins = panel.offsets[:-1, None] + rows  # [series, rows]
    ours = model.aggregate(model.forecast_panel(panel, origins.ravel())).reshape(*origins.shape, -1)
    each = [raw_inputs(model, panel, one) for one in origins]
    (theirs,) = run(ps.onnx.write(path, model), {name: np.stack([of[name] for of in each], axis=1) for name in each[0]})
    assert theirs.shape == (len(rows), len(panel), model.horizon)
    assert len(rows) > 10
    assert np.abs(theirs.swapaxes(0, 1) - ours).max() < 1e-5 * max(ours.std(), np.abs(ours).mean() / 10)


@pytest.mark.slow
@pytest.mark.parametrize("case", JOINT)
@pytest.mark.parametrize("covariates", [False, True])
def test_all_series_are_read_together(case: str, covariates: bool, tmp_path: Path) -> None:
    options = {"network": NETWORK, "window": WINDOW, "epochs": 1, "seed": 1, "joint": True, **JOINT[case]}
    past = {} if options.get("strategy") == "recursive" else {"past": "volume"}
    model = ps.Forecaster(**options).fit(frame(), **({"known": "holiday", **past} if covariates else {}))
    check_together(model, tmp_path / "model.onnx")


@pytest.mark.slow
@pytest.mark.parametrize("reset", ["recursive", "recursive, window"])
def test_known_covariates_of_forecasts_that_are_fed_back(reset: str, tmp_path: Path) -> None:
    more: dict[str, Any] = {"known_in_window": reset == "recursive, window", "strategy": "recursive", "horizon": 3}
    model = ps.Forecaster(ps.Network([ps.GRU(2)], embeddings=[2]), window=WINDOW, epochs=1, seed=1, **more)
    check(model.fit(frame(), known="holiday", static="unique_id"), tmp_path / "model.onnx")


@pytest.mark.slow
def test_gaps_are_told(tmp_path: Path) -> None:
    given = frame()
    given.loc[[*range(10, 14), 30, 80], "y"] = np.nan
    model = ps.Forecaster(NETWORK, window=WINDOW, epochs=1, seed=1).fit(given, missing="indicator")
    check(model, tmp_path / "model.onnx")


def test_what_cannot_be_exported_is_named(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    with pytest.raises(ps.OptionError, match="Naive is not exported to ONNX; allowed: a fitted penstock.Forecaster, "):
        ps.onnx.write(path, ps.Naive())
    with pytest.raises(ps.OptionError, match="Forecaster is not fitted; call fit first"):
        ps.onnx.write(path, ps.Forecaster(NETWORK))
    model = ps.Forecaster(NETWORK, stateful=True)
    model.weights_ = ()
    with pytest.raises(ps.OptionError, match=r"stateful=True forecasts from its whole history.* allowed:"):
        ps.onnx.write(path, model)
    assert not path.exists()
