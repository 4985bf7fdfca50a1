"""The columns of a long frame: which one holds what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from penstock.errors import OptionError

__all__ = ["COVARIATES", "Columns"]

COVARIATES = ("past", "known", "static")
"""The kinds of covariates: seen up to the cutoff; known ahead of it too; the same for all rows of a series."""

_RESERVED = ("yhat", "y", "cutoff", "step", "model")  # columns of answers, which the id and the time stand beside


@dataclass(frozen=True)
class Columns:
    """The columns of a long frame: the series' names, the times, the target, and the covariates.

    Attributes
    ----------
    id, time, target
        One column each.
    past
        Covariates that are seen only up to the cutoff, like the target: a volume, another market's return.
    known
        Covariates that are known ahead of the cutoff: the calendar, a planned price.
    static
        What is the same in every row of a series: its sector, its country; the id itself may be named again here.

    Examples
    --------
    >>> Columns(past="volume").past
    ('volume',)
    """

    id: str = "unique_id"
    time: str = "ds"
    target: str = "y"
    past: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    static: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse names that could not be told apart, in the frame or in answers."""
        for kind in COVARIATES:
            object.__setattr__(self, kind, _names(kind, getattr(self, kind)))
        roles = [(role, getattr(self, role)) for role in ("id", "time", "target")]
        roles += [(k, name) for k in COVARIATES for name in getattr(self, k) if (k, name) != ("static", self.id)]
        for role, name in roles:
            if not isinstance(name, str):
                raise OptionError(f"{role}={name!r}: columns are named by text; rename the frame's columns first.")
        if len({name for _, name in roles}) < len(roles):
            names = [name for _, name in roles]
            twice = [f"{role}={name!r}" for role, name in roles if names.count(name) > 1]
            raise OptionError(f"one column cannot be two things: {', '.join(twice)}; leave one of them out.")
        for role, name in roles[:2]:
            if name in _RESERVED:
                raise OptionError(f"{role}={name!r} is the name of a column of the answers; rename it first.")

    @property
    def numbers(self) -> tuple[tuple[str, str], ...]:
        """The columns that hold a number a row, each with its role: the target, then past, then known covariates."""
        covariates = [(kind, name) for kind in ("past", "known") for name in getattr(self, kind)]
        return (("target", self.target), *covariates)

    def only(self, kinds: Iterable[str]) -> Columns:
        """Keep these kinds of covariates and forget the others."""
        kept = {kind: getattr(self, kind) for kind in kinds}
        return Columns(self.id, self.time, self.target, **kept)

    def to_json(self) -> dict[str, Any]:
        """Describe the columns for a model file; covariates stand there where there are any."""
        names = {role: getattr(self, role) for role in ("id", "time", "target")}
        return {**names, **{kind: list(getattr(self, kind)) for kind in COVARIATES if getattr(self, kind)}}


def _names(kind: str, given: Any) -> tuple[Any, ...]:
    """Read the names of covariates; a single name is a list of one, not of its letters."""
    if isinstance(given, str):
        return (given,)
    if not isinstance(given, Iterable):
        raise OptionError(f"{kind}={given!r} names no columns; allowed: a name or a list of names.")
    return tuple(given)
