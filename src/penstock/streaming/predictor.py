"""The forecasts of a stream by the model's own `predict`: for every model, in milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel

__all__ = ["Predictor"]

Values = NDArray[np.float64]


class Predictor:
    """Forecasts after the newest rows of some series, as the model's `predict` makes them of the same rows.

    Parameters
    ----------
    stream
        The stream.
    own
        Whether intervals are the model's own.
    """

    def __init__(self, stream: Any, *, own: bool) -> None:
        self.stream, self.own = stream, own

    def forecast(self, which: Sequence[int], ahead: Values | None) -> Values:
        """Return forecasts, then lower and upper bounds of each level, ``[which, 1 + 2 levels, horizon]``.

        Parameters
        ----------
        which
            Places of the series.
        ahead
            Known covariates of the steps ahead, ``[which, horizon, known]``.
        """
        stream = self.stream
        model, levels = stream.model, stream.levels
        panel: Panel = stream._rows.panel(which, model.tail_, stream.ids, stream._static, ahead)
        origins = panel.offsets[1:] - 1
        yhat = model.aggregate(model.forecast_panel(panel, origins))
        found = np.empty((len(which), 1 + 2 * len(levels), model.horizon))
        found[:, 0] = yhat
        if levels and self.own:
            bounds = model.bounds_panel(panel, origins, levels)
            found[:, 1::2], found[:, 2::2] = np.moveaxis(bounds[:, 0], 1, 0), np.moveaxis(bounds[:, 1], 1, 0)
        elif levels:
            spreads = model.reader_.spreads(panel, origins, model._fitted_series(panel))
            for place, series in enumerate(which):
                half = stream._bounds.give(series, yhat[place], float(spreads[place]))
                found[place, 1::2], found[place, 2::2] = yhat[place] - half, yhat[place] + half
        return found
