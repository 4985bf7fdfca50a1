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
MASK = jnp.asarray(np.random.default_rng(0).uniform(size=(4, 5)) < 0.6, jnp.float32) / 0.6


class Stepwise(Cell[Any]):
    """A cell without the means to run a whole sequence."""

    inner: Cell[Any]
    masks = True

    def initial_state(self, batch: int) -> Any:
        return self.inner.initial_state(batch)

    def __call__(self, x: jax.Array, state: Any, mask: jax.Array | None = None) -> Any:
        return self.inner(x, state, mask)  # type: ignore[call-arg]


OPTIONS = [
    {},
    {"sequence": False},
    {"reverse": True},
    {"lengths": LENGTHS, "mask": MASK},
    {"lengths": LENGTHS, "mask": MASK, "reverse": True, "sequence": False},
]


@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: "-".join(o) or "plain")
@pytest.mark.parametrize("name", list(CELLS))
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
