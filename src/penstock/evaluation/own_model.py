"""An estimator of this package, asked as an audit asks any model."""

from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from penstock.data.frames import Columns
from penstock.estimator import Estimator
from penstock.evaluation.compare import compare
from penstock.evaluation.rolling_origin import RollingOrigin
from penstock.evaluation.subject import USUAL_HORIZON, AuditedModel, Forecast, FrameRows

__all__ = ["OwnModel"]

Values = NDArray[np.float64]


class OwnModel(AuditedModel):
    """An estimator under audit: `every` are all rows that there are, read by the options `reading`."""

    reads_history = backtests = True

    def __init__(
        self,
        model: Estimator,
        columns: Columns,
        horizon: int | None,
        every: FrameRows | None,
        reading: dict[str, Any],
    ) -> None:
        self.every = every
        columns = columns.only(model.covariates)
        self.names: dict[str, Any] = {
            "id": columns.id, "time": columns.time, "target": columns.target, **reading,
            **{kind: getattr(columns, kind) for kind in model.covariates},
        }  # fmt: skip
        usual = model.horizon if model.horizon > 1 else USUAL_HORIZON
        self.model = model.clone().set_params(horizon=horizon or usual)
        self.label, self.horizon = model.label, self.model.horizon

    def fit(self, *trainings: FrameRows) -> Forecast:
        """Fit a copy on each of `trainings`, one after the other."""
        model = self.model.clone()
        for rows in trainings:
            model.fit(rows.native, **self.names)

        def forecast(rows: FrameRows) -> Values:
            known = {"future": self.every.native} if self.every is not None and self.names.get("known") else {}
            out = nw.from_native(model.predict(rows.native, **known), eager_only=True)
            return np.asarray(out["yhat"].to_numpy(), dtype=np.float64).reshape(-1, self.horizon)

        return forecast

    def backtest(self, rows: FrameRows, test: int, before: FrameRows | None = None) -> Values:
        """Forecast the last `test` times from every cutoff by ``compare``, ``[cutoffs, series, horizon]``."""
        model = self.model.clone()
        if before is not None:
            model.fit(before.native, **self.names)
        split = RollingOrigin(horizon=self.horizon, test=test)
        result = compare({"audited": model}, rows.native, split, **self.names)
        times = result.panel.times[result.origins]
        yhat = result.entries["audited"].forecast
        if len(result.panel) == 1:
            return yhat
        calendar = np.unique(times)
        out = np.zeros((len(calendar), len(result.panel), self.horizon))  # a series without that cutoff stays at zero
        out[np.searchsorted(calendar, times), result.panel.series_of(result.origins)] = yhat
        return out
