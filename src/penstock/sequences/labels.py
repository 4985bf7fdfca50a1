"""Labels: which there are, what each weighs, and their probabilities."""

from __future__ import annotations

import re
import warnings
from contextlib import suppress
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from penstock.errors import DataError, OptionError, nearest
from penstock.training.losses import cumulative_logits
from penstock.values import from_plain, storable

__all__ = ["class_weights", "codes_of", "column", "numbers", "probabilities", "read_labels", "stored_labels"]


_WIDEST = 1 << 24  # letters of all labels together, at the width of the widest


def column(y: Any, count: int) -> NDArray[Any]:
    """Read one target a sample, ``[samples]``.

    Raises
    ------
    DataError
        For another shape or number, or missing values.
    """
    if y is None:
        raise DataError("y is None; this estimator requires y to be passed, but the target y is None.")
    if hasattr(y, "tocsr"):
        raise DataError("y is a sparse matrix; give a dense array: y.toarray().")
    values = np.asarray(y) if not isinstance(y, (list, tuple)) else _of_list(y)
    if values.ndim == 2 and values.shape[1] == 1:
        from sklearn.exceptions import DataConversionWarning

        warnings.warn(
            "A column-vector y was passed when a 1d array was expected; give y of the shape (n_samples,).",
            DataConversionWarning,
            stacklevel=4,
        )
        values = values[:, 0]
    if values.ndim != 1 or len(values) != count:
        raise DataError(f"y has the shape {values.shape}; allowed: ({count},), one target for each sample of X.")
    if np.iscomplexobj(values):
        raise DataError(f"Complex data not supported: y holds {values.dtype}; give real targets.")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise DataError(f"y holds NaN or inf, first for sample {int((~np.isfinite(values)).argmax())}; leave it out.")
    return values


def numbers(values: NDArray[Any]) -> NDArray[np.float64]:
    """Read a column of targets as numbers."""
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"y holds what is no number: {error}; for labels use a classifier.") from error


