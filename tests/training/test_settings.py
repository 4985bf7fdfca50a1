"""Settings that train as one program: each as alone, bit for bit, and successive halving of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import penstock as ps
from penstock.training.config import TrainConfig, TrainSpec
from penstock.training.epoch import compiled_epoch
from penstock.training.kept import checkpoints
from penstock.training.samples import Samples
from penstock.training.settings import SettingResult, rungs, train_settings
from penstock.training.source import Source
from penstock.training.train import train_folds

Y = 0.5 + 0.4 * np.sin(np.arange(80) / 3)
SAMPLES = Samples.of_windows(Source.of(Y[:, None]), Y, np.arange(45), np.arange(52, 74), window=6)
OPTIONS: dict[str, Any] = {"epochs": 6, "members": 2, "seed": 3}


def spec(rate: float, share: float = 0.2, **options: Any) -> TrainSpec:
    decay = options.pop("weight_decay", 0.01)
    network = ps.Network([ps.RNN(3, dropout=share)])
    return TrainSpec(network, TrainConfig("mse", ps.AdamW(rate, weight_decay=decay), 15, **options), ps.Inputs(), 1)


SPECS = [
    spec(0.02, clip=1.0, learning_rate_decay=0.9),
    spec(0.1, 0.4, clip=0.1, learning_rate_decay=0.5, weight_decay=0.0),
    spec(1e-4, 0.1, clip=2.0, learning_rate_decay=0.99, patience=2),
]


def same(one: SettingResult, other: SettingResult) -> bool:
    assert one.trained is not None
    assert other.trained is not None
    pairs = zip(jax.tree.leaves(one.trained[0].weights), jax.tree.leaves(other.trained[0].weights), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


@pytest.fixture(scope="module")
def together() -> list[SettingResult]:
    compiled_epoch.cache_clear()
    found = train_settings(SPECS, [SAMPLES], **OPTIONS)
    assert compiled_epoch.cache_info().currsize == 1  # rates, shares, clip, decays: one program
    return found


def test_each_setting_is_trained_as_alone(together: list[SettingResult]) -> None:
    again = train_settings(SPECS[::-1], [SAMPLES], **OPTIONS)[::-1]
    for place, own in enumerate(SPECS):
        assert same(together[place], again[place])
        (alone,) = train_folds(own, [SAMPLES], **OPTIONS)
        assert same(together[place], SettingResult([alone]))
    first, second, third = (each.trained[0].history for each in together if each.trained is not None)
    assert not np.allclose(first.training_loss[-1], second.training_loss[-1])
    assert first.training_loss.shape == (6, 2)
    assert third.epochs.max() <= 6


def test_a_setting_that_diverges_ends_alone(together: list[SettingResult]) -> None:
    wild = spec(1e38, clip=1.0, learning_rate_decay=0.9)
    found = train_settings([SPECS[0], wild, SPECS[1]], [SAMPLES], **OPTIONS)  # as many lanes: the same program
    assert found[1].trained is None
    assert found[1].halved is None
    assert same(found[0], together[0])


def test_halving_leaves_out_the_worse_half_and_changes_no_bit_of_the_others(
    together: list[SettingResult], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rungs(2, 6) == [2, 4, 6]
    with checkpoints(tmp_path):
        found = train_settings(SPECS, [SAMPLES], **OPTIONS, halving=2)
    assert sorted(each.halved or 6 for each in found) == [2, 4, 6]
    kept = next(place for place, each in enumerate(found) if each.halved is None)
    assert same(found[kept], together[kept])
    early = [np.nanmin(each.trained[0].history.validation_loss[:2], axis=0).mean() for each in together if each.trained]
    assert found[int(np.argmax(early))].halved == 2
    monkeypatch.setattr("penstock.training.settings.run_lanes", None)  # what has ended is not trained again
    with checkpoints(tmp_path, resume=True):
        again = train_settings(SPECS, [SAMPLES], **OPTIONS, halving=2)
    assert [each.halved for each in again] == [each.halved for each in found]
    assert same(again[kept], found[kept])


def test_an_embedding_keeps_its_rates_in_the_program() -> None:
    from penstock.training.rates import separate

    network = ps.Network([ps.GRU(3)], embeddings=[2])
    found = [
        separate(TrainSpec(network, TrainConfig(optimizer=ps.Adam(rate)), ps.Inputs(1, (3,)), 1)) for rate in (1, 2)
    ]
    assert found[0][0] != found[1][0]
    assert found[0][1].optimizer == {}


def test_a_layer_that_reads_no_share_is_named() -> None:
    from penstock.layers.dropout_shares import given_shares

    with pytest.raises(RuntimeError, match="the dropout share number 0 of the network is read by no layer"):  # noqa: SIM117
        with given_shares([(0, 1.0)]):
            pass
