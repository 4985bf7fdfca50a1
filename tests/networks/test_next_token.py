"""The loss of the next token, exact and sampled."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import penstock as ps
from penstock.errors import OptionError
from penstock.layers.embedding import Embedding
from penstock.layers.noise import fold_in
from penstock.networks import next_token
from penstock.networks.language import LanguageNetwork
from penstock.networks.next_token import drawn_tokens, sampled_token_losses, token_losses

RNG = np.random.default_rng(0)
HIDDEN, TABLE, BIAS = RNG.normal(size=(5, 3)), RNG.normal(size=(7, 3)), RNG.normal(size=7)
Y = np.array([0, 6, 3, 3, 1])


def test_the_exact_loss_is_that_of_the_softmax_in_parts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    logits = HIDDEN @ TABLE.T + BIAS
    wanted = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(5), Y]
    for at_once in (1 << 23, 14, 1):  # all, two and one at a time
        monkeypatch.setattr(next_token, "_LOGITS_AT_ONCE", at_once)
        np.testing.assert_allclose(token_losses(*map(jnp.asarray, (HIDDEN, TABLE, BIAS, Y))), wanted, rtol=1e-5)


def test_the_sampled_sum_is_unbiased_and_tends_to_the_exact_one() -> None:
    hidden, table, bias, y = map(jnp.asarray, (HIDDEN, TABLE, BIAS, Y))

    def losses(key: jax.Array, count: int) -> jax.Array:
        drawn = drawn_tokens(key, count, 7)
        return sampled_token_losses(hidden, (table[y], bias[y]), (table[drawn], bias[drawn]), y, drawn, 7)

    exact = token_losses(hidden, table, bias, y)
    keys = jax.vmap(fold_in, in_axes=(None, 0))(jax.random.key(1), jnp.arange(4000))
    few = jax.jit(jax.vmap(lambda key: losses(key, 6)))(keys)
    np.testing.assert_allclose(jnp.exp(few).mean(axis=0), jnp.exp(exact), rtol=0.05)  # 1/p, as the sum is
    np.testing.assert_allclose(jax.jit(losses, static_argnums=1)(keys[0], 200_000), exact, atol=0.02)
    assert float(jnp.abs(few - exact).mean()) > 0.1  # one draw is not exact: the test above sees an average


def test_tokens_are_drawn_as_often_as_their_probability_says() -> None:
    drawn = np.asarray(drawn_tokens(jax.random.key(0), 100_000, 50))
    rank = np.arange(50.0)
    wanted = np.log((rank + 2) / (rank + 1)) / np.log(51)
    np.testing.assert_allclose(np.bincount(drawn, minlength=50) / 100_000, wanted, atol=0.005)
    assert wanted.sum() == pytest.approx(1)


def test_networks_that_predict_no_next_token_are_refused() -> None:
    with pytest.raises(OptionError, match=r"Bidirectional\(GRU\(3\)\) is no recurrent layer; allowed: such as"):
        LanguageNetwork([Embedding(9, 3), ps.layers.Bidirectional(ps.GRU(3))])
    with pytest.raises(OptionError, match=r"which is 3 wide, but the top layer is GRU\(4\); give units=4, or tied=Fal"):
        LanguageNetwork([Embedding(9, 3), ps.GRU(4)])
    assert LanguageNetwork([Embedding(9, 3), ps.GRU(3)], sampled=9).draws is None
    assert LanguageNetwork([Embedding(9, 3), ps.GRU(3)], sampled=8).draws == 8
