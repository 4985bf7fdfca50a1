"""The probes of an audit: each changes data and watches forecasts."""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.evaluation.significance import diebold_mariano
from penstock.evaluation.subject import AuditedModel, FrameRows
from penstock.report.numbers import show_p

__all__ = ["FAIL", "NOT_APPLICABLE", "PASS", "PROBES", "Bench", "Finding"]

Values = NDArray[np.float64]

PASS, FAIL, NOT_APPLICABLE = "pass", "fail", "not applicable"

_CHANCE = 0.01  # one model in a hundred may fail the test on shuffled targets by chance
_REFITS = 20  # cutoffs of the shuffled series that a model is fitted for, where it cannot forecast without a fit
_BLIND = 0.05  # a step that moves by less than this part of a later step's move does not see the newest value


@dataclass(frozen=True)
class Finding:
    """What one probe found: its name, pass, fail or not applicable, and a sentence."""

    probe: str
    outcome: str
    sentence: str


@dataclass(frozen=True, eq=False)
class Bench:
    """What every probe is given.

    Attributes
    ----------
    rows, train
        All rows, and those before the test.
    test
        Times in the test.
    seed
        Of the changes that probes make.
    steady
        Whether two fits gave equal forecasts (determinism passed), which other probes build on.
    """

    subject: AuditedModel
    rows: FrameRows
    train: FrameRows
    test: int
    seed: int
    steady: bool = True


def determinism(bench: Bench) -> Finding:
    """Check that two fits on the same rows forecast the same bits, whatever the global random states are."""
    with _kept_random_states():
        first = bench.subject.fit(bench.train)(bench.train)
        _stir_random_states()
        second = bench.subject.fit(bench.train)(bench.train)
    if not np.array_equal(first, second, equal_nan=True):
        change = float(np.nanmax(np.abs(first - second)))
        return Finding("determinism", FAIL, f"Two fits on the same rows forecast differently, by up to {change:.3g}.")
    return Finding("determinism", PASS, "Two fits on the same rows forecast the same bits.")


def random_state(bench: Bench) -> Finding:
    """Check that fitting leaves the global random states of other people's programs alone."""
    with _kept_random_states():
        _stir_random_states()  # so that a state that the fit before left is not taken for untouched
        before = _random_states()
        bench.subject.fit(bench.train)(bench.train)
        after = _random_states()
    touched = [each for each, state in before.items() if not _same(state, after[each])]
    if touched:
        return Finding("random state", FAIL, f"A fit changes the global random state of {' and '.join(touched)}.")
    return Finding("random state", PASS, f"A fit leaves the global random states of {', '.join(before)} alone.")


def refit_freshness(bench: Bench) -> Finding:
    """Check that a fit on other rows beforehand leaves no trace, in a second fit or in a backtest."""
    name, train = "refit freshness", bench.train
    if not bench.steady:
        return Finding(name, NOT_APPLICABLE, "Two fits on the same rows differ already.")
    other = train.with_y(2 * train.y[::-1] + train.spread())
    afresh, again = bench.subject.fit(train)(train), bench.subject.fit(other, train)(train)
    if not np.array_equal(afresh, again):
        change = float(np.abs(afresh - again).max())
        return Finding(
            name, FAIL, f"A fit goes on from the one before: forecasts differ by up to {change:.3g} from a first fit's."
        )
    if bench.subject.backtests:
        plain = bench.subject.backtest(bench.rows, bench.test)
        if not np.array_equal(plain, bench.subject.backtest(bench.rows, bench.test, before=bench.rows)):
            return Finding(name, FAIL, "A model that was fitted on all rows backtests with what it learned from them.")
    return Finding(name, PASS, "A fit after another forecasts the same bits as a first fit.")


