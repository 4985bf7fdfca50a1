"""Reading one thing ahead: a thread reads the next while the caller works on the one before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["read_ahead"]

T = TypeVar("T")
R = TypeVar("R")


def read_ahead(read: Callable[[T], R], items: Iterable[T]) -> Iterator[tuple[T, R]]:
    """Give each item with what `read` makes of it, in their order, while one thread reads the next.

    Parameters
    ----------
    read
        Reads an item; it runs in the thread.
    items
        What is read.

    Examples
    --------
    >>> list(read_ahead(lambda number: number * number, [2, 3]))
    [(2, 4), (3, 9)]
    """
    waiting = iter(items)
    with ThreadPoolExecutor(1, thread_name_prefix="penstock-read") as beside:
        for item in waiting:
            coming = beside.submit(read, item)
            break
        else:
            return
        for following in waiting:
            found = [coming.result()]
            coming = beside.submit(read, following)
            yield item, found.pop()  # what was yielded is the caller's alone
            item = following
        found = [coming.result()]
        del coming
        yield item, found.pop()
