"""The pictures of a comparison: split, forecasts, losses, residuals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from penstock.report.axes import finish, legend
from penstock.report.lines import Curves, curves_picture
from penstock.report.svg import MUTED, SERIES, Picture, draw

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["forecast_picture", "loss_picture", "residual_picture", "split_picture"]

Times = NDArray[Any]
Values = NDArray[np.float64]


def split_picture(
    times: Times, y: Values, borders: Mapping[str, tuple[Any, Any]], whose: str = "the series"
) -> Picture:
    """Show the whole series with its parts shaded; `borders` names each part and gives its first and last time."""
    whose = whose or "the series"
    parts = "; ".join(f"{name} from {_day(first)} to {_day(last)}" for name, (first, last) in borders.items())
    return curves_picture(
        "Data and split",
        f"{whose[0].upper()}{whose[1:]}: {parts}.",
        Curves({"": (times, y)}, spans=borders, dark=""),
        height=3.0,
    )


def forecast_picture(
    title: str, caption: str, times: Times, y: Values, forecasts: Mapping[str, Values], actual: str = "actual"
) -> Picture:
    """Show forecasts over what came, the dark line, named `actual`."""
    lines = {actual: (times, y), **{name: (times, yhat) for name, yhat in forecasts.items()}}
    return curves_picture(title, caption, Curves(lines, dark=actual), height=3.4)


def loss_picture(name: str, training: Values, validation: Values, validation_name: str) -> Picture:
    """Show the losses ``[epochs, members]`` on a logarithmic scale: each member thin, their median bold."""
    from matplotlib.ticker import MaxNLocator, NullFormatter

    def plot(figure: Figure, narrow: bool) -> None:
        axes = figure.subplots()
        for losses, color, label in (
            (training, SERIES[0], "training rows"),
            (validation, SERIES[1], validation_name),
        ):
            if not np.isfinite(losses).any():
                continue
            epochs = np.arange(1, len(losses) + 1)
            axes.plot(epochs, losses, color=color, linewidth=0.6, alpha=0.45)
            alive = np.isfinite(losses).all(axis=1)
            axes.plot(epochs[alive], np.median(losses[alive], axis=1), color=color, linewidth=1.8, label=label)
        axes.set_yscale("log")
        low, high = axes.get_ylim()
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter("{x:g}" if high < 10 * low else NullFormatter())
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("epoch")
        axes.set_ylabel("loss, scaled units")
        legend(axes, narrow)

    caption = (
        f"Losses of {name} by epoch, each member thin and the median of all bold (drawn while all still train); a "
        f"member's best weights on the {validation_name} are kept."
        if np.isfinite(validation).any()
        else f"Losses of {name} by epoch; without validation the last weights are kept."
    )
    return draw(f"Losses of {name}", caption, plot)


def residual_picture(times: Times, residuals: Mapping[str, Values], whose: str = "") -> Picture:
    """Show errors (actual minus forecast) over time, and how they are spread."""

    def plot(figure: Figure, narrow: bool) -> None:
        over_time, spread = figure.subplots(2, 1) if narrow else figure.subplots(1, 2, width_ratios=(2.2, 1))
        bins = np.histogram_bin_edges(np.concatenate(list(residuals.values())), bins=30)
        for number, (name, errors) in enumerate(residuals.items()):
            color = SERIES[number % len(SERIES)]
            over_time.plot(times, errors, ".", color=color, markersize=3, label=name)
            spread.hist(errors, bins=bins, histtype="step", color=color, linewidth=1.3)
        over_time.axhline(0, color=MUTED, linewidth=0.8)
        spread.axvline(0, color=MUTED, linewidth=0.8)
        over_time.set_ylabel("actual − forecast")
        spread.set_xlabel("actual − forecast")
        spread.set_ylabel("test rows")
        finish(over_time, times, narrow)

    caption = f"Errors of {' and '.join(residuals)} on the test rows{whose}: over time, and their distribution."
    return draw("Residuals", caption, plot, height=3.4, narrow_height=5.4)


def _day(time: Any) -> str:
    return str(np.datetime_as_string(time, unit="D")) if isinstance(time, np.datetime64) else str(time)
