"""Long epochs run in pieces: the bits of whole ones, kept and interrupted in their middle."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.checkpoints import TrainingFile
from penstock.errors import TrainingWarning
from penstock.text import TextClassifier
from penstock.training.pieces import Pieces, StepRange

NETWORK = ps.Network([ps.RNN(2)])
X = np.random.default_rng(0).normal(size=(110, 3, 1))
FRAME = pd.DataFrame({"ds": np.arange(90), "y": np.sin(np.arange(90) / 3) + np.arange(90) % 4})


def arrays(**options: Any) -> Any:
    validation = X[100:], X[100:, -1]
    return ps.train(NETWORK, X[:100], X[:100, -1], validation=validation, batch=8, **{"epochs": 3, **options})


def outputs(trained: Any) -> list[Any]:
    return [trained.weights, trained.history.training_loss, trained.history.validation_loss]


def of_arrays() -> Any:
    return outputs(arrays(schedule="one_cycle", members=2))


def of_series(**options: Any) -> Any:
    network = ps.Network([ps.GRU(3, dropout=0.2)])
    model = ps.Forecaster(network, window=5, epochs=3, batch=6, validation=0.2, **options).fit(FRAME)
    return [model.weights_, model.history_.training_loss, model.history_.validation_loss]


def of_walk() -> Any:
    """Folds side by side that take 13 and 17 steps."""
    model = ps.Forecaster(NETWORK, window=4, epochs=3, batch=4, validation=0.2, patience=2)
    return ps.compare([model], FRAME, ps.RollingOrigin(test=24, refit=8)).entries[model.label].forecast


def of_texts() -> Any:
    texts, labels = ["good fun", "so bad and so very, very long", "bad"] * 20, ["up", "down", "down"] * 20
    model = TextClassifier(NETWORK, epochs=3, units=3, batch=4, clip=1.0).fit(texts, labels)
    return [model.weights_, model.history_.training_loss, model.history_.validation_loss]


WORK: dict[str, Callable[[], Any]] = {
    "arrays": of_arrays,
    "no validation": lambda: outputs(ps.train(NETWORK, X, X[:, -1], batch=8, epochs=2)),
    "windows": of_series,
    "some steps of an epoch": lambda: of_series(steps_per_epoch=5),
    "carried state": lambda: of_series(stateful=True, scale="minmax"),
    "folds": of_walk,
    "buckets": of_texts,
}


def cut(monkeypatch: pytest.MonkeyPatch, *counts: int) -> None:
    """Let each call take so many steps, in turn."""
    calls = [0]

    def next_piece(self: Pieces, first: int) -> StepRange:
        calls[0] += 1
        last = min(first + counts[calls[0] % len(counts)], self.steps)
        return StepRange.of(first, last, ends=last == self.steps)

    monkeypatch.setattr(Pieces, "next", next_piece)


def same(one: Any, other: Any) -> bool:
    leaves = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return all(np.array_equal(a, b, equal_nan=True) for a, b in leaves)


@pytest.mark.fast("arrays")
@pytest.mark.parametrize("work", [pytest.param(n, marks=[] if n == "arrays" else pytest.mark.slow) for n in WORK])
def test_the_bits_do_not_depend_on_the_pieces(work: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = WORK[work]()
    for counts in ((1,), (2, 3, 1, 9)):
        cut(monkeypatch, *counts)
        assert same(WORK[work](), whole)


def interrupt_after(monkeypatch: pytest.MonkeyPatch, calls: int) -> None:
    """Press Ctrl-C while so many calls have run."""
    measure, count = Pieces.measure, [0]

    def measured(self: Pieces, *arguments: Any) -> None:
        measure(self, *arguments)
        count[0] += 1
        if count[0] == calls:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Pieces, "measure", measured)


def test_an_interrupt_ends_at_the_step_and_a_run_goes_on_from_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = arrays()
    cut(monkeypatch, 5)
    monkeypatch.setattr(TrainingFile, "due", False)
    interrupt_after(monkeypatch, 5)  # 13 steps are three calls
    with pytest.raises(KeyboardInterrupt), ps.training.checkpoints(tmp_path / "run"):
        arrays()
    assert capsys.readouterr().err.startswith("interrupted after step 10 of epoch 2, which is kept in ")
    taken: list[int] = []
    monkeypatch.setattr(Pieces, "measure", lambda self, piece, _: taken.append(int(piece.last) - int(piece.first)))
    with ps.training.checkpoints(tmp_path / "run", resume=True):
        assert same(outputs(arrays()), outputs(whole))
    assert taken == [3, 5, 5, 3]  # nothing twice


def test_the_best_weights_are_kept_of_an_epoch_that_an_interrupt_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    cut(monkeypatch, 5)
    interrupt_after(monkeypatch, 5)
    keep = ps.training.KeepOnInterrupt()
    with pytest.warns(TrainingWarning, match="interrupted in epoch 2 of 9, after 77% of its steps: the best weights"):
        trained = arrays(epochs=9, callbacks=[keep])
    assert keep.interrupted
    assert trained.history.validation_loss.shape == (2, 1)
    best = trained.history.validation_loss.min()
    errors = trained.predict(X[100:])[0] - X[100:, -1]
    assert float((errors**2).mean()) == pytest.approx(best, rel=1e-5)
