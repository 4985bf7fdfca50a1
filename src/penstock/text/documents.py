"""Documents as token ids, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from penstock.errors import DataError, OptionError, nearest

__all__ = ["PADDING", "UNKNOWN", "Documents", "checked_texts"]

PADDING, UNKNOWN = 0, 1
"""The ids of padding, and of a word that the vocabulary does not hold."""

Side = Literal["front", "behind"]


@dataclass(frozen=True, eq=False)
class Documents:
    """Token ids of documents, laid end to end; nothing is padded.

    Attributes
    ----------
    ids
        All tokens, ``[tokens]``.
    offsets
        Where each document begins, and the end, ``[documents + 1]``.
    """

    ids: NDArray[np.int32]
    offsets: NDArray[np.int64]

    @classmethod
    def of(cls, documents: Sequence[Sequence[int]]) -> Documents:
        """Lay lists of ids end to end.

        Examples
        --------
        >>> Documents.of([[5, 6], [7]]).offsets.tolist()
        [0, 2, 3]
        """
        offsets = np.concatenate([[0], np.cumsum([len(each) for each in documents], dtype=np.int64)])
        flat = np.fromiter((token for each in documents for token in each), dtype=np.int32, count=int(offsets[-1]))
        return cls(flat, offsets.astype(np.int64))

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each document."""
        return np.diff(self.offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, place: int) -> NDArray[np.int32]:
        return self.ids[self.offsets[place] : self.offsets[place + 1]]

    def __iter__(self) -> Iterator[NDArray[np.int32]]:
        return (self[place] for place in range(len(self)))

    def padded(self, side: Side = "front", length: int | None = None) -> NDArray[np.int32]:
        """Give a rectangle ``[documents, length]``, for models that want one; ours read no padding.

        Parameters
        ----------
        side
            Where padding goes: in ``front`` or ``behind``.
        length
            Its width; that of the longest document if left out.

        Examples
        --------
        >>> documents = Documents.of([[5, 6], [7]])
        >>> documents.padded().tolist(), documents.padded("behind").tolist()
        ([[5, 6], [0, 7]], [[5, 6], [7, 0]])
        """
        if side not in ("front", "behind"):
            raise OptionError(f"side={side!r} is unknown; {nearest(side, ('front', 'behind'))}")
        lengths = self.lengths
        width = int(lengths.max(initial=0)) if length is None else length
        if (lengths > width).any():
            raise OptionError(f"length={width} is shorter than the longest document, {lengths.max()} tokens.")
        places = np.arange(width)
        filled = places < lengths[:, None] if side == "behind" else places >= width - lengths[:, None]
        table = np.full((len(self), width), PADDING, dtype=np.int32)
        table[filled] = self.ids
        return table


def checked_texts(texts: Any, what: str = "texts") -> list[str]:
    """Read documents as a list of strings.

    Raises
    ------
    DataError
        Where one string was given for many, or a row holds no text; the message names the row.
    """
    if isinstance(texts, (str, bytes)):
        raise DataError(f"{what} are one string; a list of documents is needed: [{str(texts)[:20]!r}].")
    listed = list(texts)
    for row, text in enumerate(listed):
        if not isinstance(text, str):
            missing = text is None or text != text  # NaN
            given = "nothing" if missing else f"{text!r}, a {type(text).__name__}"
            raise DataError(f"{what}: row {row} holds {given}, not text; drop it or write '' for an empty document.")
        if not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError as error:
                raise DataError(f"{what}: row {row} holds half a character at position {error.start}.") from error
    return listed
