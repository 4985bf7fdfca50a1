"""Targets of documents: labels, which are text whatever they spell, or values; told before anything is trained."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np

from penstock.data.reading.notes import listed, note
from penstock.data.reading.numbers import NotNumbersError, read_cells
from penstock.errors import DataError

__all__ = ["read_targets"]

_INTEGER = re.compile(r"0|-?[1-9]\d*")
_FEWEST = 20  # different numbers from which a column may be one of values


def read_targets(cells: list[Any], column: str, task: str) -> tuple[Any, bool]:
    """Read the targets of documents.

    Parameters
    ----------
    cells
        The cells of the column, text or numbers, none missing.
    column
        Its name, for messages.
    task
        ``label``, ``value``, or ``auto``: values where numbers have a fraction, labels else.

    Returns
    -------
    The targets, and whether they are values.

    Raises
    ------
    DataError
        Where values are asked for and a cell is none; where the task is ``auto`` and the cells look like values that
        are written as labels (prices, votes, ids); where labels are of one kind only.

    Examples
    --------
    >>> targets, values = read_targets(["07", "NA", "NA", "07"], "label", "auto")
    >>> targets.tolist(), values
    (['07', 'NA', 'NA', '07'], False)
    >>> read_targets(["1", "0", "0", "1"], "label", "auto")[0].tolist()
    [1, 0, 0, 1]
    """
    texts = [str(cell).strip() for cell in cells]
    if task == "value":
        return _values(cells, texts, column), True
    plain = [_number(text) for text in texts]
    whole = all(map(_INTEGER.fullmatch, texts))
    if task == "auto":
        fraction = not whole and any(number % 1 for number in plain if number is not None)
        if fraction and None not in plain and not _leading_zeros(texts):
            different = list(dict.fromkeys(texts))
            if len(different) < _FEWEST:
                note(
                    f"the column {column!r} is read as values, for its numbers have fractions ({listed(different)}); "
                    "--task label takes them for labels."
                )
            return np.array(plain, dtype=np.float64), True
        _refuse_values(texts, column)
    counts = Counter(texts)
    if len(counts) < 2:
        raise DataError(f"the column {column!r} holds one class only, {texts[0]!r}; two labels or more are needed.")
    rare = [label for label, count in counts.items() if count == 1]
    if rare:
        note(
            f"{len(rare)} of {len(counts)} labels in {column!r} occur once, and cannot be both learned and scored: "
            f"{listed(rare)}."
        )
    if whole:
        return np.array([int(text) for text in texts], dtype=np.int64 if _small(texts) else object), False
    return np.array(texts, dtype=object), False


def _values(cells: list[Any], texts: list[str], column: str) -> Any:
    try:
        read = read_cells(texts)
    except NotNumbersError as error:
        row = texts.index(error.cell) if error.cell in texts else 0
        raise DataError(
            f"row {row} of the column {column!r} holds {cells[row]!r}, which is no value"
            f"{f' ({error.why})' if error.why else ''}; mend or drop this row, or learn labels: --task label."
        ) from None
    if np.isnan(read.values).any():
        row = int(np.isnan(read.values).argmax())
        raise DataError(
            f"row {row} of the column {column!r} holds {cells[row]!r}, which says that a value is missing; drop it."
        )
    if said := read.sentence(column):
        note(said)
    return read.values


def _refuse_values(texts: list[str], column: str) -> None:
    """Refuse labels that look like values: decorated numbers, or numbers that are nearly all different."""
    different = list(dict.fromkeys(texts))
    if len(different) < _FEWEST and not (len(different) > 2 and len(different) == len(texts)):
        return
    try:
        read = read_cells(different, evidence=lambda: ".")
    except NotNumbersError:
        if len(different) > 2 and len(different) > 0.9 * len(texts):
            raise DataError(
                f"the column {column!r} holds {len(different)} different labels in {len(texts)} rows "
                f"({listed(different)}), so that hardly one occurs twice; name the column of the "
                "labels: --label NAME, or insist: --task label."
            ) from None
        return
    if np.isnan(read.values).any():
        return
    if read.what or len(different) > 0.2 * len(texts):
        raise DataError(
            f"the column {column!r} looks like one of values, not of labels: {len(different)} different numbers in "
            f"{len(texts)} rows ({listed(different)}); say which: --task value or --task label."
        )


def _number(text: str) -> float | None:
    try:
        return float(text) if "_" not in text else None
    except ValueError:
        return None


def _leading_zeros(texts: list[str]) -> bool:
    return any(re.match(r"-?0\d", text) for text in texts)


def _small(texts: list[str]) -> bool:
    return all(len(text) < 19 for text in texts)
