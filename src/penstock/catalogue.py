"""The one list of models: where the class of each stands, what it reads, its name on the command line."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, Literal, NamedTuple

__all__ = ["MODELS", "ModelEntry", "load", "load_stream", "model_class"]


class ModelEntry(NamedTuple):
    """Where a model's class stands, and how the command line makes one.

    Attributes
    ----------
    module
        Module of the class; it is imported when the class is asked for.
    reads
        What the model is fitted to.
    command
        Name on the command line; empty where it has none.
    number
        The number behind the name if none is given, its first argument; 0: the model chooses; None: it takes none.
    """

    module: str
    reads: Literal["series", "sequences", "text"] = "series"
    command: str = ""
    number: int | None = None


MODELS: dict[str, ModelEntry] = {
    "Forecaster": ModelEntry("penstock.forecaster"),
    "Naive": ModelEntry("penstock.baselines.naive", command="naive"),
    "SeasonalNaive": ModelEntry("penstock.baselines.seasonal_naive", command="seasonal", number=0),
    "Naive2": ModelEntry("penstock.baselines.naive2", command="naive2", number=0),
    "Drift": ModelEntry("penstock.baselines.drift", command="drift"),
    "Mean": ModelEntry("penstock.baselines.mean", command="mean"),
    "SMA": ModelEntry("penstock.baselines.sma", command="sma", number=0),
    "EMA": ModelEntry("penstock.baselines.ema", command="ema", number=0),
    "LinearTrend": ModelEntry("penstock.baselines.linear_trend", command="trend", number=20),
    "AR": ModelEntry("penstock.baselines.autoregression", command="ar", number=5),
    "ARX": ModelEntry("penstock.baselines.arx", command="arx", number=5),
    "VAR": ModelEntry("penstock.baselines.vector_autoregression", command="var", number=1),
    "Ridge": ModelEntry("penstock.baselines.ridge", command="ridge", number=20),
    "Lasso": ModelEntry("penstock.baselines.lasso", command="lasso", number=20),
    "RelaxedLasso": ModelEntry("penstock.baselines.relaxed_lasso", command="relaxed", number=20),
    "ElasticNet": ModelEntry("penstock.baselines.elastic_net", command="elastic", number=20),
    "LocalLevel": ModelEntry("penstock.baselines.local_level", command="local-level"),
    "LocalTrend": ModelEntry("penstock.baselines.local_trend", command="local-trend"),
    "GARCH": ModelEntry("penstock.baselines.garch"),
    "Theta": ModelEntry("penstock.baselines.theta", command="theta", number=0),
    "ETS": ModelEntry("penstock.baselines.ets", command="ets", number=0),
    "ARIMA": ModelEntry("penstock.baselines.arima", command="arima", number=0),
    "MSTL": ModelEntry("penstock.baselines.mstl", command="mstl", number=0),
    "Croston": ModelEntry("penstock.baselines.croston", command="croston"),
    "TSB": ModelEntry("penstock.baselines.tsb", command="tsb"),
    "Boosting": ModelEntry("penstock.baselines.boosting", command="boosting", number=0),
    "Ensemble": ModelEntry("penstock.forecaster.ensemble"),
    "Tuned": ModelEntry("penstock.search.tuned"),
    "SequenceClassifier": ModelEntry("penstock.sequences.classifier", "sequences"),
    "SequenceRegressor": ModelEntry("penstock.sequences.regressor", "sequences"),
    "SequenceTagger": ModelEntry("penstock.sequences.tagger", "sequences"),
    "SequenceToSequence": ModelEntry("penstock.sequences.to_sequence", "sequences"),
    "TextClassifier": ModelEntry("penstock.text.classifier", "text"),
    "TextRegressor": ModelEntry("penstock.text.regressor", "text"),
    "LanguageModel": ModelEntry("penstock.text.language_model", "text"),
    "BagClassifier": ModelEntry("penstock.text.bag_of_words", "text"),
    "BagRegressor": ModelEntry("penstock.text.bag_of_words", "text"),
}
"""Every model, by the name of its class."""


def model_class(name: str) -> Any:
    """Import the class of a model.

    Examples
    --------
    >>> model_class("Drift")(horizon=2)
    Drift(horizon=2)
    """
    return getattr(import_module(MODELS[name].module), name)


def load(path: str | Path, max_bytes: int | None = None) -> Any:
    """Read a model that was written by its `save`; it predicts the same bits.

    A file from a stranger can run no code and name no other types than those of models, layers and columns; what it
    declares is bounded before anything is inflated or built.

    Parameters
    ----------
    path
        The path that was given to ``save``.
    max_bytes
        Most bytes that the file may hold once it is inflated; None: 64 MiB, or 20 times those of the file if that is
        more.

    Returns
    -------
    The fitted model, of the class that was saved.

    Raises
    ------
    penstock.ModelFileError
        Where the file is missing, truncated, altered, of a newer format, larger than is allowed, or does not fit
        together.

    Examples
    --------
    >>> import tempfile, pandas as pd
    >>> from penstock.baselines.drift import Drift
    >>> frame = pd.DataFrame({"ds": [1, 2, 3], "y": [5.0, 6.0, 8.0]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Drift().fit(frame).save(f"{folder}/drift.penstock")
    ...     load(f"{folder}/drift.penstock").predict()["yhat"].tolist()
    [9.5]
    """
    from penstock.saved import Saved
    from penstock.storage import read_model

    return Saved.unpacked(path, *read_model(path, max_bytes), MODELS, model_class)


def load_stream(path: str | Path, max_bytes: int | None = None) -> Any:
    """Read a stream that was written by its `save`, in this process or another; it goes on with the same bits.

    The file is as safe as that of a model (:func:`load`).

    Parameters
    ----------
    path
        The path that was given to ``save``.
    max_bytes
        Most bytes that the file may hold once it is inflated; None: as for :func:`load`.

    Returns
    -------
    The stream, with its model, rows and errors.

    Raises
    ------
    penstock.ModelFileError
        Where the file holds no stream, or none that is whole.

    Examples
    --------
    >>> import tempfile, numpy as np, pandas as pd, penstock as ps
    >>> frame = pd.DataFrame({"ds": range(80), "y": np.sin(np.arange(80) / 4)})
    >>> model = ps.Forecaster(ps.Network([ps.LSTM(4)]), window=8, epochs=2, seed=1).fit(frame)
    >>> stream = model.stream()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     stream.save(f"{folder}/stream.penstock")
    ...     again = load_stream(f"{folder}/stream.penstock")
    >>> again.push(80, 0.5).yhat == stream.push(80, 0.5).yhat
    array([ True])
    """
    from penstock.streaming.saved import read_stream

    return read_stream(path, MODELS, model_class, max_bytes)
