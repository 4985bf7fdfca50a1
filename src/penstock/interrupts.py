"""Ctrl-C while JAX compiles or runs: put off until it is at rest, so that the process can end."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["check_interrupt", "interrupt_noted", "interrupts_put_off", "take_interrupt"]

_waiting = threading.Event()


@contextmanager
def interrupts_put_off() -> Iterator[None]:
    """Put Ctrl-C off until the block ends, or until :func:`check_interrupt` is called in it.

    JAX 0.10 answers an interrupt while its own thread goes on compiling; where the process then ends, the compiler
    reads devices that are gone, and the process crashes. An interrupt that falls into a callback of JAX's, such as that
    of the garbage collector, is lost. Within this block it is noted, and raised where nothing runs. A second Ctrl-C
    is raised at once.

    Only Python's own handler in the main thread is put off: a program that handles the signal itself goes on doing so.

    Examples
    --------
    >>> import signal
    >>> try:
    ...     with interrupts_put_off():
    ...         signal.raise_signal(signal.SIGINT)
    ...         print("done whole")
    ... except KeyboardInterrupt:
    ...     print("then interrupted")
    done whole
    then interrupted
    """
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        yield
        return
    signal.signal(signal.SIGINT, _note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _raise_noted()


def check_interrupt() -> None:
    """Raise an interrupt that was put off; called where nothing compiles or runs, as after an epoch."""
    if threading.current_thread() is threading.main_thread():
        _raise_noted()


def interrupt_noted() -> bool:
    """Say whether an interrupt that was put off waits to be raised by :func:`check_interrupt` here."""
    return _waiting.is_set() and threading.current_thread() is threading.main_thread()


def take_interrupt() -> bool:
    """Say whether an interrupt waits, and take it: it is not raised any more."""
    taken = interrupt_noted()
    if taken:
        _waiting.clear()
        signal.signal(signal.SIGINT, _note)
    return taken


def _note(number: int, frame: Any) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # the second one comes through
    _waiting.set()
    if sys.stderr.isatty():
        print("interrupted: ends after the steps that are running; Ctrl-C again ends at once", file=sys.stderr)  # noqa: T201


def _raise_noted() -> None:
    if _waiting.is_set():
        _waiting.clear()
        raise KeyboardInterrupt
