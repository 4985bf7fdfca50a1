"""Weights are those of the network as it was declared, though one program trains every share of dropout."""

from __future__ import annotations

from pathlib import Path

import jax
import numpy as np
import pandas as pd
import pytest

import penstock as ps

FRAME = pd.DataFrame({"ds": np.arange(60), "y": 20 + np.sin(np.arange(60.0))})


@pytest.mark.parametrize("stateful", [False, True])
def test_a_network_with_dropout_streams_and_learns_on_from_its_file(stateful: bool, tmp_path: Path) -> None:
    network = ps.Network([ps.LSTM(4, dropout=0.2), ps.Dropout(0.1)])
    fitted = ps.Forecaster(network, window=8, epochs=1, stateful=stateful).fit(FRAME[:50])
    fitted.save(tmp_path / "a.penstock")
    loaded = ps.load(tmp_path / "a.penstock")
    assert jax.tree.structure(loaded.weights_) == jax.tree.structure(fitted.weights_)
    pushed = fitted.stream().push(50, FRAME["y"][50])
    assert pushed.yhat[0] == pytest.approx(fitted.predict(FRAME[:51])["yhat"].iloc[0], rel=1e-5)
    if not stateful:
        fitted.update(FRAME[50:])
        loaded.update(FRAME[50:])
        assert loaded.predict()["yhat"].tolist() == fitted.predict()["yhat"].tolist()


def test_a_search_over_shares_of_dropout_forecasts_with_each() -> None:
    model = ps.Forecaster(ps.Network([ps.LSTM(4, dropout=0.1)]), window=8, epochs=1)
    shares = [0.2, 0.3]
    tuned = ps.Tuned(model, {"network__layers__0__dropout": shares}, sampler="grid", seed=1).fit(FRAME)
    alone = [
        ps.Tuned(model, {"network__layers__0__dropout": [share]}, sampler="grid", seed=1).fit(FRAME) for share in shares
    ]
    assert [trial.error for trial in tuned.trials_[1:]] == [each.trials_[1].error for each in alone]
    assert len({trial.error for trial in tuned.trials_}) == 3
