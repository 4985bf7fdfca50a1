"""A process that was forked while JAX ran in its parent: told in words, where it would wait for ever."""

from __future__ import annotations

import os
import sys

from penstock.errors import ForkError

__all__ = ["refuse_fork"]

_forked = [False]


def refuse_fork() -> None:
    """Refuse to compute in a process that was forked after JAX had begun to: it has none of JAX's threads.

    Raises
    ------
    ForkError
        In such a process.
    """
    if _forked[0]:
        raise ForkError(
            "this process is a fork of one in which JAX had computed already, and JAX's threads are not part of a "
            "fork: to fit or to predict here would wait for ever. Start processes with "
            "multiprocessing.get_context('spawn') (joblib does so by itself), or fork before the first fit or predict."
        )


def _note() -> None:
    bridge = sys.modules.get("jax._src.xla_bridge")
    _forked[0] = _forked[0] or (bridge is not None and bridge.backends_are_initialized())


if hasattr(os, "register_at_fork"):  # not on Windows, which knows no forks
    os.register_at_fork(after_in_child=_note)
