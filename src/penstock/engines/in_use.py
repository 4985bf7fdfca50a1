"""The engine that is in use: what is fitted within gives its parts to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from penstock.engines.work import Work

__all__ = ["engine_in_use", "in_use", "without_engine"]

_in_use: ContextVar[tuple[Any, Work] | None] = ContextVar("penstock_engine", default=None)


def in_use() -> tuple[Any, Work] | None:
    """Return the engine that is in use, and what counts its work; None where all is done in this process."""
    return _in_use.get()


@contextmanager
def engine_in_use(engine: Any, work: Work | None = None) -> Iterator[Work]:
    """Let what is fitted within, such as the models of an ensemble, run on an engine.

    Parameters
    ----------
    engine
        The engine.
    work
        What counts its work; left out: a new count.

    Yields
    ------
    What counts the work.
    """
    counted = Work(engine.name) if work is None else work
    token = _in_use.set((engine, counted))
    try:
        yield counted
    finally:
        _in_use.reset(token)


@contextmanager
def without_engine() -> Iterator[None]:
    """Do all that is fitted within in this process: the engine is busy with what was asked for around it."""
    token = _in_use.set(None)
    try:
        yield
    finally:
        _in_use.reset(token)
