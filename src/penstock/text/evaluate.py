"""Fitting models of text on the same training documents, and judging them on the same test documents."""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.argument_types import checked_types, described
from penstock.errors import DataError, OptionError, nearest
from penstock.evaluation.leaks import Leak
from penstock.evaluation.result import unique_name
from penstock.sequences.labels import column, numbers, read_labels
from penstock.text.bag_of_words import BagOfWords
from penstock.text.comparison import TextComparison
from penstock.text.documents import checked_texts
from penstock.text.entry import TextEntry
from penstock.training.progress import tell

__all__ = ["compare"]

Values = NDArray[np.float64]
Split = tuple[NDArray[np.int64], NDArray[np.int64]]


@checked_types("train", "test", "fit", "baselines", "on_fit", "progress", at_least={"folds": 2, "seed": 0})
def compare(
    models: Iterable[Any] | Mapping[str, Any],
    train: tuple[Iterable[str], Any],
    test: tuple[Iterable[str], Any] | None = None,
    *,
    folds: int | None = None,
    time: Any = None,
    fit: Mapping[str, Mapping[str, Any]] | None = None,
    baselines: Iterable[str] = (),
    seed: int = 0,
    on_fit: Callable[[str, Any], object] | None = None,
    progress: bool | None = None,
) -> TextComparison:
    """Fit models on training documents and compare them on test documents, or on folds of all documents.

    Parameters
    ----------
    models
        Models, or models by name: :class:`~penstock.text.TextClassifier`, :class:`~penstock.text.BagClassifier`, their
        regressors, or any object with scikit-learn's ``fit`` and ``predict`` on documents, such as a pipeline. All give
        labels, or all give values. They are fitted in place. Of models with one label the second is named ``label #2``.
    train
        Documents, and their labels or values.
    test
        Documents, and their labels or values; left out with `folds`.
    folds
        Number of parts into which the documents of `train` are cut; each is tested once, by models fitted on others:
        on all others, with labels in equal shares (stratified), or where `time` is given on the earlier ones alone
        (rolling: the oldest part of ``folds + 1`` only trains).
    time
        When each document appeared, ``[documents]``: dates or numbers. Documents of one time stay in one part.
    fit
        Further arguments of `fit`, by the name of the model: ``{"GRU(32)": {"vectors": vectors}}``. Where a network's
        `validation` is the test documents, the result names the leak.
    baselines
        Names of baselines beside the bags of words, which always are.
    seed
        Seed of the order in which documents are cut into parts without `time`.
    on_fit
        Called with the name of a model and the model after each fit, before the model is scored: to save it.
    progress
        Say which model is being fitted; None: on a terminal only.

    Returns
    -------
    TextComparison
        Scores, tests of the difference, a table, a frame, JSON and a page.

    Raises
    ------
    OptionError
        For no model, an object that is none, labels beside values, or a name that no model has.
    DataError
        For documents or targets that cannot be used, or a test label that does not occur among the training labels.

    Examples
    --------
    >>> from penstock.text.bag_of_words import BagClassifier
    >>> texts, labels = ["good", "bad", "good fun", "so bad"] * 10, [1, 0, 1, 0] * 10
    >>> model = BagClassifier("ridge", alpha=1.0)
    >>> compare([model], (texts, labels), (["good", "bad"] * 2, [1, 0, 1, 0])).rows[0]["accuracy"]
    1.0
    >>> compare([model], (texts, labels), folds=5).folds.tolist()[:9]
    [0, 0, 0, 0, 0, 0, 0, 0, 1]
    """
    named = _named(models)
    classify = _classifies(named)
    texts = checked_texts(train[0], "the training texts")
    classes, y = _targets(train[1], len(texts), classify)
    bags = [name for name, model in named.items() if isinstance(model, BagOfWords)]
    judged = tuple(dict.fromkeys([*bags, *baselines]))
    unknown = [name for name in judged if name not in named]
    if unknown:
        raise OptionError(f"baselines= names {unknown[0]!r}, which is no model here; {nearest(unknown[0], named)}")
    unknown = [name for name in fit or {} if name not in named]
    wrong = [each for each in (fit or {}).values() if not isinstance(each, Mapping)]
    if wrong and not unknown:
        raise OptionError(f"fit= holds {described(wrong[0])}; allowed: arguments by name: {{'vectors': vectors}}.")
    if unknown:
        raise OptionError(f"fit= names {unknown[0]!r}, which is no model here; {nearest(unknown[0], named)}")
    if (test is None) == (folds is None):
        raise OptionError("give test documents, or folds= to cut them from the training documents, not both.")
    if test is not None:
        if time is not None:
            raise OptionError("time= says how documents are cut into folds; give folds=, or leave time= out.")
        tested = checked_texts(test[0], "the test texts")
        truth = _targets(test[1], len(tested), classify, classes)[1]
        return _fitted(named, (texts, y), (tested, truth), classes, judged, fit or {}, on_fit, progress)
    assert folds is not None  # noqa: S101
    parts = list(_splits(folds, y, classes, time, seed))
    data = [tuple(([texts[row] for row in rows], y[rows]) for rows in split) for split in parts]
    for number, (past, future) in enumerate(data, start=1):  # before any model is fitted
        if classes is not None:
            _require_known(future[1], read_labels(past[1], len(past[1]))[0], f"of fold {number}")
    return TextComparison.stacked(
        [_fitted(named, past, future, classes, judged, fit or {}, on_fit, progress) for past, future in data]
    )


