"""Scores of models of labels or values on the same test documents, and tests of their difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from penstock.errors import DataError, OptionError
from penstock.evaluation.labels import auc_difference, auc_interval, mcnemar, paired_bootstrap
from penstock.evaluation.leaks import Leak
from penstock.evaluation.members import spread
from penstock.evaluation.metrics import measure
from penstock.evaluation.result import ComparisonResult
from penstock.evaluation.significance import Pairs
from penstock.evaluation.table import Columns
from penstock.report.table import Table
from penstock.text.entry import TextEntry

if TYPE_CHECKING:
    from penstock.report.svg import Picture

__all__ = ["TextComparison"]

Values = NDArray[np.float64]

_LABELS: Columns = {
    "model": ("model", ""),
    "auc": ("AUC", ".4f"),
    "auc_low": ("low", ".4f"),
    "auc_high": ("high", ".4f"),
    "auc_pvalue": ("p AUC", "p"),
    "accuracy": ("accuracy", ".4f"),
    "pvalue": ("p McNemar", "p"),
    "p_holm": ("p Holm", "p"),
    "log_loss": ("log loss", ".4f"),
    "parameters": ("weights", ","),
    "fit_seconds": ("fit s", ",.1f"),
}
_VALUES: Columns = {
    "model": ("model", ""),
    "rmse": ("RMSE", "4g"),
    "mae": ("MAE", "4g"),
    "r2": ("R²", ".4f"),
    "spearman": ("rank IC", ".4f"),
    "pvalue": ("p", "p"),
    "p_holm": ("p Holm", "p"),
    "parameters": ("weights", ","),
    "fit_seconds": ("fit s", ",.1f"),
}


@dataclass(frozen=True, eq=False)
class TextComparison(ComparisonResult):
    """What models answer on the same test documents.

    Attributes
    ----------
    truth
        The test labels or values, ``[documents]``.
    entries
        The models by name, each with its answers.
    classes
        The labels; None for values.
    baselines
        Which of the models are baselines.
    folds
        Number of the fold in which each document was tested, ``[documents]``; empty without folds.
    leaks
        Ways in which test documents reached a model.
    """

    truth: NDArray[Any]
    entries: dict[str, TextEntry]
    classes: NDArray[Any] | None
    baselines: tuple[str, ...]
    folds: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    leaks: tuple[Leak, ...] = ()
    rows: list[dict[str, Any]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Score every model."""
        self._correct([self._row(name) for name in self.entries], "pvalue")

    @property
    def models(self) -> dict[str, Any]:
        """The models by name, as fitted last; those of which only answers are known are left out."""
        return {name: entry.model for name, entry in self.entries.items() if entry.model is not None}

    @property
    def columns(self) -> Columns:
        """Key of each score that the table shows, its heading, and how its numbers are shown."""
        return _VALUES if self.classes is None else _LABELS

    @property
    def judged(self) -> tuple[str, bool]:
        """The score by which models are judged, and whether less of it is better."""
        return ("rmse", True) if self.classes is None else ("accuracy", False)

    @cached_property
    def reference(self) -> str | None:
        """The baseline with the lowest log loss, or squared error."""
        return min(self.baselines, key=lambda name: float(self._loss(name).mean()), default=None)

    @property
    def reference_words(self) -> str:
        """How sentences call the reference."""
        return f"the best baseline, {self.reference}"

    @property
    def notes(self) -> Sequence[str]:
        """How to read the table of scores."""
        if self.classes is None:
            return (
                "p tests the difference of the mean squared errors from the best baseline's by a paired bootstrap, "
                "two-sided; rank IC is Spearman's correlation of forecast and outcome.",
            )
        return (
            "AUC with DeLong's interval (95 %); p AUC and p McNemar test the difference from the baseline with the "
            "lowest log loss, two-sided; p Holm is corrected for the number of models. A network of several members "
            "answers with their mean; the small rows are the spread of its members.",
        )

    @cached_property
    def pairs(self) -> Pairs:
        """McNemar's test of every pair of models; for values, the paired bootstrap of their squared errors."""
        names = tuple(self.entries)
        statistic, pvalue = np.full((2, len(names), len(names)), np.nan)
        for row, one in enumerate(names):
            for column, other in enumerate(names[:row]):
                gain = float(self._errors(one).mean() - self._errors(other).mean())
                statistic[row, column], statistic[column, row] = gain, -gain
                pvalue[row, column] = pvalue[column, row] = self._test(one, other)
        return Pairs(names, statistic, pvalue, "Paired bootstrap" if self.classes is None else "McNemar")

    @staticmethod
    def stacked(parts: Sequence[TextComparison]) -> TextComparison:
        """Join comparisons of the same models on different test documents, the folds, into one.

        Parameters
        ----------
        parts
            The comparisons.

        Returns
        -------
        One comparison over all documents.
        """
        first = parts[0]
        sizes = [len(part.truth) for part in parts]
        return TextComparison(
            np.concatenate([part.truth for part in parts]),
            {name: TextEntry.stacked([part.entries[name] for part in parts]) for name in first.entries},
            first.classes,
            first.baselines,
            np.repeat(np.arange(len(parts)), sizes),
            first.leaks,
        )

    def right(self, name: str) -> NDArray[np.bool_]:
        """Return which documents a model labels rightly.

        Parameters
        ----------
        name
            The model.

        Returns
        -------
        Whether each document is labelled rightly, ``[documents]``.

        Raises
        ------
        OptionError
            Where the models give values.
        """
        if self.classes is None:
            raise OptionError("these models give values, which are not right or wrong; use result.rows.")
        return np.asarray(self.classes[self.entries[name].answers.argmax(axis=1)] == self.truth)

    def tables(self) -> list[Table]:
        """Return every table of the page: the scores, and the score of each fold."""
        return [self.table(), *([self._by_fold()] if len(self.folds) else [])]

    def pictures(self) -> list[Picture]:
        """Draw the losses of networks by epoch."""
        from penstock.report.pictures import loss_picture

        histories = {name: self.models[name].history_ for name in self.networks}
        rows = "TEST rows" if self.leaks else "validation rows"
        return [
            loss_picture(name, history.training_loss, history.validation_loss, rows)
            for name, history in histories.items()
        ]

    def settings(self) -> dict[str, str]:
        """Say what was compared, name by name."""
        folds = f", each tested in one of {self.folds.max() + 1} folds" if len(self.folds) else ""
        return {"test": f"{len(self.truth):,} documents{folds}", **super().settings()}

    def to_json(self) -> dict[str, Any]:
        """Return the scores and how they came about, ready for JSON; a score that does not exist is null."""
        labels = None if self.classes is None else [str(label) for label in self.classes]
        by_fold = {name: self._fold_scores(name) for name in self.entries} if len(self.folds) else {}
        about = {"documents": len(self.truth), "labels": labels, "baselines": list(self.baselines)}
        return {**about, **super().to_json(), f"{self.judged[0]}_by_fold": by_fold}

    def _frame(self, columns: Mapping[str, Any]) -> Any:
        import pandas as pd

        return pd.DataFrame(dict(columns))

    def _by_fold(self) -> Table:
        heading, form = self.columns[self.judged[0]]
        folds = [f"fold {number + 1}" for number in range(int(self.folds.max()) + 1)]
        rows = [{"model": name, **dict(zip(folds, self._fold_scores(name), strict=True))} for name in self.entries]
        return Table(f"{heading} by fold", {"model": "", **dict.fromkeys(folds, form)}, rows)

    def _fold_scores(self, name: str) -> list[float]:
        errors = [self._errors(name)[self.folds == fold].mean() for fold in range(int(self.folds.max()) + 1)]
        return [float(np.sqrt(error) if self.classes is None else 1 - error) for error in errors]

    def _errors(self, name: str) -> Values:
        """Whether each label is wrong, or the squared error of each value, ``[documents]``."""
        wrong = (self.entries[name].answers - self.truth) ** 2 if self.classes is None else ~self.right(name)
        return np.asarray(wrong, dtype=np.float64)

    def _loss(self, name: str) -> Values:
        return self._errors(name) if self.classes is None else self._log_loss(self.entries[name].answers)

    def _log_loss(self, answers: Values) -> Values:
        assert self.classes is not None  # noqa: S101
        place = {label: number for number, label in enumerate(self.classes.tolist())}
        unseen = [label for label in self.truth.tolist() if label not in place]
        if unseen:
            raise DataError(f"the test label {unseen[0]!r} is not among the labels {list(place)}.")
        places = [place[label] for label in self.truth.tolist()]
        return np.asarray(-np.log(answers[np.arange(len(answers)), places] + 1e-12))

    def _test(self, name: str, other: str) -> float:
        """Return the two-sided p-value of "both err alike"."""
        if self.classes is not None:
            return mcnemar(self.right(name), self.right(other))[1]
        one, two = self.entries[name].answers, self.entries[other].answers
        return float(paired_bootstrap(_mse, self.truth, one, two).pvalue)

    def _row(self, name: str) -> dict[str, Any]:
        other = None if self.reference == name else self.reference
        entry, pvalues = self.entries[name], {"pvalue": np.nan if other is None else self._test(name, other)}
        if self.classes is not None and len(self.classes) == 2:
            up = self.truth == self.classes[1]
            pvalues["auc_pvalue"] = (
                np.nan
                if other is None or not _two_of_each(up)
                else auc_difference(up, entry.answers[:, 1], self.entries[other].answers[:, 1]).pvalue
            )
        return {
            "model": name, **self._score(entry.answers), **pvalues,
            "parameters": np.nan if entry.weights is None else entry.weights, "fit_seconds": entry.seconds,
            "members": spread(
                [self._score(each) for each in entry.members], self.judged[0], lower=self.judged[1]
            ),
        }  # fmt: skip

    def _score(self, answers: Values) -> dict[str, float]:
        if self.classes is None:
            return measure(np.asarray(self.truth, dtype=np.float64), answers)
        scores = {"accuracy": float(np.mean(self.classes[answers.argmax(axis=1)] == self.truth))}
        scores["log_loss"] = float(self._log_loss(answers).mean())
        if len(self.classes) == 2:
            up = self.truth == self.classes[1]
            area, _, low, high = auc_interval(up, answers[:, 1]) if _two_of_each(up) else (np.nan,) * 4
            scores |= {"auc": area, "auc_low": low, "auc_high": high}
        return scores


def _two_of_each(up: NDArray[np.bool_]) -> bool:
    return min(int(up.sum()), int((~up).sum())) >= 2


def _mse(truth: Values, answers: Values) -> float:
    return float(np.mean((truth - answers) ** 2))
