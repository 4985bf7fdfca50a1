"""The forecasts of a stream by the model's own `predict`: for every model, in milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.streaming.rows import StreamRows

__all__ = ["Predictor"]

Values = NDArray[np.float64]


class Predictor:
    """Forecasts after the newest rows of some series, as the model's `predict` makes them of the same rows.

    Parameters
    ----------
    model
        A fitted forecaster.
    rows
        The newest rows of all series.
    ids, static
        Names of all series, and the static covariates of each.
    levels
        Levels of the model's own intervals; none: it gives none.
    """

    def __init__(
        self, model: Any, rows: StreamRows, ids: list[Any], static: dict[int, Any], levels: tuple[float, ...]
    ) -> None:
        self.model, self.rows, self.ids, self.static, self.levels = model, rows, ids, static, levels

    def forecast(self, which: Sequence[int], ahead: Values | None) -> tuple[Values, Values, Values | None]:
        """Return forecasts ``[which, horizon]``, spreads ``[which]``, and own bounds ``[levels, 2, which, horizon]``.

        Parameters
        ----------
        which
            Places of the series.
        ahead
            Known covariates of the steps ahead, ``[which, horizon, known]``.
        """
        model = self.model
        panel: Panel = self.rows.panel(which, model.tail_, self.ids, self.static, ahead)
        origins = panel.offsets[1:] - 1
        yhat = model.aggregate(model.forecast_panel(panel, origins))
        spreads = model.reader_.spreads(panel, origins, model._fitted_series(panel))
        own = model.bounds_panel(panel, origins, self.levels) if self.levels else None
        return yhat, spreads, own
