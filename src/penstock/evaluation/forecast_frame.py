"""The forecasts of a comparison as the columns of a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from penstock.evaluation.comparison import Comparison

__all__ = ["forecast_columns"]


def forecast_columns(comparison: Comparison) -> dict[str, Any]:
    """Return id, cutoff, time, step, model, y, yhat and the bounds of every forecast, by name.

    Parameters
    ----------
    comparison
        The comparison.

    Returns
    -------
    The columns, ``[models · n · horizon]``, model by model.
    """
    names, panel, targets = comparison.kind.columns, comparison.panel, comparison.targets
    entries, shape = comparison.entries, targets.shape
    series = np.repeat(panel.series_of(comparison.origins), shape[1])
    count, models = len(series), len(entries)
    bounds = {
        f"{side}-{level:g}": np.concatenate(
            [entry.bounds[place, which].ravel() for entry in entries.values() if entry.bounds is not None]
        )
        for place, level in enumerate(comparison.levels)
        for which, side in enumerate(("lo", "hi"))
    }
    return {
        names.id: [panel.ids[s] for s in series] * models,
        "cutoff": np.tile(np.repeat(panel.times[comparison.origins], shape[1]), models),
        names.time: np.tile(panel.times[targets].ravel(), models),
        "step": np.tile(np.tile(np.arange(1, shape[1] + 1), shape[0]), models),
        "model": [name for name in entries for _ in range(count)],
        "y": np.tile(panel.y[targets].ravel(), models),
        "yhat": np.concatenate([entry.forecast.ravel() for entry in entries.values()]),
        **bounds,
    }
