"""Frames that the tests of streams read."""

from __future__ import annotations

import numpy as np
import pandas as pd


def walk(rows: int, series: str = "", *, holes: bool = False) -> pd.DataFrame:
    """Make positive series with a season of 4 and covariates of both kinds."""
    rng = np.random.default_rng(rows)
    frames = []
    for place, name in enumerate(series or "A"):
        y = 20 + 5 * place + np.sin(np.arange(rows) * np.pi / 2) + 0.3 * rng.normal(size=rows).cumsum()
        frame = pd.DataFrame({"ds": np.arange(rows) + 100, "y": np.abs(y) + 1})
        frame["volume"] = rng.normal(size=rows) + place
        frame["plan"] = np.arange(rows) % 3 / 2.0
        frame["kind"] = "xy"[place % 2]
        if holes:
            frame.loc[[30 + place, rows - 5, rows - 2], "y"] = np.nan
        frames.append(frame.assign(unique_id=name) if series else frame)
    return pd.concat(frames, ignore_index=True)
