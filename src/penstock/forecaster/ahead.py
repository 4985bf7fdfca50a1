"""What a walk-forward compiles, begun when the first of its folds is prepared."""

from __future__ import annotations

from typing import Any

from penstock.forecaster.prepared import Prepared
from penstock.training.ahead import Programs
from penstock.training.config import TrainSpec
from penstock.training.folds import BlockShape
from penstock.training.forward import forward_ahead

__all__ = ["compile_ahead"]


def compile_ahead(model: Any, prepared: Prepared, series: int, shape: BlockShape) -> Programs:
    """Begin to compile what trains all folds and forecasts from them; XLA does it while the others are prepared.

    Parameters
    ----------
    model
        The forecaster.
    prepared
        What was prepared of one fold.
    series
        How many series it has.
    shape
        What all folds are padded to.

    Returns
    -------
    The programs of the training.
    """
    samples, outputs = prepared.samples, model.outputs(series)
    config = model._train_config(gaps=prepared.reader.gaps)
    spec = TrainSpec(model.network, config, samples.source.widths, outputs)
    programs = Programs.of_first(spec, samples, shape, epochs=model.epochs, members=model.members, seed=model.seed)
    if model.strategy == "direct":
        forward_ahead(model.network, programs.drawn.weights, samples.source, model.window, outputs)
    return programs