def _named(models: Iterable[Any] | Mapping[str, Any]) -> dict[str, Any]:
    """Give each model a name of its own."""
    if isinstance(models, str) or not isinstance(models, Iterable):
        models = [models]
    given = models.items() if isinstance(models, Mapping) else [(None, model) for model in models]
    named: dict[str, Any] = {}
    for name, model in given:
        if isinstance(model, type) or not (callable(getattr(model, "fit", None)) and hasattr(model, "predict")):
            raise OptionError(
                f"{model!r} is no model of text; allowed: TextClassifier(...), BagClassifier(...) and the like, or an "
                "object with scikit-learn's fit and predict on documents."
            )
        named[unique_name(str(name or _label(model)), named)] = model
    if not named:
        raise OptionError("no model was given to compare; give a list of models, such as [BagClassifier()].")
    return named


def _label(model: Any) -> str:
    if label := getattr(model, "label", None):
        return str(label)
    if hasattr(model, "network"):
        return " → ".join(map(repr, model.network.layers))
    if steps := getattr(model, "steps", None):  # a pipeline of scikit-learn
        return " → ".join(type(step).__name__ for _, step in steps)
    return type(model).__name__


def _classifies(named: Mapping[str, Any]) -> bool:
    """Return whether all models are classifiers; raise an error for classifiers and regressors in one comparison."""
    from sklearn.base import is_classifier, is_regressor

    def kind(model: Any) -> bool | None:
        if hasattr(type(model), "kind"):
            return bool(model.kind == "classifier")
        if not hasattr(model, "__sklearn_tags__"):
            return True if hasattr(model, "predict_proba") else None
        return True if is_classifier(model) else False if is_regressor(model) else None

    kinds = {name: kind(model) for name, model in named.items()}
    labels = [name for name, label in kinds.items() if label]
    values = [name for name, label in kinds.items() if label is False]
    if labels and values:
        raise OptionError(
            f"{labels[0]!r} gives labels and {values[0]!r} values, which have no score in common; compare classifiers "
            "with classifiers and regressors with regressors."
        )
    return bool(labels)


def _targets(
    y: Any, count: int, classify: bool, classes: NDArray[Any] | None = None
) -> tuple[NDArray[Any] | None, NDArray[Any]]:
    """Read labels or values; test labels must occur among `classes`, those of the training documents."""
    if not classify:
        return None, numbers(column(y, count))
    if classes is None:
        classes, _ = read_labels(y, count)
        return classes, column(y, count)
    labels = column(y, count)
    _require_known(labels, classes, "")
    return classes, labels


def _require_known(labels: NDArray[Any], classes: NDArray[Any], where: str) -> None:
    known = classes.tolist()
    for row, label in enumerate(labels.tolist()):
        if label not in known:
            raise DataError(
                f"the test label {label!r} {where or f'of document {row}'} does not occur among the training labels; "
                f"{nearest(label, known)}"
            )


