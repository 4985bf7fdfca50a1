"""Models of text on the same test documents: scores, intervals, and tests of the difference."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.errors import OptionError
from penstock.evaluation.labels import auc_difference, auc_interval, mcnemar, paired_bootstrap
from penstock.text.bag_of_words import BagOfWords
from penstock.text.documents import checked_texts
from penstock.training.progress import tell

__all__ = ["TextComparison", "compare"]

LABEL_COLUMNS = {
    "AUC": ".4f", "low": ".4f", "high": ".4f", "p AUC": "p", "accuracy": ".4f", "p McNemar": "p", "log loss": ".4f",
    "weights": ",", "fit s": ",.1f",
}  # fmt: skip
VALUE_COLUMNS = {"RMSE": "4g", "MAE": "4g", "R²": ".4f", "rank IC": ".4f", "p": "p", "weights": ",", "fit s": ",.1f"}


@dataclass(frozen=True, eq=False)
class TextComparison:
    """What models answer on the same test documents.

    Attributes
    ----------
    truth
        The test labels or values, ``[documents]``.
    answers
        For each model its probabilities ``[documents, classes]``, or its values ``[documents]``.
    classes
        The labels; None for values.
    baselines
        Which of the models are baselines.
    weights, seconds
        What each fit chose, and how long it took.
    """

    truth: NDArray[Any]
    answers: dict[str, NDArray[np.float64]]
    classes: NDArray[Any] | None
    baselines: tuple[str, ...]
    weights: dict[str, int | None] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def best_baseline(self) -> str | None:
        """The baseline with the lowest log loss, or squared error."""
        return min(self.baselines, key=lambda name: self._loss(name).mean(), default=None)

    @property
    def columns(self) -> dict[str, str]:
        """Headings, and how their numbers are shown."""
        if self.classes is None:
            return VALUE_COLUMNS
        two = len(self.classes) == 2
        return {
            name: form for name, form in LABEL_COLUMNS.items() if two or name not in ("AUC", "low", "high", "p AUC")
        }

    def rows(self) -> list[dict[str, Any]]:
        """Give one row a model; p-values test its difference from the best baseline, two-sided."""
        return [dict(row) for row in self._rows]

    def beside(self, other: TextComparison) -> TextComparison:
        """Put models that another comparison judged on the same test documents below these.

        Raises
        ------
        OptionError
            Where the documents are others, or both comparisons hold a model of one name.
        """
        if self.truth.shape != other.truth.shape or (self.truth != other.truth).any():
            raise OptionError("the comparisons are of different test documents; compare on the same ones.")
        twice = [name for name in self.answers if name in other.answers]
        if twice:
            raise OptionError(f"both comparisons hold a model named {twice[0]!r}; give the models names of their own.")
        return TextComparison(
            self.truth, {**self.answers, **other.answers}, self.classes, (*self.baselines, *other.baselines),
            {**self.weights, **other.weights}, {**self.seconds, **other.seconds},
        )  # fmt: skip

    def right(self, name: str) -> NDArray[np.bool_]:
        """Tell which documents a model labels rightly."""
        assert self.classes is not None  # noqa: S101
        return np.asarray(self.classes[self.answers[name].argmax(axis=1)] == self.truth)

    def verdict(self, name: str) -> str:
        """Say in a sentence whether a model beats the best baseline."""
        best = self.best_baseline
        if best is None or best == name:
            return f"{name} has no baseline to beat."
        row, other = self._row(name), self._row(best)
        score, p = ("accuracy", "p McNemar") if self.classes is not None else ("RMSE", "p")
        better = row[score] > other[score] if self.classes is not None else row[score] < other[score]
        sure = row[p] is not None and row[p] < 0.05
        how = "more than chance" if sure else "within chance"
        told = "p < .001" if row[p] < 0.001 else f"p = {row[p]:.3f}".replace("0.", ".")
        return (
            f"{name} {'beats' if better and sure else 'does not beat'} the best baseline, {best}: its {score} is "
            f"{row[score]:.4f} against {other[score]:.4f}, a difference {how} ({told})."
        )

    def __str__(self) -> str:
        columns, rows = self.columns, self.rows()
        shown = [["model", *columns]] + [
            [row["model"], *(_show(row.get(c), f) for c, f in columns.items())] for row in rows
        ]
        widths = [max(len(line[place]) for line in shown) for place in range(len(shown[0]))]
        return "\n".join(
            "  ".join(
                f"{cell:<{w}}" if place == 0 else f"{cell:>{w}}"
                for place, (cell, w) in enumerate(zip(line, widths, strict=True))
            )
            for line in shown
        )

    @cached_property
    def _rows(self) -> list[dict[str, Any]]:
        return [self._labels(name) if self.classes is not None else self._values(name) for name in self.answers]

    def _row(self, name: str) -> dict[str, Any]:
        return next(row for row in self._rows if row["model"] == name)

    def _loss(self, name: str) -> NDArray[np.float64]:
        answers = self.answers[name]
        if self.classes is None:
            return np.asarray((answers - self.truth) ** 2)
        place = {label: number for number, label in enumerate(self.classes.tolist())}
        places = [place[label] for label in self.truth.tolist()]
        return np.asarray(-np.log(answers[np.arange(len(answers)), places] + 1e-12))

    def _about(self, name: str) -> dict[str, Any]:
        return {"weights": self.weights.get(name), "fit s": self.seconds.get(name)}

    def _labels(self, name: str) -> dict[str, Any]:
        assert self.classes is not None  # noqa: S101
        best, answers = self.best_baseline, self.answers[name]
        other = best is not None and best != name
        row: dict[str, Any] = {"model": name, "accuracy": float(self.right(name).mean())}
        row["log loss"] = float(self._loss(name).mean())
        row["p McNemar"] = mcnemar(self.right(name), self.right(best))[1] if other and best else None
        if len(self.classes) == 2:
            up = self.truth == self.classes[1]
            row["AUC"], _, row["low"], row["high"] = auc_interval(up, answers[:, 1])
            row["p AUC"] = (
                auc_difference(up, answers[:, 1], self.answers[best][:, 1]).pvalue if other and best else None
            )
        return {**row, **self._about(name)}

    def _values(self, name: str) -> dict[str, Any]:
        from scipy.stats import spearmanr

        answers, truth, best = self.answers[name], self.truth, self.best_baseline
        constant = np.ptp(answers) == 0
        row = {
            "model": name,
            "RMSE": float(np.sqrt(np.mean((answers - truth) ** 2))),
            "MAE": float(np.mean(np.abs(answers - truth))),
            "R²": float(1 - np.sum((answers - truth) ** 2) / np.sum((truth - truth.mean()) ** 2)),
            "rank IC": None if constant else float(spearmanr(answers, truth).statistic),
            "p": None
            if best is None or best == name
            else paired_bootstrap(_mse, truth, answers, self.answers[best]).pvalue,
        }
        return {**row, **self._about(name)}


def compare(
    models: Iterable[Any] | Mapping[str, Any],
    train: tuple[Iterable[str], Any],
    test: tuple[Iterable[str], Any],
    *,
    fit: Mapping[str, Any] | None = None,
    baselines: Iterable[str] = (),
    progress: bool | None = None,
) -> TextComparison:
    """Fit models on training documents and compare them on test documents.

    Parameters
    ----------
    models
        Models, by name or by their own labels: :class:`~penstock.text.TextClassifier`,
        :class:`~penstock.text.BagClassifier`, their regressors, or any with scikit-learn's grammar on documents.
    train, test
        Documents, and their labels or values.
    fit
        Further arguments of `fit` for models that are no bag of words, such as ``vectors``.
    baselines
        Names of baselines beside the bags of words, which always are.
    progress
        Say which model is being fitted; None: on a terminal only.

    Examples
    --------
    >>> from penstock.text.bag_of_words import BagClassifier
    >>> texts, labels = ["good", "bad", "good fun", "so bad"] * 10, [1, 0, 1, 0] * 10
    >>> result = compare([BagClassifier("ridge", alpha=1.0)], (texts, labels), (["good", "bad"] * 2, [1, 0, 1, 0]))
    >>> result.rows()[0]["accuracy"]
    1.0
    """
    named: dict[str, Any] = dict(models) if isinstance(models, Mapping) else {_label(model): model for model in models}
    if not named:
        raise OptionError("no model was given to compare.")
    documents, truth = checked_texts(test[0]), np.asarray(test[1])
    texts = checked_texts(train[0])
    answers: dict[str, NDArray[np.float64]] = {}
    weights: dict[str, int | None] = {}
    seconds: dict[str, float] = {}
    classes = None
    for name, model in named.items():
        tell(f"Fitting {name} on {len(texts):,} documents …", progress)
        begun = time.perf_counter()
        bag = isinstance(model, BagOfWords)
        model.fit(texts, train[1], **({} if bag or fit is None else fit))
        seconds[name] = time.perf_counter() - begun
        labels = hasattr(model, "predict_proba")
        classes = model.classes_ if labels else None
        answers[name] = np.asarray(model.predict_proba(documents) if labels else model.predict(documents))
        weights[name] = getattr(model, "parameters_" if not bag else "parameters", None)
    bags = [name for name, model in named.items() if isinstance(model, BagOfWords)]
    return TextComparison(truth, answers, classes, (*bags, *baselines), weights, seconds)


def _label(model: Any) -> str:
    return str(getattr(model, "label", None) or " → ".join(map(repr, model.network.layers)))


def _mse(truth: NDArray[np.float64], answers: NDArray[np.float64]) -> float:
    return float(np.mean((truth - answers) ** 2))


def _show(value: Any, form: str) -> str:
    if value is None:
        return "–"
    if form == "p":
        return "<.001" if value < 0.001 else f"{value:.3f}"
    return f"{value:.4g}" if form == "4g" else f"{value:{form}}"
