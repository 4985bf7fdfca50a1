"""Every model by its name, and reading any of them from a file."""

from __future__ import annotations

from pathlib import Path

from penstock.baselines.autoregression import AR
from penstock.baselines.drift import Drift
from penstock.baselines.naive import Naive
from penstock.baselines.seasonal_naive import SeasonalNaive
from penstock.estimator import Estimator
from penstock.forecaster import Forecaster

__all__ = ["MODELS", "load"]

MODELS: dict[str, type[Estimator]] = {model.__name__: model for model in (Forecaster, Naive, SeasonalNaive, Drift, AR)}
"""Every model that a file may hold, by the name of its class."""


def load(path: str | Path) -> Estimator:
    """Read a model that was written by its `save`; it forecasts the same bits.

    Raises
    ------
    penstock.ModelFileError
        Where the file is missing, truncated, altered or of a newer format.

    Examples
    --------
    >>> import tempfile, pandas as pd
    >>> frame = pd.DataFrame({"ds": [1, 2, 3], "y": [5.0, 6.0, 8.0]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Drift().fit(frame).save(f"{folder}/drift.penstock")
    ...     load(f"{folder}/drift.penstock").predict()["yhat"].tolist()
    [9.5]
    """
    return Estimator.read(path, MODELS)
