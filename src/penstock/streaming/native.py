"""The forecasts of a stream by compiled steps: in microseconds, without a call of JAX."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.season import season_positions
from penstock.streaming.bounds import StreamBounds
from penstock.streaming.image import build_image
from penstock.streaming.library import (
    ANY_TIME,
    CARRY,
    FORECAST,
    NO_FORECAST,
    POINTERS,
    OpenNetwork,
    SeriesStruct,
    StreamLibrary,
)  # fmt: skip
from penstock.streaming.rows import StreamRows

__all__ = ["NativeSteps"]

Values = NDArray[np.float64]
Array = NDArray[Any]

_AHEAD = 256  # places in the season worked out at once


class NativeSteps:
    """What the compiled library works on: the stream's own rows and errors, and what it keeps beside them.

    Parameters
    ----------
    library
        The library.
    stream
        The stream, with its rows, errors and model.

    Attributes
    ----------
    network
        The network, which streams of the same model and options share.
    pointers
        Address of each series, for calls.
    outputs
        Where the answer of each series stands, ``[1 + 2 levels, horizon]`` each.
    """

    def __init__(self, library: StreamLibrary, stream: Any) -> None:
        self.library, self.stream = library, stream
        self.season: tuple[int, ...] = stream.model.season_
        self.network = OpenNetwork.of(library, build_image(stream))
        self.size = self.network.size
        rows: StreamRows = stream._rows
        bounds: StreamBounds = stream._bounds
        count, horizon, levels = len(rows), stream.model.horizon, len(stream.levels)
        dtype = np.float32 if self.size("itemsize") == 4 else np.float64
        lanes = self.size("lanes") if rows.side_by_side else 1
        self.own: dict[str, Array] = {
            "changed": np.zeros((count, 0 if stream.model.stateful else 2 * rows.kept)),
            "x": np.zeros((count, 1 if stream.model.stateful else 2 * rows.kept, self.size("features")), dtype),
            "state": np.zeros((-(-count // lanes), self.size("state"), lanes), dtype),
            "scaling": np.zeros((count, 2)),
            "out": np.zeros((count, 1 + 2 * levels, horizon)),
        }
        self._shift_and_scale()
        self.row = np.zeros(rows.covariates.shape[2])
        self.ahead = np.zeros((horizon, self.size("known")))
        self._scratch = np.zeros(self.size("scratch") + 64, np.uint8)
        shared = {"row": self.row, "ahead": self.ahead}
        self._series = (SeriesStruct * count)()
        steps = [stream._clock.step(name) for name in stream.ids]
        together = rows.side_by_side and len({*steps}) == 1
        arrays = {**vars(rows), **{name: getattr(bounds, name) for name in bounds.arrays}, **self.own}
        scratch, state = self._scratch.ctypes.data, self.own["state"].ctypes.data
        places = {name: (arrays[name].ctypes.data, arrays[name].strides[0]) for name in POINTERS if name in arrays}
        places |= {name: (array.ctypes.data, 0) for name, array in shared.items()}
        places |= {"scratch": (scratch + -scratch % 64, 0), "state": (state, 0)}
        for series, each in enumerate(self._series):
            each.network, each.number, each.kept = self.network.address, series, rows.kept
            each.step, each.lanes, each.lane = steps[series], lanes, series % lanes
            each.stride, each.beside = (count if rows.side_by_side else 1), (count - series if together else 1)
            for name in POINTERS:
                first, apart = places[name]
                setattr(each, name, first + series * apart)
            each.state = (
                state + (series // lanes * self.size("state") * lanes + series % lanes) * np.dtype(dtype).itemsize
            )
        first = ctypes.addressof(self._series)
        self.pointers = [first + series * ctypes.sizeof(SeriesStruct) for series in range(count)]
        self._addresses = np.array(self.pointers, dtype=np.uintp)
        self._answers = np.zeros(count, dtype=np.int32)
        self.outputs = list(self.own["out"])
        self._places: dict[int, tuple[int, Array, Values]] = {}
        for series in range(count):
            self.reload(series, 0)
        if stream.model.stateful:
            for series, state in enumerate(stream._states):
                library.set_state(self.pointers[series], np.ascontiguousarray(state).ctypes.data)

    def _shift_and_scale(self) -> None:
        reader, scaling = self.stream.model.reader_, self.own["scaling"]
        fitted = len(self.stream.model.ids_)
        scaling[:fitted, 0] = 0 if reader.windows is not None and reader.windows.lost else reader.scaling.shift
        scaling[:fitted, 1] = reader.scaling.scale  # 0 of a new series: taken from its first value

    def push(self, series: int, time: int, y: float, row: Values, ahead: Values | None, *, wanted: bool) -> bool:
        """Take a row that was checked, at any time; say whether a forecast stands in `outputs`."""
        if len(self.row):
            self.row[: len(row)] = row
            if self.season:
                self.row[len(row) :] = self._position(series, time)
        if ahead is not None:
            self.ahead[...] = ahead[0]
        flags = ANY_TIME | CARRY | (0 if wanted else NO_FORECAST)
        status = self.library.push(self.pointers[series], time, y, flags)
        if status < 0:
            raise RuntimeError(f"the compiled steps refuse a row that was checked: {status}")
        return bool(status == FORECAST)

    def push_many(self, time: int, y: Values) -> None:
        """Take a row of every series, without covariates, that was checked; missing values are carried forward."""
        count, at = len(y), self._addresses.ctypes.data
        self.library.push_many(at, count, time, y.ctypes.data, CARRY, self._answers.ctypes.data)

    def states(self) -> Values:
        """Return the carried states after the newest rows, ``[series, members · values]``."""
        found = np.zeros((len(self.pointers), self.size("state_values")))
        for pointer, state in zip(self.pointers, found, strict=True):
            self.library.get_state(pointer, state.ctypes.data)
        return found

    def reload(self, series: int, place: int) -> None:
        """Read the rows of a series anew, from a place of the buffers on."""
        rows: StreamRows = self.stream._rows
        if self.season and rows.count[series]:
            span = rows.span(series)
            panel = rows.panel([series], self.stream.model.tail_, self.stream.ids, self.stream._static)
            rows.covariates[series, span, -2 * len(self.season) :] = season_positions(panel, self.season)
        self.library.reload(self.pointers[series], place)

    def forecast(self, series: int, ahead: Values | None) -> bool:
        """Forecast once more after the newest row."""
        if ahead is not None:
            self.ahead[...] = ahead[0]
        return bool(self.library.forecast(self.pointers[series]) == FORECAST)

    def _position(self, series: int, time: int) -> Values:
        """Return sine and cosine of where a time stands in each season."""
        first, times, found = self._places.get(series, (0, np.zeros(0, dtype=np.int64), np.zeros((0, 0))))
        if first < len(times) and times[first] == time:
            self._places[series] = (first + 1, times, found)
            return found[first]
        rows: StreamRows = self.stream._rows
        known = rows.times[series, rows.span(series)]
        both = np.append(known, time)
        ahead = np.asarray(self.stream._clock.after(both, _AHEAD, self.stream.ids[series])).view(np.int64)
        times = np.append(time, ahead)
        like = self.stream.model.tail_
        panel = type(like)(
            np.zeros(len(both) + _AHEAD),
            np.append(both, ahead).view(like.times.dtype),
            np.array([0, len(both) + _AHEAD]),
            (None,),
        )
        found = season_positions(panel, self.season)[len(known) :]
        self._places[series] = (1, times, found)
        return found[0]
