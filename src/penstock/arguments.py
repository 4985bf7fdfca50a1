"""Arguments of constructors that declare options in their annotations, checked as the options of a dataclass are."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from penstock.errors import OptionError
from penstock.options import fault_of

__all__ = ["check_arguments"]


def check_arguments(owner: str, call: Any, given: Mapping[str, Any]) -> None:
    """Raise an :class:`OptionError` for arguments that a constructor declares by :func:`option` and does not allow.

    Parameters
    ----------
    owner
        What is made, for the message.
    call
        The constructor; arguments that it declares in no annotation are not checked.
    given
        The arguments by name.
    """
    faults = []
    for name, hint in _hints(call).items():
        kind, *declared = get_args(hint) if get_origin(hint) is Annotated else [hint]
        for field in (each for each in declared if isinstance(each, dataclasses.Field) and name in given):
            field.name = name
            faults += [fault] if (fault := fault_of(field, kind, given[name])) else []
    if faults:
        raise OptionError(f"{owner}: " + "; ".join(faults))


@cache
def _hints(call: Any) -> dict[str, Any]:
    try:
        return get_type_hints(call, include_extras=True)
    except NameError:  # annotations of somebody's own that are imported for type checkers alone
        return {}
