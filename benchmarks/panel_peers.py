"""Recurrent networks of neuralforecast and darts on panels, for ``benchmarks/panels.py``.

At their own defaults they are given as few options as they take: the horizon, a window (neuralforecast takes three
horizons by itself, which series of 14 rows do not have: it is told to pad), and the number of steps or epochs, so that
a run ends. With our options (``-ours``) they have our window, units, readout, loss, batch, learning rate and steps, and
windows scaled by themselves where the library can: neuralforecast by mean and deviation; darts cannot, and scales each
series once.
"""

from __future__ import annotations

import logging
import warnings
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["PEERS", "peer"]

PEERS = ("nf-lstm", "nf-gru", "darts-lstm", "nf-lstm-ours", "nf-gru-ours", "darts-gru-ours")
"""The models by name."""

OUR_STEPS = 2000
"""Training steps of our network, which the peers with our options take too."""

_UNITS, _READOUT, _BATCH, _RATE = 32, 64, 256, 0.003

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
        Most training steps; None: the library's own number (neuralforecast 1,000 steps, darts 100 epochs), and 2,000
        with our options.
    """
    warnings.filterwarnings("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    ours, told = name.endswith("-ours"), ", our options" if name.endswith("-ours") else ""
    if ours:
        steps = OUR_STEPS if steps is None else steps
    cell = name.split("-")[1].upper()
    if name.startswith("darts"):
        return f"darts RNNModel, {cell}{told}", _darts(cell, horizon, window, steps, ours=ours)
    from neuralforecast import NeuralForecast, models
    from neuralforecast.losses.pytorch import MAE

    kind = getattr(models, cell)
    more: dict[str, Any] = {**_QUIET, "enable_checkpointing": False, **({} if steps is None else {"max_steps": steps})}
    if ours:
        more |= {
            "input_size": window, "encoder_n_layers": 1, "encoder_hidden_size": _UNITS, "decoder_layers": 1,
            "decoder_hidden_size": _READOUT, "loss": MAE(), "learning_rate": _RATE, "num_lr_decays": 0,
            "windows_batch_size": _BATCH, "scaler_type": "standard",
        }  # fmt: skip
    model = kind(h=horizon, start_padding_enabled=True, **more)
    one = frame.loc[frame["unique_id"] == frame["unique_id"].iloc[0], "ds"]
    every = 1 if pd.api.types.is_integer_dtype(one) else pd.infer_freq(pd.DatetimeIndex(one))
    return f"neuralforecast {cell}{told}", NeuralForecast(models=[model], freq=every)


def _darts(cell: str, horizon: int, window: int, steps: int | None, *, ours: bool) -> Any:
    def darts_network(frame: pd.DataFrame, horizon: int) -> Any:
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
        options: dict[str, Any] = {}
        if ours:
            from torch.nn import L1Loss

            options = {
                "hidden_dim": _UNITS, "batch_size": _BATCH, "loss_fn": L1Loss(), "optimizer_kwargs": {"lr": _RATE},
            }  # fmt: skip
        model = RNNModel(
            input_chunk_length=chunk, training_length=chunk + horizon, model=cell, random_state=0,
            pl_trainer_kwargs=trainer, **options,
        )  # fmt: skip
        model.fit(scaled)
        found = scaler.inverse_transform(model.predict(horizon, series=scaled))
        return np.stack([each.values()[:, 0] for each in found])

    return darts_network
