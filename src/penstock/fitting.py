"""Fitting copies of one model, each on its own panel: checks first, and what `predict` needs kept at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.argument_types import described
from penstock.data.columns import COVARIATES, Columns
from penstock.data.frames import FrameKind
from penstock.data.panel import Panel
from penstock.errors import DataError, OptionError, nearest
from penstock.options import check_options
from penstock.values import storable

__all__ = [
    "check_columns",
    "fit_each",
    "fitted_places",
    "require_covariates",
    "require_future",
    "require_panel",
    "require_rows",
    "restored_twin",
    "share_fit",
]


def fit_each(
    models: Sequence[Any],
    trains: Sequence[Panel],
    kind: FrameKind,
    validation: Sequence[Panel | None],
    shape: Any = None,
    callbacks: Sequence[Any] = (),
) -> None:
    """Check, fit, and keep what `predict` needs: for copies of one model, each on its own panel."""
    first = models[0]
    check_options(first)
    for train in trains:
        require_panel(train)
    if not isinstance(callbacks, Sequence):
        raise OptionError(f"callbacks={described(callbacks)}; allowed: a list of callbacks.")
    if callbacks and not first.takes_callbacks:
        raise OptionError(f"{first.label} is not trained epoch by epoch, so nothing calls back; leave callbacks= out.")
    trains, kind = [train.with_only(first.covariates) for train in trains], kind.only(first.covariates)
    validation = [also and also.with_only(first.covariates) for also in validation]
    pairs = [_long_enough(first, train, also) for train, also in zip(trains, validation, strict=True)]
    trains, validation = [train for train, _ in pairs], [also for _, also in pairs]
    for train, also in pairs:
        if also is None:
            first.check_rows(train)
        storable(train.ids, f"the id column {kind.columns.id!r}")
        for place, name in enumerate(kind.columns.static):
            storable(train.static[:, place], f"the static column {name!r}")
    first._fit_all(models, trains, validation, shape, callbacks)
    for model, train in zip(models, trains, strict=True):
        model.ids_, model.kind_, model.shards_ = train.ids, kind, None
        model.fitted_options_ = model.get_params()
        model.tail_ = train.last(model.rows_kept)


def share_fit(owner: Any, model: Any) -> None:
    """Give a model that another one holds what the fit of both left: names of series, columns, last rows.

    Within another fit, where weights or settings are validated, there are no columns.
    """
    model.ids_ = owner.ids_
    if hasattr(owner, "tail_"):
        model.tail_ = owner.tail_.with_only(model.covariates)
    if hasattr(owner, "kind_"):
        model.kind_ = owner.kind_.only(model.covariates)
    model.fitted_options_ = model.get_params()


def restored_twin(model: Any, description: Any, arrays: Any) -> Any:
    """Return a twin of a model with its options, and the fit that ``packed()`` gave of another one like it."""
    twin = model.clone()
    twin._load_extra(description, arrays)
    twin._restore(arrays)
    twin.fitted_options_ = twin.get_params()
    return twin


def require_panel(panel: Any) -> None:
    """Refuse anything but a panel, and say what reads a frame into one."""
    if not isinstance(panel, Panel):
        raise DataError(
            f"a {type(panel).__name__} was given where a panel is needed; give frames to fit and predict, or read one "
            "first: penstock.data.frames.read_panel(frame)."
        )


def _long_enough(model: Any, train: Panel, validation: Panel | None) -> tuple[Panel, Panel | None]:
    """Leave out the series that the model says are too short for it."""
    kept = np.flatnonzero(model.long_enough(train))
    if len(kept) == len(train):
        return train, validation
    return train.with_series(kept), None if validation is None else validation.with_series(kept)


def check_columns(model: Any, columns: Columns) -> None:
    """Refuse columns of covariates that a model does not use."""
    for name in COVARIATES:
        if getattr(columns, name) and name not in model.covariates:
            uses = f"it uses {' and '.join(model.covariates)}" if model.covariates else "it uses none"
            raise OptionError(f"{model.label} does not use {name} covariates ({uses}); leave {name}= out.")


def require_covariates(model: Any, panel: Panel) -> None:
    """Refuse a panel without the covariates that a model was fitted with, or with others."""
    for name in COVARIATES:
        given, wanted = getattr(panel, name).shape[1], getattr(model.kind_.columns, name)
        if given != len(wanted):
            raise DataError(f"{model.label} was fitted with {name}={list(wanted)}, but got {given}; give them.")


def require_future(model: Any, future: Any) -> None:
    """Refuse rows ahead where a model was fitted without known covariates, and none where it was fitted with some."""
    known = model.kind_.columns.known
    if future is None and known:
        raise OptionError(
            f"{model.label} was fitted with known={list(known)}; predict needs the rows that follow: "
            "predict(future=frame)."
        )
    if future is not None and not known:
        raise OptionError(f"this {model.label} was fitted without known covariates; leave future= out.")


def fitted_places(ids: Sequence[Any], fitted: Sequence[Any], *, new: bool) -> NDArray[np.int64]:
    """Find each series among those fitted, -1 for a new one if `new` allows it; a single series needs no name."""
    if len(ids) == len(fitted) == 1 and None in (*ids, *fitted):
        return np.zeros(1, dtype=np.int64)
    places = {name: place for place, name in enumerate(fitted)}
    unknown = [name for name in ids if name not in places]
    if unknown and not new:
        raise DataError(f"series {unknown[0]!r} was not among those fitted; {nearest(unknown[0], fitted)}")
    return np.array([places.get(name, -1) for name in ids])


def require_rows(
    label: str, panel: Panel, origins: NDArray[np.int64], needed: int, what: str, made_of: str = ""
) -> None:
    """Refuse cutoffs before which a series has too few rows; `what` and `made_of` say in the message which rows."""
    require_panel(panel)
    origins = np.asarray(origins)
    if origins.dtype.kind not in "iu" or origins.ndim != 1:
        raise OptionError(
            "origins are no rows of the panel; allowed: an array of whole numbers, such as panel.offsets[1:] - 1."
        )
    series = panel.series_of(origins)
    known = origins - panel.offsets[series] + 1
    if (known < needed).any():
        worst = int(np.argmin(known))
        raise DataError(
            f"{label}: {int(known[worst])} {what}{panel.name(int(series[worst]))} are too few: {needed} are "
            f"needed{made_of and f' ({made_of})'}; give more rows, or a shorter window (fewer lags)."
        )
