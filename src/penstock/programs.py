"""The compiled programs that Penstock keeps, and freeing them."""

from __future__ import annotations

import ctypes
import gc
import sys
import weakref
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache, wraps
from threading import Lock
from typing import Any, TypeVar

from penstock.forks import refuse_fork

__all__ = ["MOST_PROGRAMS", "beside", "clear_caches", "keep_programs"]

MOST_PROGRAMS = 64
"""Compiled programs that are kept in all, one for each function and shape; each takes some megabytes."""

F = TypeVar("F", bound=Callable[..., Any])

_CACHES: list[Any] = []
_used: OrderedDict[int, weakref.ref[Any]] = OrderedDict()  # the functions by their last use
_lock = Lock()


def keep_programs(most: int) -> Callable[[F], F]:
    """Decorate a function that makes a compiled function, so that equal arguments give the same one again.

    A compiled function holds a program for each shape that it was called with. Of all programs, :data:`MOST_PROGRAMS`
    are kept; those of the functions that were not used for the longest time go first, and are compiled again when they
    are needed.

    Parameters
    ----------
    most
        Number of compiled functions that are kept; the one that was not used for the longest time goes first.

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
        kept: Any = lru_cache(maxsize=most)(lambda precision, *arguments, **named: function(*arguments, **named))

        @wraps(function)
        def get(*arguments: Any, **named: Any) -> Any:
            refuse_fork()
            program = kept(_precision(), *arguments, **named)
            if hasattr(program, "_cache_size"):
                _bound(program)
            return program

        get.cache_info, get.cache_clear = kept.cache_info, kept.cache_clear  # type: ignore[attr-defined]
        _CACHES.append(kept)
        return get  # type: ignore[return-value]

    return decorate


def beside(compiling: Callable[[], Any]) -> Future[Any]:
    """Run a call in a thread of its own: XLA compiles without holding Python's lock, so what calls this goes on.

    Parameters
    ----------
    compiling
        The call, such as the ``compile`` of a lowered function. A caller of the function itself who comes before its
        end waits for it, and compiles nothing a second time.

    Returns
    -------
    Its result to come.

    Examples
    --------
    >>> beside(lambda: 6 * 7).result()
    42
    """
    executor = ThreadPoolExecutor(1, thread_name_prefix="penstock-compile")
    future = executor.submit(compiling)
    executor.shutdown(wait=False)
    return future


def _precision() -> str:
    """Return the precision of floats now: programs, and the shapes of weights, of one are not those of the other."""
    import jax

    return str(jax.dtypes.canonicalize_dtype(float))


def _bound(used: Any) -> None:
    """Note which function is used, and free the programs of others while there are too many."""
    with _lock:
        _used[id(used)] = weakref.ref(used)
        _used.move_to_end(id(used))
        living = {key: program for key, each in _used.items() if (program := each()) is not None}
        for key in [key for key in _used if key not in living]:
            del _used[key]
        total = sum(program._cache_size() for program in living.values())
        freed = False
        for program in living.values():
            if total < MOST_PROGRAMS:  # room for the one that may follow
                break
            total -= program._cache_size()
            program.clear_cache()
            freed = True
    if freed:
        _return_memory()


def clear_caches() -> None:
    """Free every compiled program, of Penstock and of JAX; what is needed again is compiled again.

    Programs are kept for as long as the process lives, up to :data:`penstock.programs.MOST_PROGRAMS`, with the networks
    that they were compiled for. Free them where a long session has trained many different networks, or after a function
    that a cell calls was changed in place. Classes that are defined again need no clearing: programs go by the class
    itself.

    Examples
    --------
    >>> import penstock as ps
    >>> ps.clear_caches()
    """
    import jax

    for cache in _CACHES:
        cache.cache_clear()
    jax.clear_caches()  # type: ignore[no-untyped-call]
    _return_memory()


def _return_memory() -> None:
    """Give freed memory back to the system, which the C library else keeps (glibc)."""
    gc.collect()
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL("libc.so.6").malloc_trim(0)
