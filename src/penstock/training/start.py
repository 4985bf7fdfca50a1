"""The weights that a training starts from, where they are given."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import numpy as np

from penstock.errors import OptionError
from penstock.networks.inputs import Inputs
from penstock.networks.network import Network
from penstock.training.stored import named_leaves, weight_shapes
from penstock.training.trained_network import TrainedNetwork

__all__ = ["start_weights"]


def start_weights(start: Any, network: Network, inputs: Inputs, outputs: int, members: int | None) -> tuple[Any, int]:
    """Read the weights that members start from.

    Parameters
    ----------
    start
        A :class:`penstock.training.TrainedNetwork`; a module of the network, or a list with one a member; or weights
        of all members, every leaf ``[members, ...]``. None: weights are drawn.
    network, inputs, outputs
        What is trained.
    members
        Networks to train; None: as many as `start` holds.

    Returns
    -------
    tuple
        Weights whose leaves are ``[members, ...]``, or None where they are to be drawn; and the number of members.

    Raises
    ------
    OptionError
        Where they are of another network, of other inputs or outputs, or of another number of members.
    """
    if start is None:
        return None, members or 1
    if isinstance(start, TrainedNetwork):
        if (start.network, start.inputs, start.outputs) != (network, inputs, outputs):
            raise OptionError(
                f"start= is {start.network!r} with {start.inputs!r} and {start.outputs} output(s), but {network!r} "
                f"with {inputs!r} and {outputs} is to be trained; give the same network and samples of the same kind."
            )
        start = start.weights
    if isinstance(start, (list, tuple)):
        if not start:
            raise OptionError("start= holds no module; give one for each member, or leave it out.")
        start = jax.tree.map(lambda *leaves: np.stack(leaves), *(eqx.filter(each, eqx.is_array) for each in start))
    given, shapes = dict(named_leaves(eqx.filter(start, eqx.is_array))), weight_shapes(network, inputs, outputs)
    wanted = dict(named_leaves(shapes))
    if given.keys() != wanted.keys():
        odd = sorted(given.keys() ^ wanted.keys())
        raise OptionError(
            f"start= does not hold the weights of {network!r}: {odd[0] if odd else 'there are none'} "
            f"{'is missing' if odd and odd[0] in wanted else 'is not one of them'}; give what penstock.train gave, a "
            "module of the network, or weights of all members."
        )
    single = all(given[name].ndim == len(leaf.shape) for name, leaf in wanted.items())
    found = 1 if single else int(next(iter(given.values())).shape[0])
    wrong = [name for name, leaf in wanted.items() if given[name].shape != (*([] if single else [found]), *leaf.shape)]
    if wrong:
        raise OptionError(
            f"start= holds {wrong[0]} of the shape {given[wrong[0]].shape}; {network!r} needs "
            f"{wanted[wrong[0]].shape}, or that behind an axis of members."
        )
    if members is not None and found not in (1, members):
        raise OptionError(f"start= holds the weights of {found} members, but members={members}; leave members out.")
    count = found if members is None else members
    leaves = [
        np.broadcast_to(np.asarray(given[name])[None] if single else given[name], (count, *leaf.shape))
        for name, leaf in wanted.items()
    ]
    broken = [name for name, leaf in zip(wanted, leaves, strict=True) if not np.isfinite(leaf).all()]
    if broken:
        raise OptionError(f"start= holds NaN or inf in {broken[0]}.")
    return jax.tree.unflatten(jax.tree.structure(shapes), leaves), count
