"""Refits of a rolling origin train together and give what fold by fold gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.data.frames import read_panel
from penstock.training import forward
from penstock.training.epoch import compiled_epoch

pytestmark = pytest.mark.slow


def net(**options: object) -> ps.Forecaster:
    given = {"window": 8, "epochs": 6, "patience": 2, "members": 2, "validation": 20, "optimizer": "adam", **options}
    return ps.Forecaster(ps.Network([ps.LSTM(3)]), **given)  # type: ignore[arg-type]


def test_a_comparison_with_refits_equals_fitting_fold_by_fold(walk: pd.DataFrame) -> None:
    """Two series, expanding rows: the forecasts of each fold are those of a fit on its past, bit for bit."""
    both = pd.concat([walk, walk.assign(unique_id="b", y=50 + np.sin(np.arange(160) / 5))])
    split = ps.RollingOrigin(horizon=2, test=12, step=2, refit=2)
    compiled_epoch.cache_clear()
    result = ps.compare({"net": net()}, both, split)
    assert compiled_epoch.cache_info().currsize == 1  # three folds, one program
    panel, kind = read_panel(both)
    alone = []
    for fold in split.folds(panel):
        model = net(horizon=2).fit_panel(panel.before(fold.ends), kind)
        alone.append(model.forecast_panel(panel, fold.origins))
    assert len(alone) == 3
    assert np.array_equal(result.entries["net"].yhat, np.concatenate(alone, axis=1))
    last = result.entries["net"].model
    assert last.history_.epochs.tolist() == model.history_.epochs.tolist()  # type: ignore[attr-defined]


def test_folds_that_are_too_large_together_are_fitted_in_blocks(
    walk: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    split = ps.RollingOrigin(test=12, refit=3)
    whole = ps.compare([ps.AR(2)], walk, split).entries["AR(2)"].yhat
    monkeypatch.setattr("penstock.evaluation.walk_forward._ROWS_TOGETHER", 310)
    assert np.array_equal(ps.compare([ps.AR(2)], walk, split).entries["AR(2)"].yhat, whole)


def test_members_become_one_by_their_mean_or_median(walk: pd.DataFrame) -> None:
    mean = net(epochs=1, members=3)
    panel, kind = read_panel(walk)
    median = mean.clone().set_params(ensemble="median").fit_panel(panel, kind)
    members = median.forecast_panel(panel, panel.offsets[1:] - 1)
    assert np.array_equal(median.predict()["yhat"], np.median(members, axis=0)[0])
    entry = ps.compare({"net": median}, walk, ps.RollingOrigin(test=12)).entries["net"]
    assert np.array_equal(entry.forecast, np.median(entry.yhat, axis=0))
    assert not np.array_equal(entry.forecast, entry.yhat.mean(axis=0))
    with pytest.raises(ps.OptionError, match="ensemble='mode' is unknown"):
        mean.set_params(ensemble="mode")


def test_four_thousand_origins_are_one_compiled_pass(data_home: Path) -> None:
    """The longest S&P series: fitted once, every origin forecast by one call of one program."""
    rows = pd.read_csv(data_home / "SP500.csv")
    frame = pd.DataFrame({"ds": range(len(rows)), "y": rows.iloc[:, 1].astype(float)})
    assert len(frame) == 4431
    forward._compiled.cache_clear()
    result = ps.compare({"net": net(epochs=1, validation=0)}, frame, ps.RollingOrigin(test=4000))
    assert result.entries["net"].yhat.shape == (2, 4000, 1)
    found = forward._compiled.cache_info()
    assert (found.misses, found.hits) == (1, 0)  # one program, asked for once
