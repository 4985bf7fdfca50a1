"""What networks read of a panel: categories of a series, extra features of a target's row; dropout in training."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import penstock as ps
from penstock.layers.noise import fold_in, random_bits
from penstock.training.config import TrainConfig, TrainSpec
from penstock.training.forward import forward
from penstock.training.history import Trained
from penstock.training.samples import Samples, SampleSet
from penstock.training.source import Source
from penstock.training.train import train_folds

ROWS, WINDOW = 60, 4
SERIES = np.repeat([0, 1, 2], 20)
VALUES = np.random.default_rng(0).normal(size=ROWS)
CATEGORIES = np.array([[1], [0], [3]])
MONTH = np.eye(3, dtype=np.uint8)[np.arange(ROWS) % 3]
SOURCE = Source.of(VALUES[:, None], series=SERIES, categories=CATEGORIES, sizes=(4,), extra=MONTH)
STARTS = np.concatenate([np.arange(16) + first for first in (0, 20, 40)])


def test_source_says_what_a_network_reads() -> None:
    assert SOURCE.widths == ps.Inputs(1, (4,), 3)
    assert Source.of(VALUES.reshape(30, 2)).widths == ps.Inputs(2)
    assert SOURCE.extra is not None
    assert SOURCE.extra.dtype == np.uint8  # a one-hot column costs a byte


def test_reads_the_category_of_the_series_and_the_extra_features_of_the_target() -> None:
    starts = np.array([3, 15, 20, 41])
    x, _, categories, extra = SOURCE.read(jnp.asarray(starts), WINDOW)
    np.testing.assert_allclose(x[:, :, 0], [VALUES[s : s + WINDOW] for s in starts], rtol=1e-6)
    assert categories is not None
    assert extra is not None
    assert categories[:, 0].tolist() == [1, 1, 0, 3]
    assert extra.dtype == x.dtype
    assert np.array_equal(extra, MONTH[starts + WINDOW])


def fit(network: ps.Network, source: Source, y: np.ndarray, loss: str = "mse", epochs: int = 150) -> Trained:
    samples = Samples.of_windows(source, y, STARTS, STARTS[:0], window=WINDOW)
    spec = TrainSpec(network, TrainConfig(loss, ps.Adam(0.02), batch=16), source.widths, 1)
    return train_folds(spec, [samples], epochs=epochs, members=2)[0]


@pytest.mark.slow
def test_learns_what_only_categories_and_extra_features_tell() -> None:
    """The target is an effect of the series plus one of the month."""
    y = np.array([0.5, -1.0, 2.0])[SERIES] + np.array([0.0, 1.0, -1.0])[np.arange(ROWS) % 3]
    network = ps.Network([ps.RNN(2)], dense=[ps.Dense(6, "tanh")], embeddings=[2])
    trained = fit(network, SOURCE, y)
    assert trained.history.training_loss[0].min() > 0.5
    assert trained.history.training_loss[-1].max() < 0.02
    yhat = forward(network, trained.weights, SOURCE, {WINDOW: STARTS}, 1)[WINDOW][..., 0]
    assert np.abs(yhat - y[STARTS + WINDOW]).mean() < 0.15


@pytest.mark.slow
def test_cross_entropy_learns_labels() -> None:
    y = (SERIES == 2).astype(float)
    network = ps.Network([ps.RNN(2)], embeddings=[0])
    source = Source.of(VALUES[:, None], series=SERIES, categories=CATEGORIES, sizes=(4,))
    trained = fit(network, source, y, loss="bce")
    logits = forward(network, trained.weights, source, {WINDOW: STARTS}, 1)[WINDOW][..., 0]
    assert ((logits > 0) == (y[STARTS + WINDOW] == 1)).all()


def test_dropout_is_drawn_from_the_seed_and_only_in_training() -> None:
    source, y = Source.of(VALUES[:, None]), VALUES
    dropping = ps.Network([ps.GRU(3, dropout=0.3, recurrent_dropout=0.3)], dense=[4, ps.Dropout(0.3)])
    first, second = (fit(dropping, source, y, epochs=4) for _ in range(2))
    for one, other in zip(jax.tree.leaves(first.weights), jax.tree.leaves(second.weights), strict=True):
        assert np.array_equal(one, other)
    plain = fit(ps.Network([ps.GRU(3)], dense=[4]), source, y, epochs=4)
    assert (first.history.training_loss[-1] != plain.history.training_loss[-1]).all()
    a, b = (forward(dropping, first.weights, source, {WINDOW: STARTS}, 1)[WINDOW] for _ in range(2))
    assert np.array_equal(a, b)


@pytest.mark.slow
def test_each_step_and_member_drops_others() -> None:
    """With a step size that moves nothing and the same batch every step, only the masks make the losses differ."""
    y = np.ones(ROWS)
    network = ps.Network([ps.RNN(3, dropout=0.5)])
    samples = Samples.of_windows(Source.of(np.ones((ROWS, 40))), y, STARTS[:16], STARTS[:0], window=WINDOW)
    spec = TrainSpec(network, TrainConfig("mse", ps.SGD(1e-12), batch=16), samples.source.widths, 1)
    (trained,) = train_folds(spec, [samples], epochs=3, members=2)
    assert len(np.unique(trained.history.training_loss)) == 6


@pytest.mark.parametrize("missing", [{"categories": None}, {"extra": None}])
def test_what_is_missing_is_refused_in_words(missing: dict[str, None]) -> None:
    full = {"series": SERIES, "categories": CATEGORIES, "sizes": (4,), "extra": MONTH}
    module = ps.Network([ps.RNN(2)], embeddings=[2]).build(SOURCE.widths, 1, jax.random.key(0))
    x, _, categories, extra = Source.of(VALUES[:, None], **(full | missing)).read(jnp.asarray([0]), WINDOW)  # type: ignore[arg-type]
    with pytest.raises(ps.OptionError, match=f"the network reads {next(iter(missing))} of width"):
        module(x, categories=categories, extra=extra)


@pytest.mark.slow
def test_a_shuffle_is_the_same_whichever_path_orders_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The true rows in the stable order of the drawn bits, then the padding: no path may move a row."""
    starts, keys = SampleSet.of(np.arange(1000) * 3), jax.vmap(lambda n: fold_in(jax.random.key(0), n))(jnp.arange(3))
    shuffles = {}
    for path in ("auto", "scan"):
        monkeypatch.setenv("PENSTOCK_KERNELS", path)
        shuffles[path] = np.asarray(jax.vmap(lambda key: starts.shuffled(key, 64))(keys))
    assert np.array_equal(shuffles["auto"], shuffles["scan"])
    for key, shuffle in zip(keys, shuffles["auto"], strict=True):
        assert np.array_equal(shuffle[:1000], np.argsort(random_bits(key, (1000,)), kind="stable") * 3)
    assert shuffles["auto"].shape == (3, 1024)
