"""Documents, read and checked; and token ids as a rectangle."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.argument_types import checked_choice, checked_types
from penstock.data.sequences import PADDINGS, Sequences
from penstock.errors import DataError, OptionError

__all__ = ["PADDING", "UNKNOWN", "checked_texts", "padded"]

PADDING, UNKNOWN = 0, 1
"""The ids of padding, and of a word that the vocabulary does not hold."""


@checked_types("documents", at_least={"length": 0})
def padded(documents: Sequences, padding: str = "pre", length: int | None = None) -> NDArray[np.int64]:
    """Give token ids as a rectangle ``[documents, length]``, for models that want one; ours read no padding.

    Parameters
    ----------
    documents
        What :meth:`penstock.text.Vocabulary.encode` gives.
    padding
        Where padding goes: in ``pre`` or ``post``.
    length
        The width; that of the longest document if left out.

    Returns
    -------
    Ids ``[documents, length]``, 0 for padding.

    Raises
    ------
    OptionError
        For an unknown `padding`, or a `length` below that of the longest document.

    Examples
    --------
    >>> documents = Sequences(np.array([5, 6, 7]), np.array([0, 2, 3]))
    >>> padded(documents).tolist(), padded(documents, "post").tolist()
    ([[5, 6], [0, 7]], [[5, 6], [7, 0]])
    """
    checked_choice("padding", padding, PADDINGS)
    lengths = documents.lengths
    width = int(lengths.max(initial=0)) if length is None else length
    if (lengths > width).any():
        raise OptionError(f"length={width} is shorter than the longest document, {lengths.max()} tokens.")
    places = np.arange(width)
    filled = places < lengths[:, None] if padding == "post" else places >= width - lengths[:, None]
    table = np.full((len(documents), width), PADDING, dtype=np.int64)
    table[filled] = documents.values
    return table


def checked_texts(texts: Any, what: str = "texts") -> list[str]:
    """Read documents as a list of strings.

    Raises
    ------
    DataError
        Where one string was given for many, none was given, or a row holds no text; the message names the row.
    """
    if isinstance(texts, (str, bytes)):
        raise DataError(f"{what} are one string; a list of documents is needed: [{str(texts)[:20]!r}].")
    try:
        listed = list(texts)
    except TypeError as error:
        raise DataError(f"{what} are a {type(texts).__name__}; a list of documents is needed.") from error
    if not listed:
        raise DataError(f"{what} hold no document.")
    for row, text in enumerate(listed):
        if not isinstance(text, str):
            missing = text is None or (isinstance(text, float) and text != text)
            given = "nothing" if missing else f"{str(text)[:40]}, a {type(text).__name__}"
            raise DataError(f"{what}: row {row} holds {given}, not text; drop it or write '' for an empty document.")
        if not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError as error:
                raise DataError(f"{what}: row {row} holds half a character at position {error.start}.") from error
    return listed
