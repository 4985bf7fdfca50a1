"""The page of forecasts in one call: what was chosen, why, and what each part is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from penstock.report.lines import Curves, curves_picture
from penstock.report.page import Page
from penstock.report.svg import Picture
from penstock.report.table import Table
from penstock.report.workers import work_tables

if TYPE_CHECKING:
    from penstock.automatic.forecast import Forecast

__all__ = ["forecast_page"]

_SHOWN = 5  # horizons of history in a picture


def forecast_page(result: Forecast) -> Page:
    """Lay out a page of what :func:`penstock.forecast` chose."""
    count, horizon = len(result.panel), result.model.horizon
    parts = result.parts
    alone, reference, _ = parts[-2]
    validated = bool(np.isfinite(parts[-1][1]))
    rows = [
        {
            "model": label,
            "error": error,
            f"% of {alone}": 100 * error / reference if validated and reference else np.nan,
            "weight": weight,
        }
        for label, error, weight in parts
    ]
    tables = [
        Table(
            "What each part is worth",
            {"model": "", "error": ".3f", f"% of {alone}": ".1f", "weight": ".2f"},
            rows,
        )
    ]
    if len(result.tried) > 1:
        networks = [
            {"network": name, "error": error, "": "taken" if name == result.taken else ""}
            for name, error in result.tried.items()
        ]
        tables.append(
            Table(
                "Networks that were tried, one member and half of the steps each",
                {"network": "", "error": ".3f", "": ""},
                networks,
            )
        )
    tables += work_tables(result.work)
    return Page(
        title=f"{count:,} series, {horizon} steps ahead",
        lead=[_verdict(result, validated), *result.notes],
        tables=tables,
        facts=_facts(result),
        pictures=_pictures(result),
    )


def _verdict(result: Forecast, validated: bool) -> str:
    """Say how the models together compare with the reference on the last horizons of the training rows."""
    if not validated:
        return f"All series are forecast by {result.model.label}; nothing could be validated."
    *parts, (_, together, _) = result.parts
    name, reference, _ = parts[-1]
    used = [f"{label} {weight:.0%}" for label, _, weight in parts if weight > 0]
    less = 100 * (1 - together / reference) if reference else 0.0
    how = f"{less:.1f} % less than {name} alone" if less >= 0 else f"{-less:.1f} % more than {name} alone"
    return (
        f"Forecasts are a weighted mean of {', '.join(used)}. On the last horizons of the training rows, which they "
        f"had not seen, they erred by {together:.3f} {_unit(result)}s, {how}."
    )


def _unit(result: Forecast) -> str:
    """Name the unit of errors."""
    return "mean absolute step" if result.model.season == 1 else "mean absolute seasonal difference"


def _facts(result: Forecast) -> dict[str, str]:
    lengths = result.panel.lengths
    facts = {
        "series": f"{len(lengths):,}",
        "rows of a series": f"{lengths.min():,} to {lengths.max():,}, median {int(np.median(lengths)):,}",
        "horizon": f"{result.model.horizon}",
        "season": f"{', '.join(map(str, result.season)) or 'none'} ({result.season_from})",
        "cutoffs of the validation": f"{result.model.cutoffs}",
        "error": f"mean absolute error in units of the {_unit(result)} of each series",
    }
    return facts | {f"model {place}": repr(model) for place, model in enumerate(result.model.models_, start=1)}


def _pictures(result: Forecast) -> list[Picture]:
    """Draw the series with the widest, the median and the narrowest forecasts by their own steps, or fewer."""
    steps = np.array(
        [
            np.abs(np.diff(result.panel.y[result.panel.span(s)])).mean() if n > 1 else 0.0
            for s, n in enumerate(result.panel.lengths)
        ]
    )
    last = result.panel.y[result.panel.offsets[1:] - 1]
    moves = np.abs(result.values - last[:, None]).mean(axis=1) / np.where(steps > 0, steps, np.inf)
    order = np.argsort(moves)
    places = dict.fromkeys((int(order[-1]), int(order[len(order) // 2]), int(order[0])))
    panels = [_curves(result, place) for place in places]
    names = ", ".join(str(result.panel.ids[place]) for place in places if result.panel.ids[place] is not None)
    caption = (
        "The series whose forecasts move most, in units of its own steps, the median one and the one that moves least"
    )
    return [curves_picture("Forecasts", f"{caption}: {names}." if names else "The series and its forecasts.", panels)]


def _curves(result: Forecast, place: int) -> Curves:
    """Draw the end of a series and its forecasts over its own times; series of two rows over steps."""
    horizon, name = result.model.horizon, result.panel.ids[place]
    span = result.panel.span(place)
    y = result.panel.y[span][-_SHOWN * horizon :]
    past, ahead = np.arange(-len(y) + 1, 1), np.arange(1, horizon + 1)
    what = "steps from the last row"
    if result.panel.lengths[place] > 2:
        own = result.panel.times[span]
        rhythm = result.kind.rhythms.of(name)
        both = result.kind.on_clock(np.concatenate([own, result.kind.next_times(own, horizon, name)]), rhythm)
        past, ahead, what = both[:-horizon][-len(y) :], both[-horizon:], ""
    lines = {"series": (past, y), "forecast": (ahead, result.values[place])}
    bands = {
        f"{level:g} % interval": (ahead, *result.bounds[number, :, place])
        for number, level in reversed([*enumerate(result.levels)])
        if np.isfinite(result.bounds[number, :, place]).all()
    }
    return Curves(lines, what, "" if name is None else str(name), dark="series", bands=bands)
