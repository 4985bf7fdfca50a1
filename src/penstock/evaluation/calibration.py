"""Intervals in a comparison: residuals of rows that a model was not fitted on, and the bounds that follow from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.frames import FrameKind
from penstock.data.panel import Panel
from penstock.data.scaling import mean_steps
from penstock.data.splits import tail_border
from penstock.errors import DataError, OptionError
from penstock.estimator import Estimator
from penstock.intervals.conformal import Conformal, ResidualStream

__all__ = ["Residuals", "bounds", "held_out_residuals", "model_intervals"]

Values = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Residuals:
    """Errors (actual minus forecast) of forecasts from rows before the test.

    Attributes
    ----------
    origins
        Flat row of each cutoff, ``[n]``.
    errors
        ``[n, horizon]``; NaN where the actual value was not observed but carried forward.
    """

    origins: Rows
    errors: Values


def held_out_residuals(
    fitted: Estimator,
    train: Panel,
    kind: FrameKind,
    method: Conformal,
    *,
    watches_training_rows: bool = True,
    shape: Any = None,
) -> Residuals:
    """Forecast the tail of the training rows by a model that has not learned from it.

    A model with a validation tail is asked itself; of any other a twin is fitted on the rows before the tail
    that `method` keeps for calibration.

    Parameters
    ----------
    fitted
        The model, fitted on `train`.
    train, kind
        The training rows, and the kind of their frame.
    method
        Says how long the tail of a model is that keeps none itself.
    watches_training_rows
        False where early stopping used other rows than its training rows (a leak): its tail is then not used.
    shape
        What :meth:`penstock.estimator.Estimator.block_shape` gave for the walk-forward, whose program the twin shares.
    """
    tails = getattr(fitted, "validation_rows_", None) if watches_training_rows else None
    if tails is not None and (tails > 0).all():
        border = train.offsets[1:] - tails
    else:
        border = tail_border(train, method.calibration, fitted.horizon)
        if ((border <= train.offsets[:-1]) | (border == train.offsets[1:])).any():
            raise DataError(
                f"calibration={method.calibration:g} rows leave none of {int(train.lengths.min())} training rows "
                f"of {fitted.label}; keep a shorter calibration tail."
            )
        fitted = fitted.clone().fit_panel(train.before(border), kind, shape=shape)
    ends = train.offsets[1:] - fitted.horizon
    origins = np.concatenate([np.arange(start - 1, end) for start, end in zip(border, ends, strict=True)])
    targets = origins[:, None] + 1 + np.arange(fitted.horizon)
    errors: Values = train.y[targets] - fitted.aggregate(fitted.forecast_panel(train, origins))
    return Residuals(origins, np.where(train.filled[targets], np.nan, errors))


def bounds(
    method: Conformal,
    levels: tuple[float, ...],
    before: Residuals,
    train: Panel,
    panel: Panel,
    origins: Rows,
    yhat: Values,
) -> Values:
    """Put bounds around forecasts, each from residuals whose targets were known at its cutoff.

    Each series has its own residuals, since the sizes of their errors differ and only within one are they alike; where
    `method` pools, they are shared in units of each series' mean absolute step in the training rows.

    Parameters
    ----------
    before, train
        Residuals of the training rows, and these rows.
    panel, origins, yhat
        All rows, the cutoffs ``[n]``, and the forecasts ``[n, horizon]``.

    Returns
    -------
    Lower and upper bounds, ``[levels, 2, n, horizon]``.
    """
    targets = origins[:, None] + 1 + np.arange(yhat.shape[1])
    errors = np.where(panel.filled[targets], np.nan, panel.y[targets] - yhat)
    series, series_before = panel.series_of(origins), train.series_of(before.origins)
    if method.pooled:
        unit = _units(train)
        groups = [(np.arange(len(origins)), np.arange(len(before.origins)))]
    else:
        unit = np.ones(len(train))
        groups = [(np.flatnonzero(series == s), np.flatnonzero(series_before == s)) for s in np.unique(series)]
    out = np.empty((len(levels), 2, *yhat.shape))
    for mine, mine_before in groups:
        mine = mine[np.argsort(panel.times[origins[mine]], kind="stable")]
        mine_before = mine_before[np.argsort(train.times[before.origins[mine_before]], kind="stable")]
        now, then = unit[series[mine]], unit[series_before[mine_before]]
        for step in range(yhat.shape[1]):
            stream = ResidualStream(
                before.errors[mine_before, step] / then,
                errors[mine, step] / now,
                panel.times[origins[mine]],
                panel.times[targets[mine, step]],
            )
            out[:, :, mine, step] = yhat[mine, step] + method.bounds(stream, levels) * now
    return out


def model_intervals(
    fitted: Sequence[Estimator], panel: Panel, origins: Sequence[Rows], levels: tuple[float, ...]
) -> list[Values] | None:
    """Ask each fitted model for its own bounds at its cutoffs, ``[levels, 2, n, horizon]``; None where it has none."""
    try:
        return [model.bounds_panel(panel, rows, levels) for model, rows in zip(fitted, origins, strict=True)]
    except OptionError:
        return None


def _units(train: Panel) -> Values:
    """Return the mean absolute step of each series, ``[series]``; refuse a constant one."""
    units = mean_steps(train, train.offsets[1:] - 1)
    if (units == 0).any():
        raise DataError(
            f"the training rows{train.name(int((units == 0).argmax()))} are constant, so their residuals have no unit "
            "to be pooled in; use Conformal(pooled=False), or leave this series out."
        )
    return units
