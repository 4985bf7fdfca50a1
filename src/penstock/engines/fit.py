"""The engine of one fit, whose parts it shares out."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from penstock.engines.choice import engine_of
from penstock.engines.in_use import engine_in_use
from penstock.errors import OptionError, TrainingWarning

__all__ = ["engine_of_fit"]


@contextmanager
def engine_of_fit(model: Any, engine: Any, address: str | None) -> Iterator[dict[str, str]]:
    """Let the parts of a model's fit run on an engine, and leave in ``work_`` which worker did what.

    Parameters
    ----------
    model
        The model that is fitted within.
    engine, address
        As in :func:`penstock.compare`; None: nothing changes.

    Yields
    ------
    What tells a run with workers from one without.

    Raises
    ------
    OptionError
        Where the fit of the model has no parts.
    """
    if engine is None and address is None:
        yield {}
        return
    if engine is not None and not model.fits_in_parts:
        raise OptionError(
            f"{model.label} is fitted as a whole, so an engine has nothing to share out; leave engine= out. "
            "(penstock.compare shares out the folds of a rolling origin.)"
        )
    with engine_of(engine, address) as chosen, engine_in_use(chosen) as work:
        yield {"engine": "workers"} if chosen.divides else {}
    if chosen.divides:
        model.work_ = work
        for said in work.exceptions:
            warnings.warn(said, TrainingWarning, stacklevel=4)
