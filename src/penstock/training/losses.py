"""Losses, one value a sample."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

__all__ = ["CLASS_LOSSES", "LOSSES", "VALUE_LOSSES", "Loss", "cumulative_logits", "sample_losses"]

Loss = Callable[[jax.Array, jax.Array], jax.Array]


def _mse(y: jax.Array, yhat: jax.Array) -> jax.Array:
    return jnp.mean(jnp.square(y - yhat), axis=-1)


def _mae(y: jax.Array, yhat: jax.Array) -> jax.Array:
    return jnp.mean(jnp.abs(y - yhat), axis=-1)


def _huber(y: jax.Array, yhat: jax.Array) -> jax.Array:
    error = jnp.abs(y - yhat)
    return jnp.mean(jnp.where(error <= 1, 0.5 * jnp.square(error), error - 0.5), axis=-1)


def _bce(y: jax.Array, yhat: jax.Array) -> jax.Array:
    return jnp.mean(jnp.maximum(yhat, 0) - y * yhat + jnp.log1p(jnp.exp(-jnp.abs(yhat))), axis=-1)


def _cross_entropy(y: jax.Array, yhat: jax.Array) -> jax.Array:
    chosen = jnp.take_along_axis(yhat, y.astype(jnp.int32), axis=-1)[:, 0]
    return jax.scipy.special.logsumexp(yhat, axis=-1) - chosen


def cumulative_logits(yhat: jax.Array) -> jax.Array:
    """Turn outputs ``[..., K − 1]`` into the logits of P(y > k), k = 1 … K − 1: the first as it is, each next lower.

    The distance of two is the softplus of an output, so that the probabilities of K ordered classes are never negative.
    """
    below = jnp.cumsum(jax.nn.softplus(yhat[..., 1:]) + 1e-6, axis=-1)
    return yhat[..., :1] - jnp.pad(below, [(0, 0)] * (yhat.ndim - 1) + [(1, 0)])


def _ordered(y: jax.Array, yhat: jax.Array) -> jax.Array:
    """−log(σ(a) − σ(b)) for the logits a of P(y > k − 1) and b of P(y > k), as σ(a) σ(−b) (1 − e^(b − a))."""
    logits, rank = cumulative_logits(yhat), y.astype(jnp.int32)
    classes = yhat.shape[-1] + 1
    upper = jnp.take_along_axis(logits, jnp.clip(rank - 1, 0, classes - 2), axis=-1)[:, 0]
    lower = jnp.take_along_axis(logits, jnp.clip(rank, 0, classes - 2), axis=-1)[:, 0]
    first, last = rank[:, 0] == 0, rank[:, 0] == classes - 1
    between = jnp.where(first | last, 1.0, upper - lower)
    return (
        jnp.where(first, 0, jax.nn.softplus(-upper))
        + jnp.where(last, 0, jax.nn.softplus(lower))
        - jnp.where(first | last, 0, jnp.log(-jnp.expm1(-between)))
    )


VALUE_LOSSES: dict[str, Loss] = {"mse": _mse, "mae": _mae, "huber": _huber}
"""Losses of values: targets and outputs ``[batch, horizon]`` in, one loss a sample ``[batch]`` out, averaged over the
horizon.

``mse`` squared error; ``mae`` absolute error; ``huber`` squared within one scaled unit, absolute beyond
(Huber 1964, δ = 1).
"""

CLASS_LOSSES: dict[str, Loss] = {"bce": _bce, "cross_entropy": _cross_entropy, "ordered": _ordered}
"""Losses of classes, the outputs being logits.

``bce`` binary cross-entropy of labels 0 and 1, ``[batch, outputs]``; ``cross_entropy`` of class numbers ``[batch, 1]``
under the softmax of as many outputs as there are classes; ``ordered`` of the ranks ``[batch, 1]`` of ordered classes,
such as stars, under the cumulative logits of one output fewer (:func:`cumulative_logits`; McCullagh 1980).
"""

LOSSES: dict[str, Loss] = {**VALUE_LOSSES, **CLASS_LOSSES}
"""All losses, one a sample."""


def sample_losses(loss: str | Loss, y: jax.Array, yhat: jax.Array, lengths: jax.Array | None = None) -> jax.Array:
    """Give the loss of each sample ``[batch]``; of outputs ``[batch, time, outputs]`` the mean over its true steps.

    Parameters
    ----------
    loss
        Name of a loss, or the loss itself.
    y, yhat
        Targets and outputs, ``[batch, ...]`` or ``[batch, time, ...]``.
    lengths
        True steps of each sample's targets; all if left out.

    Examples
    --------
    >>> y, yhat = jnp.zeros((1, 3, 1)), jnp.array([[[1.0], [3.0], [100.0]]])
    >>> sample_losses("mae", y, yhat, lengths=jnp.array([2])).tolist()
    [2.0]
    """
    each_loss = LOSSES[loss] if isinstance(loss, str) else loss
    if yhat.ndim == 2:
        return each_loss(y, yhat)
    batch, time, _ = yhat.shape
    each = each_loss(y.reshape(batch * time, -1), yhat.reshape(batch * time, -1)).reshape(batch, time)
    if lengths is None:
        return jnp.mean(each, axis=1)
    return jnp.sum(jnp.where(jnp.arange(time) < lengths[:, None], each, 0), axis=1) / lengths
