"""Arguments of public functions, checked against their annotations: a wrong type is refused in words, at once."""

from __future__ import annotations

import inspect
import numbers
import os
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

from penstock.errors import OptionError

__all__ = ["checked_path", "checked_types", "function_name"]

P = ParamSpec("P")
R = TypeVar("R")


def checked_types(*names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function refuse values of these arguments that are of another type than their annotations say.

    Parameters
    ----------
    names
        The arguments.

    Raises
    ------
    OptionError
        By the function, for a value of another type.

    Examples
    --------
    >>> @checked_types("steps")
    ... def ahead(steps: int | None = None) -> None: ...
    >>> ahead("3")
    Traceback (most recent call last):
    penstock.errors.OptionError: steps='3' is text; allowed: a whole number or None.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            given = signature.bind(*args, **kwargs).arguments
            for name in names:
                if name in given and not _fits(given[name], hint := _hint(function, name)):
                    raise OptionError(f"{name}={_shown(given[name])}; allowed: {_words(hint)}.")
            return function(*args, **kwargs)

        return run

    return decorate


def checked_path(path: Any) -> Path:
    """Return `path` as a path; raise an error for what is neither text nor a path.

    Raises
    ------
    OptionError
        For a value that is neither text nor a path.

    Examples
    --------
    >>> checked_path(3)
    Traceback (most recent call last):
    penstock.errors.OptionError: path=3 is a number; allowed: text or a path.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise OptionError(f"path={_shown(path)}; allowed: text or a path.")
    return Path(path)


def function_name(function: Any) -> str:
    """Name a user's function or object in a message.

    Examples
    --------
    >>> function_name(len), function_name(lambda frame, horizon: None)
    ('len', 'your function')
    """
    name = str(getattr(function, "__name__", type(function).__name__))
    return "your function" if name == "<lambda>" else name


@cache
def _hint(function: Callable[..., Any], name: str) -> Any:
    """Evaluate one annotation; others may name what is imported for type checkers alone."""
    own: Any = function
    only = types.SimpleNamespace(__annotations__={name: own.__annotations__[name]})
    return get_type_hints(only, own.__globals__)[name]


def _fits(value: Any, hint: Any) -> bool:
    origin = get_origin(hint) or hint
    if origin in (Union, types.UnionType):
        return any(_fits(value, each) for each in get_args(hint))
    if origin is type(None):
        return value is None
    if origin is int:
        return isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if origin is float:
        return isinstance(value, numbers.Real) and not isinstance(value, bool)
    if origin is Callable:
        return callable(value)
    if origin in (Sequence, Iterable):
        if isinstance(value, (str, bytes, Mapping)) or not hasattr(value, "__iter__"):
            return False
        return not isinstance(value, (list, tuple)) or all(_fits(each, get_args(hint)[0]) for each in value[:1000])
    return isinstance(value, origin) if isinstance(origin, type) else True


def _words(hint: Any) -> str:
    origin = get_origin(hint) or hint
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_words(each) for each in get_args(hint)))
    if origin in (Sequence, Iterable):
        return f"a list of such: {_words(get_args(hint)[0])}"
    if origin is Callable:
        return "a function"
    return _NAMES.get(origin, getattr(origin, "__name__", str(origin)))


_NAMES = {int: "a whole number", float: "a number", str: "text", bool: "True or False", type(None): "None"}


def _shown(value: Any) -> str:
    """Show a value, and say what it is."""
    text = repr(value)
    kind = (
        "nothing" if value is None
        else "text" if isinstance(value, str)
        else "a number" if isinstance(value, numbers.Real) and not isinstance(value, bool)
        else f"of the type {type(value).__name__}"
    )  # fmt: skip
    return f"{text[:60]}{'…' if len(text) > 60 else ''} is {kind}"
