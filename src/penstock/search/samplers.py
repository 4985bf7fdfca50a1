"""Which settings a search tries next: every one, random ones, or those that a tree of Parzen estimators proposes."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

import numpy as np

from penstock.errors import OptionError
from penstock.extras import library
from penstock.search.space import Range, draw, grid

__all__ = ["SAMPLERS", "proposals"]

Proposals = Generator[dict[str, Any], float | None]

SAMPLERS = ("random", "grid", "tpe")
"""How settings are chosen: drawn independently, every combination, or by optuna's tree of Parzen estimators."""


def proposals(sampler: str, space: Mapping[str, Any], trials: int, seed: int) -> Proposals:
    """Return a generator of settings to try; the error of each is sent back: ``settings = generator.send(error)``.

    Parameters
    ----------
    sampler
        One of :data:`SAMPLERS`.
    space
        Values or ranges by name.
    trials
        How many are tried; a grid refuses fewer than it has.
    seed
        Of what is drawn.

    Raises
    ------
    OptionError
        Where the space has ranges and a grid is asked for, a grid is larger than `trials`, or optuna is not installed.
    """
    if sampler == "tpe":
        return _tpe(space, trials, seed)
    if sampler == "grid":
        every = grid(space)
        if len(every) > trials:
            raise OptionError(
                f"Tuned: the grid has {len(every)} settings and trials={trials} are allowed; give "
                f"trials={len(every)}, or sampler='random'."
            )
        return _listed(every)
    return _different(space, trials, np.random.default_rng(seed))


def _listed(settings: list[dict[str, Any]]) -> Proposals:
    # Not `yield from`, which would send what is sent back to the list.
    for each in settings:  # noqa: UP028
        yield each


def _different(space: Mapping[str, Any], trials: int, rng: np.random.Generator) -> Proposals:
    """Draw settings that differ from each other; fewer where the space has no more."""
    seen: set[str] = set()
    for _ in range(20 * trials):
        settings = draw(space, rng)
        if repr(settings) not in seen:
            seen.add(repr(settings))
            yield settings
        if len(seen) == trials:
            break


def _tpe(space: Mapping[str, Any], trials: int, seed: int) -> Proposals:
    """See that optuna is there before anything is fitted, and let it propose."""
    optuna = library("optuna", "search", "sampler='tpe'")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return _asked(optuna, space, trials, seed)


def _asked(optuna: Any, space: Mapping[str, Any], trials: int, seed: int) -> Proposals:
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    for _ in range(trials):
        trial = study.ask()
        settings = {name: _suggested(trial, name, values) for name, values in space.items()}
        error = yield settings
        if error is None or not np.isfinite(error):
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            study.tell(trial, float(error))


def _suggested(trial: Any, name: str, values: Any) -> Any:
    if not isinstance(values, Range):
        return values[trial.suggest_categorical(name, list(range(len(values))))]
    suggest = trial.suggest_int if values.whole else trial.suggest_float
    return suggest(name, values.low, values.high, log=values.log)
