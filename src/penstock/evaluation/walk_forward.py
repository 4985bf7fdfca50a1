"""The walk-forward of a comparison: folds are cut into blocks, an engine fits them, and each model becomes an entry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from penstock.data.panel import Panel
from penstock.engines.engine import Engine
from penstock.engines.in_use import engine_in_use
from penstock.engines.local import Local
from penstock.engines.task import SharedPanel
from penstock.engines.work import Work
from penstock.errors import DataError
from penstock.estimator import Estimator
from penstock.evaluation.block import Block, BlockAnswer, folds_of_a_job
from penstock.evaluation.calibration import bounds
from penstock.evaluation.entry import Entry
from penstock.evaluation.others import GivenForecasts
from penstock.evaluation.rolling_origin import Fold
from penstock.intervals.conformal import Conformal, ModelIntervals

__all__ = ["walk_forward"]

_ROWS_TOGETHER = 4_000_000  # training rows of the folds that are fitted at once: some tens of megabytes a column


def walk_forward(
    models: Mapping[str, Estimator],
    rows: SharedPanel,
    folds: Sequence[Fold],
    levels: tuple[float, ...],
    method: Conformal,
    engine: Engine,
    work: Work,
    *,
    stopping: bool = False,
) -> dict[str, Entry]:
    """Fit every model on every fold, and forecast.

    Parameters
    ----------
    models
        Unfitted models by name.
    rows, folds
        All rows, and the folds.
    levels, method
        Levels of intervals, and how they are made.
    engine, work
        Where the models are fitted, and what counts what the workers do.
    stopping
        Whether early stopping watches the test rows (a leak).

    Returns
    -------
    What each model forecast, by name.
    """
    tasks = [
        task
        for name, model in models.items()
        for task in _tasks(name, model, rows, folds, levels, method, engine, stopping=stopping)
    ]
    answers: dict[int, BlockAnswer] = {}
    entries: dict[str, Entry] = {}
    places: dict[str, list[int]] = {}
    for number, task in enumerate(tasks):
        places.setdefault(task.name, []).append(number)
    for number, answer in _run(tasks, engine, work):
        answers[number] = answer
        name = tasks[number].name
        if all(place in answers for place in places[name]):
            entries[name] = _entry(
                name, [answers.pop(place) for place in places[name]], rows.panel, folds, levels, method
            )
    return {name: entries[name] for name in models}


def _run(tasks: Sequence[Block], engine: Engine, work: Work) -> Iterator[tuple[int, BlockAnswer]]:
    """Run the tasks; a model with one fit in all, which has parts, shares these out itself when the rest is done."""
    alone = [number for number, task in enumerate(tasks) if task.of == 1 and task.model.fits_in_parts]
    shared = alone if engine.divides else []
    others = [number for number in range(len(tasks)) if number not in shared]
    for place, answer in engine.run([tasks[number] for number in others], work) if others else ():
        yield others[place], answer
    for number in shared:
        with engine_in_use(engine, work):
            ((_, answer),) = Local().run([tasks[number]], work)
        yield number, answer


def _tasks(
    name: str,
    model: Estimator,
    rows: SharedPanel,
    folds: Sequence[Fold],
    levels: tuple[float, ...],
    method: Conformal,
    engine: Engine,
    *,
    stopping: bool,
) -> list[Block]:
    """Cut the folds of a model into blocks."""
    panel = rows.panel
    most = folds_of_a_job(model) if engine.divides else _together(folds)
    size = -(-len(folds) // -(-len(folds) // most))
    shape = None
    if len(folds) > 1:
        ends = [folds[0], folds[-1]] if not panel.masked else folds  # a masked series has no sample without a target
        shape = model.block_shape((_pair(panel, fold, stopping=stopping) for fold in ends), size)
    asks = isinstance(method, ModelIntervals) or isinstance(model, GivenForecasts)
    return [
        Block(
            name, model, rows, folds[first : first + size], first, len(folds), stopping,
            own_levels=levels if asks else (),
            levels=levels if first == 0 else (),
            method=method if first == 0 and levels else None,
            last=first + size >= len(folds),
            shape=shape,
        )
        for first in range(0, len(folds), size)
    ]  # fmt: skip


def _pair(panel: Panel, fold: Fold, *, stopping: bool) -> tuple[Panel, Panel | None]:
    """Return the training rows of a fold, and the panel whose later rows early stopping watches, if it does."""
    validation = panel.between(fold.starts, panel.offsets[1:]) if stopping else None
    return panel.between(fold.starts, fold.ends), validation


def _together(folds: Sequence[Fold]) -> int:
    """Return how many folds are fitted together in one process: as many as fit a bound, padded to the longest."""
    longest = max(int((fold.ends - fold.starts).sum()) for fold in folds)
    return max(_ROWS_TOGETHER // longest, 1)


def _entry(
    name: str,
    answers: Sequence[BlockAnswer],
    panel: Panel,
    folds: Sequence[Fold],
    levels: tuple[float, ...],
    method: Conformal,
) -> Entry:
    """Put the answers of all blocks of a model together."""
    model, yhat = answers[-1].model, np.concatenate([answer.yhat for answer in answers], axis=1)
    assert model is not None  # noqa: S101 (the last block was asked for it)
    choices = tuple(choice for answer in answers for choice in answer.choices)
    trials = tuple(each for answer in answers for each in answer.trials)
    entry = Entry(model, yhat, sum(answer.seconds for answer in answers), choices=choices, trials=trials)
    own: list[NDArray[np.float64]] = [answer.bounds for answer in answers if answer.bounds is not None]
    if own:
        return replace(entry, bounds=np.concatenate(own, axis=2))
    residuals = answers[0].residuals
    if residuals is None:
        return entry
    origins = np.concatenate([fold.origins for fold in folds])
    before = panel.between(folds[0].starts, folds[0].ends)
    try:
        return replace(entry, bounds=bounds(method, levels, residuals, before, panel, origins, entry.forecast))
    except DataError as error:
        raise DataError(f"{name}: {error}") from error
