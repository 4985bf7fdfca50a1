"""The pictures of a comparison of series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from penstock.evaluation.evidence import evidence_pictures
from penstock.evaluation.leaks import Leak
from penstock.evaluation.searches import search_pictures
from penstock.evaluation.typical import scale_free, shown_series
from penstock.evaluation.words import steps_ahead
from penstock.report.evidence import spread_picture
from penstock.report.pictures import forecast_picture, loss_picture, residual_picture, split_picture
from penstock.report.svg import Picture

if TYPE_CHECKING:
    from penstock.evaluation.comparison import Comparison
    from penstock.evaluation.trading import Trading

__all__ = ["comparison_pictures"]

_ZOOM = 60  # test rows in the close-up


def comparison_pictures(comparison: Comparison, trading: Trading | None = None) -> list[Picture]:
    """Draw data, split, forecasts, losses, residuals, what searches tried, and the evidence."""
    return [*_pictures(comparison), *search_pictures(comparison), *evidence_pictures(comparison, trading)]


def _pictures(comparison: Comparison) -> list[Picture]:
    """Draw the one series, or the median, worst and best by the score of the model that leads; captions say which."""
    chosen = shown_series(comparison)
    series, whose = next(iter(chosen.items()))
    panel, span = comparison.panel, comparison.panel.span(series)
    pictures = [
        split_picture(panel.times[span], panel.y[span], _borders(comparison, series), whose.strip(" ()")),
        *_forecasts(comparison, series, whose, zoom=True),
    ]
    for other, words in list(chosen.items())[1:]:
        pictures += _forecasts(comparison, other, words, zoom=False)
    if len(comparison.scoring.series) > 2:
        pictures.append(_scores_by_series(comparison))
    validation_name = "TEST rows" if Leak.STOPPING in comparison.leaks else "validation tail"
    for name in comparison.networks:
        history = comparison.entries[name].model.history_  # type: ignore[attr-defined]
        pictures.append(loss_picture(name, history.training_loss, history.validation_loss, validation_name))
    times, y, forecasts = _last_steps(comparison, series)
    few = _few(comparison)
    pictures.append(residual_picture(times, {name: y - forecasts[name] for name in few}, whose))
    return pictures


def _few(comparison: Comparison) -> list[str]:
    """Name the networks, the searches (else the most accurate model) and the last value."""
    score, _ = comparison.judged
    errors = {name: comparison.row(name)[score] for name in comparison.featured}
    named = [name for name in errors if name in comparison.networks or comparison.entries[name].trials]
    best = min(errors, key=lambda name: np.nan_to_num(errors[name], nan=np.inf), default=None)
    return [*dict.fromkeys([*(named or ([best] if best else [])), comparison.naive])]


def _last_steps(comparison: Comparison, series: int) -> tuple[Any, Any, dict[str, Any]]:
    """Return times, values and every model's forecasts of one series, all at the last step ahead."""
    mine = comparison.scoring.rows.series == series
    targets = comparison.targets[mine]
    if len(targets) == 1:  # one cutoff: all its steps
        rows = targets[0]
        forecasts = {name: entry.forecast[mine][0] for name, entry in comparison.entries.items()}
    else:
        rows = targets[:, -1]
        forecasts = {name: entry.forecast[mine, -1] for name, entry in comparison.entries.items()}
    return comparison.panel.times[rows], comparison.panel.y[rows], forecasts


def _forecasts(comparison: Comparison, series: int, whose: str, *, zoom: bool) -> list[Picture]:
    """Draw the forecasts of one series, and closer the last of them."""
    times, y, forecasts = _last_steps(comparison, series)
    few = _few(comparison)
    shown = [*few, *(name for name in forecasts if name not in few)]
    single = comparison.scoring.rows.series[comparison.scoring.rows.series == series].size == 1
    horizon = comparison.split.horizon
    ahead = f"{f'1 to {horizon} steps ahead' if single and horizon > 1 else steps_ahead(horizon)}{whose}"
    which = whose.split(",")[0].strip(" (").replace("series ", "") if whose else ""
    title = f"Forecasts and actual values{f' of {which}' if which else ''}"
    pictures = [
        forecast_picture(
            title,
            f"The whole test period, {ahead}: {', '.join(few)}.",
            times,
            y,
            {name: forecasts[name] for name in few},
        )
    ]
    if zoom:
        last = slice(-_ZOOM, None)
        pictures.append(
            forecast_picture(
                f"The last {min(_ZOOM, len(times))} test rows", f"A closer look, {ahead}, all models.",
                times[last], y[last], {name: forecasts[name][last] for name in shown},
            )
        )  # fmt: skip
    return pictures


def _scores_by_series(comparison: Comparison) -> Picture:
    """Draw the score of every series under every model."""
    metric = scale_free(comparison)
    names = list(comparison.entries)
    scores = {name: metric.by_series(comparison.rows_of(name)) for name in names}
    shown = {name: each[np.isfinite(each)] for name, each in scores.items()}
    medians = {name: float(np.median(each)) if len(each) else np.nan for name, each in shown.items()}
    caption = f"{metric.heading} of each series (dots) and their median (bar), model by model."
    return spread_picture("Scores by series", caption, shown, medians, metric.heading)


def _borders(comparison: Comparison, series: int) -> dict[str, tuple[Any, Any]]:
    """Return the first and the last time of the training rows, the validation tail and the test rows of one series."""
    panel = comparison.panel
    span = panel.span(series)
    times = panel.times[span]
    targets = comparison.targets
    test = int(targets[panel.series_of(targets[:, 0]) == series].min()) - span.start
    tails = [getattr(entry.model, "validation_rows_", None) for entry in comparison.entries.values()]
    tail = next((int(rows[series]) for rows in tails if rows is not None), 0)
    if comparison.split.refit is not None or Leak.STOPPING in comparison.leaks:
        tail = 0  # each fold cuts its own tail; a leaking protocol cuts none
    end = test - comparison.split.gap
    start = 0 if comparison.split.train is None else max(end - comparison.split.train, 0)
    borders = {"training": (times[start], times[end - tail - 1])}
    if tail:
        borders["validation tail"] = (times[end - tail], times[end - 1])
    return {**borders, "test": (times[test], times[-1])}