def future_blindness(bench: Bench) -> Finding:
    """Check that changing values after a cutoff changes no forecast made at it or earlier."""
    name, rows = "future-blindness", bench.rows
    if not bench.steady:
        return Finding(name, NOT_APPLICABLE, "Two fits on the same rows differ already.")
    if not bench.subject.backtests:
        return _no_backtest(name)
    seen = bench.subject.backtest(rows, bench.test)
    middle = len(seen) // 2
    cutoff = rows.calendar[-bench.test - 1 + middle]
    noise = np.random.default_rng(bench.seed).uniform(1, 10, size=len(rows.y)) * rows.spread()
    changed = bench.subject.backtest(rows.with_y(rows.y + noise * (rows.times > cutoff)), bench.test)
    moved = [number for number in range(middle + 1) if not np.array_equal(seen[number], changed[number])]
    if moved:
        size = float(np.abs(seen[: middle + 1] - changed[: middle + 1]).max())
        return Finding(
            name,
            FAIL,
            f"{len(moved)} of {middle + 1} forecasts move with values after their cutoff, by up to {size:.3g}.",
        )
    return Finding(name, PASS, f"{middle + 1} forecasts stay the same bit for bit when all later values change.")


def scaler_leak(bench: Bench) -> Finding:
    """Check that lifting the level of all test rows does not move the first forecast."""
    name, rows = "scaler leak", bench.rows
    if not bench.steady:
        return Finding(name, NOT_APPLICABLE, "Two fits on the same rows differ already.")
    if not bench.subject.backtests:
        return _no_backtest(name)
    seen = bench.subject.backtest(rows, bench.test)
    lift = 1000 * rows.spread() * (rows.times >= rows.calendar[-bench.test])
    lifted = bench.subject.backtest(rows.with_y(rows.y + lift), bench.test)
    size = float(np.abs(seen[0] - lifted[0]).max())
    if size > 0 or np.isnan(size):
        return Finding(name, FAIL, f"The first forecast moves by {size:.3g} when the level of the test rows is lifted.")
    return Finding(name, PASS, "The first forecast does not move when the level of the test rows is lifted.")


def freshness(bench: Bench) -> Finding:
    """Check that changing the newest value changes every step of the horizon."""
    name, train = "freshness", bench.train
    exact = bench.subject.reads_history
    if not exact and not bench.steady:
        return Finding(name, NOT_APPLICABLE, "Two fits on the same rows differ already.")
    forecast = bench.subject.fit(train)
    newer = train.with_y(train.y + train.spread() * train.last)
    before = forecast(train)
    moves = np.abs(forecast(newer) - before) if exact else np.abs(bench.subject.fit(newer)(newer) - before)
    if not moves.any() and exact:
        other = train.with_y(train.y[::-1] + train.spread())
        if np.array_equal(forecast(other), before):
            return Finding(name, NOT_APPLICABLE, "Forecasts are constants of the fit; they read no history.")
    later = np.maximum.accumulate(moves[:, ::-1], axis=1)[:, ::-1]
    blind = moves == 0 if exact else moves < _BLIND * later
    blind |= (moves == 0) & (later == 0)
    repeats = np.array([np.isin(before[s], train.y[(train.series == s) & ~train.last]) for s in range(len(before))])
    steps = np.flatnonzero((blind & ~repeats).any(axis=0)) + 1
    if len(steps):
        which = f"step {steps[0]} does" if len(steps) == 1 else f"steps {', '.join(map(str, steps))} do"
        return Finding(name, FAIL, f"Of {before.shape[1]} steps ahead, {which} not see the newest value.")
    if (blind & repeats).any():
        return Finding(name, PASS, "Every step sees the newest value, or repeats an older one as it is.")
    return Finding(name, PASS, f"All {before.shape[1]} steps ahead see the newest value.")


def shuffled_target(bench: Bench) -> Finding:
    """Check that on shuffled targets, where nothing can be forecast, the model does not beat the mean."""
    name, rows = "shuffled target", bench.rows
    rng = np.random.default_rng(bench.seed)
    y = rows.y
    for series in range(int(rows.series.max()) + 1):
        mine = np.flatnonzero((rows.series == series) & np.isfinite(y))
        y[mine] = rng.permutation(y[mine])
    shuffled = rows.with_y(y)
    losses, mean_losses = [], []
    for cutoff, yhat in _one_step_forecasts(bench, shuffled):
        history = shuffled.until(cutoff)
        came = shuffled.times == shuffled.calendar[np.searchsorted(shuffled.calendar, cutoff) + 1]
        came &= np.isfinite(y)
        means = np.array([np.nanmean(history.y[history.series == s]) for s in range(len(yhat))])
        losses.append(float(((y[came] - yhat[shuffled.series[came]]) ** 2).sum()))
        mean_losses.append(float(((y[came] - means[shuffled.series[came]]) ** 2).sum()))
    statistic, p = diebold_mariano(np.array(losses), np.array(mean_losses))
    if statistic < 0 and p / 2 < _CHANCE:
        seen = f"On shuffled targets, where nothing can be forecast, it beats the mean ({show_p(p / 2)}): it saw them."
        return Finding(name, FAIL, seen)
    return Finding(name, PASS, "On shuffled targets, where nothing can be forecast, it does not beat the mean.")


