"""The pictures of a comparison of series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.evaluation.evidence import evidence_pictures
from penstock.evaluation.leaks import Leak
from penstock.report.pictures import forecast_picture, loss_picture, residual_picture, split_picture
from penstock.report.svg import Picture

if TYPE_CHECKING:
    from penstock.evaluation.comparison import Comparison
    from penstock.evaluation.trading import Trading

__all__ = ["comparison_pictures", "forecast_words"]

_ZOOM = 60  # test rows in the close-up


def forecast_words(comparison: Comparison) -> str:
    """Say what was forecast, and how often models were fitted."""
    split = comparison.split
    how = "once" if split.refit is None else f"every {split.refit} cutoffs"
    return f"{len(comparison.origins):,} cutoffs, {_ahead(split.horizon)}, models fitted {how}"


def _ahead(horizon: int) -> str:
    return "1 step ahead" if horizon == 1 else f"{horizon} steps ahead"


def comparison_pictures(comparison: Comparison, trading: Trading | None = None) -> list[Picture]:
    """Draw data, split, forecasts, losses, residuals, and the evidence."""
    return [*_pictures(comparison), *evidence_pictures(comparison, trading)]


def _pictures(comparison: Comparison) -> list[Picture]:
    """Draw the first series that was forecast; with several, the captions say which."""
    panel = comparison.panel
    series = panel.series_of(comparison.origins)
    first = int(series.min())
    span, mine = panel.span(first), series == first
    whose = "" if len(panel) == 1 else f" (series {panel.ids[first]!r}, the first of {len(panel)})"
    targets, step = comparison.targets[mine], comparison.split.horizon - 1
    rows = targets[:, step]
    times, y = panel.times[rows], panel.y[rows]
    shown = [*comparison.networks, comparison.naive]
    shown += [name for name in comparison.entries if name not in shown]
    forecasts = {name: comparison.entries[name].forecast[mine, step] for name in shown}
    ahead = f"{_ahead(comparison.split.horizon)}{whose}"
    last = slice(-_ZOOM, None)
    few = [*comparison.networks, comparison.naive]
    pictures = [
        split_picture(panel.times[span], panel.y[span], _borders(comparison, first)),
        forecast_picture(
            "Forecasts and actual values",
            f"The whole test period, {ahead}: {', '.join(few)}.",
            times, y, {name: forecasts[name] for name in few},
        ),
        forecast_picture(
            f"The last {min(_ZOOM, len(rows))} test rows", f"A closer look, {ahead}, all models.",
            times[last], y[last], {name: values[last] for name, values in forecasts.items()},
        ),
    ]  # fmt: skip
    validation_name = "TEST rows" if Leak.STOPPING in comparison.leaks else "validation tail"
    for name in comparison.networks:
        history = comparison.entries[name].model.history_  # type: ignore[attr-defined]
        pictures.append(loss_picture(name, history.training_loss, history.validation_loss, validation_name))
    residuals = {name: y - forecasts[name] for name in few}
    pictures.append(residual_picture(times, residuals))
    return pictures


def _borders(comparison: Comparison, series: int) -> dict[str, tuple[Any, Any]]:
    """Tell where training rows, validation tail and test rows of one series begin and end."""
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
