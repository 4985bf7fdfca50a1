"""The steps that most clients send, read at once: a time, a value, and a number; everything else takes the checks."""

from __future__ import annotations

from types import GenericAlias
from typing import Annotated, Any

from penstock.extras import library

__all__ = ["StepReader"]

_MOST = 2**62


class StepReader:
    """Reads the bodies of steps in a compiled reader that knows their names and types.

    What it does not take (other names, names twice, values of other types, no JSON) it leaves to
    :func:`penstock.serving.tables.read_object`, which says in words what is wrong, or reads it.
    """

    def __init__(self) -> None:
        msgspec = library("msgspec", "serve", "penstock serve")
        meta = msgspec.Meta
        counted = Annotated[int, meta(gt=-_MOST, lt=_MOST)] | Annotated[float, meta(gt=-_MOST, lt=_MOST)]
        fields = [("t", counted | Annotated[str, meta(max_length=100)]), ("y", float | None)]
        last = ("step", Annotated[int, meta(ge=1, le=_MOST)], None)  # a null is not plain: its name counts below
        strict = {"forbid_unknown_fields": True, "gc": False}
        one = msgspec.defstruct("One", [*fields, last], **strict)
        each = msgspec.defstruct("Each", [("session", str), *fields, last], **strict)
        many = msgspec.defstruct("Many", [("steps", GenericAlias(list, (each,)))], **strict)
        self._error = msgspec.DecodeError
        self._one, self._many = msgspec.json.Decoder(one), msgspec.json.Decoder(many)

    def one(self, body: bytes) -> Any:
        """Return the step of a body, with `t`, `y` and `step`; None for one that is not plain."""
        try:
            row = self._one.decode(body)
        except (self._error, UnicodeDecodeError):
            return None
        return row if _plain(body, [row]) else None

    def many(self, body: bytes) -> list[Any] | None:
        """Return the steps of a body, each with its `session`; None for a body that holds others too."""
        try:
            rows: list[Any] = self._many.decode(body).steps
        except (self._error, UnicodeDecodeError):
            return None
        plain = body.count(b'"session"') == len(rows) and body.count(b'"steps"') == 1 and _plain(body, rows)
        return rows if plain else None


def _plain(body: bytes, rows: list[Any]) -> bool:
    """Say whether no name stands twice, or is written in another way: of equal counts, each row has each name once."""
    if b"\\" in body or body.count(b'"t"') != len(rows) or body.count(b'"y"') != len(rows):
        return False
    numbered = body.count(b'"step"')
    return numbered == 0 or numbered == len([row for row in rows if row.step is not None])
