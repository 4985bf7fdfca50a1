"""The folds of a walk-forward prepared, and what they need compiled meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from penstock.data.panel import Panel
from penstock.forecaster.prepared import Prepared
from penstock.training.ahead import Programs
from penstock.training.folds import BlockShape
from penstock.training.forward import forward_ahead

__all__ = ["prepare_all"]


def prepare_all(
    model: Any, pairs: Sequence[tuple[Panel, Panel | None]], shape: BlockShape | None
) -> tuple[list[Prepared], Programs | None]:
    """Prepare every fold; XLA compiles what trains them and forecasts from them once the first of several is prepared.

    Parameters
    ----------
    model
        The forecaster.
    pairs
        The training rows of each fold, and its validation rows where they are given.
    shape
        What all folds are padded to; None: nothing is compiled, since it is not known for what.

    Returns
    -------
    What was prepared, and the programs of the training where they are begun.
    """
    first, *others = pairs
    prepared, ahead = [model.prepare(*first)], None
    if shape is not None and others and not model._reads_weights:
        spec, samples = model.spec(prepared[0], len(first[0])), prepared[0].samples
        ahead = Programs.of_first(spec, samples, shape, epochs=model.epochs, members=model.members, seed=model.seed)
        if model.strategy == "direct":
            forward_ahead(model.network, ahead.drawn.weights, samples.source, model.window, spec.outputs)
    return prepared + [model.prepare(*pair) for pair in others], ahead
