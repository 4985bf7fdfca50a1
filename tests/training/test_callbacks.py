"""Hooks of the training loop: what they see, and members that they stop."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
import pytest

import penstock as ps
from penstock.data.sequences import read_sequences
from penstock.training.callbacks import Callback, EpochEnd, FitBegin
from penstock.training.config import TrainConfig, TrainSpec
from penstock.training.history import Trained
from penstock.training.samples import Samples
from penstock.training.source import Source
from penstock.training.train import train_folds

Y = 0.5 + 0.4 * np.sin(np.arange(40) / 3)
NETWORK = ps.Network([ps.RNN(2)])


class Recorder(Callback):
    """Notes every event; stops the network of member 1 after two epochs."""

    def __init__(self) -> None:
        self.begun: list[FitBegin] = []
        self.events: list[EpochEnd] = []
        self.ended: list[Sequence[Trained] | None] = []

    def on_fit_begin(self, event: FitBegin) -> None:
        self.begun.append(event)

    def on_epoch_end(self, event: EpochEnd) -> Any:
        self.events.append(EpochEnd(*copy.deepcopy([*vars(event).values()])))
        return (event.member == 1) & (event.epoch == 2)

    def on_fit_end(self, trained: Sequence[Trained] | None) -> None:
        self.ended.append(trained)


def fit(callbacks: Sequence[Callback], config: TrainConfig | None = None) -> Trained:
    samples = Samples.of_windows(Source.of(Y[:, None]), Y, np.arange(20), np.arange(26, 34), window=6)
    spec = TrainSpec(NETWORK, config or TrainConfig(batch=10), samples.source.widths, 1)
    return train_folds(spec, [samples], epochs=4, members=3, callbacks=callbacks)[0]


def test_hooks_see_the_losses_and_stop_members() -> None:
    recorder = Recorder()
    trained = fit([recorder])
    assert [(event.folds, event.members, event.epochs, event.rounds) for event in recorder.begun] == [(1, 3, 4, 1)]
    assert trained.history.epochs.tolist() == [4, 2, 4]
    assert [event.running.tolist() for event in recorder.events] == [[True] * 3] * 2 + [[True, False, True]] * 2
    losses = np.array([event.validation_loss for event in recorder.events])
    assert np.array_equal(losses[:, [0, 2]], trained.history.validation_loss[:, [0, 2]])
    assert recorder.ended[0] is not None
    assert recorder.ended[0][0] is trained


def test_the_other_members_are_those_of_a_fit_without_hooks() -> None:
    for one, other in zip(jax.tree.leaves(fit([Recorder()]).weights), jax.tree.leaves(fit([]).weights), strict=True):
        assert np.array_equal(one[[0, 2]], other[[0, 2]])


@pytest.mark.slow
def test_the_end_is_told_also_of_a_fit_that_fails() -> None:
    recorder = Recorder()
    with pytest.raises(ps.TrainingError, match=r"the loss of member 0 was no longer finite in epoch 1"):
        fit([recorder], TrainConfig("mse", ps.SGD(1e30), batch=10))
    assert recorder.ended == [None]


@pytest.mark.fast("16")
@pytest.mark.parametrize("lanes", [2, 16])
def test_members_over_several_buckets_are_the_same_whatever_the_lanes(
    lanes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order in which buckets take turns follows from the epoch: members that wait begin together."""
    rng = np.random.default_rng(0)
    parts = [rng.normal(size=(length, 1)) for length in (3, 4, 7, 9, 12, 15, 5, 11)]
    source = Source.of_sequences(read_sequences(parts))
    train = {8: np.array([0, 1, 2, 6]), 16: np.array([3, 4, 5, 7])}
    samples = Samples.of_sequences(source, rng.normal(size=(8, 1)), train, {}, np.ones(8))
    spec = TrainSpec(NETWORK, TrainConfig(batch=2, optimizer=ps.Adam(0.05)), source.widths, 1)
    together = train_folds(spec, [samples], epochs=3, members=4)[0]
    monkeypatch.setattr("penstock.training.train.lanes_at_once", lambda: lanes)
    found = train_folds(spec, [samples, samples], epochs=3, members=4)
    for each in found:
        for one, other in zip(jax.tree.leaves(each.weights), jax.tree.leaves(together.weights), strict=True):
            assert np.array_equal(one, other)
