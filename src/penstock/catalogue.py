"""Every model by its name, and reading any of them from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from penstock.baselines.arx import ARX
from penstock.baselines.autoregression import AR
from penstock.baselines.drift import Drift
from penstock.baselines.elastic_net import ElasticNet
from penstock.baselines.ema import EMA
from penstock.baselines.garch import GARCH
from penstock.baselines.lasso import Lasso
from penstock.baselines.linear_trend import LinearTrend
from penstock.baselines.local_level import LocalLevel
from penstock.baselines.local_trend import LocalTrend
from penstock.baselines.mean import Mean
from penstock.baselines.naive import Naive
from penstock.baselines.relaxed_lasso import RelaxedLasso
from penstock.baselines.ridge import Ridge
from penstock.baselines.seasonal_naive import SeasonalNaive
from penstock.baselines.sma import SMA
from penstock.baselines.vector_autoregression import VAR
from penstock.estimator import Estimator
from penstock.forecaster import Forecaster
from penstock.saved import Saved
from penstock.sequences.classifier import SequenceClassifier
from penstock.sequences.estimator import SequenceEstimator
from penstock.sequences.regressor import SequenceRegressor
from penstock.sequences.tagger import SequenceTagger
from penstock.sequences.to_sequence import SequenceToSequence
from penstock.text.bag_of_words import BagClassifier, BagOfWords, BagRegressor
from penstock.text.classifier import TextClassifier
from penstock.text.regressor import TextRegressor

__all__ = ["MODELS", "SEQUENCE_MODELS", "TEXT_MODELS", "load"]

_ALL: tuple[type[Estimator], ...] = (
    Forecaster,
    Naive,
    SeasonalNaive,
    Drift,
    Mean,
    SMA,
    EMA,
    LinearTrend,
    AR,
    ARX,
    VAR,
    Ridge,
    Lasso,
    RelaxedLasso,
    ElasticNet,
    LocalLevel,
    LocalTrend,
    GARCH,
)

MODELS: dict[str, type[Estimator]] = {model.__name__: model for model in _ALL}
"""Every model of series, by the name of its class."""

SEQUENCE_MODELS: dict[str, type[SequenceEstimator]] = {
    model.__name__: model for model in (SequenceClassifier, SequenceRegressor, SequenceTagger, SequenceToSequence)
}
"""Every estimator of sequences that a file may hold."""

TEXT_MODELS: dict[str, type[SequenceEstimator | BagOfWords]] = {
    model.__name__: model for model in (TextClassifier, TextRegressor, BagClassifier, BagRegressor)
}
"""Every model of text that a file may hold."""


def load(path: str | Path) -> Any:
    """Read a model that was written by its `save`; it predicts the same bits.

    Parameters
    ----------
    path
        The path that was given to ``save``.

    Returns
    -------
    The fitted model, of the class that was saved.

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
    return Saved.read(path, {**MODELS, **SEQUENCE_MODELS, **TEXT_MODELS})
