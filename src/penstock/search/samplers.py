"""Which settings a search tries next: every one, random ones, or those that a tree of Parzen estimators proposes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from penstock.errors import OptionError
from penstock.extras import library
from penstock.search.space import Range, draw, grid
from penstock.searchable import Trial

__all__ = ["SAMPLERS", "proposer"]

Propose = Callable[[Sequence[Trial | dict[str, Any]], int], list[dict[str, Any]]]

SAMPLERS = ("random", "grid", "tpe")
"""How settings are chosen: drawn independently, every combination, or by optuna's tree of Parzen estimators."""


def proposer(sampler: str, space: Mapping[str, Any], trials: int, seed: int) -> Propose:
    """Return a function of the trials so far, and of a number, that gives the next settings, so many at most.

    The trial before all is the model as it is given, without settings. Where a trial runs still, its settings stand for
    it. The same trials give the same settings, in every process.

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
        return _tpe(space, seed)
    if sampler == "grid":
        every = grid(space)
        if len(every) > trials:
            raise OptionError(
                f"Tuned: the grid has {len(every)} settings and trials={trials} are allowed; give "
                f"trials={len(every)}, or sampler='random'."
            )
        return _listed(iter(every))
    return _listed(_different(space, trials, np.random.default_rng(seed)))


def _listed(settings: Iterator[dict[str, Any]]) -> Propose:
    known: list[dict[str, Any]] = [{}]

    def propose(so_far: Sequence[Trial | dict[str, Any]], count: int) -> list[dict[str, Any]]:
        end = len(so_far) + count
        while len(known) < end and (found := next(settings, None)) is not None:
            known.append(found)
        return known[len(so_far) : end]

    return propose


def _different(space: Mapping[str, Any], trials: int, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    """Draw settings that differ from each other; fewer where the space has no more."""
    seen: set[str] = set()
    for _ in range(20 * trials):
        settings = draw(space, rng)
        if repr(settings) not in seen:
            seen.add(repr(settings))
            yield settings
        if len(seen) == trials:
            break


def _tpe(space: Mapping[str, Any], seed: int) -> Propose:
    """See that optuna is there before anything is fitted, and let it propose by ask and tell."""
    optuna = library("optuna", "search", "sampler='tpe'")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    distributions = {name: _distribution(optuna, values) for name, values in space.items()}
    state = optuna.trial.TrialState

    def propose(so_far: Sequence[Trial | dict[str, Any]], count: int) -> list[dict[str, Any]]:
        # The study is told anew each time: what it proposes follows from the trials and the seed alone.
        first: list[dict[str, Any]] = [] if so_far else [{}]
        own_seed = int(np.random.SeedSequence([seed, len(so_far)]).generate_state(1)[0])
        sampler = optuna.samplers.TPESampler(seed=own_seed, constant_liar=True)
        study = optuna.create_study(sampler=sampler)
        for each in so_far[1:]:
            settings = each.settings if isinstance(each, Trial) else each
            known = {"params": _told(settings, space), "distributions": distributions}
            if not isinstance(each, Trial):
                study.add_trial(optuna.trial.create_trial(state=state.RUNNING, **known))
            elif np.isfinite(each.error):
                study.add_trial(optuna.trial.create_trial(state=state.COMPLETE, value=each.error, **known))
            else:
                study.add_trial(optuna.trial.create_trial(state=state.FAIL, **known))
        asked = [study.ask(distributions).params for _ in range(count - len(first))]
        return first + [_meant(params, space) for params in asked]

    return propose


def _distribution(optuna: Any, values: Any) -> Any:
    if not isinstance(values, Range):
        return optuna.distributions.CategoricalDistribution(list(range(len(values))))
    kind = optuna.distributions.IntDistribution if values.whole else optuna.distributions.FloatDistribution
    return kind(values.low, values.high, log=values.log)


def _told(settings: Mapping[str, Any], space: Mapping[str, Any]) -> dict[str, Any]:
    """Give settings as optuna knows them: values of lists by their places."""
    return {
        name: settings[name] if isinstance(values, Range) else [*map(repr, values)].index(repr(settings[name]))
        for name, values in space.items()
    }


def _meant(params: Mapping[str, Any], space: Mapping[str, Any]) -> dict[str, Any]:
    return {name: params[name] if isinstance(values, Range) else values[params[name]] for name, values in space.items()}
