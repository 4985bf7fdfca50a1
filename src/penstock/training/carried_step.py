"""What a training step with carried state computes of the parts of series: losses of every step, gradients, states."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from penstock.layers.noise import fold_in
from penstock.networks.language import LanguageNetwork
from penstock.networks.language_module import LanguageModule
from penstock.networks.next_token import drawn_tokens, sampled_token_losses, token_losses
from penstock.training.batch import Batch, look_up, partition, vectors_of
from penstock.training.losses import LOSSES
from penstock.training.step import TrainStep

__all__ = ["part_gradients", "part_losses", "state_after"]

_DRAWS = 1 << 16  # what is folded into the key of a step for the tokens that are drawn


def state_after(take: TrainStep, weights: Any, batch: Batch, carried: Any) -> Any:
    """Return the state after parts ``[n]`` that begin with the state `carried`."""
    module: Any = take.network.with_weights(weights, take.inputs, take.outputs)
    if isinstance(module, LanguageModule):
        return module.walk(module.layers[0](batch.x), carried)[1]
    return module.walk(module.look_up(batch.x, batch.categories), carried, extra=batch.extra)[1]


def part_losses(take: TrainStep, weights: Any, batch: Batch, carried: Any) -> tuple[jax.Array, Any]:
    """Return the loss of each step, ``[n, length]``, without dropout, and the state after the parts."""
    module: Any = take.network.with_weights(weights, take.inputs, take.outputs)
    if isinstance(module, LanguageModule):
        hidden, after = module.walk(module.layers[0](batch.x), carried)
        return token_losses(_flat(hidden), module.table, module.bias, _tokens(batch)).reshape(batch.x.shape), after
    yhat, after = module.walk(module.look_up(batch.x, batch.categories), carried, extra=batch.extra)
    return _losses(take, batch, yhat), after


def part_gradients(
    take: TrainStep, weights: Any, batch: Batch, carried: Any, key: jax.Array
) -> tuple[jax.Array, Any, list[jax.Array], list[jax.Array], Any]:
    """Return the loss, its gradients as :meth:`TrainStep.learn` takes them, and the state after the parts.

    Parameters
    ----------
    take, weights
        The training step, and the weights.
    batch
        The parts, with the weight of every step in `counted`, ``[n, length]``.
    carried
        The state before them.
    key
        What dropout draws from.
    """
    if isinstance(take.network, LanguageNetwork):
        return _of_tokens(take, take.network, weights, batch, carried, key)
    ordinary, _ = partition(weights)
    module: Any = take.network.with_weights(weights, take.inputs, take.outputs)
    counted: jax.Array = batch.counted  # type: ignore[assignment]
    looked_up, ids = look_up(module, batch._replace(counted=jnp.max(counted, axis=1)))

    def mean_loss(ordinary: Any, looked_up: tuple[jax.Array, ...]) -> tuple[jax.Array, Any]:
        module: Any = take.network.with_weights(ordinary, take.inputs, take.outputs)
        vectors = vectors_of(module, batch, looked_up)
        yhat, after = module.walk(vectors, carried, extra=batch.extra, key=key)
        return _mean(_losses(take, batch, yhat), counted), after

    (value, after), (gradients, by_look_up) = jax.value_and_grad(mean_loss, argnums=(0, 1), has_aux=True)(
        ordinary, looked_up
    )
    flat = [each.reshape(of.size, -1) for each, of in zip(by_look_up, ids, strict=True)]
    return value, gradients, flat, ids, jax.lax.stop_gradient(after)


def _of_tokens(
    take: TrainStep, network: LanguageNetwork, weights: Any, batch: Batch, carried: Any, key: jax.Array
) -> tuple[jax.Array, Any, list[jax.Array], list[jax.Array], Any]:
    """Do so for a language model: the rows of the output that a step reads are looked up in its table as well."""
    ordinary, _ = partition(weights)
    module = network.with_weights(weights, take.inputs, take.outputs)
    counted: jax.Array = batch.counted  # type: ignore[assignment]
    x, y, vocabulary = batch.x.reshape(-1), _tokens(batch), network.vocabulary
    some = None if network.draws is None else drawn_tokens(fold_in(key, _DRAWS), network.draws, vocabulary)
    read = jnp.arange(vocabulary) if some is None else jnp.concatenate([y, some])
    output, kept = module.table if some is None else module.table[read], module.kept_words(batch.x, key)

    def mean_loss(ordinary: Any, looked_up: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, Any]:
        module = network.with_weights(ordinary, take.inputs, take.outputs)
        vectors, rows = looked_up
        hidden, after = module.walk(vectors if kept is None else vectors * kept, carried, key=key)
        if some is None:
            losses = token_losses(_flat(hidden), rows, module.bias, y)
        else:
            own, others = (rows[: len(y)], module.bias[y]), (rows[len(y) :], module.bias[some])
            losses = sampled_token_losses(_flat(hidden), own, others, y, some, vocabulary)
        return _mean(losses.reshape(counted.shape), counted), after

    (value, after), (gradients, (by_input, by_output)) = jax.value_and_grad(mean_loss, argnums=(0, 1), has_aux=True)(
        ordinary, (module.layers[0](batch.x), output)
    )
    counts = counted.reshape(-1) > 0
    ids = [jnp.where(counts, x, vocabulary), read]
    if some is not None:
        ids[1] = jnp.concatenate([jnp.where(counts, y, vocabulary), some])
    flat = [_flat(by_input), by_output]
    if network.tied:
        ids, flat = [jnp.concatenate(ids)], [jnp.concatenate(flat)]
    return value, gradients, flat, ids, jax.lax.stop_gradient(after)


def _losses(take: TrainStep, batch: Batch, yhat: jax.Array) -> jax.Array:
    """Return the loss of each step, ``[n, length]``."""
    loss = take.config.loss
    each_loss = LOSSES[loss] if isinstance(loss, str) else loss
    y, out = (each.reshape(-1, each.shape[-1]) for each in (batch.y, yhat))
    return each_loss(y, out).reshape(yhat.shape[:2])


def _mean(losses: jax.Array, counted: jax.Array) -> jax.Array:
    return jnp.sum(losses * counted) / jnp.maximum(jnp.sum(counted), 1)


def _flat(values: jax.Array) -> jax.Array:
    return values.reshape(-1, values.shape[-1])


def _tokens(batch: Batch) -> jax.Array:
    """Return the token that follows each, flat."""
    return batch.y.reshape(-1).astype(jnp.int32)
