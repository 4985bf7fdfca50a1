"""Networks of samples as ONNX files, run by onnxruntime against their own answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import penstock as ps

pytest.importorskip("onnx", reason="pip install 'penstock[test]' brings onnx")
pytest.importorskip("onnxruntime", reason="pip install 'penstock[test]' brings onnxruntime")
from onnx_files.runtime import run

TIME = 6
RNG = np.random.default_rng(0)
LENGTHS = RNG.integers(1, TIME + 1, size=30)
X = RNG.normal(3, 2, size=(30, TIME, 2))
OPTIONS: dict[str, Any] = {"epochs": 1, "members": 2, "validation": 0}


@pytest.mark.slow
def test_a_trained_network_puts_out_what_it_puts_out_here(tmp_path: Path, rng: np.random.Generator) -> None:
    for network, steps in ((ps.Network([ps.LSTM(3)], [2]), X), (ps.Network([ps.Embedding(5, 2), ps.GRU(2)]), None)):
        x = rng.integers(0, 5, size=(30, TIME)) if steps is None else steps
        trained = ps.train(network, x, rng.normal(size=30), lengths=LENGTHS, epochs=1, members=2)
        path = ps.onnx.write(tmp_path / "network.onnx", trained, time=TIME)
        (theirs,) = run(path, {"x": x if steps is None else x.astype(np.float64), "lengths": LENGTHS})
        np.testing.assert_allclose(theirs, trained.predict(x, lengths=LENGTHS), rtol=0, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["regressor", "two classes", "three classes", "ordered", "tagger"])
def test_an_estimator_says_what_it_says_here(kind: str, tmp_path: Path, rng: np.random.Generator) -> None:
    network = ps.Network([ps.GRU(3)], embeddings=[2])
    labels = [["a", "c"][n % 2] for n in range(30)]
    more = {"lengths": LENGTHS, "categories": np.array(labels)[:, None], "extra": rng.normal(5, 2, size=(30, 2))}
    if kind == "regressor":
        model: Any = ps.SequenceRegressor(network, **OPTIONS).fit(X, rng.normal(9, 3, size=(30, 2)), **more)
        ours = model.predict(X, **more)
    elif kind == "tagger":
        tagged = ps.Network([ps.GRU(3)], embeddings=[2], return_sequences=True)
        tags = [["u" if value > 3 else "d" for value in x[:n, 0]] for x, n in zip(X, LENGTHS, strict=True)]
        model = ps.SequenceTagger(tagged, **OPTIONS).fit(X, tags, **more)
        ours = np.concatenate(model.predict_proba(X, **more))
    else:
        loss = {"loss": "ordered"} if kind == "ordered" else {}
        model = ps.SequenceClassifier(network, **OPTIONS, **loss).fit(
            X, np.arange(30) % (2 + (kind != "two classes")), **more
        )
        ours = model.predict_proba(X, **more)
    path = ps.onnx.write(tmp_path / "model.onnx", model, time=TIME)
    codes = np.array([["a", "c"].index(label) for label in labels])[:, None]
    (theirs,) = run(path, {"x": X, "lengths": LENGTHS, "categories": codes, "extra": more["extra"]})
    if kind == "tagger":
        theirs = np.concatenate([each[:n] for each, n in zip(theirs, LENGTHS, strict=True)])
    assert ours.std() > 1e-3
    np.testing.assert_allclose(theirs, ours, rtol=0, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["labels", "labels of ids", "values", "values at once"])
def test_a_decoder_tells_what_it_tells_here(kind: str, tmp_path: Path, rng: np.random.Generator) -> None:
    more: dict[str, Any] = {"lengths": LENGTHS, "extra": rng.normal(5, 2, size=(30, 2))}
    attention = ps.layers.AdditiveAttention(3)
    options: dict[str, Any] = {**OPTIONS, "epochs": 8, "optimizer": ps.Adam(0.05)}
    x: Any = X
    if kind.startswith("labels"):
        encoder = [ps.Embedding(5, 2), ps.GRU(3)] if kind.endswith("ids") else [ps.LSTM(3)]
        decoder = encoder[-1]
        x = rng.integers(0, 5, size=(30, TIME)) if kind.endswith("ids") else X
        network = ps.EncoderDecoder(encoder, decoder, attention, embedding=3, condition="every_step")
        y: Any = [list("abc")[n % 3 :] for n in range(30)]
        model = ps.SequenceToSequence(network, **options).fit(x, y, **more)
    else:
        once = {} if kind == "values" else {"autoregressive": False, "condition": "every_step"}
        network = ps.EncoderDecoder(ps.GRU(3), ps.GRU(3), **once)
        y = rng.normal(9, 3, size=(30, 4, 2))
        model = ps.SequenceToSequence(network, loss="mse", **options).fit(x, y, **more)
    ours = model.predict(x, **more)
    path = ps.onnx.write(tmp_path / "model.onnx", model, time=TIME)
    inputs = {"x": x if kind.endswith("ids") else x.astype(np.float64), "lengths": LENGTHS, "extra": more["extra"]}
    (theirs,) = run(path, inputs)
    if kind.startswith("labels"):
        told = [[model.classes_[code] for code in row if code < len(model.classes_)] for row in theirs]
        assert told == ours
        assert len({tuple(each) for each in told}) > 1
    else:
        assert ours.std() > 1e-3
        np.testing.assert_allclose(theirs, ours, rtol=0, atol=1e-5)


def test_what_samples_need_is_said(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    with pytest.raises(ps.OptionError, match=r"time=None: give the steps of a sample at most"):
        ps.onnx.write(path, ps.SequenceRegressor())
    with pytest.raises(ps.OptionError, match="SequenceRegressor is not fitted; call fit first"):
        ps.onnx.write(path, ps.SequenceRegressor(), time=3)
    with pytest.raises(ps.OptionError, match="time=3 is for networks of samples"):
        ps.onnx.write(path, ps.Naive(), time=3)
