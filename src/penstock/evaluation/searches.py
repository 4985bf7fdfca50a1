"""What the models of a comparison chose by search: fold by fold, as tables, pictures and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from penstock.report.bars import bars_picture
from penstock.report.parallel import parallel_picture
from penstock.report.svg import Picture
from penstock.report.table import Table
from penstock.report.workers import work_tables

if TYPE_CHECKING:
    from penstock.evaluation.comparison import Comparison

__all__ = ["further_tables", "importances", "search_pictures", "search_tables", "searches_json"]

_ERROR = "error"
_GROUPS = 4  # of equal size into which the numbers of a range are put
_FEWEST = 4  # settings with an error from which there is something to see


def further_tables(comparison: Comparison) -> list[Table]:
    """Return the tables behind those of scores: what searches chose, and which worker did what."""
    return [*search_tables(comparison), *work_tables(comparison.work)]


def search_tables(comparison: Comparison) -> list[Table]:
    """Return, for each model that searches, what the fit of each fold chose, with its error."""
    tables = []
    for name, folds in _searches(comparison):
        entry, rows = comparison.entries[name], []
        for number, (trials, choice) in enumerate(zip(folds, entry.choices, strict=True), start=1):
            errors = _errors(trials)
            rows.append(
                {
                    "fit": number,
                    "chosen": choice,
                    _ERROR: float(np.nanmin(errors)),
                    "as given": float(errors[0]),
                    "settings": len(trials),
                    "halved": sum(trial.halved is not None for trial in trials),
                }
            )
        different = len({*entry.choices})
        said = (
            f"{different} different choices in {len(folds)} fits: a choice that changes from fit to fit is worth "
            "little."
            if different > 1
            else f"The same choice in {len(folds)} fits."
            if len(folds) > 1
            else "One fit, so nothing says whether another would choose alike."
        )
        heads = {"fit": "", "chosen": "<", _ERROR: ".3f", "as given": ".3f", "settings": "", "halved": ""}
        heads = heads if any(row["halved"] for row in rows) else {key: heads[key] for key in heads if key != "halved"}
        notes = (
            "Errors are mean absolute errors of the rows that choose, inside the training rows of each fit, in mean "
            "absolute steps; the test rows choose nothing, so the tests of the model need no correction for the "
            "settings tried. The options as given are one of the settings.",
            said,
        )
        tables.append(Table(f"What {name} chose", heads, rows, notes))
    return tables


def search_pictures(comparison: Comparison) -> list[Picture]:
    """Draw the settings of the last fit as parallel coordinates, and how much of the errors each option tells."""
    pictures = []
    for name, folds in _searches(comparison):
        trials = [trial for trial in folds[-1] if trial.settings and np.isfinite(trial.error)]
        if len(trials) < _FEWEST:
            continue
        options = {option: [trial.settings[option] for trial in trials] for option in trials[0].settings}
        caption = (
            f"{len(trials)} settings of the last fit of {name}, each a line from option to option to its error; the "
            "best is dark, the better half blue"
        )
        given, errors = folds[-1][0], _errors(trials)
        if np.isfinite(given.error):
            values = comparison.entries[name].model.given_values  # type: ignore[attr-defined]
            options = {option: [*tried, values[option]] for option, tried in options.items()}
            errors, caption = np.append(errors, given.error), f"{caption}, the options as given dashed"
        mark = len(trials) if len(errors) > len(trials) else None
        pictures.append(parallel_picture(f"Settings of {name}", f"{caption}.", options, errors, _ERROR, mark))
        shares = importances([[trial for trial in fold if trial.settings] for fold in folds])
        if len(shares) > 1:
            caption = (
                "Share of the variance of the ranks of the errors that the values of each option explain, by "
                f"themselves, over {len(folds)} fit{'s' if len(folds) > 1 else ''}; ranges are cut into quarters. A "
                "few settings explain something by chance."
            )
            pictures.append(bars_picture(f"Importance of the options of {name}", caption, shares, form=".2f"))
    return pictures


def searches_json(comparison: Comparison) -> dict[str, Any]:
    """Return every trial of every fit, by model, ready for JSON."""
    return {name: [[trial.to_json() for trial in trials] for trials in folds] for name, folds in _searches(comparison)}


def importances(folds: Sequence[Sequence[Any]]) -> dict[str, float]:
    """Return the share of the variance of ranked errors that each option explains by itself.

    It is adjusted for the number of values, which explain something by chance (ε², Kelley 1935), and 0 at least.

    Parameters
    ----------
    folds
        The trials of each fit; those without an error are left out.

    Examples
    --------
    >>> from types import SimpleNamespace as Trial
    >>> trials = [Trial(settings={"a": a, "b": b}, error=a + 0.1 * b) for a in (1, 2) for b in (1, 2)]
    >>> {name: round(share, 2) for name, share in importances([trials]).items()}
    {'a': 0.7, 'b': 0.0}
    """
    ranks: list[NDArray[np.float64]] = []
    values: dict[str, list[Any]] = {}
    for fold in folds:
        trials = [trial for trial in fold if np.isfinite(trial.error)]
        if len(trials) < _FEWEST:
            continue
        order = np.argsort(np.argsort(_errors(trials), kind="stable"), kind="stable")
        ranks.append(order / (len(trials) - 1))
        for trial in trials:
            for name, value in trial.settings.items():
                values.setdefault(name, []).append(value)
    if not ranks:
        return {}
    rank = np.concatenate(ranks)
    total = float(((rank - rank.mean()) ** 2).sum())
    shares = {}
    for name, given in values.items():
        groups = _groups(given)
        means = {group: rank[groups == group].mean() for group in np.unique(groups)}
        within = sum(float(((rank[groups == group] - mean) ** 2).sum()) for group, mean in means.items())
        free = len(rank) - len(means)
        shares[name] = max(1 - within / free / (total / (len(rank) - 1)), 0.0) if free > 0 else 0.0
    return shares


def _groups(values: Sequence[Any]) -> NDArray[np.int64]:
    """Return a number for each different value; for many different numbers that of the quarter they lie in."""
    names = list(dict.fromkeys(map(repr, values)))
    if len(names) > _GROUPS and all(isinstance(each, (int, float)) for each in values):
        numbers = np.array(values, float)
        return np.searchsorted(np.quantile(numbers, np.linspace(0, 1, _GROUPS + 1)[1:-1]), numbers, side="right")
    places = {name: place for place, name in enumerate(names)}
    return np.array([places[repr(each)] for each in values])


def _searches(comparison: Comparison) -> Iterator[tuple[str, tuple[Sequence[Any], ...]]]:
    for name, entry in comparison.entries.items():
        if entry.trials and all(entry.trials):
            yield name, entry.trials


def _errors(trials: Sequence[Any]) -> NDArray[np.float64]:
    return np.array([trial.error for trial in trials])
