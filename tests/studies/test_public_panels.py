"""The studies of public panels: split, scores and published figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.datasets.home import DataFile
from penstock.studies import public_panels
from penstock.studies.public_panels import PublicPanel, run_panels, split
from penstock.studies.study import Request

PANEL = PublicPanel(DataFile("months.csv.gz", "made here"), 6, (12,))
PUBLISHED = "data,horizon,model,metric,value,source,note\nmonths,6,DeepAR,MASE,1.5,A table,\nmonths,6,A,MASE,0.5,B,\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of one panel, of eight series of 60 months, and one published table."""
    rng = np.random.default_rng(0)
    frames = []
    for series in range(8):
        y = 50 + 10 * series + 8 * np.sin(np.arange(60) * np.pi / 6) + rng.normal(size=60)
        frames.append(
            pd.DataFrame({"unique_id": f"s{series}", "ds": pd.date_range("2015-01-01", periods=60, freq="MS"), "y": y})
        )
    pd.concat(frames).to_csv(tmp_path / "months.csv.gz", index=False)
    (tmp_path / "published.csv").write_text(PUBLISHED)
    return tmp_path


def test_the_last_rows_of_each_series_are_the_test(folder: Path) -> None:
    train, test = split(PANEL, folder)
    assert (train.groupby("unique_id").size() == 54).all()
    assert (test.groupby("unique_id").size() == 6).all()
    assert (train.groupby("unique_id")["ds"].max() < test.groupby("unique_id")["ds"].min()).all()


def test_a_panel_that_is_cut_off_is_refused(folder: Path) -> None:
    path = folder / "months.csv.gz"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ps.DataError, match="cannot be read as a table"):
        split(PANEL, folder)


@pytest.mark.slow
def test_models_are_scored_as_the_publishers_do(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(public_panels.PANELS, "months", PANEL)
    result = run_panels("m3", Request(members=1, epochs=1, data=folder, progress=False), ["months"])
    ours, published, tried = result.tables
    rows = {row["model"]: row for row in ours.rows}
    train, test = split(PANEL, folder)
    scale = train.groupby("unique_id")["y"].apply(lambda y: y.diff(12).abs().mean()).to_numpy()
    y = test["y"].to_numpy().reshape(8, 6)
    yhat = np.stack([each["y"].to_numpy()[-12:-6] for _, each in train.groupby("unique_id")])
    assert rows["seasonal naive"]["MASE"] == pytest.approx((np.abs(y - yhat).mean(axis=1) / scale).mean())
    smape = 200 * np.abs(y - yhat) / (np.abs(y) + np.abs(yhat))
    assert rows["seasonal naive"]["sMAPE"] == pytest.approx(smape.mean())
    assert rows["Naive2"]["OWA"] == pytest.approx(1)
    assert list(rows)[-2:] == ["network, 1 members", "ps.forecast"]
    assert 0 <= rows["ps.forecast"]["80 %"] <= rows["ps.forecast"]["95 %"] <= 1
    assert [(row["model"], row["MASE"]) for row in published.rows] == [("A", 0.5), ("DeepAR", 1.5)]
    assert "network usual" in [row["tried"] for row in tried.rows]
    assert "of the seasonal naive" in result.verdict[0]
