"""Lengths, masks, reversed time and the last state alone: what runs whole sequences equals the steps."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import penstock as ps
from penstock.cells.cell import Cell
from penstock.cells.gru import GRUCell
from penstock.cells.leaky import LeakyCell
from penstock.cells.lstm import LSTMCell
from penstock.cells.rnn import RNNCell
from penstock.layers.unroll import unroll
from penstock.options import from_json, to_json

KEY = jax.random.key(0)
CELLS: dict[str, Cell[Any]] = {
    "lstm": LSTMCell(2, 5, KEY),
    "lstm hard": LSTMCell(2, 5, KEY, "hard_sigmoid"),
    "gru before": GRUCell(2, 5, KEY),
    "gru after": GRUCell(2, 5, KEY, reset_after=True),
    "rnn tanh": RNNCell(2, 5, KEY),
    "rnn relu": RNNCell(2, 5, KEY, "relu"),
    "leaky": LeakyCell(2, 5, KEY, 0.2),
    "leaky learned": LeakyCell(2, 5, KEY, 0.2, learned=True),
}
X = jax.random.normal(jax.random.key(1), (4, 6, 2))
LENGTHS = np.array([0, 1, 4, 6])
X_MASK = jnp.asarray(np.random.default_rng(1).uniform(size=(4, 2)) < 0.6, jnp.float32) / 0.6
MASK = jnp.asarray(np.random.default_rng(0).uniform(size=(4, 5)) < 0.6, jnp.float32) / 0.6


class Stepwise(Cell[Any]):
    """A cell without the means to run a whole sequence."""

    inner: Cell[Any]
    supports_recurrent_dropout = True

    def initial_state(self, batch: int) -> Any:
        return self.inner.initial_state(batch)

    def __call__(self, x: jax.Array, state: Any, mask: jax.Array | None = None) -> Any:
        return self.inner(x, state, mask)  # type: ignore[call-arg]


OPTIONS = [
    {},
    {"sequence": False},
    {"reverse": True},
    {"lengths": LENGTHS, "mask": MASK, "x_mask": X_MASK},
    {"lengths": LENGTHS, "mask": MASK, "x_mask": X_MASK, "reverse": True, "sequence": False},
]


FAST = ("lstm", "gru after", "rnn tanh", "leaky learned")  # and the options from the third on


@pytest.mark.fast("lstm-lengths-mask-x_mask-reverse-sequence", "rnn tanh-reverse")
@pytest.mark.parametrize(
    ("name", "options"),
    [
        pytest.param(name, options, marks=[] if name in FAST and place > 1 else pytest.mark.slow)
        for name in CELLS
        for place, options in enumerate(OPTIONS)
    ],
    ids=lambda part: part if isinstance(part, str) else "-".join(part) or "plain",
)
def test_whole_sequences_equal_steps(name: str, options: dict[str, Any]) -> None:
    cell = CELLS[name]
    state = jax.tree.map(lambda leaf: 0.3 + leaf, cell.initial_state(4))
    options = {key: jnp.asarray(value) if key == "lengths" else value for key, value in options.items()}

    def loss(at: tuple[Cell[Any], jax.Array], wrap: Any) -> tuple[jax.Array, Any]:
        out, last = unroll(wrap(at[0]), at[1], state, **options)
        return sum(jnp.sum(jnp.sin(leaf)) for leaf in jax.tree.leaves((out, last))), (out, last)

    run = jax.value_and_grad(loss, has_aux=True)
    (_, ours), ours_d = run((cell, X), lambda cell: cell)
    (_, steps), steps_d = run((cell, X), Stepwise)
    for one, other in zip(jax.tree.leaves((ours, ours_d)), jax.tree.leaves((steps, steps_d)), strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, atol=2e-5)


class Sum(Cell[jax.Array]):
    """Adds up what it sees; puts out twice its state."""

    def initial_state(self, batch: int) -> jax.Array:
        return jnp.zeros((batch, 1))

    def __call__(self, x: jax.Array, state: jax.Array) -> tuple[jax.Array, jax.Array]:
        return 2 * (state + x), state + x


NUMBERS = jnp.asarray([[[1.0], [2.0], [4.0]], [[8.0], [jnp.nan], [jnp.nan]], [[jnp.nan]] * 3])


@pytest.mark.parametrize(
    ("reverse", "outputs"),
    [
        (False, [[2.0, 6.0, 14.0], [16.0, 0.0, 0.0], [0.0] * 3]),
        (True, [[14.0, 12.0, 8.0], [16.0, 0.0, 0.0], [0.0] * 3]),
    ],
)
def test_a_cell_of_ones_own_knows_lengths(reverse: bool, outputs: list[list[float]]) -> None:
    """Padding may be NaN; later steps leave the state alone, put out zeros and send no gradient back."""
    lengths = jnp.asarray([3, 1, 0])
    out, last = unroll(Sum(), NUMBERS, lengths=lengths, reverse=reverse)
    assert out[..., 0].tolist() == outputs
    assert last[:, 0].tolist() == [7.0, 8.0, 0.0]
    only, last = unroll(Sum(), NUMBERS, lengths=lengths, reverse=reverse, sequence=False)
    assert only[:, 0].tolist() == [14.0, 16.0, 0.0]
    assert last[:, 0].tolist() == [7.0, 8.0, 0.0]
    d = jax.grad(lambda x: unroll(Sum(), x, lengths=lengths, reverse=reverse, sequence=False)[0].sum())(NUMBERS)
    assert d[..., 0].tolist() == [[2.0] * 3, [2.0, 0.0, 0.0], [0.0] * 3]


def test_the_last_output_of_a_sample_without_steps_is_zero_whatever_its_first_state() -> None:
    for cell in (RNNCell(1, 1, KEY), Sum()):
        out, last = unroll(cell, NUMBERS, jnp.ones((3, 1)), lengths=jnp.asarray([3, 1, 0]), sequence=False)
        assert float(out[2, 0]) == 0.0
        assert float(last[2, 0]) == 1.0


def test_a_mask_is_refused_where_the_cell_knows_none() -> None:
    with pytest.raises(ps.OptionError, match="Sum knows no recurrent dropout; allowed: dropout of its inputs"):
        unroll(Sum(), NUMBERS, mask=jnp.ones((3, 1)))


class Growing(Sum):
    """A cell whose state grows: no cell at all."""

    def __call__(self, x: jax.Array, state: jax.Array) -> tuple[jax.Array, jax.Array]:
        return state, jnp.concatenate([state, x], axis=-1)


@pytest.mark.parametrize(
    ("cell", "x", "lengths", "message"),
    [
        (Sum(), NUMBERS[0], None, r"Sum reads \[batch, time, features\], but was given the shape \(3, 1\)"),
        (RNNCell(1, 1, KEY), NUMBERS[:, :0], None, "RNNCell was given an empty sequence, of the shape"),
        (
            RNNCell(1, 1, KEY),
            NUMBERS,
            [3, 4, 0],
            "sample 1 is said to have 4 steps, but the data hold 3; allowed: 0 to",
        ),
        (RNNCell(1, 1, KEY), NUMBERS, [3, 0, -1], "sample 2 is said to have -1 steps"),
        (Sum(), NUMBERS, [3, 1], "lengths have the shape .* give one whole number for each of the 3 samples"),
        (Sum(), NUMBERS, [3.0, 1.0, 0.0], "lengths have the shape .* and the type float"),
        (Growing(), NUMBERS, None, r"a step of Growing changes its state from float32\[3, 1\] to float32\[3, 2\]"),
    ],
)
def test_what_is_refused(cell: Cell[Any], x: jax.Array, lengths: Any, message: str) -> None:
    with pytest.raises(ps.OptionError, match=message):
        unroll(cell, x, lengths=None if lengths is None else jnp.asarray(lengths))


def test_a_layer_of_a_cell_of_ones_own() -> None:
    layer = ps.Recurrent(Narrow, 3, dropout=0.1)
    assert from_json(to_json(layer)) == layer == ps.Recurrent("Narrow", 3, dropout=0.1)
    assert repr(ps.Recurrent(LeakyCell, 5, leak=0.2, learned=True)) == "Recurrent(LeakyCell, 5, leak=0.2, learned=True)"
    ours, theirs = (each.build(2, KEY) for each in (ps.Recurrent(LeakyCell, 5, leak=0.2), ps.Leaky(5, 0.2)))
    assert np.array_equal(ours(X), theirs(X))
    assert ps.Network([ps.Recurrent(LeakyCell, 5)]).parameters(ps.Inputs(2), 1) == 46


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: ps.Recurrent("LeakyCel", 5), "no cell named 'LeakyCel' is known; .* did you mean 'LeakyCell'"),
        (lambda: ps.Recurrent(int, 5), "Recurrent: <class 'int'> is no cell"),
        (lambda: ps.Recurrent(LeakyCell, 0), "units=0 is out of range"),
        (
            lambda: ps.Recurrent(LeakyCell, 5, leek=0.1),
            "does not take these: got an unexpected keyword argument 'leek'",
        ),
        (
            lambda: ps.Recurrent(Narrow, 5).build(1, KEY),
            r"puts out the shape \(2, 1\); a layer of 5 units needs \(2, 5\)",
        ),
        (lambda: ps.Recurrent(Narrow, 1, recurrent_dropout=0.1).build(1, KEY), "Narrow knows no recurrent dropout"),
    ],
)
def test_what_a_layer_of_any_cell_refuses(build: Any, message: str) -> None:
    with pytest.raises(ps.OptionError, match=message):
        build()


class Narrow(Sum):
    """Puts out one number whatever its units."""

    def __init__(self, features: int, units: int, key: jax.Array) -> None:
        """Take what a cell is given, and draw no weights."""
