"""The recurrent network over segments: what it reads of a window, and what it refuses."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

import penstock as ps


def test_segments_are_read_and_decoded_as_the_equations_say() -> None:
    network = ps.SegRNN(ps.GRU(4, reset_after=True), 3)
    module = network.build(ps.Inputs(), 5, jax.random.key(0))
    x = jax.random.normal(jax.random.key(1), (2, 7, 1))
    cell = module.layers[0].cell
    h = jnp.zeros((2, 4))
    padded = jnp.pad(x[..., 0], ((0, 0), (2, 0)))
    for first in (0, 3, 6):
        _, h = cell(jax.nn.relu(padded[:, first : first + 3] @ module.project.W + module.project.b), h)
    steps = [
        cell(jnp.tile(position, (2, 1)), h)[0] @ module.readout.W + module.readout.b for position in module.positions
    ]
    np.testing.assert_allclose(module(x), jnp.concatenate(steps, axis=1)[:, :5], atol=1e-6)


def test_the_highway_adds_a_linear_map_of_the_newest_steps() -> None:
    plain = ps.SegRNN(ps.GRU(4), 3).build(ps.Inputs(2), 5, jax.random.key(0))
    module = ps.SegRNN(ps.GRU(4), 3, highway=4).build(ps.Inputs(2), 5, jax.random.key(0))
    x = jax.random.normal(jax.random.key(1), (2, 7, 2))
    np.testing.assert_array_equal(module(x), plain(x))  # it begins at zero
    W = jax.random.normal(jax.random.key(2), (8, 5))
    module = eqx.tree_at(lambda net: net.highway.W, module, W)
    np.testing.assert_allclose(module(x) - plain(x), x[:, -4:].reshape(2, 8) @ W, atol=1e-5)
    lengths = jnp.asarray([2, 5])
    newest = jnp.stack([jnp.pad(x[0, :2], ((2, 0), (0, 0))), x[1, 1:5]])  # zeros before the first step
    behind = jnp.where((jnp.arange(7) < lengths[:, None])[..., None], x, jnp.nan)
    added = module(behind, lengths=lengths) - plain(behind, lengths=lengths)
    np.testing.assert_allclose(added, newest.reshape(2, 8) @ W, atol=1e-5)
    np.testing.assert_allclose(
        module(x[:, :2]) - plain(x[:, :2]), jnp.pad(x[:, :2], ((0, 0), (2, 0), (0, 0))).reshape(2, 8) @ W, atol=1e-5
    )


@pytest.mark.slow
def test_dropout_falls_on_what_is_read_out_in_training_alone() -> None:
    module = ps.SegRNN(ps.GRU(4), 3, dropout=0.5).build(ps.Inputs(), 5, jax.random.key(0))
    x = jnp.ones((2, 7, 1))
    one, other = module(x, key=jax.random.key(1)), module(x, key=jax.random.key(2))
    assert np.array_equal(module(x), module(x))
    assert not np.array_equal(one, other)


@pytest.mark.slow
def test_a_forecaster_takes_it_and_keeps_it_in_a_file(tmp_path: Any) -> None:
    time = np.arange(40)
    frame = pd.concat(
        pd.DataFrame({"unique_id": name, "ds": time, "y": level + np.sin(time / 3)})
        for name, level in (("a", 5), ("b", 9))
    )
    model = ps.Forecaster(
        ps.SegRNN(ps.GRU(4), 4, embeddings=[2], highway=6), window=8, horizon=3, season=1, epochs=2, batch=32, seed=1,
        scale=ps.WindowScale("last", "series"),
    )  # fmt: skip
    assert model.label == "SegRNN(4)+AR(6)"
    model.fit(frame, static="unique_id")
    assert np.abs(model.weights_.highway.W).max() > 0
    assert model.summary().splitlines()[-1].startswith("season: none (as given)")
    model.save(tmp_path / "m.penstock")
    assert ps.load(tmp_path / "m.penstock").predict().equals(model.predict())
    assert not model.forecasts_new_series
    batch = model.prepare(model.tail_).samples.batch(jnp.asarray([5]), 8, None)
    y = model.tail_.y
    np.testing.assert_allclose(batch.x[0, -1, 0], 0, atol=1e-6)  # every window is centred on its last value,
    np.testing.assert_allclose(batch.y[0], (y[8:11] - y[7]) / y[:36].std(), rtol=1e-4)  # in units of the series


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ps.SegRNN(ps.Dense(3)), r"layer=Dense\(3\) is no recurrent layer"),
        (lambda: ps.SegRNN(ps.GRU(3, dropout=0.1)), r"give SegRNN\(GRU\(...\), dropout=\) instead"),
        (lambda: ps.SegRNN(ps.GRU(3), 0), "segment=0 is out of range"),
        (lambda: ps.SegRNN(ps.GRU(3), highway=-1), "highway=-1 is out of range"),
        (lambda: ps.SegRNN(ps.GRU(3), embeddings=[-1]), "embeddings holds -1"),
        (lambda: ps.SegRNN(ps.GRU(3), embeddings=[3]).build(ps.Inputs(1, (5,)), 1, None), "3 wide, which leaves none"),  # type: ignore[arg-type]
        (lambda: ps.SegRNN(ps.GRU(3)).build(ps.Inputs(1, (5,)), 1, None), "0 embeddings for 1 categories"),  # type: ignore[arg-type]
    ],
)
def test_refusals(make: Any, message: str) -> None:
    with pytest.raises(ps.OptionError, match=message):
        make()
