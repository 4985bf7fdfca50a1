"""Layers in a forecaster: two members at once, stored and read again to the same bits."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import penstock as ps


@pytest.mark.slow
def test_nested_layers_forecast_and_are_stored(tmp_path: Path, walk: pd.DataFrame) -> None:
    network = ps.Network(
        [
            ps.layers.Conv1D(4, 3),
            ps.layers.Residual([ps.layers.LayerNorm(), ps.Recurrent(ps.cells.LeakyCell, 4, leak=0.3)]),
            ps.layers.Bidirectional(ps.layers.MinGRU(2)),
            ps.layers.TransformerEncoder(4, heads=2, blocks=1, dropout=0.1),
        ]
    )
    forecaster = ps.Forecaster(network, window=8, epochs=2, members=2, progress=False).fit(walk)
    assert forecaster.label == "Conv1D(4)+Residual+Bidirectional(4)+TransformerEncoder(4)"
    forecaster.save(tmp_path / "model.penstock")
    again = ps.load(tmp_path / "model.penstock")
    assert again.get_params()["network"] == network
    ours, theirs = (model.predict()["yhat"].to_numpy() for model in (forecaster, again))
    assert np.isfinite(ours).all()
    assert np.array_equal(ours, theirs)


@pytest.mark.slow
def test_a_process_that_has_used_no_layer_reads_a_file_that_names_some(tmp_path: Path, walk: pd.DataFrame) -> None:
    network = ps.Network([ps.layers.MinGRU(2), ps.Recurrent(ps.cells.LRUCell, 2)])
    forecaster = ps.Forecaster(network, window=4, epochs=1, progress=False).fit(walk)
    forecaster.save(tmp_path / "model.penstock")
    code = "import sys, penstock; print(penstock.load(sys.argv[1]).predict()['yhat'].iloc[0].hex())"
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "model.penstock"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == float(forecaster.predict()["yhat"].iloc[0]).hex()