def read_labels(y: Any, count: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Find the labels and the number of each sample's.

    Raises
    ------
    DataError
        For a single label, missing labels, numbers that are no labels, or labels that no model file can hold.

    Examples
    --------
    >>> classes, codes = read_labels(["b", "a", "b"], 3)
    >>> classes.tolist(), codes.tolist()
    (['a', 'b'], [1, 0, 1])
    """
    values = column(y, count)
    if values.dtype.kind == "f" and (values != np.round(values)).any():
        raise DataError(
            f"Unknown label type: y is continuous ({values[values != np.round(values)][0]:g}); give labels, or use "
            "SequenceRegressor."
        )
    if values.dtype == object:
        if any(value is None or value != value for value in values):
            raise DataError("y holds None or NaN; leave such samples out.")
        found = list(dict.fromkeys(values.tolist()))
        with suppress(TypeError):  # labels of several kinds keep the order in which they came
            found.sort()
        classes = np.empty(len(found), dtype=object)
        classes[:] = found
    else:
        classes = np.unique(values)
    if len(classes) < 2:
        raise DataError(f"y holds one class only, {classes.tolist()[0]!r}; a classifier needs two labels or more.")
    storable(classes, "labels")
    return classes, codes_of(values, classes, count)


def codes_of(y: Any, classes: NDArray[Any], count: int) -> NDArray[np.int64]:
    """Give the number of each sample's label among those fitted."""
    values = column(y, count)
    place = {label: number for number, label in enumerate(classes.tolist())}
    try:
        return np.array([place[label] for label in values.tolist()], dtype=np.int64)
    except KeyError as error:
        raise DataError(
            f"the label {error.args[0]!r} was not among those fitted; {nearest(error.args[0], classes.tolist())}"
        ) from None


def known_labels(y: Any, count: int, classes: NDArray[Any]) -> NDArray[Any]:
    """Read true labels to score predictions by, ``[samples]``; those that were not fitted count as missed.

    Raises
    ------
    DataError
        For another shape or number, missing values, or text where the labels that were fitted are numbers.
    """
    values = column(y, count)
    found, known = values[:1].tolist()[0], classes[:1].tolist()[0]
    if isinstance(found, str) != isinstance(known, str) and not {*values.tolist()} & {*classes.tolist()}:
        raise DataError(
            f"y holds {found!r}, but the labels that were fitted are such as {known!r}; give y as in the fit."
        )
    return values


def class_weights(
    given: dict[Any, float] | str | None, classes: NDArray[Any], codes: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Give the weight of each class.

    Examples
    --------
    >>> class_weights("balanced", np.array(["a", "b"]), np.array([0, 0, 0, 1])).round(3).tolist()
    [0.667, 2.0]
    """
    if given is None:
        return np.ones(len(classes))
    if given == "balanced":
        return len(codes) / (len(classes) * np.bincount(codes, minlength=len(classes)))
    assert isinstance(given, dict)  # noqa: S101 (options have been checked)
    labels = classes.tolist()
    wrong = [label for label in given if label not in labels]
    if wrong:
        raise OptionError(f"class_weight names {wrong[0]!r}, which is no label; {nearest(wrong[0], labels)}")
    weights = np.array([given.get(label, 1.0) for label in labels], dtype=np.float64)
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise OptionError(f"class_weight={given!r} holds what is no weight; allowed: finite numbers from 0.")
    return weights


def probabilities(loss: str, logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn a network's outputs ``[..., outputs]`` into the probabilities of classes ``[..., classes]``.

    Examples
    --------
    >>> probabilities("bce", np.array([[0.0]])).tolist(), probabilities("ordered", np.array([[0.0, 50.0]])).round(3)
    ([[0.5, 0.5]], array([[0.5, 0.5, 0. ]]))
    """
    if loss == "cross_entropy":
        shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return shifted / shifted.sum(axis=-1, keepdims=True)
    above = _sigmoid(logits if loss == "bce" else np.asarray(_cumulative(logits), np.float64))
    ends = np.ones((*above.shape[:-1], 1))
    return np.concatenate([ends, above], axis=-1) - np.concatenate([above, 0 * ends], axis=-1)


def _cumulative(logits: NDArray[np.float64]) -> Any:
    return jax.jit(cumulative_logits)(logits)


def _sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return 0.5 * (1 + np.tanh(0.5 * x))


def _of_list(y: Any) -> NDArray[Any]:
    """Make an array of a list without turning numbers among text into text."""
    values = np.asarray(y)
    if values.dtype.kind in "US" and not all(isinstance(label, (str, bytes)) for label in y):
        mixed = np.empty(len(y), dtype=object)
        mixed[:] = list(y)
        return mixed
    return values


def stored_labels(labels: Any, kind: Any) -> NDArray[Any]:
    """Return the labels of a model file as an array of the type that the file names, one that labels have.

    Raises
    ------
    ValueError
        For another type, one that is wider than the labels need by far, or labels that are not of it.

    Examples
    --------
    >>> stored_labels(["down", "up"], "<U4").tolist()
    ['down', 'up']
    >>> stored_labels(["down", "up"], "<U1000000000")
    Traceback (most recent call last):
    ValueError: labels of the type '<U1000000000' are not possible
    """
    found = (
        re.fullmatch(r"([<>|=])([biufUMO])(\d{1,5})?(\[(D|h|m|s|ms|us|ns)\])?", kind) if isinstance(kind, str) else None
    )
    if found is None or not isinstance(labels, list) or int(found[3] or 1) * len(labels) > _WIDEST:
        raise ValueError(f"labels of the type {str(kind)[:40]!r} are not possible")
    values = [from_plain(label) for label in labels]
    if found[2] == "O":
        column = np.empty(len(values), dtype=object)
        column[:] = values
    else:
        column = np.array(values, dtype=np.dtype(kind))
    if len({*values}) < len(values):
        raise ValueError("a label stands twice in the file")
    return column
