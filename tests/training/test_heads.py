"""Heads: their losses and bounds against scipy's distributions and hand arithmetic; gradients; gaps; sums."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import penstock as ps
from gradients import check
from penstock.training.heads import HEADS, Direction, Gaussian, Head, Quantiles, Student, Value, resolve_head


def softplus(x: np.ndarray) -> np.ndarray:
    return np.logaddexp(0, x)


@pytest.mark.fast("gaussian-True", "direction-False")
@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("loss", list(HEADS))
def test_gradients(loss: str, gaps: bool, rng: np.random.Generator) -> None:
    head = resolve_head(loss, (50, 90), gaps=gaps, steps=2)
    y = rng.normal(size=(3, 2))
    if loss == "direction":
        y = (y > 0).astype(float)
    if gaps:
        y[0, 1] = y[1] = np.nan
    with jax.enable_x64(True):
        out = jnp.asarray(3 * rng.normal(size=(3, 2 * head.width)))
        assert np.isfinite(head(jnp.asarray(y), out)).all()
        check(lambda out: jnp.sum(head(jnp.asarray(y), out)), out)


def test_likelihoods_are_scipys(rng: np.random.Generator) -> None:
    y, out = rng.normal(size=(4, 1)), rng.normal(size=(4, 3))
    sigma = softplus(out[:, 1:2]) + 1e-4
    nu = 2.01 + softplus(out[:, 2:] + 2)
    with jax.enable_x64(True):
        gaussian = Gaussian()(jnp.asarray(y), jnp.asarray(out[:, :2]))
        student = Student()(jnp.asarray(y), jnp.asarray(out))
    np.testing.assert_allclose(gaussian, -stats.norm.logpdf(y, out[:, :1], sigma)[:, 0], rtol=1e-12)
    np.testing.assert_allclose(student, -stats.t.logpdf(y, nu, out[:, :1], sigma)[:, 0], rtol=1e-12)
    for head, law in ((Gaussian(), stats.norm(out[:, 0], sigma[:, 0])), (Student(), stats.t(nu[:, 0], out[:, 0], sigma[:, 0]))):  # fmt: skip  # noqa: E501
        np.testing.assert_allclose(head.bounds(out[:, : head.width], 95), law.interval(0.95), rtol=1e-9)
        np.testing.assert_allclose(head.deviation(out[:, : head.width]), law.std(), rtol=1e-9)


def test_pinball_by_hand() -> None:
    """Median 1, 80 % bounds −1 and 4; of y = 3 the shortfalls are 2 · .5, 1 · .1 (above) and 4 · .1 (below)."""
    head = Quantiles(levels=(80,))
    inverse = np.log(np.expm1(np.array([3.0, 2.0]) - 1e-4))
    out = np.array([[1.0, *inverse]])
    np.testing.assert_allclose(head.bounds(out, 80), [[-1.0], [4.0]], rtol=1e-9)
    with jax.enable_x64(True):
        loss = head(jnp.array([[3.0]]), jnp.asarray(out))
    np.testing.assert_allclose(loss, (2 * 0.5 + 1 * 0.1 + 4 * 0.1) / 3, rtol=1e-6)


def test_quantiles_never_cross(rng: np.random.Generator) -> None:
    head = Quantiles(levels=(50, 80, 95))
    out = 50 * rng.normal(size=(200, head.width))
    bounds = [side for level in (50, 80, 95) for side in head.bounds(out, level)]
    for inner, outer in ((0, 2), (2, 4)):
        assert (bounds[outer] < bounds[inner]).all()
        assert (bounds[outer + 1] > bounds[inner + 1]).all()
    assert (bounds[0] < head.centre(out)).all()
    with pytest.raises(ps.OptionError, match="level=90 was not learned; allowed: 50, 80, 95, or a fit with levels=90"):
        head.bounds(out, 90)


def test_direction_is_the_cross_entropy() -> None:
    logits, y = np.array([[0.5, -40.0]]), np.array([[1.0, 0.0]])
    p = Direction().centre(logits.reshape(1, 2, 1))
    np.testing.assert_allclose(p, 1 / (1 + np.exp(-logits)))
    expected = -(np.log(p[0, 0]) + np.log1p(-p[0, 1])) / 2
    np.testing.assert_allclose(Direction()(jnp.asarray(y), jnp.asarray(logits)), [expected], rtol=1e-6)


def test_gaps_are_not_counted() -> None:
    y, out = jnp.array([[1.0, np.nan], [np.nan, np.nan]]), jnp.array([[3.0, 9.0], [9.0, 9.0]])
    assert Value(gaps=True)(y, out).tolist() == [4.0, 0.0]
    assert Value()(jnp.zeros((1, 2)), out[:1]).tolist() == [45.0]


@pytest.mark.parametrize("series", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_sums_are_taken_along_the_steps_of_each_series(series: int) -> None:
    y = np.arange(1.0, 7.0)[: 3 * series][None]
    sums = np.cumsum(y.reshape(3, series), axis=0)
    out = np.stack([sums, np.zeros_like(sums)], axis=-1).reshape(1, -1)
    exact: Head = Gaussian(summed=3)
    at_zero = Gaussian()(jnp.zeros((1, 1)), jnp.zeros((1, 2)))
    np.testing.assert_allclose(exact(jnp.asarray(y), jnp.asarray(out)), at_zero, rtol=1e-6)
