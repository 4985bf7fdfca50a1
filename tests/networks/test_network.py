from __future__ import annotations

from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import penstock as ps
from penstock.networks.inputs import Inputs
from penstock.options import from_json, to_json


@pytest.mark.parametrize(
    ("network", "outputs", "count"),
    [
        (ps.Network([ps.LSTM(20)]), 1, 1781),
        (ps.Network([ps.LSTM(10)]), 1, 491),
        pytest.param(
            ps.Network([ps.LSTM(25), ps.LSTM(10)], dense=[ps.Dense(10, "linear")]),
            3,
            2700 + 1440 + 110 + 33,
            marks=pytest.mark.slow,
        ),
    ],
)
def test_parameters(network: ps.Network, outputs: int, count: int) -> None:
    assert network.parameters(Inputs(), outputs=outputs) == count
    module = network.build(Inputs(), outputs, jax.random.key(0))
    assert sum(leaf.size for leaf in jax.tree.leaves(eqx.filter(module, eqx.is_array))) == count


def test_summary() -> None:
    assert ps.Network([ps.LSTM(25), ps.LSTM(10)], dense=[10]).summary(Inputs(2), outputs=3, window=52) == "\n".join(
        [
            "layer      output           parameters",
            "LSTM(25)   [batch, 52, 25]       2,800",
            "LSTM(10)   [batch, 10]           1,440",
            "Dense(10)  [batch, 10]             110",
            "Dense(3)   [batch, 3]               33",
            "total                            4,383",
        ]
    )


def test_description_is_frozen_comparable_and_json() -> None:
    network = ps.Network([ps.LSTM(4, recurrent_activation="hard_sigmoid")], dense=[3])
    assert network == ps.Network((ps.LSTM(4, "hard_sigmoid"),), (ps.Dense(3, "relu"),))
    assert hash(network) == hash(ps.Network([ps.LSTM(4, "hard_sigmoid")], dense=[3]))
    assert network != ps.Network([ps.LSTM(4)], dense=[3])
    assert network == ps.Network(ps.LSTM(4, "hard_sigmoid"), dense=3)  # one needs no list
    assert from_json(to_json(network)) == network
    assert repr(network) == "Network([LSTM(4, recurrent_activation='hard_sigmoid')], dense=[Dense(3)])"
    with pytest.raises(AttributeError):
        network.layers = ()  # type: ignore[misc]


def test_reads_the_last_step() -> None:
    module = ps.Network([ps.LSTM(4)]).build(Inputs(), 5, jax.random.key(0))
    x = jax.random.normal(jax.random.key(1), (2, 6, 1))
    out = module(x)
    assert out.shape == (2, 5)
    assert (module(x.at[:, -1].add(1.0)) != out).all()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: ps.LSTM(0), "units=0 is out of range; allowed: a whole number at least 1"),
        (lambda: ps.LSTM(2.5), "units=2.5 is not a whole number"),
        (lambda: ps.LSTM(5, "sigmod"), "'sigmod' is unknown; did you mean 'sigmoid'"),
        (lambda: ps.Network([]), "no layer over time was given; allowed: a list of layers such as"),
        (lambda: ps.Network([20]), "20 is no layer over time"),
        (lambda: ps.Network(3), "3 is no layer over time"),
        (lambda: ps.Network([ps.Dense(3)]), r"Dense\(3\) is no layer over time"),
        (lambda: ps.Network([ps.LSTM(3)], dense=[0]), "Dense: units=0 is out of range"),
    ],
)
def test_what_is_refused(build: object, message: str) -> None:
    with pytest.raises(ps.OptionError, match=message):
        build()  # type: ignore[operator]


@pytest.mark.slow
def test_every_step_puts_out() -> None:
    """Each step's output is the last one of the sequence that ends there, whatever stands behind."""
    network = ps.Network([ps.GRU(3)], dense=[2], embeddings=[2], return_sequences=True)
    inputs = Inputs(2, (3,), 1)
    module = network.build(inputs, 2, jax.random.key(0))
    last = ps.Network([ps.GRU(3)], dense=[2], embeddings=[2]).build(inputs, 2, jax.random.key(0))
    x = jax.random.normal(jax.random.key(1), (2, 4, 2))
    beside = {"categories": jnp.array([[1], [2]]), "extra": jnp.ones((2, 1))}
    out = module(x, lengths=jnp.array([4, 2]), **beside)
    assert out.shape == (2, 4, 2)
    for step in range(4):
        ends = last(x, lengths=jnp.array([step + 1, min(step + 1, 2)]), **beside)
        np.testing.assert_allclose(out[0, step], ends[0], atol=1e-6)
        np.testing.assert_allclose(out[1, min(step, 1)], ends[1], atol=1e-6)
    assert from_json(to_json(network)) == network
    assert repr(network).endswith("embeddings=[2], return_sequences=True)")


def test_untrained_weights_are_no_fitted_parameters(tmp_path: Path) -> None:
    layers = ps.layers
    reservoir = ps.Network([layers.EchoState(200)])
    assert reservoir.parameters(ps.Inputs(), 1) == 201
    assert reservoir.summary().splitlines()[-1].split() == ["total", "201", "40,400"]
    both = ps.Network([layers.Bidirectional(layers.Zoneout(layers.EchoState(3)).layer)])
    assert both.parameters(ps.Inputs(), 1) == 7
    skip = ps.Network([layers.Residual([layers.EchoState(3)], merge="concat"), ps.LSTM(2)])
    assert skip.summary().splitlines()[-1].split() == ["total", "59", "15"]
    frozen = ps.Network([ps.Embedding(50, 4, frozen=True), ps.GRU(2)])
    assert frozen.parameters(ps.Inputs(), 1) == 45
    ps.anatomy.unrolled(reservoir, steps=4).report(tmp_path / "graph.html")
    page = (tmp_path / "graph.html").read_text()
    assert ">untrained<" in page
    assert ">40,400<" in page
    assert "untrained" not in ps.Network([ps.GRU(2)]).summary()
    told = ps.EncoderDecoder([ps.Embedding(9, 4, frozen=True), ps.GRU(2)], ps.GRU(2), embedding=3)
    same = ps.EncoderDecoder([ps.Embedding(9, 4), ps.GRU(2)], ps.GRU(2), embedding=3)
    assert same.parameters(ps.Inputs(), 4) - told.parameters(ps.Inputs(), 4) == 36


@pytest.mark.parametrize("return_sequences", ["yes", 1, None])
def test_every_step_is_true_or_false(return_sequences: Any) -> None:
    with pytest.raises(ps.OptionError, match=r"Network: return_sequences(='yes' is text|=1 is a number| was None)"):
        ps.Network([ps.GRU(2)], return_sequences=return_sequences)