def _one_step_forecasts(bench: Bench, rows: FrameRows) -> Iterator[tuple[Any, Values]]:
    """Forecast one step ahead from many cutoffs, by the model's own backtest where it has one: cutoff, ``[series]``."""
    cutoffs, subject = rows.calendar[-bench.test - 1 : -1], bench.subject
    count = int(rows.series.max()) + 1
    if subject.backtests:  # after a fit on everything, as a careless user would call it
        for cutoff, yhat in zip(cutoffs, subject.backtest(rows, bench.test, before=rows), strict=False):
            yield cutoff, yhat.reshape(count, -1)[:, 0]
    elif subject.reads_history:
        forecast = subject.fit(rows.until(cutoffs[0]))
        for cutoff in cutoffs:
            yield cutoff, forecast(rows.until(cutoff))[:, 0]
    else:
        few = np.unique(np.linspace(0, len(cutoffs) - 1, min(_REFITS, len(cutoffs))).astype(int))
        for cutoff in cutoffs[few]:
            history = rows.until(cutoff)
            yield cutoff, subject.fit(history)(history)[:, 0]


def bad_input(bench: Bench) -> Finding:
    """Check that a missing value is refused or dealt with, and never spreads into forecasts without a word."""
    name, train = "bad input", bench.train
    words = []
    for where, row in (("in the middle", len(train.y) // 2), ("at the end", int(np.flatnonzero(train.last)[0]))):
        y = train.y
        y[row] = np.nan
        broken = train.with_y(y)
        try:
            yhat = bench.subject.fit(broken)(broken)
        except Exception as error:
            words.append(f"{where} it is refused ({type(error).__name__})")
            continue
        if not np.isfinite(yhat).all():
            return Finding(name, FAIL, f"One NaN {where} of the rows makes forecasts NaN, without an error.")
        words.append(f"{where} it leaves forecasts finite")
    return Finding(name, PASS, f"One NaN: {'; '.join(words)}.")


PROBES: tuple[Callable[[Bench], Finding], ...] = (
    determinism, random_state, refit_freshness, future_blindness, scaler_leak, freshness, shuffled_target, bad_input,
)  # fmt: skip
"""Every probe, in the order in which they run; determinism comes first, for others build on it."""


def _no_backtest(name: str) -> Finding:
    return Finding(
        name, NOT_APPLICABLE, "It is only ever shown the past; give backtest= to see what its own backtest looks at."
    )


def _random_states() -> dict[str, Any]:
    """Read the global random states of Python, numpy and, where it is loaded, torch."""
    states: dict[str, Any] = {"random": random.getstate(), "numpy": np.random.get_state()}  # noqa: NPY002
    if "torch" in sys.modules:
        states["torch"] = sys.modules["torch"].get_rng_state()
    if "jax" in sys.modules:  # it has no random state, but settings that change what is drawn
        config = sys.modules["jax"].config
        states["jax"] = (config.jax_enable_x64, config.jax_default_prng_impl, config.jax_threefry_partitionable)
    return states


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, tuple):
        return len(one) == len(other) and all(_same(a, b) for a, b in zip(one, other, strict=True))
    return bool(np.array_equal(np.asarray(one), np.asarray(other)))


def _stir_random_states() -> None:
    random.random()  # noqa: S311
    np.random.random(7)  # noqa: NPY002
    if "torch" in sys.modules:
        sys.modules["torch"].rand(7)


@contextlib.contextmanager
def _kept_random_states() -> Iterator[None]:
    states = _random_states()
    try:
        yield
    finally:
        random.setstate(states["random"])
        np.random.set_state(states["numpy"])  # noqa: NPY002
        if "torch" in states:
            sys.modules["torch"].set_rng_state(states["torch"])
