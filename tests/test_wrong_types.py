"""Wrong types of every constructor and of what people call next: Penstock's errors alone come out, before any work."""

from __future__ import annotations

import importlib
import inspect
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.cells.cell import Cell
from penstock.options import Description, Options

WRONG: dict[str, Any] = {
    "None": None, "text": "a", "a share": 1.5, "minus": -1, "True": True, "a list": [1, "a"], "no entry": [],
    "a mapping": {"a": 1}, "an object": object(), "NaN": float("nan"), "numpy": np.float64(2.5), "an array": np.ones(3),
    "a class": int, "a function": len, "beyond 64 bits": 10**30, "bytes": b"a", "a frame": pd.DataFrame({"a": [1]}),
    "a set": {1}, "complex": 1j,
}  # fmt: skip
FEW = {name: WRONG[name] for name in ("text", "a share", "a list")}
FRAME = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=40), "y": np.sin(np.arange(40.0) / 3)})
NEEDED = {
    "layers": [ps.LSTM(2)], "network": ps.Network([ps.LSTM(2)]), "units": 4, "layer": ps.GRU(2), "inputs": 1,
    "models": [ps.Naive(), ps.Drift()], "encoder": [ps.GRU(2)], "decoder": ps.GRU(2), "cell": ps.cells.LSTMCell,
    "blocks": ((1, 2),), "features": 1,
}  # fmt: skip


def constructors() -> Iterator[type]:
    """Give every class that people make with options: layers, networks, models, optimisers, schedules, splits."""
    for name in ("layers", "cells", "training", "text", "intervals", "baselines", "anatomy"):
        importlib.import_module(f"penstock.{name}")
    found = [
        getattr(module, name)
        for module in (ps, ps.layers, ps.training, ps.text)
        for name in module.__all__
        if isinstance(getattr(module, name), type)
    ]
    yield from dict.fromkeys(each for each in found if issubclass(each, (Description, Options)))


def refusals(call: Callable[..., Any], good: dict[str, Any], wrongs: dict[str, Any]) -> tuple[int, list[str]]:
    """Give each wrong value for each parameter; count what is refused, and tell what else comes out."""
    refused, raw = 0, []
    for each in inspect.signature(call).parameters.values():
        if each.kind in (each.VAR_KEYWORD, each.VAR_POSITIONAL):
            continue
        for kind, wrong in wrongs.items():
            try:
                call(**{**good, each.name: wrong})
            except ps.PenstockError:
                refused += 1
            except Exception as error:
                raw.append(f"{each.name}={kind}: {type(error).__name__}: {error}")
    return refused, raw


def needed(call: Callable[..., Any]) -> dict[str, Any]:
    parameters = inspect.signature(call).parameters.values()
    return {p.name: NEEDED.get(p.name, 3) for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD}


def test_constructors_refuse_wrong_types_in_words() -> None:
    count = 0
    for cls in constructors():
        refused, raw = refusals(cls, needed(cls), FEW)
        assert raw == [], cls
        count += refused
    assert count > 500


@pytest.mark.slow
def test_constructors_refuse_every_wrong_type_in_words() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert {cls: raw for cls in constructors() if (raw := refusals(cls, needed(cls), WRONG)[1])} == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", ps.cells.__all__)
def test_cells_refuse_wrong_types_in_words(name: str) -> None:
    cell = getattr(ps.cells, name)
    if not isinstance(cell, type) or not issubclass(cell, Cell) or inspect.isabstract(cell):
        return
    refused, raw = refusals(cell, {"features": 1, "units": 4, "key": jax.random.key(0)}, WRONG)
    assert raw == []
    assert refused > 50


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ps.cells.LSTMCell(1, "3", jax.random.key(0)), "LSTMCell: units='3' is text; allowed: a whole"),
        (lambda: ps.cells.LSTMCell(1, 3, 5), "LSTMCell: key=5 is a number; allowed: a key such as jax.random.key"),
        (lambda: ps.cells.ClockworkCell(1, 4, jax.random.key(0), periods=1.5), "periods=1.5 is a number; allowed"),
        (lambda: ps.layers.Recurrent("LSTMCell", 2, options=3), "options=3 is a number; allowed: the cell's arguments"),
        (lambda: ps.layers.Clockwork(4, periods=None), "Clockwork: periods=None is nothing; allowed: whole numbers"),
        (lambda: ps.LSTM(10**30), "units=1000000000000000000000000000000 is out of range"),
    ],
    ids=range(6),
)  # fmt: skip
def test_what_a_constructor_says(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ps.OptionError, match=message):
        call()


# ---- calls with data: training is cut off, so that a value that is taken ends as early as one that is refused --------


def begin(folder: Any, resume: Any = False, minutes: Any = 1.0) -> Any:
    return ps.training.checkpoints(folder, resume=resume, minutes=minutes).__enter__()


