"""What a worker does: bytes in, bytes out. Nothing heavy is imported before the worker's variables are set."""

from __future__ import annotations

import os
import socket
import sys
import time
import traceback
import warnings
from collections import OrderedDict
from importlib import import_module
from typing import Any

from penstock import compilation_cache
from penstock.engines.packet import pack, unpack
from penstock.errors import PenstockError

__all__ = ["TASKS", "prepare", "report", "run"]

TASKS = {
    "block": "penstock.evaluation.block",
    "fit": "penstock.forecaster.fit_task",
    "members": "penstock.forecaster.member_task",
    "trials": "penstock.search.trial_task",
}
"""The modules that do each kind of task, by a function ``run_job(about, arrays, shared)``."""

_SHARED_KEPT = 4
_shared: OrderedDict[str, Any] = OrderedDict()  # panels that were read, by their hashes
_compiled: list[int] = []


def prepare(threads: int = 1) -> None:
    """Bound the threads of JAX and let it keep its programs, where it has not started yet.

    Parameters
    ----------
    threads
        Threads of this process, where the environment does not say.
    """
    if "jax" in sys.modules:
        return
    from penstock.engines.machine import THREADS

    os.environ.setdefault(THREADS, str(threads))
    compilation_cache.keep(os.environ)


def report(threads: int = 1) -> bytes:
    """Say which worker this is, and what it computes with.

    Parameters
    ----------
    threads
        Threads of this process, where the environment does not say.

    Returns
    -------
    JSON with ``worker`` and ``machine``, as bytes.
    """
    prepare(threads)
    return pack(_self())


def run(content: bytes, *shared: bytes, threads: int = 1) -> bytes:
    """Do one job.

    Parameters
    ----------
    content
        The job, as :attr:`penstock.engines.task.Task.packed` gives it.
    *shared
        What it reads beside, in the order in which it names it.
    threads
        Threads of this process, where the environment does not say.

    Returns
    -------
    The answer: the result, or the words of the error; warnings; which worker, what it computes with, and its seconds.
    """
    prepare(threads)
    begin = time.perf_counter()
    about, arrays = unpack(content)
    _listen()
    before = len(_compiled)
    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always")
        try:
            panels = [_read(key, each) for key, each in zip(about["shared"], shared, strict=True)]
            answer, found = _run(about, arrays, panels)
            told: dict[str, Any] = {"answer": answer}
        except PenstockError as error:
            told, found = {"error": type(error).__name__, "message": str(error)}, {}
        except Exception as error:
            trace = "".join(traceback.format_exception(error)[-3:])
            told, found = {"error": "", "message": f"{type(error).__name__}: {error}", "trace": trace}, {}
    told["warnings"] = list({(each.category.__name__, str(each.message)): None for each in noted})
    return pack({**told, **_self(), "programs": len(_compiled) - before, "seconds": time.perf_counter() - begin}, found)


def _run(about: Any, arrays: Any, panels: list[Any]) -> tuple[Any, Any]:
    import jax

    with jax.enable_x64(about["x64"]):
        answer: tuple[Any, Any] = import_module(TASKS[about["task"]]).run_job(about, arrays, panels)
    return answer


def _read(key: str, content: bytes) -> Any:
    """Read a panel, or take it from those that were read."""
    from penstock.engines.task import SharedPanel

    if key not in _shared:
        _shared[key] = SharedPanel.of(bytes(content))
    _shared.move_to_end(key)
    while len(_shared) > _SHARED_KEPT:
        _shared.popitem(last=False)
    return _shared[key]


def _self() -> dict[str, Any]:
    from penstock.engines.machine import machine

    return {"worker": f"{socket.gethostname()}:{os.getpid()}", "machine": machine()}


def _listen() -> None:
    """Count the programs that JAX compiles, or takes from its cache."""
    if _compiled:
        return
    import jax.monitoring

    def note(event: str, duration_secs: float, **told: str | int) -> None:
        if event == "/jax/core/compile/jaxpr_to_mlir_module_duration" and "fun_name" in told:
            _compiled.append(1)

    _compiled.append(0)
    jax.monitoring.register_event_duration_secs_listener(note)
