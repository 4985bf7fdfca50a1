"""Shares of dropout that a compiled program is given as data, so that one program serves every share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import jax
import numpy as np

__all__ = ["NumberedShare", "Share", "given_shares", "share_of", "share_parts"]

Share = tuple[Any, Any]
"""Bits below the first number are dropped, the rest is multiplied by the second."""

_GIVEN: ContextVar[tuple[Sequence[Share], set[int]] | None] = ContextVar("_GIVEN", default=None)


class NumberedShare(float):
    """A share of dropout whose value :func:`given_shares` gives, by its number; it equals none but its like.

    Examples
    --------
    >>> share = NumberedShare(2)
    >>> float(share), share == 0.5, share == NumberedShare(2)
    (0.5, False, True)
    """

    number: int

    def __new__(cls, number: int) -> NumberedShare:
        """Make the share with this number; as a number of its own it is a half."""
        share = super().__new__(cls, 0.5)
        share.number = number
        return share

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NumberedShare) and self.number == other.number

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((NumberedShare, self.number))


def share_parts(rate: float) -> Share:
    """Return what a mask is made from, for a share of values to drop.

    Examples
    --------
    >>> below, factor = share_parts(0.2)
    >>> float(below) / 2**32, float(factor)
    (0.1999999999..., 1.25)
    """
    return np.uint32(int(rate * 2**32)), np.asarray(1 / (1 - rate), jax.dtypes.canonicalize_dtype(float))


def share_of(rate: float) -> Share:
    """Return what a mask is made from: what is given for a numbered share, else constants."""
    given = _GIVEN.get()
    if isinstance(rate, NumberedShare) and given is not None:
        shares, read = given
        read.add(rate.number)
        return shares[rate.number]
    return share_parts(rate)


@contextmanager
def given_shares(shares: Sequence[Share]) -> Iterator[None]:
    """Give the numbered shares their values while a program is traced.

    Raises
    ------
    RuntimeError
        Where a share was read by nothing: a layer that declares it makes its masks of something else.
    """
    read: set[int] = set()
    token = _GIVEN.set((shares, read))
    try:
        yield
    finally:
        _GIVEN.reset(token)
    if unread := sorted(set(range(len(shares))) - read):
        raise RuntimeError(
            f"the dropout share number {unread[0]} of the network is read by no layer; a layer that lists it in "
            "`traced` makes its masks with penstock.layers.dropout.keep_mask"
        )
