"""A frame with a row at every time, as a panel that was filled has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np

from penstock.data.frames import FrameKind
from penstock.data.panel import Panel
from penstock.data.reading.form import NATIVE

__all__ = ["with_gaps"]


def with_gaps(panel: Panel, kind: FrameKind) -> Any:
    """Return the frame with a row at every time; targets that were not observed are missing."""
    columns, series = kind.columns, panel.series_of(np.arange(panel.rows))
    values = {
        columns.id: [panel.ids[number] for number in series],
        columns.time: panel.times,
        columns.target: panel.observed,
        **dict(zip(columns.past, panel.past.T, strict=True)),
        **dict(zip(columns.known, panel.known.T, strict=True)),
        **{name: panel.static[series, place].tolist() for place, name in enumerate(columns.static)},
    }
    if kind.form.kind != "native":
        time = nw.Int64() if kind.counts_steps else nw.Datetime("ns")
        kind = replace(kind, form=NATIVE, time=time)
    return kind.frame(values)
