"""One computation for each series: alone while it is short, else shared out over processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from penstock.progress import counted

__all__ = ["each_series"]

R = TypeVar("R")

_ALONE = 3.0  # seconds, about what it takes a worker process to begin


def each_series(work: Callable[..., R], jobs: Sequence[tuple[Any, ...]], label: str) -> list[R]:
    """Return ``work(*job)`` for each job, in their order; after a few seconds worker processes do the rest.

    Parameters
    ----------
    work
        Function of a module, which a worker process can import; the same result in every process.
    jobs
        Its arguments, one tuple a series.
    label
        What is fitted, for the progress bar.

    Examples
    --------
    >>> each_series(divmod, [(7, 2), (9, 4)], "divmod")
    [(3, 1), (2, 1)]
    """
    found: list[R] = []
    began = time.perf_counter()
    with counted("series", len(jobs), label) as advance:
        for job in jobs:
            if time.perf_counter() - began > _ALONE:
                break
            found.append(work(*job))
            advance()
        if rest := jobs[len(found) :]:
            from joblib import Parallel, cpu_count, delayed

            workers = min(cpu_count(), len(rest))
            for each in Parallel(workers, return_as="generator")(delayed(work)(*job) for job in rest):
                found.append(each)
                advance()
    return found
