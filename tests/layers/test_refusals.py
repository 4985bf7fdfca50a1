"""What layers refuse, and in which words."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest

import penstock as ps
from layers.catalogue import LAYERS
from penstock.layers import (
    LRU,
    SLSTM,
    AttentionPooling,
    Clockwork,
    Conv1D,
    DeepTransition,
    Dilated,
    DotAttention,
    EchoState,
    Grid,
    LayerNorm,
    MinGRU,
    OutputRecurrence,
    Residual,
    SelfAttention,
    TransformerEncoder,
    Zoneout,
)  # fmt: skip

KEY = jax.random.key(0)
KEYS = jnp.ones((2, 4, 3))
LENGTHS = jnp.asarray([4, 5])


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: DotAttention().build(2, 3, KEY),
            "queries of width 2 with keys of width 3; make them eq",
        ),
        (lambda: SelfAttention("dot"), "attention='dot' is text; allowed: Attention"),
        (
            lambda: AttentionPooling(2).build(3, KEY)(KEYS),
            "AttentionPooling reads a sequence to one vect",
        ),
        (lambda: Residual(ps.GRU(4)).build(3, KEY), "adds 4 outputs to 3 inputs; make them equally wide"),
        (lambda: Residual([LayerNorm()]), "Residual: no layer over time was given; allowed: a layer such as LSTM"),
        (lambda: Residual(ps.GRU(3), merge="add"), "merge='add' is unknown; allowed: 'concat', 'sum'"),
        (lambda: ps.layers.Bidirectional(LayerNorm()), r"layer=LayerNorm\(\) is not allowed; allowed: RecurrentLayer"),
        (lambda: ps.LSTM(3, forget="never"), "forget='never' is unknown; allowed: 'gate', 'coupled', 'none'"),
        (lambda: EchoState(5, density=1.5), "density=1.5 is out of range; allowed: a number above 0 and at most 1"),
        (lambda: EchoState(5, radius=0), "radius=0 is out of range"),
        (lambda: LRU(5, r_min=0.9, r_max=0.5), "r_min=0.9 lies above r_max=0.5"),
        (lambda: Clockwork(5, periods=(1, 2)), "2 groups cannot share 5 units evenly; give a multiple of 2"),
        (
            lambda: Clockwork(4, periods=(0, 2)),
            r"periods=\(0, 2\) is of the type tuple; allowed: whole numbers from 1",
        ),
        (lambda: TransformerEncoder(6, heads=4), "4 heads cannot share 6 units evenly; give a multiple of 4"),
        (lambda: Grid(2, columns=3).build(4, KEY), "cannot share 4 features among 3 columns evenly"),
        (lambda: Conv1D(2, 3, padding="valid"), "padding='valid' is unknown; allowed: 'causal', 'same'"),
        (lambda: Dilated(ps.GRU(2), 0), "skip=0 is out of range"),
        (
            lambda: Zoneout(SLSTM(2)).build(1, KEY),
            "c, n and m of an sLSTM change together or not at all; give memory=0",
        ),
        (lambda: MinGRU(2, recurrent_dropout=0.1).build(1, KEY), "MinGRUCell knows no recurrent dropout"),
        (lambda: OutputRecurrence(2, values=0), "values=0 is out of range"),
        (lambda: DeepTransition(2, activation="tan"), "activation='tan' is unknown; did you mean 'tanh'"),
        (lambda: ps.layers.Bidirectional(ps.GRU(3), "both"), "merge='both' is unknown"),
    ],
)
def test_what_is_refused(build: object, message: str) -> None:
    with pytest.raises(ps.OptionError, match=message):
        build()  # type: ignore[operator]


@pytest.mark.parametrize("name", list(LAYERS))
def test_what_is_no_sequence_is_refused_by_every_layer(name: str) -> None:
    def call(x: jax.Array, lengths: jax.Array | None = None) -> None:
        """Traced, not run: what is refused is known from shapes and lengths."""
        jax.eval_shape(lambda: LAYERS[name].build(2, KEY)(x, lengths=lengths, sequence=False))

    with pytest.raises(ps.OptionError, match=r"reads \[batch, time, features\], but was given the shape \(4, 2\)"):
        call(KEYS[0, :, :2])
    with pytest.raises(ps.OptionError, match="was given an empty sequence"):
        call(KEYS[:, :0, :2])
    with pytest.raises(ps.OptionError, match="sample 1 is said to have 5 steps, but the data hold 4; allowed: 0 to 4"):
        call(KEYS[..., :2], LENGTHS)
