"""Model files of earlier formats load by the names that their options have today."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.options import from_json
from penstock.storage import read_model, write_model


@pytest.mark.slow
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


def test_descriptions_with_the_names_of_earlier_files_are_read() -> None:
    network = {
        "kind": "Network",
        "layers": [{"kind": "GRU", "units": 2}],
        "dense": [],
        "embeddings": [],
        "every_step": True,
    }
    assert from_json(network) == ps.Network([ps.GRU(2)], return_sequences=True)
    unfold = {"kind": "EncoderDecoder", "encoder": [], "decoder": {"kind": "GRU", "units": 2}, "attention": None}
    for before, today in (("first", "initial_state"), ("every", "every_step")):
        read = from_json({**unfold, "feed": before, "embedding": 0, "feedback": False})
        assert read == ps.EncoderDecoder([], ps.GRU(2), condition=today, autoregressive=False)
    tokens = ps.text.Tokens(9, tokenizer="keras", truncation="post")
    assert from_json({"kind": "Tokens", "vocabulary": 9, "cut": "keras", "keep": "first"}) == tokens


def test_files_with_the_names_of_earlier_options_load(tmp_path: Path) -> None:
    texts = ["good fun", "so bad"] * 5
    bag = ps.text.BagClassifier(alpha=2.0, bigrams=True).fit(texts, ["up", "down"] * 5)
    gaps = pd.DataFrame({"ds": range(40), "y": np.sin(np.arange(40) / 3)}).drop(index=20)
    net = ps.Forecaster(ps.Network([ps.RNN(2)]), window=4, epochs=1).fit(gaps, missing="indicator")
    for number, model in enumerate((bag, net)):
        model.save(tmp_path / "m")
        description, arrays = read_model(tmp_path / "m")
        if number == 0:
            options = description["options"]
            options["strength"], options["pairs"] = options.pop("alpha"), options.pop("bigrams")
        else:
            assert description["frame"]["missing"] == "indicator"
            description["frame"]["missing"] = "mask"
        write_model(tmp_path / "m", description, arrays)
        old = ps.load(tmp_path / "m")
        assert old.get_params() == model.get_params()
        if number == 0:
            assert old.predict(texts).tolist() == bag.predict(texts).tolist()
        else:
            assert old.predict().equals(net.predict())