def _splits(folds: int, y: NDArray[Any], classes: NDArray[Any] | None, time: Any, seed: int) -> Iterator[Split]:
    """Give the training and test rows of each fold."""
    if isinstance(folds, bool) or not isinstance(folds, int) or not 2 <= folds <= len(y) // 2:
        raise OptionError(f"folds={folds!r} is out of range; allowed: whole numbers from 2 to {max(len(y) // 2, 2)}.")
    if time is not None:
        yield from _rolling(folds, np.asarray(time), len(y))
        return
    from sklearn.model_selection import KFold, StratifiedKFold

    if classes is not None:
        counts = {label: int((y == label).sum()) for label in classes.tolist()}
        rare = min(counts, key=counts.__getitem__)
        if counts[rare] < folds:
            raise DataError(
                f"the label {rare!r} has {counts[rare]} documents, which is too few for {folds} folds; allowed: folds "
                f"up to {counts[rare]}, or leave the label out."
            )
        yield from StratifiedKFold(folds, shuffle=True, random_state=seed).split(y, y.astype(str))
        return
    yield from KFold(folds, shuffle=True, random_state=seed).split(y)


def _rolling(folds: int, time: NDArray[Any], count: int) -> Iterator[Split]:
    if time.shape != (count,):
        raise DataError(f"time has the shape {time.shape}; allowed: ({count},), one for each document.")
    if (time != time).any():
        raise DataError(f"time is missing for document {int((time != time).argmax())}; drop it first.")
    times, place = np.unique(time, return_inverse=True)
    if len(times) <= folds:
        raise DataError(f"{len(times)} different times are too few for {folds} folds; at least {folds + 1} are needed.")
    before = np.searchsorted(np.sort(place), place)  # documents of earlier times: one time stays in one part
    part = before * (folds + 1) // count
    for number in range(1, folds + 1):
        train, test = np.flatnonzero(part < number), np.flatnonzero(part == number)
        if not len(train) or not len(test):
            raise DataError(f"one time has too many documents to cut {folds} folds; choose fewer folds.")
        yield train, test


def _fitted(
    named: Mapping[str, Any],
    train: tuple[Sequence[str], NDArray[Any]],
    test: tuple[Sequence[str], NDArray[Any]],
    classes: NDArray[Any] | None,
    baselines: tuple[str, ...],
    fit: Mapping[str, Mapping[str, Any]],
    on_fit: Callable[[str, Any], object] | None,
    progress: bool | None,
) -> TextComparison:
    """Fit every model once, and take its answers on the test documents."""
    entries = {}
    for name, model in named.items():
        tell(f"Fitting {name} on {len(train[0]):,} documents …", progress)
        begun = clock.perf_counter()
        model.fit(*train, **fit.get(name, {}))
        seconds = clock.perf_counter() - begun
        if on_fit is not None:
            on_fit(name, model)
        weights = getattr(model, "parameters" if isinstance(model, BagOfWords) else "parameters_", None)
        entries[name] = TextEntry(*_answers(name, model, test[0], classes), model, weights, seconds)
    validations = (given["validation"] for given in fit.values() if given.get("validation") is not None)
    leaks = (Leak.STOPPING,) if any(_texts_of(each) == list(test[0]) for each in validations) else ()
    return TextComparison(test[1], entries, classes, baselines, leaks=leaks)


def _answers(
    name: str, model: Any, texts: Sequence[str], classes: NDArray[Any] | None
) -> tuple[Values, Sequence[Values]]:
    """Return what a fitted model answers on documents, and the answers of its members where it has several."""
    if classes is None:
        return numbers(column(model.predict(texts), len(texts))), ()
    members: Sequence[Values] = ()
    if getattr(model, "members", 1) > 1 and hasattr(model, "member_proba"):
        members = model.member_proba(texts)
        each = np.mean(members, axis=0)
    elif hasattr(model, "predict_proba"):
        each = np.asarray(model.predict_proba(texts), dtype=np.float64)
    else:  # it gives labels alone, and counts as sure of them
        each = np.asarray(np.asarray(model.predict(texts))[:, None] == classes, dtype=np.float64)
    own, known = list(getattr(model, "classes_", classes)), classes.tolist()
    return _in_order(each, own, known, name), [_in_order(one, own, known, name) for one in members]


def _texts_of(validation: Any) -> list[str]:
    return list(validation["X"] if isinstance(validation, Mapping) else validation[0])


def _in_order(proba: Values, own: Sequence[Any], classes: Sequence[Any], name: str) -> Values:
    """Put the columns of a model's probabilities in the order of the classes; a class it never saw has none."""
    if proba.shape[1] == len(classes) and (own == classes or len(own) != proba.shape[1]):
        return proba
    foreign = [label for label in own if label not in classes]
    if foreign:
        raise DataError(f"{name} gives the label {foreign[0]!r}, which is not among the training labels {classes}.")
    out = np.zeros((len(proba), len(classes)))
    out[:, [classes.index(label) for label in own]] = proba
    return out
