"""A fitted model on rows that came after its fit: forecast from each, and scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from penstock.evaluation.metrics import measure
from penstock.intervals.levels import checked_levels
from penstock.series_score import forecast_later

__all__ = ["LaterScores", "score_later"]


@dataclass(frozen=True, eq=False)
class LaterScores:
    """How a fitted model forecast rows that came after its fit, without being fitted again.

    Attributes
    ----------
    label
        The model.
    scores, last_value
        Its scores, and those of the last value, over all cutoffs and steps, by name.
    coverage
        Share of values within the model's own bounds, by level.
    forecasts
        Number of cutoffs, of all series together.
    horizon
        Steps ahead.
    seen, new, older
        Rows of the frame that the model knew, rows that came after, and rows before those that it keeps.
    """

    label: str
    scores: dict[str, float]
    last_value: dict[str, float]
    coverage: dict[float, float]
    forecasts: int
    horizon: int
    seen: int
    new: int
    older: int = 0

    @property
    def skill(self) -> float:
        """1 − MSE / MSE of the last value, as in comparisons; NaN where that makes no errors."""
        naive = self.last_value["rmse"]
        return 1 - (self.scores["rmse"] / naive) ** 2 if naive > 0 else float("nan")

    def to_json(self) -> dict[str, Any]:
        """Return all figures by name."""
        return {
            "model": self.label, "scores": self.scores, "last_value": self.last_value, "skill": self.skill,
            "coverage": {f"{level:g}": share for level, share in self.coverage.items()},
            "forecasts": self.forecasts, "horizon": self.horizon, "seen": self.seen, "new": self.new,
            "older": self.older,
        }  # fmt: skip

    def __str__(self) -> str:
        """Write a table of the scores."""
        names = list(self.scores)
        rows = [["", *names]]
        for label, found in ((self.label, self.scores), ("last value", self.last_value)):
            rows.append([label, *(f"{found[name]:.6g}" for name in names)])
        widths = [max(len(row[place]) for row in rows) for place in range(len(names) + 1)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        steps = f", {self.horizon} steps each" if self.horizon > 1 else ""
        lines.append(
            f"{self.forecasts:,} forecasts of {self.new:,} rows{steps}; "
            f"skill over the last value {self.skill:.4f} (1 − MSE / MSE of the last value)"
        )
        lines += [f"{level:g} % interval: {share:.1%} of the values within" for level, share in self.coverage.items()]
        return "\n".join(lines)


def score_later(model: Any, frame: Any, level: Any = ()) -> LaterScores:
    """Forecast from every row after a model's fit on, and score what came.

    Parameters
    ----------
    model
        A fitted model of series; it is not fitted again.
    frame
        Later rows in the columns of its fit. Those that it has seen are left out.
    level
        Coverage of the model's own intervals, in percent, that is checked.

    Returns
    -------
    The scores, beside those of the last value.

    Raises
    ------
    DataError
        Where no horizon lies within the later rows, or the frame cannot be read.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from penstock.baselines.drift import Drift
    >>> frame = pd.DataFrame({"ds": range(30), "y": np.arange(30.0)})
    >>> scores = score_later(Drift().fit(frame[:20]), frame)
    >>> scores.seen, scores.new, scores.scores["rmse"], scores.last_value["rmse"]
    (20, 10, 0.0, 1.0)
    """
    found, steps = forecast_later(model, frame), model.horizon
    later, y, known = found.later, found.y, found.known
    coverage = {}
    if levels := checked_levels(level):
        for each, (low, high) in zip(levels, model.bounds_panel(found.panel, found.origins, levels), strict=True):
            coverage[each] = float(((low <= y) & (y <= high))[known].mean())
    return LaterScores(
        model.label, measure(y[known], found.yhat[known]), measure(y[known], found.naive[known]), coverage,
        len(found.origins), steps, later.seen, later.new, later.older,
    )  # fmt: skip
