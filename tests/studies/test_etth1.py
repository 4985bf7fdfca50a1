"""The study etth1: how its rows are split and standardised, and that every window of the test part is scored."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from penstock.data.columns import Columns
from penstock.data.frames import read_panel
from penstock.studies import etth1
from penstock.studies.etth1 import LOOK_BACK, segment_forecaster
from penstock.studies.study import Request

TRAIN, END = 12 * 720, 20 * 720


@pytest.fixture
def rows(tmp_path: Path) -> pd.DataFrame:
    """Two series as they are read from a file that has more rows than the three parts."""
    rng = np.random.default_rng(0)
    hours = pd.date_range("2016-07-01", periods=END + 50, freq="h")
    frames = [
        pd.DataFrame({"unique_id": name, "ds": hours, "y": scale * np.cumsum(rng.normal(size=len(hours)))})
        for name, scale in (("a", 1.0), ("b", 50.0))
    ]
    pd.concat(frames).to_csv(tmp_path / "etth1.csv.gz", index=False)
    return etth1._standardised(tmp_path / "etth1.csv.gz")


def test_rows_are_standardised_by_the_training_part(rows: pd.DataFrame) -> None:
    assert rows.groupby("unique_id").size().tolist() == [END, END]
    before = rows[rows["row"] < TRAIN].groupby("unique_id")["y"]
    np.testing.assert_allclose(before.mean(), 0, atol=1e-12)
    np.testing.assert_allclose(before.std(ddof=0), 1)


def test_every_window_of_the_test_part_counts(rows: pd.DataFrame) -> None:
    panel, _ = read_panel(rows.drop(columns="row"), Columns(static=("unique_id",)))
    asked: list[int] = []

    def zero(panel: object, origins: np.ndarray) -> np.ndarray:
        asked.extend(origins.tolist())
        return np.zeros((1, len(origins), 96))

    model = SimpleNamespace(label="zero", forecast_panel=zero, aggregate=lambda members: members.mean(axis=0))
    found = {row["model"]: row for row in etth1._scores(panel, model, 96, 1.0)}  # type: ignore[arg-type]
    first, count = 16 * 720, 4 * 720 - 96 + 1
    assert asked == [start + first - 1 + place for start in (0, END) for place in range(count)]
    y = np.stack([each["y"].to_numpy() for _, each in rows.groupby("unique_id")])
    targets = np.lib.stride_tricks.sliding_window_view(y[:, first:], 96, axis=1)
    last = np.stack([y[:, first - 1 + place] for place in range(count)], axis=1)[:, :, None]
    days = np.stack([np.tile(y[:, first - 24 + place : first + place], 4) for place in range(count)], axis=1)
    for name, yhat in (("zero", 0.0), ("last value", last), ("seasonal naive", days)):
        assert found[name]["MSE"] == pytest.approx(np.square(targets - yhat).mean())
        assert found[name]["MAE"] == pytest.approx(np.abs(targets - yhat).mean())


def test_the_network_reads_the_look_back_whole() -> None:
    model = segment_forecaster(96, Request(members=2))
    assert (model.window, model.min_window, model.horizon, model.members) == (LOOK_BACK, LOOK_BACK, 96, 2)


@pytest.mark.parametrize("horizon", etth1.HORIZONS)
def test_each_horizon_has_its_own_schedule(horizon: int) -> None:
    model = segment_forecaster(horizon, Request(members=2))
    steps = etth1.CHOSEN[horizon].steps
    assert model.epochs * model.steps_per_epoch == (steps or 1200)
    assert (model.patience is None) == bool(steps)


@pytest.mark.slow
def test_the_figures_are_those_of_networks_of_several_sizes(
    rows: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = [
        {"data": "etth1", "horizon": horizon, "model": "SegRNN", "metric": "MSE", "value": 0.5, "source": "a table",
         "note": "look-back 720, nothing dropped"}
        for horizon in (96, 192)
    ]  # fmt: skip
    pd.DataFrame(published).to_csv(tmp_path / "published.csv", index=False)
    monkeypatch.setattr(etth1, "data_file", lambda file, folder: tmp_path / file.name)
    monkeypatch.setattr(etth1, "HORIZONS", (96, 192))
    chosen = {96: etth1._Chosen(40, "series", 10), 192: etth1._Chosen(48, "deviation", 10)}
    monkeypatch.setattr(etth1, "CHOSEN", chosen)
    result = etth1.run(Request(members=1, epochs=1))
    scores = result.tables[0].rows
    ours = [row for row in scores if row["model"].startswith("SegRNN")]
    assert [row["model"] for row in ours] == ["SegRNN(40)", "SegRNN(48)"]
    assert [figure.ours for figure in result.figures] == [row["MSE"] for row in ours]
    assert all(0 < row["MSE"] < 1e3 for row in scores)
