"""Arguments of public functions, checked against their annotations: a wrong value is refused in words, at once."""

from __future__ import annotations

import inspect
import math
import numbers
import os
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, wraps
from itertools import cycle
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

from penstock.errors import OptionError, nearest

__all__ = ["checked_choice", "checked_path", "checked_types", "described", "function_name"]

P = ParamSpec("P")
R = TypeVar("R")


def checked_types(
    *names: str, at_least: Mapping[str, float] | None = None
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function refuse values of these arguments that are of another type than their annotations say.

    Parameters
    ----------
    names
        The arguments.
    at_least
        Further arguments, which are numbers, each with its inclusive lower bound; numbers beyond 64 bits are refused.

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
    >>> @checked_types(at_least={"rate": 0})
    ... def slow(rate: float) -> None: ...
    >>> slow(-0.5)
    Traceback (most recent call last):
    penstock.errors.OptionError: rate=-0.5 is out of range; allowed: a number at least 0.
    """
    bounds = dict(at_least or {})

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            given = signature.bind(*args, **kwargs).arguments
            for name in (*names, *bounds):
                if name not in given:
                    continue
                value, hint = given[name], _hint(function, name)
                if not _fits(value, hint):
                    raise OptionError(f"{name}={described(value)}; allowed: {_words(hint)}.")
                if name in bounds and value is not None and not bounds[name] <= value < _TOO_LARGE:
                    raise OptionError(
                        f"{name}={value!r} is out of range; allowed: {_words(hint)} at least {bounds[name]:g}."
                    )
            return function(*args, **kwargs)

        return run

    return decorate


def checked_choice(name: str, value: Any, allowed: Iterable[str]) -> None:
    """Refuse a value that is none of these names, of whatever type it is.

    Raises
    ------
    OptionError
        Which lists the names.

    Examples
    --------
    >>> checked_choice("padding", ["post"], ("post", "pre"))
    Traceback (most recent call last):
    penstock.errors.OptionError: padding=['post'] is unknown; did you mean 'post'? Allowed: 'post', 'pre'.
    """
    names = list(allowed)
    if not isinstance(value, str) or value not in names:
        raise OptionError(f"{name}={_short(value)} is unknown; {nearest(value, names)}")


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
        raise OptionError(f"path={described(path)}; allowed: text or a path.")
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
    if origin is Any:
        return True
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
    if origin is tuple:
        kinds = [kind for kind in get_args(hint) if kind is not ...]
        if not isinstance(value, (list, tuple)) or (kinds == [*get_args(hint)] and len(value) != len(kinds)):
            return False
        return all(_fits(each, kind) for each, kind in zip(value, cycle(kinds), strict=False))
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
    if origin is tuple and ... in get_args(hint):
        return f"a list of such: {_words(get_args(hint)[0])}"
    if origin is tuple:
        return f"a pair ({', '.join(map(_words, get_args(hint)))})"
    return _NAMES.get(origin, getattr(origin, "__name__", str(origin)))


_NAMES = {
    int: "a whole number",
    float: "a number",
    str: "text",
    bool: "True or False",
    type(None): "None",
    Any: "anything",
}


def described(value: Any) -> str:
    """Show a value in a message, and say what it is.

    Examples
    --------
    >>> described("3"), described([1.5])
    ("'3' is text", '[1.5] is of the type list')
    """
    kind = (
        "nothing" if value is None
        else "text" if isinstance(value, str)
        else "a number" if isinstance(value, numbers.Real) and not isinstance(value, bool)
        else f"of the type {type(value).__name__}"
    )  # fmt: skip
    return f"{_short(value)} is {kind}"


def _short(value: Any) -> str:
    text = " ".join(repr(value).split())
    return f"{text[:60]}{'…' if len(text) > 60 else ''}"


_TOO_LARGE = math.ldexp(1, 63)
