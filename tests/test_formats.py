"""Model files of earlier formats load by the names that their options have today."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

import penstock as ps
from penstock.storage import read_model, write_model


def test_a_file_with_the_option_names_of_format_1_loads(tmp_path: Path) -> None:
    frame = pd.DataFrame({"ds": range(40), "y": np.sin(np.arange(40) / 3)})
    network = ps.Network([ps.RNN(2)])
    model = ps.Forecaster(network, window=4, epochs=1, target_loss=0.25, learning_rate_decay=0.5).fit(frame)
    model.save(tmp_path / "new.penstock")
    description, arrays = read_model(tmp_path / "new.penstock")
    options = description["options"]
    options["enough"], options["rate_decay"] = options.pop("target_loss"), options.pop("learning_rate_decay")
    write_model(tmp_path / "old.penstock", description, arrays)
    old = ps.load(tmp_path / "old.penstock")
    assert (old.target_loss, old.learning_rate_decay) == (0.25, 0.5)
    assert old.predict()["yhat"].tolist() == model.predict()["yhat"].tolist()
