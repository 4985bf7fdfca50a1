"""One epoch of the stocks model over every window of real weekly returns."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from frame.row import Arrays
from jobs.model import MODELS, Model

__all__ = ["FILE", "Epoch"]

FILE = "stocks_weekly_adj_close.parquet"


@dataclass(frozen=True)
class Epoch:
    """All windows of 52 weekly returns from 2008 to 2016, as the study cuts them: 2,698 tickers, their ids, the months.

    Attributes
    ----------
    model
        The stocks model, for its layers and training.
    """

    model: Model = MODELS["stocks"]

    kind = "epoch"

    @staticmethod
    def file() -> Path | None:
        """Find the prices in the folder that PENSTOCK_DATA names."""
        folder = os.environ.get("PENSTOCK_DATA")
        path = Path(folder) / FILE if folder else None
        return path if path and path.exists() else None

    def arrays(self) -> Arrays:
        """Read ``returns``, ``series`` (the ticker's number), ``month`` (0 to 11), one a row, and window ``starts``."""
        import pandas as pd

        frame = pd.read_parquet(self.file())
        frame["r"] = frame.groupby("unique_id")["y"].pct_change()
        frame = frame[(frame["ds"] >= "2008-01-01") & (frame["ds"] < "2017-01-01") & np.isfinite(frame["r"])]
        series = frame["unique_id"].astype("category").cat.codes.to_numpy(np.int32)
        inside = series[self.model.window :] == series[: -self.model.window]
        return {
            "returns": frame["r"].clip(-1, 1).to_numpy(np.float32),
            "series": series,
            "month": (frame["ds"].dt.month.to_numpy() - 1).astype(np.uint8),
            "starts": np.flatnonzero(inside).astype(np.int32),
        }
