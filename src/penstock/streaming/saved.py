"""A stream as a file: its model, the rows that it keeps, and what it has learned of its errors."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.errors import ModelFileError
from penstock.options import from_json, to_json
from penstock.saved import Saved
from penstock.storage import Arrays, read_model, write_model
from penstock.streaming.stream import Stream
from penstock.values import from_plain, storable

__all__ = ["read_stream", "restored_stream", "stream_parts", "write_stream"]

_COUNTERS = ("dropped", "amended", "carried")
_ROWS = ("y", "times", "filled", "covariates", "count", "end")


def write_stream(stream: Stream, path: str | Path) -> None:
    """Write a stream to one file, whole or not at all."""
    description, arrays = stream.model.packed()
    about, state = stream_parts(stream)
    whole = {f"model.{name}": array for name, array in arrays.items()}
    whole |= {f"stream.{name}": array for name, array in state.items()}
    write_model(path, {"stream": about, "of": description}, whole)


def stream_parts(stream: Stream) -> tuple[dict[str, Any], Arrays]:
    """Return what a stream holds beside its model: its options and counts, and arrays."""
    added = [name for name in stream.ids if name not in stream.model.ids_]
    about = {
        "levels": list(stream.levels),
        "intervals": to_json(stream.intervals),
        **{name: getattr(stream, name) for name in ("late", "duplicate", "missing", *_COUNTERS)},
        "added": storable(added, "series"),
        "static": [storable(stream._static[stream._place[name]], "static covariates") for name in added],
    }
    state = {f"rows.{name}": getattr(stream._rows, name) for name in _ROWS}
    state |= {f"bounds.{name}": getattr(stream._bounds, name) for name in stream._bounds.arrays}
    # A half width is infinite, and a spread NaN, where there was no forecast; a file holds finite numbers alone.
    for name in ("bounds.half", "bounds.spread"):
        state[name] = np.where(np.isfinite(state[name]), state[name], -1.0)
    if stream.model.stateful:
        state["states"] = stream.states
    return about, state


def read_stream(
    path: str | Path,
    models: Collection[str] = (),
    model_class: Callable[[str], type[Any]] | None = None,
    max_bytes: int | None = None,
    model: Any = None,
) -> Stream:
    """Read a stream that :func:`write_stream` wrote; people call :func:`penstock.load_stream`.

    Parameters
    ----------
    path
        The file.
    models, model_class
        As for :meth:`penstock.saved.Saved.unpacked`.
    max_bytes
        Most bytes that the file may hold once it is inflated.
    model
        The fitted model of the stream, where it is in memory already, so that many streams share one; None: that of the
        file.

    Returns
    -------
    The stream.

    Raises
    ------
    ModelFileError
        Where the file holds no stream, or none that is whole.
    """
    description, arrays = read_model(path, max_bytes)
    if not isinstance(description, dict) or not {"stream", "of"} <= {*description}:
        raise ModelFileError(f"{str(path)!r} holds no stream; penstock.load reads a model.")
    parts: dict[str, Arrays] = {"model": {}, "stream": {}}
    for name, array in arrays.items():
        owner, _, own = name.partition(".")
        parts.setdefault(owner, {})[own] = array
    if model is None:
        assert model_class is not None  # noqa: S101
        model = Saved.unpacked(path, description["of"], parts["model"], models, model_class)
    return restored_stream(path, model, description["stream"], parts["stream"])


def restored_stream(path: str | Path, model: Any, about: dict[str, Any], arrays: Arrays) -> Stream:
    """Make the stream of a model that :func:`stream_parts` took apart; `path` is where its parts were read from.

    Raises
    ------
    ModelFileError
        Where they do not fit together.
    """
    try:
        return _restored(model, about, arrays)
    except Exception as error:  # whatever a file that was crafted or damaged may lead to
        raise ModelFileError(f"{str(path)!r} does not hold a whole stream: {error}") from error


def _restored(model: Any, about: dict[str, Any], arrays: Arrays) -> Stream:
    if not hasattr(model, "stream"):
        raise ValueError(f"a {type(model).__name__} has no streams")
    options = {name: about[name] for name in ("late", "duplicate", "missing")}
    stream: Stream = model.stream(level=about["levels"], intervals=from_json(about["intervals"]), **options)
    columns = model.kind_.columns.static
    if len(about["added"]) != len(about["static"]):
        raise ValueError("the series that were added have no static covariates each")
    for name, static in zip(about["added"], about["static"], strict=True):
        stream.add(from_plain(name), **dict(zip(columns, map(from_plain, static), strict=True)))
    for name in _COUNTERS:
        if type(about[name]) is not int or about[name] < 0:
            raise ValueError(f"{name} is no count")
        setattr(stream, name, about[name])
    for owner, names in ((stream._rows, _ROWS), (stream._bounds, stream._bounds.arrays)):
        prefix = "rows" if owner is stream._rows else "bounds"
        for name in names:
            found, old = arrays[f"{prefix}.{name}"], getattr(owner, name)
            if found.dtype != old.dtype or found.shape != old.shape or not np.isfinite(found).all():
                raise ValueError(f"{prefix}.{name} has the shape {found.shape}, not {old.shape}, or is not finite")
            old[...] = found
    if model.stateful:
        found = arrays["states"]
        if found.shape != stream._states.shape or found.dtype != np.float64 or not np.isfinite(found).all():
            raise ValueError(f"the states have the shape {found.shape}, not {stream._states.shape}, or are not finite")
        stream._states[...] = found
    _check(stream)
    half, spread = stream._bounds.half, stream._bounds.spread
    half[half < 0], spread[spread < 0] = np.inf, np.nan
    stream._compile()
    return stream


def _check(stream: Stream) -> None:
    """Refuse numbers that count or point to what is not there."""
    rows, bounds = stream._rows, stream._bounds
    counts: list[tuple[str, NDArray[Any], NDArray[Any] | int]] = [
        ("count", rows.count, np.minimum(rows.end, rows.kept)), ("end", rows.end, 2 * rows.kept),
        ("held", bounds.held, bounds.window), ("oldest", bounds.oldest, bounds.window - 1),
        ("rows", bounds.rows, 2**62),
    ]  # fmt: skip
    for name, array, most in counts:
        if (array < 0).any() or (array > most).any():
            raise ValueError(f"{name} lies outside its bounds")
    if not np.isin(rows.filled, (0, 1)).all() or (bounds.queue < 0).any() or (np.abs(bounds.alpha) > 1e6).any():
        raise ValueError("marks, errors or shares lie outside their bounds")
    for series in range(len(rows)):
        span = rows.span(series)
        if (np.diff(rows.times[series, span]) <= 0).any():
            raise ValueError("the times of a series do not rise")
        for step in range(bounds.horizon):
            held = int(bounds.held[series, step])
            queue, ordered = bounds.queue[series, step, :held], bounds.ordered[series, step, :held]
            if (np.sort(queue) != ordered).any():
                raise ValueError("the errors by size are not those by age")
    if stream._positive and any((rows.y[series, rows.span(series)] <= 0).any() for series in range(len(rows))):
        raise ValueError("a target is not positive")
