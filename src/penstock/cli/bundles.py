"""Options that several commands take: declared once, as the fields of a dataclass."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import is_dataclass
from typing import Any

__all__ = ["with_bundles"]


def with_bundles(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the fields of each dataclass among its parameters as options; the parameter gets an instance.

    Parameters
    ----------
    command
        A command of typer.

    Returns
    -------
    The command as typer is to see it.
    """
    bundles: dict[str, tuple[type, tuple[str, ...]]] = {}
    parameters: list[inspect.Parameter] = []
    for each in inspect.signature(command, eval_str=True).parameters.values():
        if is_dataclass(each.annotation) and isinstance(each.annotation, type):
            fields = inspect.signature(each.annotation, eval_str=True).parameters
            bundles[each.name] = each.annotation, tuple(fields)
            parameters += fields.values()
        else:
            parameters.append(each)
    parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in parameters]

    def run(**given: Any) -> None:
        gathered = {
            name: kind(**{field: given.pop(field) for field in fields}) for name, (kind, fields) in bundles.items()
        }
        command(**gathered, **given)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    run.__doc__, run.__name__ = command.__doc__, command.__name__
    return run
