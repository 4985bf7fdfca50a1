"""The loss of the next token: under the softmax over all tokens, or over some that are drawn."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp

from penstock.layers.noise import random_bits

__all__ = ["drawn_tokens", "sampled_token_losses", "token_losses"]

_LOGITS_AT_ONCE = 1 << 23
_NONE = -1e30  # the logit of a token that is not to count; its exponential is zero


def token_losses(hidden: jax.Array, table: jax.Array, bias: jax.Array, y: jax.Array) -> jax.Array:
    """Return −log p of each token under the softmax over all, ``[n]``.

    The logits of some tokens are computed at a time, and again on the way back, so that they are never all in memory.

    Parameters
    ----------
    hidden
        What the network has read, ``[n, units]``.
    table, bias
        Output weights ``[vocabulary, units]`` and biases ``[vocabulary]``.
    y
        The token that follows, ``[n]``.

    Examples
    --------
    >>> token_losses(jnp.zeros((3, 2)), jnp.zeros((4, 2)), jnp.zeros(4), jnp.array([0, 3, 1])).round(4).tolist()
    [1.3862..., 1.3862..., 1.3862...]
    """
    count, units = hidden.shape
    size = min(max(_LOGITS_AT_ONCE // len(table), 1), count)
    size = -(-count // -(-count // size))  # as many in each part
    padding = -count % size
    parts = jnp.pad(hidden, ((0, padding), (0, 0))).reshape(-1, size, units), jnp.pad(y, (0, padding)).reshape(-1, size)

    @jax.checkpoint
    def part(given: tuple[jax.Array, jax.Array]) -> jax.Array:
        some, following = given
        logits = some @ table.T + bias
        own = jnp.take_along_axis(logits, following[:, None], axis=1)[:, 0]
        return jax.scipy.special.logsumexp(logits, axis=1) - own

    return jax.lax.map(part, parts).reshape(-1)[:count]


def drawn_tokens(key: jax.Array, count: int, vocabulary: int) -> jax.Array:
    """Draw tokens with replacement, ``[count]``.

    The token of rank k, counted from 0, has the probability log((k + 2)/(k + 1)) / log(vocabulary + 1). Tokens are
    ranked by frequency, so this is near their distribution (Zipf's law), and needs no table.

    Examples
    --------
    >>> drawn = drawn_tokens(jax.random.key(0), 10_000, 100)
    >>> int(drawn.min()), int(drawn.max()), round(float((drawn == 0).mean()), 2)
    (0, 99, 0.15)
    """
    uniform = random_bits(key, (count,)) / 2.0**32
    return jnp.clip(jnp.exp(uniform * math.log(vocabulary + 1)).astype(jnp.int32) - 1, 0, vocabulary - 1)


def sampled_token_losses(
    hidden: jax.Array,
    own: tuple[jax.Array, jax.Array],
    others: tuple[jax.Array, jax.Array],
    y: jax.Array,
    drawn: jax.Array,
    vocabulary: int,
) -> jax.Array:
    """Return −log p of each token, its softmax estimated from tokens that are drawn, ``[n]``.

    The sum over all tokens but the true one is estimated by importance sampling from those of :func:`drawn_tokens`; the
    estimate of the sum is unbiased, and with more and more draws the loss becomes that of :func:`token_losses`.

    Parameters
    ----------
    hidden
        What the network has read, ``[n, units]``.
    own
        Output weights ``[n, units]`` and biases ``[n]`` of the tokens that follow.
    others
        Output weights ``[drawn, units]`` and biases ``[drawn]`` of the tokens that were drawn.
    y, drawn
        The tokens that follow, ``[n]``, and those that were drawn, ``[drawn]``.
    vocabulary
        Number of tokens.

    References
    ----------
    Bengio & Senécal (2008), *Adaptive importance sampling to accelerate training of a neural probabilistic language
    model*; Jean, Cho, Memisevic & Bengio (2015), one sample for a whole batch.
    """
    true = jnp.sum(hidden * own[0], axis=1) + own[1]
    rank = drawn.astype(hidden.dtype)
    log_expected = jnp.log(jnp.log1p(1 / (rank + 1))) - math.log(math.log(vocabulary + 1)) + math.log(len(drawn))
    logits = hidden @ others[0].T + (others[1] - log_expected)
    logits = jnp.where(y[:, None] == drawn, _NONE, logits)
    return jnp.logaddexp(true, jax.scipy.special.logsumexp(logits, axis=1)) - true
