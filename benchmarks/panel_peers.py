"""Recurrent networks of neuralforecast and darts on panels, at their own defaults, for ``benchmarks/panels.py``.

Both are given as few options as they take: the horizon, a window (neuralforecast takes three horizons by itself, which
series of 14 rows do not have: it is told to pad), and the number of steps or epochs, so that a run ends.
"""

from __future__ import annotations

import logging
import warnings
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["PEERS", "peer"]

PEERS = ("nf-lstm", "nf-gru", "darts-lstm")
"""The models by name."""

_QUIET = {"accelerator": "cpu", "logger": False, "enable_progress_bar": False, "enable_model_summary": False}


def peer(name: str, frame: pd.DataFrame, horizon: int, window: int, steps: int | None) -> tuple[str, Any]:
    """Return the label and the model of another library, as :func:`penstock.compare` takes it.

    Parameters
    ----------
    name
        One of :data:`PEERS`.
    frame
        The panel; its frequency is told to neuralforecast.
    horizon, window
        Steps ahead, and the rows that darts reads.
    steps
        Most training steps; None: the library's own number (neuralforecast 1,000 steps, darts 100 epochs).
    """
    warnings.filterwarnings("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    if name == "darts-lstm":
        return "darts RNNModel, LSTM", _darts(horizon, window, steps)
    from neuralforecast import NeuralForecast, models

    kind = {"nf-lstm": models.LSTM, "nf-gru": models.GRU}[name]
    more: dict[str, Any] = {**_QUIET, "enable_checkpointing": False, **({} if steps is None else {"max_steps": steps})}
    model = kind(h=horizon, start_padding_enabled=True, **more)
    one = frame.loc[frame["unique_id"] == frame["unique_id"].iloc[0], "ds"]
    every = 1 if pd.api.types.is_integer_dtype(one) else pd.infer_freq(pd.DatetimeIndex(one))
    return f"neuralforecast {kind.__name__}", NeuralForecast(models=[model], freq=every)


def _darts(horizon: int, window: int, steps: int | None) -> Any:
    def darts_lstm(frame: pd.DataFrame, horizon: int) -> Any:
        from darts import TimeSeries
        from darts.dataprocessing.transformers import Scaler
        from darts.models import RNNModel

        series = [
            TimeSeries.from_values(each["y"].to_numpy(dtype=np.float32))
            for _, each in frame.groupby("unique_id", sort=False)
        ]
        shortest = min(len(each) for each in series)
        chunk = min(window, shortest - horizon - 1)
        scaler = Scaler()
        scaled = scaler.fit_transform(series)
        trainer = {**_QUIET, **({} if steps is None else {"max_steps": steps, "max_epochs": -1})}
        model = RNNModel(
            input_chunk_length=chunk, training_length=chunk + horizon, model="LSTM", random_state=0,
            pl_trainer_kwargs=trainer,
        )  # fmt: skip
        model.fit(scaled)
        found = scaler.inverse_transform(model.predict(horizon, series=scaled))
        return np.stack([each.values()[:, 0] for each in found])

    return darts_lstm
