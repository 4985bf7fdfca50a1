"""Fitted models written as ONNX files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from penstock.errors import OptionError
from penstock.files import check_destination, write_whole
from penstock.onnx.decoding import write_decoder
from penstock.onnx.functions import FunctionFile
from penstock.onnx.members import modules_of
from penstock.onnx.samples import SampleReader, reads_samples
from penstock.onnx.series import SeriesReader
from penstock.version import __version__

__all__ = ["write"]


def write(path: str | Path, model: Any, *, time: int | None = None) -> Path:
    """Write a fitted model as an ONNX file: of a forecaster raw values in, forecasts in units of the target out.

    Transform, scales, all members and their mean or median are part of the file. LSTM, GRU and simple RNN layers
    become ONNX's own nodes, any other cell, also one of your own, a loop over its step.

    Parameters
    ----------
    path
        Where to write it, such as ``"close.onnx"``.
    model
        A fitted :class:`penstock.Forecaster`; an estimator of sequences, or what :func:`penstock.train` gives.
    time
        Of sequences: steps of a sample at most.

    Returns
    -------
    Path
        The path. The file of a forecaster reads, where the model needs them (``batch`` is free):

        - ``y`` ``[batch, rows]``: the last raw values of the target, oldest first. Where forecasts are additions, rows
          that a series does not have are NaN, in front. With ``joint=True``, here and below, the axis of the series
          comes second: ``[batch, series, rows]``.
        - ``series`` ``[batch]``: the number of the series, in the order of the file's fact ``series``.
        - ``past`` ``[batch, window, past]`` and ``known`` ``[batch, window + horizon, known]``: raw covariates.
        - ``filled`` ``[batch, window]``: 1 where the target was missing and filled, else 0.
        - ``position`` ``[batch, window]``: the number of each row's step since any fixed time, as
          :func:`penstock.data.season.season_places` counts.

        It puts out ``forecast`` ``[batch, horizon]`` (``[batch, series, horizon]`` with ``joint=True``). The file of a
        network of samples reads ``x`` ``[batch, time, features]``, or ids ``[batch, time]``, with anything behind the
        true steps; ``lengths`` ``[batch]``, how many these are; ``categories``, the numbers of the labels, and
        ``extra``, where there are any. It puts out ``value`` ``[batch, columns]``, ``probabilities``
        ``[batch, classes]`` (of a tagger ``[batch, time, classes]``), of a decoder the numbers of ``labels``
        ``[batch, steps]``, or ``value`` ``[batch, steps, columns]``, or, of what :func:`penstock.train` gives,
        ``outputs`` ``[members, batch, outputs]``.

    Raises
    ------
    OptionError
        Where a part of the model has no counterpart in ONNX; the message names the part and says why. Also where the
        package onnx is missing: ``pip install 'penstock[onnx]'``.

    Examples
    --------
    >>> import numpy as np, pandas as pd, penstock as ps
    >>> frame = pd.DataFrame({"ds": range(80), "y": np.sin(np.arange(80) / 4)})
    >>> model = ps.Forecaster(ps.Network([ps.LSTM(4)]), window=8, epochs=2).fit(frame)
    >>> write("sine.onnx", model).name  # doctest: +SKIP
    'sine.onnx'
    """
    path = check_destination(path)
    if reads_samples(model):
        return write_whole(path, _samples(model, time))
    if time is not None:
        raise OptionError(f"time={time} is for networks of samples; a forecaster reads its window. Leave it out.")
    return write_whole(path, _series(model))


def _series(model: Any) -> bytes:
    if not (hasattr(model, "network") and hasattr(model, "strategy")):
        raise OptionError(
            f"{type(model).__name__} is not exported to ONNX; allowed: a fitted penstock.Forecaster, "
            "SequenceRegressor, SequenceClassifier or SequenceTagger, and what penstock.train gives."
        )
    _require_fit(model)
    reader = SeriesReader(model)
    file = FunctionFile(reader.inputs)
    file.apply(reader.read, [port.name for port in reader.inputs], double=True)
    outputs = model.outputs(len(model.ids_))
    feed_back = reader.feed_back if reader.recursive else None
    _networks(file, model.network, model.weights_, model.inputs_, outputs, reader.dtype == jnp.float64, feed_back)
    file.apply(reader.forecast, ["out", "last", "base", "spread"], double=True)
    file.add_output("forecast")
    facts = {"penstock": __version__, "model": repr(model), **reader.facts()}
    return file.content(facts, f"{model.label}, fitted by Penstock")


def _samples(model: Any, time: int | None) -> bytes:
    if time is None or time < 1:
        raise OptionError(f"time={time}: give the steps of a sample at most, such as write(path, model, time=20).")
    if not hasattr(model, "weights"):
        _require_fit(model)
    reader = SampleReader(model, time)
    file = FunctionFile(reader.inputs)
    file.apply(reader.read, [port.name for port in reader.inputs], double=True)
    if reader.decodes:
        write_decoder(file, reader)
        facts = {"penstock": __version__, "model": repr(model.network), **reader.facts()}
        return file.content(facts, f"{type(model).__name__}, fitted by Penstock")
    double = reader.dtype == jnp.float64
    _networks(file, model.network, reader.weights, reader.widths, reader.outputs, double)
    file.apply(reader.answer, ["out"], double=True)
    file.add_output(reader.output)
    facts = {"penstock": __version__, "model": repr(model.network), **reader.facts()}
    return file.content(facts, f"{model.network.label}, fitted by Penstock")


def _require_fit(model: Any) -> None:
    if not hasattr(model, "weights_"):
        raise OptionError(f"{type(model).__name__} is not fitted; call fit first.")


def _networks(
    file: FunctionFile,
    network: Any,
    members: Any,
    inputs: Any,
    outputs: int,
    double: bool,
    run_member: Callable[[Any, dict[str, jax.Array]], jax.Array] | None = None,
) -> None:
    """Write the networks of all members side by side: ``out`` ``[members, batch, outputs]``."""
    reads = [name for name in ("x", "rows", "lengths", "categories", "extra") if file.has(name)]

    def run(*arrays: jax.Array) -> dict[str, jax.Array]:
        given = dict(zip(reads, arrays, strict=True))
        modules = modules_of(network, members, inputs, outputs)
        return {"out": jnp.stack([run_member(each, given) if run_member else each(**given) for each in modules])}

    file.apply(run, reads, double=double)
