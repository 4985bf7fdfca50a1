"""Losses: gradients, and values by hand."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradients import check
from penstock.training.losses import LOSSES, sample_losses

OUT = np.array([[-2.1, 0.4], [0.3, 1.7], [1.2, -0.6], [0.1, 0.2]])
VALUES = np.array([[-1.9, 2.4], [0.8, 1.5], [-1.3, -0.5], [3.0, 0.3]])  # both branches of the Huber loss
TARGETS = {
    "bce": (VALUES > 0).astype(float),
    "cross_entropy": np.array([[0.0], [1.0], [1.0], [0.0]]),
    "ordered": np.array([[0.0], [1.0], [2.0], [1.0]]),
}


@pytest.mark.fast("bce")
@pytest.mark.parametrize("loss", list(LOSSES))
def test_gradients(loss: str) -> None:
    with jax.enable_x64(True):
        y = jnp.asarray(TARGETS.get(loss, VALUES))
        check(lambda out: jnp.mean(LOSSES[loss](y, out)), jnp.asarray(OUT))


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("mse", [(0.2**2 + 2.0**2) / 2, (0.5**2 + 0.2**2) / 2]),
        ("mae", [(0.2 + 2.0) / 2, (0.5 + 0.2) / 2]),
        ("huber", [(0.2**2 / 2 + 1.5) / 2, (0.5**2 / 2 + 0.2**2 / 2) / 2]),
        ("bce", [np.log1p(np.exp([-2.1, -0.4])).mean(), np.log1p(np.exp([-0.3, -1.7])).mean()]),
        ("cross_entropy", [np.log1p(np.exp(2.5)), np.log1p(np.exp(-1.4))]),
    ],
)
def test_values_by_hand(loss: str, expected: list[float]) -> None:
    y = jnp.asarray(TARGETS.get(loss, VALUES)[:2])
    np.testing.assert_allclose(LOSSES[loss](y, jnp.asarray(OUT[:2])), expected, rtol=1e-5)


def test_ordered_is_the_log_of_the_probability_of_a_rank() -> None:
    """P(y > 0) = σ(a), P(y > 1) = σ(a − softplus(b)); the probabilities of the three ranks add up to one."""
    losses = np.stack([LOSSES["ordered"](jnp.full((4, 1), rank), jnp.asarray(OUT)) for rank in range(3)])
    above = 1 / (1 + np.exp(-OUT[:, 0]))
    beyond = 1 / (1 + np.exp(-(OUT[:, 0] - np.logaddexp(0, OUT[:, 1]))))
    np.testing.assert_allclose(np.exp(-losses), [1 - above, above - beyond, beyond], rtol=1e-4)


def test_true_steps_alone_count() -> None:
    y, out = jnp.zeros((2, 3, 1)), jnp.asarray([[[1.0], [3.0], [100.0]], [[2.0], [100.0], [100.0]]])
    assert sample_losses("mae", y, out, lengths=jnp.asarray([2, 1])).tolist() == [2.0, 2.0]