NET = ps.Network([ps.LSTM(2)])
X = np.random.default_rng(0).normal(size=(12, 4, 1))
Y, LABELS, STEPS = X[:, -1, 0], (X[:, -1, 0] > 0).astype(int), (X[..., 0] > 0).astype(int)
DOCUMENTS, MARKS = ["good film", "bad film", "good plot", "bad plot"] * 4, [1, 0, 1, 0] * 4
BAG = {"bag": ps.text.BagClassifier(alpha=1.0)}
FITS: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
    "train": (lambda: ps.train, {"network": NET, "x": X, "y": Y, "epochs": 1}),
    "SequenceRegressor.fit": (lambda: ps.SequenceRegressor(NET, epochs=1).fit, {"X": X, "y": Y}),
    "SequenceClassifier.fit": (lambda: ps.SequenceClassifier(NET, epochs=1).fit, {"X": X, "y": LABELS}),
    "SequenceTagger.fit": (lambda: ps.SequenceTagger(NET, epochs=1).fit, {"X": X, "y": STEPS}),
    "Forecaster.fit": (lambda: ps.Forecaster(NET, window=4, epochs=1).fit, {"frame": FRAME}),
    "Ensemble.fit": (lambda: ps.Ensemble([ps.Naive(), ps.Drift()]).fit, {"frame": FRAME}),
    "TextClassifier.fit": (
        lambda: ps.text.TextClassifier(NET, units=2, epochs=1).fit, {"X": DOCUMENTS, "y": MARKS},
    ),
    "BagClassifier.fit": (lambda: ps.text.BagClassifier(alpha=1.0).fit, {"X": DOCUMENTS, "y": MARKS}),
    "text.compare": (lambda: ps.text.compare, {"models": BAG, "train": (DOCUMENTS, MARKS), "folds": 2}),
    "word2vec": (lambda: ps.text.word2vec, {"texts": DOCUMENTS, "tokens": ps.text.Tokens(9, min_count=1)}),
    "weights.read": (lambda: ps.weights.read, {"path": "none.npz", "network": NET}),
    "checkpoints": (lambda: begin, {"folder": 3}),
    "datasets.sp500": (lambda: ps.datasets.sp500, {}),
    "datasets.glove": (lambda: ps.datasets.glove, {"path": "none"}),
    "datasets.macro": (lambda: ps.datasets.macro, {"folder": "none"}),
    "anatomy.activations": (lambda: ps.anatomy.activations, {}),
}  # fmt: skip
TAKES_A_FUNCTION = {"text.compare": "on_fit"}


@pytest.fixture
def cut_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def stop(*args: Any, **kwargs: Any) -> None:
        raise ps.TrainingError("training begins")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("penstock.training.train.run_lanes", stop)
    models = pytest.importorskip("gensim.models")
    monkeypatch.setattr(models, "Word2Vec", stop)


@pytest.mark.slow
@pytest.mark.usefixtures("cut_off")
@pytest.mark.parametrize("name", FITS)
@pytest.mark.filterwarnings("ignore")
def test_calls_refuse_every_wrong_type_in_words(name: str) -> None:
    make, good = FITS[name]
    wrongs = {kind: wrong for kind, wrong in WRONG.items() if not (name in TAKES_A_FUNCTION and callable(wrong))}
    refused, raw = refusals(make(), good, wrongs)
    assert raw == []
    assert refused


@pytest.mark.usefixtures("cut_off")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ps.train(NET, X, Y, loss=3), "loss=3 is unknown"),
        (lambda: ps.train(NET, X, Y, outputs=[1]), r"outputs=\[1\] is of the type list; allowed: a whole number"),
        (lambda: ps.train(NET, X, Y, validation=3), r"validation=3 is a number; allowed: \(x, y\)"),
        (lambda: ps.train(NET, X, Y, callbacks=3), "callbacks=3 is a number; allowed: a list of callbacks"),
        (lambda: ps.Forecaster(NET, window=4).fit(FRAME, resume=1), "resume=1 is a number; allowed: True or False"),
        (lambda: ps.SequenceRegressor(NET).fit(X, Y, sample_weight="a"), "sample_weight='a' is text; allowed"),
        (lambda: ps.SequenceRegressor(NET).fit(X, Y, padding=["post"]), r"padding=\['post'\] is unknown; did you"),
        (lambda: ps.Naive().fit(FRAME, missing={}), "missing={} is unknown; allowed: 'error'"),
        (lambda: ps.Naive().fit(FRAME, calendar=3), "calendar=3 is a number; allowed: the name of an exchange"),
        (lambda: ps.text.compare(BAG, 3), r"train=3 is a number; allowed: a pair \(a list of such: text, anything\)"),
        (lambda: ps.text.compare(BAG, (DOCUMENTS, MARKS), folds="2"), "folds='2' is text; allowed: a whole number"),
        (lambda: ps.text.compare(3, (DOCUMENTS, MARKS), folds=2), "3 is no model of text; allowed: TextClassifier"),
        (lambda: ps.text.word2vec(DOCUMENTS, sample=-1), "sample=-1 is out of range; allowed: a number at least 0"),
        (lambda: ps.weights.read(3, NET), "path=3 is a number; allowed: text or a path"),
        (lambda: ps.datasets.glove(3), "path=3 is a number; allowed: text or a path"),
    ],
    ids=range(15),
)  # fmt: skip
def test_what_a_call_says(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ps.PenstockError, match=message):
        call()


def test_labels_of_another_type_are_not_scored_as_all_wrong() -> None:
    from penstock.sequences.labels import known_labels

    classes = np.array([0, 1])
    with pytest.raises(ps.DataError, match=r"y holds '1', but the labels that were fitted are such as 0"):
        known_labels(["1", "0"], 2, classes)
    assert known_labels([1, 7], 2, classes).tolist() == [1, 7]  # a label that was not fitted counts as missed
    with pytest.raises(ps.DataError, match=r"allowed: \(2,\)"):
        known_labels([1], 2, classes)


def test_dates_after_counts_are_refused() -> None:
    counted = pd.DataFrame({"ds": range(40), "y": FRAME["y"]})
    with pytest.raises(ps.DataError, match="the time column 'ds' holds counts, that of the fit dates"):
        ps.Naive().fit(FRAME).predict(counted)
    with pytest.raises(ps.DataError, match="holds dates, that of the fit counts"):
        ps.Naive().fit(counted).predict(FRAME)
