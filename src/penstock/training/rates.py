"""The numbers of a training that its compiled program takes as data, so that many settings train as one program."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

import jax
import numpy as np

from penstock.layers.dropout_shares import NumberedShare, Share, share_parts
from penstock.layers.embedding import Embedding
from penstock.options import Description
from penstock.training.config import TrainSpec

__all__ = ["Rates", "separate", "stack_rates", "with_rates", "without_shares"]

T = TypeVar("T")


class Rates(NamedTuple):
    """Numbers of a training, or of each of its lanes, ``[lanes]``; None for what is off.

    Attributes
    ----------
    optimizer
        Options of the optimiser by name: its learning rate, and its weight decay.
    clip
        Largest global norm of a step's gradient.
    learning_rate_decay
        Factor of the learning rate from one epoch to the next.
    dropout
        The shares of dropout in the order in which the network holds them.
    """

    optimizer: dict[str, Any]
    clip: Any
    learning_rate_decay: Any
    dropout: tuple[Share, ...]


def separate(spec: TrainSpec) -> tuple[TrainSpec, Rates]:
    """Part what programs are compiled for from the numbers that they are given.

    What is off, such as a dropout of 0 or no clip, stays off in the plan, since other values compute something else.
    The optimiser's numbers stay in the plan where the network has an embedding, whose table is updated by a kernel
    that knows them.

    Parameters
    ----------
    spec
        The network, and how to train it.

    Returns
    -------
    The plan, equal for all settings that one program serves, and the numbers.

    Examples
    --------
    >>> from penstock.layers.declared import LSTM
    >>> from penstock.networks.inputs import Inputs
    >>> from penstock.networks.network import Network
    >>> from penstock.training.config import TrainConfig
    >>> from penstock.training.optimizers import Adam
    >>> specs = [
    ...     TrainSpec(Network([LSTM(4, dropout=share)]), TrainConfig(optimizer=Adam(rate)), Inputs(), 1)
    ...     for share, rate in ((0.1, 0.01), (0.3, 0.1))
    ... ]
    >>> (plan, rates), (other, _) = map(separate, specs)
    >>> plan == other, round(float(rates.optimizer["learning_rate"]), 4)
    (True, 0.01)
    """
    config, shares = spec.config, list[float]()
    network = _numbered(spec.network, shares)
    names = () if _has_table(spec.network) else _traced(config.optimizer)
    optimizer = {name: _number(getattr(config.optimizer, name)) for name in names}
    decays = config.learning_rate_decay != 1
    plan = dataclasses.replace(
        config,
        optimizer=_changed(config.optimizer, dict.fromkeys(names, 1.0)),
        clip=None if config.clip is None else 1.0,
        learning_rate_decay=0.5 if decays else 1.0,
        patience=None,  # the loop around the program stops members
        target_loss=None,
    )
    rates = Rates(
        optimizer,
        None if config.clip is None else _number(config.clip),
        _number(config.learning_rate_decay) if decays else None,
        tuple(share_parts(share) for share in shares),
    )
    return spec._replace(network=network, config=plan), rates


def with_rates(plan: TrainSpec, rates: Rates) -> TrainSpec:
    """Put numbers, of one lane, into a plan; dropout reads its own (:func:`penstock.layers.dropout_shares`)."""
    config = dataclasses.replace(
        plan.config,
        optimizer=_changed(plan.config.optimizer, rates.optimizer),
        clip=rates.clip,
        learning_rate_decay=1.0 if rates.learning_rate_decay is None else rates.learning_rate_decay,
    )
    return plan._replace(config=config)


def stack_rates(rates: Sequence[Rates]) -> Rates:
    """Lay the numbers of several settings of one plan side by side, ``[settings]``."""
    stacked: Rates = jax.tree.map(lambda *each: np.stack(each), *rates)
    return stacked


def without_shares(network: T) -> T:
    """Return a network whose shares of dropout are numbers of places, for programs that drop nothing."""
    numbered: T = _numbered(network, [])
    return numbered


def _number(value: float) -> Any:
    return np.asarray(value, jax.dtypes.canonicalize_dtype(float))


def _traced(owner: Description) -> tuple[str, ...]:
    """Return the options that a class lists in `traced`, unless a class below it builds something else."""
    for kind in type(owner).__mro__:
        if "traced" in vars(kind):
            names: tuple[str, ...] = vars(kind)["traced"]
            return names
        if "build" in vars(kind):
            return ()
    return ()


def _changed(owner: Any, values: dict[str, Any]) -> Any:
    """Return a copy of a description with other values, which its class does not check: they may be traced."""
    if not values:
        return owner
    changed = copy.copy(owner)
    for name, value in values.items():
        object.__setattr__(changed, name, value)
    return changed


def _numbered(owner: Any, shares: list[float]) -> Any:
    """Put numbered shares in the places of those that are not 0, and note the shares."""
    if isinstance(owner, tuple):
        return tuple(_numbered(each, shares) for each in owner)
    if not isinstance(owner, Description):
        return owner
    values: dict[str, Any] = {}
    for name in _traced(owner):
        if share := getattr(owner, name):
            values[name] = NumberedShare(len(shares))
            shares.append(share)
    for field in dataclasses.fields(owner):
        held = getattr(owner, field.name)
        if isinstance(held, (tuple, Description)) and (found := _numbered(held, shares)) != held:
            values[field.name] = found
    return _changed(owner, values)


def _has_table(owner: Any) -> bool:
    """Say whether a network has an embedding, of tokens or of categories."""
    if isinstance(owner, tuple):
        return any(map(_has_table, owner))
    if not isinstance(owner, Description):
        return False
    held = [getattr(owner, field.name) for field in dataclasses.fields(owner)]
    return isinstance(owner, Embedding) or any(getattr(owner, "embeddings", ())) or any(map(_has_table, held))
