"""Networks that read token ids, lengths, categories and extra features."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import penstock as ps
from penstock.layers.noise import fold_in
from penstock.options import from_json, to_json

STOCKS = ps.Network([ps.LSTM(25), ps.LSTM(10), ps.Dropout(0.2)], dense=[10], embeddings=[10])
IMDB = ps.Network([ps.Embedding(20_000, 100), ps.GRU(32, dropout=0.2, recurrent_dropout=0.2)])
DROPS = {"dropout": 0.2, "recurrent_dropout": 0.2}


@pytest.mark.parametrize(
    ("network", "inputs", "outputs", "count"),
    [
        (ps.Network([ps.RNN(12, dropout=0.1)]), ps.Inputs(3), 1, 205),
        (ps.Network([ps.LSTM(12, **DROPS), ps.LSTM(6, **DROPS)], [ps.Dense(10, "linear")]), ps.Inputs(2), 2, 1_268),
        (STOCKS, ps.Inputs(1, (2489,), 12), 1, 29_371),
        (IMDB, ps.Inputs(), 1, 2_012_801),
        (ps.Network([ps.Embedding(20_000, 100), ps.GRU(32, reset_after=True)]), ps.Inputs(), 1, 2_012_897),
        (ps.Network([ps.LSTM(3)], embeddings=[0, 2]), ps.Inputs(1, (4, 5)), 1, 60 + 10 + 3 + 4 + 2 + 1),
    ],
)
def test_parameters(network: ps.Network, inputs: ps.Inputs, outputs: int, count: int) -> None:
    assert network.parameters(inputs, outputs) == count
    assert f"{count:,}" in network.summary(inputs, outputs).splitlines()[-1]


def test_summary() -> None:
    assert STOCKS.summary(ps.Inputs(1, (2489,), 12), window=52) == "\n".join(
        [
            "layer                output           parameters",
            "LSTM(25)             [batch, 52, 25]       2,700",
            "LSTM(10)             [batch, 10]           1,440",
            "Dropout(0.2)         [batch, 10]               0",
            "Embedding(2489, 10)  [batch, 10]          24,890",
            "extra                [batch, 12]               0",
            "Dense(10)            [batch, 10]             330",
            "Dense(1)             [batch, 1]               11",
            "total                                     29,371",
        ]
    )


def test_what_joins_before_the_dense_layers() -> None:
    """The order is: last step, categories, extra."""
    network = ps.Network([ps.RNN(2)], embeddings=[3, 0])
    module = network.build(ps.Inputs(1, (5, 4), 2), 1, jax.random.key(0))
    x = jax.random.normal(jax.random.key(1), (2, 6, 1))
    categories, extra = jnp.asarray([[4, 0], [1, 3]]), jnp.asarray([[0.5, 1.5], [2.5, 3.5]])
    out = module(x, categories=categories, extra=extra)
    read = np.concatenate(
        [module.layers[0](x)[:, -1], module.embeddings[0].table[categories[:, 0]], np.eye(4)[[0, 3]], extra], axis=1
    )
    np.testing.assert_allclose(out, read @ module.dense[0].W + module.dense[0].b, rtol=1e-5)


@pytest.mark.slow
def test_token_ids_with_lengths_read_the_last_true_step() -> None:
    module = ps.Network([ps.Embedding(30, 4), ps.LSTM(5), ps.GRU(3)]).build(ps.Inputs(), 1, jax.random.key(0))
    ids = jax.random.randint(jax.random.key(1), (3, 7), 0, 30)
    whole = module(ids, lengths=jnp.asarray([7, 4, 2]))
    for sample, length in enumerate((7, 4, 2)):
        np.testing.assert_allclose(whole[sample], module(ids[sample : sample + 1, :length])[0], atol=1e-6)


@pytest.mark.slow
def test_only_the_top_layer_over_time_gives_its_last_step() -> None:
    network = ps.Network([ps.LSTM(4), ps.Dropout(0.5), ps.RNN(3), ps.Dropout(0.5)], [ps.Dense(2), ps.Dropout(0.5)])
    module = network.build(ps.Inputs(), 1, jax.random.key(0))
    x = jax.random.normal(jax.random.key(1), (2, 6, 1))
    below, _, top, _ = module.layers
    expected = module.dense[2](module.dense[0](top(below(x))[:, -1]))
    np.testing.assert_allclose(module(x), expected, atol=1e-6)
    key = jax.random.key(3)
    keys = [fold_in(key, place) for place in range(7)]
    h = module.layers[3](top(module.layers[1](below(x), key=keys[1]))[:, -1], key=keys[3])
    expected = module.dense[2](module.dense[1](module.dense[0](h), key=keys[5]))
    np.testing.assert_allclose(module(x, key=key), expected, atol=1e-6)


def test_description_is_json() -> None:
    assert from_json(to_json(STOCKS)) == STOCKS
    assert from_json(to_json(ps.Inputs(2, (3, 4), 5))) == ps.Inputs(2, (3, 4), 5)
    old = to_json(ps.Network([ps.LSTM(3)], [2]))
    del old["embeddings"], old["layers"][0]["dropout"], old["layers"][0]["recurrent_dropout"]
    assert from_json(old) == ps.Network([ps.LSTM(3)], [2])  # a file of before they were there
    assert repr(STOCKS) == "Network([LSTM(25), LSTM(10), Dropout(0.2)], dense=[Dense(10)], embeddings=[10])"


def build(network: ps.Network, inputs: ps.Inputs | None = None) -> Any:
    return network.build(inputs or ps.Inputs(), 1, jax.random.key(0))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ps.Network([ps.Dropout(0.1)]), "no layer over time was given"),
        (lambda: ps.Network([ps.Embedding(9, 2)]), "no layer over time was given"),
        (lambda: ps.Network([ps.LSTM(3), ps.Embedding(9, 2)]), r"Embedding\(9, 2\) is no layer over time"),
        (lambda: ps.Network([ps.LSTM(3)], embeddings=[-1]), "embeddings holds -1; allowed: whole numbers"),
        (lambda: ps.Inputs(categories=(0,)), r"categories=\(0,\) holds 0; allowed: the number of values"),
        (lambda: build(STOCKS), "has 1 embeddings for 0 categories; give embeddings one width for each category"),
        (lambda: build(IMDB, ps.Inputs(2)), "reads one token id a step, not 2 features"),
        (lambda: build(ps.Network([ps.LSTM(3)]))(jnp.ones((2, 5))), r"reads x as .* but was given the shape \(2, 5\)"),
        (lambda: build(ps.Network([ps.LSTM(3)]))(jnp.ones((2, 5, 2))), "with a last axis of 1, but was given"),
        (lambda: build(STOCKS, ps.Inputs(1, (9,)))(jnp.ones((2, 5, 1))), "reads categories of width 1, but none were"),
        (
            lambda: build(ps.Network([ps.LSTM(3)], [2]), ps.Inputs(1, (), 2))(jnp.ones((2, 5, 1))),
            "reads extra of width 2, but none were given",
        ),
        (lambda: build(ps.Network([ps.Embedding(9, 2), ps.LSTM(3)]))(jnp.ones((2, 5, 1))), "reads x as token ids"),
    ],
)  # fmt: skip
def test_what_is_refused(call: Any, message: str) -> None:
    with pytest.raises(ps.OptionError, match=message):
        call()
