"""The compiled programs that Penstock keeps, and freeing them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

__all__ = ["clear_caches", "keep_programs"]

F = TypeVar("F", bound=Callable[..., Any])

_CACHES: list[Any] = []


def keep_programs(most: int) -> Callable[[F], F]:
    """Decorate a function that compiles a program, so that equal arguments give the same program again.

    Parameters
    ----------
    most
        Number of programs that are kept; the one that was not used for the longest time goes first.

    Returns
    -------
    A decorator. What it returns has the methods of :func:`functools.lru_cache`.

    Examples
    --------
    >>> @keep_programs(most=8)
    ... def compiled(factor):
    ...     print("compiling")
    ...     return lambda x: factor * x
    >>> compiled(2)(3), compiled(2)(4)
    compiling
    (6, 8)
    """

    def decorate(function: F) -> F:
        kept: Any = lru_cache(maxsize=most)(function)
        _CACHES.append(kept)
        return kept

    return decorate


def clear_caches() -> None:
    """Free every compiled program, of Penstock and of JAX; what is needed again is compiled again.

    Programs are kept for as long as the process lives, up to some hundreds, with the networks that they were compiled
    for. Free them where a long session has trained many different networks, or after a function that a cell calls was
    changed in place. Classes that are defined again need no clearing: programs go by the class itself.

    Examples
    --------
    >>> import penstock as ps
    >>> ps.clear_caches()
    """
    import jax

    for cache in _CACHES:
        cache.cache_clear()
    jax.clear_caches()  # type: ignore[no-untyped-call]
