"""What a comparison is about: the series that can join, those that are scored, and what was filled or ignored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.columns import COVARIATES, Columns
from penstock.data.panel import Panel
from penstock.errors import DataError, named
from penstock.estimator import Estimator
from penstock.evaluation.rolling_origin import RollingOrigin

__all__ = ["Coverage", "joining"]


@dataclass(frozen=True)
class Coverage:
    """What was compared, and what was not.

    Attributes
    ----------
    series, scored
        Series in the frame, and those that are scored.
    rows, targets
        Rows in the frame (filled ones among them), and values that forecasts are held against, each once.
    filled
        Rows whose target was missing and carried forward.
    left_out
        Names of the series that could not join, in their order, each with the reason.
    ignored
        For each kind of covariates that were given, the models that do not read it.
    own_rows
        Whether each series is tested on its own last rows, at different times.
    """

    series: int
    scored: int
    rows: int
    targets: int
    filled: int
    left_out: dict[str, str]
    ignored: dict[str, list[str]]
    own_rows: bool = False

    @classmethod
    def of(
        cls, panel: Panel, split: RollingOrigin, origins: NDArray[np.int64], left_out: dict[str, str],
        models: Mapping[str, Estimator], columns: Columns,
    ) -> Coverage:  # fmt: skip
        """Count what these cutoffs hold."""
        rows = np.unique(origins[:, None] + 1 + np.arange(split.horizon))
        lasts = panel.times[panel.offsets[1:] - 1]
        return cls(
            series=len(panel) + len(left_out),
            scored=len(np.unique(panel.series_of(origins))),
            rows=panel.rows,
            targets=len(rows),
            filled=int(panel.filled.sum()),
            left_out=left_out,
            ignored={
                kind: [name for name, model in models.items() if kind not in model.covariates]
                for kind in COVARIATES
                if getattr(columns, kind)
            },
            own_rows=split.align == "series" and bool((lasts != lasts[0]).any()),
        )

    @property
    def sentences(self) -> list[str]:
        """Say what a reader of the table must know; nothing where all rows of all series are there and scored."""
        said = []
        if self.filled:
            said.append(f"{self.rows:,} rows, {self.filled:,} of them carried forward; none of these is scored.")
        if self.left_out:
            reasons = list(dict.fromkeys(self.left_out.values()))
            for reason in reasons:
                names = [name for name, why in self.left_out.items() if why == reason]
                said.append(f"Left out: {len(names):,} of {self.series:,} series, {reason}: {named(names)}.")
        if self.scored < self.series - len(self.left_out):
            said.append(
                f"Scored: {self.scored:,} of {self.series:,} series, {self.targets:,} values; the others have no rows "
                "at the times of the test. RollingOrigin(align='series') (--align series) tests each series on its own "
                "last rows."
            )
        elif self.series > 1:
            said.append(f"Scored: {self.scored:,} of {self.series:,} series, {self.targets:,} values.")
        if self.own_rows:
            said.append(
                "Each series is tested on its own last rows, which end at different times: a model that learns from "
                "all series together sees rows of one that are later than another's cutoff."
            )
        for kind, names in self.ignored.items():
            if names:
                said.append(f"Without the {kind} covariates, which they do not read: {', '.join(names)}.")
        return said

    def to_json(self) -> dict[str, Any]:
        """Give the counts and names, ready for JSON."""
        return {
            "series": self.series, "scored_series": self.scored, "rows": self.rows, "scored_values": self.targets,
            "filled_rows": self.filled, "left_out": self.left_out, "covariates_ignored": self.ignored,
        }  # fmt: skip


def joining(
    panel: Panel, split: RollingOrigin, models: Mapping[str, Estimator], *, strict: bool
) -> tuple[Panel, dict[str, str]]:
    """Leave out the series that have too few rows before the first cutoff for the split or for a model.

    Parameters
    ----------
    strict
        Whether to refuse such a series instead.

    Returns
    -------
    The panel of the others, and the reason for each series that was left out, by its name. Where all are too short none
    is left out: the fit then says what is missing.

    Raises
    ------
    DataError
        With `strict`, where one is too short and others are not.
    """
    known = split.rows_known(panel)
    needs = {name: max(model.rows_to_fit, 2) for name, model in models.items()}
    most = max(needs, key=needs.__getitem__)
    short = known < needs[most]
    if not short.any() or short.all():
        return panel, {}
    reasons = {
        str(panel.ids[series]): f"with fewer than the {needs[most]} rows before the first cutoff that {most} needs"
        for series in np.flatnonzero(short)
    }
    if strict:
        raise DataError(
            f"{int(short.sum())} of {len(panel)} series have too few rows before the first cutoff (the first: "
            f"{panel.ids[int(short.argmax())]!r} has {max(0, int(known[int(short.argmax())]))}, {most} needs "
            f"{needs[most]}); leave strict (--strict) out to leave these series out, or choose a smaller test."
        )
    return panel.with_series(np.flatnonzero(~short)), reasons
