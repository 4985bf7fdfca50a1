"""Between panels and networks: rows become what a network reads and learns, and its outputs become forecasts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.covariate_encoder import CovariateEncoder
from penstock.data.panel import Panel
from penstock.data.scaling import Standardizer
from penstock.data.splits import cut_at
from penstock.data.transforms import TRANSFORMS
from penstock.data.windows import Windows, cut_windows
from penstock.errors import DataError
from penstock.forecaster.windows import WindowReading
from penstock.training.carried import carried_samples
from penstock.training.samples import Samples
from penstock.training.source import Source

__all__ = ["Reader"]

Values = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Reader:
    """What a forecaster makes of panels; fitted on training rows, and the same for every panel that follows.

    Each row gives the target, whether it was missing (with `gaps`), the past covariates and the known ones, all scaled.
    A sample also reads the known covariates of its steps ahead, and the categories of its series.

    Attributes
    ----------
    scaling, encoding
        Scales of the target by series, and of the covariates; the categories.
    transform, window, known_in_window, reverse, joint
        As the forecaster's options.
    steps
        Steps ahead that the network puts out.
    gaps
        Whether a feature tells which targets were missing, which are then not learned.
    labels
        Whether what is learned is if a value lies above zero, 1 or 0, before scaling.
    windows
        How windows are read whose forecasts are additions in units of the window; None: they are read as they are.
    parts
        Where the state is carried along each series, rows of the parts that training walks, and a window is one row;
        0: it is not.
    balanced
        Whether the windows of every series weigh alike together, or each window does.
    """

    scaling: Standardizer
    encoding: CovariateEncoder
    transform: str
    window: int
    steps: int
    known_in_window: bool = True
    reverse: bool = False
    joint: bool = False
    gaps: bool = False
    labels: bool = False
    windows: WindowReading | None = None
    balanced: bool = False
    parts: int = 0

    @property
    def season(self) -> tuple[int, ...]:
        """Periods of the seasonal naive forecasts that forecasts are additions to."""
        return () if self.windows is None else self.windows.season

    def samples(self, panel: Panel, border: Rows, choose: Callable[[Rows], NDArray[np.bool_]] | None = None) -> Samples:
        """Return training samples before the border of each series, and validation samples behind it.

        `choose` says which training samples are learned, by the flat rows of their first targets ``[n]``; None: all.

        Raises
        ------
        DataError
            Where a series is too short for a single sample, or the series cannot be read together.
        """
        fitted = np.arange(len(panel))
        source = self.source(panel, fitted)
        if self.windows is None:
            windows = cut_windows(panel, self.window, self.steps, TRANSFORMS[self.transform].lost)
        else:
            windows = Windows(self.windows.ends(panel, self.steps) + 1 - self.window, self.window, self.steps)
        learn, watch = cut_at(panel, windows, border)
        if self.joint:  # the first series stands for all of them
            learn, watch = learn[learn < panel.offsets[1]], watch[watch < panel.offsets[1]]
        targets = self.targets(panel, fitted)
        if self.gaps:
            learn, watch = self._with_targets(learn, targets), self._with_targets(watch, targets)
        if choose is not None:
            learn = learn[choose(learn + self.window)]
        if self.parts:
            lost = TRANSFORMS[self.transform].lost
            read = np.stack([panel.offsets[:-1] + lost, panel.offsets[1:]], axis=1)
            return carried_samples(source, targets, read, learn, watch, steps=self.parts, horizon=self.steps)
        front = 0 if self.windows is None else self.windows.front
        return Samples.of_windows(
            source,
            np.pad(targets, [(front, 0), *[(0, 0)] * (targets.ndim - 1)]),
            learn + front,
            watch + front,
            window=self.window,
            horizon=self.steps,
            in_units=self.windows is not None and not self.labels,
            weight=self._weights(panel, learn, watch, front) if self.balanced else None,
        )

    def _weights(self, panel: Panel, learn: Rows, watch: Rows, front: int) -> Values:
        """Give each window the weight that lets those of every series weigh alike together, one on average."""
        weights = np.zeros(panel.rows + front)
        for starts in (learn, watch):
            series = panel.series_of(starts + self.window)
            count = np.bincount(series, minlength=len(panel))
            weights[starts + front] = len(starts) / (np.count_nonzero(count) * count[series]) if len(starts) else 0
        return weights

    def source(self, panel: Panel, fitted: Rows, ends: Rows | None = None) -> Source:
        """Give the rows that windows are cut from; behind each series stand the rows of its known covariates ahead.

        Parameters
        ----------
        panel
            The series.
        fitted
            For each of them, the fitted series that it is; -1 for a new one.
        ends
            The rows at which windows end; left out: all that end in the panel.
        """
        known, ahead = self.encoding.known(panel.known), self.encoding.known(panel.ahead)
        marks = [panel.filled[:, None]] if self.gaps else []
        inputs = np.hstack([self._scaled(panel, fitted)[:, None], *marks, self.encoding.past(panel)])
        scaled: tuple[int, ...] = (0,)
        if self.windows is not None:
            back, places = self.windows.columns(inputs[:, 0], panel)
            scaled += tuple(range(inputs.shape[1], inputs.shape[1] + back.shape[1]))
            inputs = np.hstack([inputs, back, places])
        if self.known_in_window:
            behind = np.pad(ahead, ((0, 0), (0, 0), (inputs.shape[1], 0)))
            inputs = self._laid_out(panel, fitted, np.hstack([inputs, known]), behind)
        else:
            inputs = self._laid_out(panel, fitted, inputs)
        extra: NDArray[Any] | None = None
        if known.shape[1]:
            extra = self._laid_out(panel, fitted, known, ahead)
            whole = extra.astype(np.uint8)
            extra = whole if (whole == extra).all() else extra
        series = categories = None
        if self.encoding.values:
            lengths = panel.lengths + panel.ahead.shape[1]
            series, categories = np.repeat(np.arange(len(panel)), lengths), self.encoding.codes(panel)
        units = None
        if self.windows is not None:
            ends = self.windows.ends(panel, 0) if ends is None else np.unique(ends)
            rows = self._laid_out(panel, fitted, self._units(panel, fitted, ends))
            front = [(self.windows.front, 0), (0, 0)]
            units = self.windows.on_device(np.pad(rows, front), scaled, self.steps)
            inputs, extra = np.pad(inputs, front), None if extra is None else np.pad(extra, front)
            series = None if series is None else np.pad(series, front[0])
        return Source.of(
            inputs,
            series=series,
            categories=categories,
            sizes=self.encoding.sizes,
            extra=extra,
            units=units,
            ahead=self.steps,
            reverse=self.reverse,
        )

    def targets(self, panel: Panel, fitted: Rows) -> Values:
        """Give the value to learn of each row, ``[rows]``, or of each time and series, ``[times, series]``."""
        y = self._scaled(panel, fitted)
        if self.labels:
            y = (TRANSFORMS[self.transform].apply(panel) > 0).astype(float)
        if self.gaps:
            y = np.where(panel.filled, np.nan, y)
        return self._together(panel, fitted, y[:, None]) if self.joint else y

    def starts(self, panel: Panel, origins: Rows) -> Rows:
        """Give the rows of :meth:`source` at which the windows that end at the given flat rows begin, ``[n]``."""
        series = panel.series_of(origins)
        ends = origins - panel.offsets[series] if self.joint else origins + series * panel.ahead.shape[1]
        return ends - self.window + 1 + (0 if self.windows is None else self.windows.front)

    def columns(self, panel: Panel) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Name the columns of the inputs that hold targets, and those that mark missing ones."""
        series = len(self.scaling.shift) if self.joint else 1
        width = 1 + self.gaps + panel.past.shape[1] + self.known_in_window * panel.known.shape[1]
        targets = tuple(place * width for place in range(series))
        return targets, tuple(target + 1 for target in targets) if self.gaps else ()

    def select_outputs(
        self, out: Values, panel: Panel, origins: Rows, fitted: Rows, horizon: int, width: int
    ) -> Values:
        """Return the outputs of the network for the series of each origin, ``[members, n, horizon, width]``."""
        out = out.reshape(*out.shape[:2], horizon, -1, width)
        series = fitted[panel.series_of(origins)] if self.joint else np.zeros(len(origins), dtype=np.int64)
        return np.moveaxis(out[:, np.arange(len(origins)), :, series], 1, 0)

    def in_units(self, steps: Values, panel: Panel, origins: Rows, fitted: Rows) -> Values:
        """Bring scaled steps ahead ``[members, n, steps]`` back to the units of the target."""
        y = TRANSFORMS[self.transform].apply(panel)
        if self.windows is None:
            series = fitted[panel.series_of(origins)]
            unscaled = np.stack([self.scaling.inverse(member, series) for member in steps])
        else:
            measures = self.windows.measure(y, panel, origins, self._scaling_of(panel, fitted, y))
            base = self.windows.base(y, measures, origins, steps.shape[-1])
            unscaled = base + steps * measures.spread[:, None]
        return TRANSFORMS[self.transform].invert(unscaled, panel.y[origins])

    def spreads(self, panel: Panel, origins: Rows, fitted: Rows) -> Values:
        """Return what errors of the forecasts made at each origin are measured by, ``[n]``, in units of the target."""
        if self.windows is None:
            return self.scaling.scale[fitted[panel.series_of(origins)]]
        y = TRANSFORMS[self.transform].apply(panel)
        spread = self.windows.measure(y, panel, origins, self._scaling_of(panel, fitted, y)).spread
        return spread * np.abs(panel.y[origins]) if self.transform in ("log", "log_return") else spread

    def _with_targets(self, starts: Rows, targets: Values) -> Rows:
        """Keep the windows that any target follows."""
        there = np.isfinite(targets).reshape(len(targets), -1).any(axis=1)
        count = np.concatenate([[0], np.cumsum(there)])
        first = starts + self.window
        return starts[count[first + self.steps] > count[first]]

    def _scaled(self, panel: Panel, fitted: Rows) -> Values:
        y = TRANSFORMS[self.transform].apply(panel)
        return self._scaling_of(panel, fitted, y).transform(y, panel.series_of(np.arange(panel.rows)))

    def _scaling_of(self, panel: Panel, fitted: Rows, y: Values) -> Standardizer:
        """Return the scaling of each series of a panel: as it was fitted, or from its first value where it is new."""
        new = fitted < 0
        first = y[np.minimum(panel.offsets[:-1] + TRANSFORMS[self.transform].lost, panel.offsets[1:] - 1)]
        shift = np.where(new, first, self.scaling.shift[fitted])
        scale = np.where(new, np.where(first == 0, 1.0, np.abs(first)), self.scaling.scale[fitted])
        if self.windows is not None and self.windows.lost:
            shift = np.zeros(len(shift))  # no change stays zero
        return Standardizer(shift, scale)

    def _units(self, panel: Panel, fitted: Rows, ends: Rows) -> Values:
        assert self.windows is not None  # noqa: S101 (asked for these alone)
        y = TRANSFORMS[self.transform].apply(panel)
        scaling = self._scaling_of(panel, fitted, y)
        return self.windows.units(y, panel, ends, self.windows.measure(y, panel, ends, scaling), scaling)

    def _laid_out(self, panel: Panel, fitted: Rows, rows: Values, ahead: Values | None = None) -> Values:
        """Put rows ahead behind those of each series (zeros if left out); where `joint`, all series side by side."""
        count = panel.ahead.shape[1]
        behind = np.repeat(panel.offsets[1:], count)
        rows = np.insert(rows, behind, 0.0 if ahead is None else ahead.reshape(len(behind), rows.shape[1]), axis=0)
        return self._together(panel, fitted, rows) if self.joint else rows

    def _together(self, panel: Panel, fitted: Rows, rows: Values) -> Values:
        """Put the rows of all fitted series side by side, ``[times, series · features]``."""
        absent = np.setdiff1d(np.arange(len(self.scaling.shift)), fitted)
        if len(absent):
            raise DataError(
                f"{len(absent)} of the {len(self.scaling.shift)} series that were fitted together are not in the frame;"
                " give all of them."
            )
        panel.require_aligned("joint=True")
        by_series = rows.reshape(len(panel), -1, rows.shape[1])[np.argsort(fitted)]
        return by_series.transpose(1, 0, 2).reshape(by_series.shape[1], -1)
