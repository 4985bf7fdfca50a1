"""What a server does, apart from HTTP: models, sessions, and the threads that compute."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from penstock.serving.limits import Limits
from penstock.serving.logs import event, place_of
from penstock.serving.metrics import Metrics
from penstock.serving.models import Models, file_stamp, read_served
from penstock.serving.problems import RequestError
from penstock.serving.sessions import Sessions
from penstock.serving.state import State, StoredSessions
from penstock.serving.worker import Worker

__all__ = ["Service"]

_AT_ONCE = 2  # batch forecasts that are computed at once
_EVERY = 1.0  # seconds between looks at the model files, and at most until the disk has what was answered


class Service:
    """Models and sessions of a server.

    Parameters
    ----------
    models
        The models.
    limits
        What the server takes on.
    reload
        Whether a model file that changes is read again.
    state
        Folder in which sessions outlive the process; None: they end with it.
    """

    def __init__(self, models: Models, limits: Limits, *, reload: bool = True, state: State | None = None) -> None:
        self.models, self.limits, self.reload = models, limits, reload
        self.sessions = sessions = Sessions(limits) if state is None else StoredSessions(limits, state)
        self.metrics = Metrics(sessions.by_id.__len__, sessions.taken)
        self.worker = Worker(sessions.commit, limits.waiting)
        self.ready, self.broken = False, ""
        self._pool = ThreadPoolExecutor(_AT_ONCE, "penstock forecasts")
        self._computing = 0
        self._failed: dict[str, tuple[int, ...]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start the threads; the server is ready once the models have forecast."""
        self.worker.start()
        self._tasks = [asyncio.create_task(self._get_ready()), asyncio.create_task(self._look_after())]

    async def close(self) -> None:
        """Answer what waits, and end the threads."""
        self.ready = False
        for task in self._tasks:
            task.cancel()
        await self.worker.close()
        self.sessions.close()
        self._pool.shutdown(wait=False, cancel_futures=True)
        event("ended", sessions=len(self.sessions.by_id))

    async def compute(self, work: Callable[[], Any]) -> Any:
        """Compute a batch forecast beside the sessions.

        Raises
        ------
        RequestError
            503 where too many wait; 504 where it takes longer than is allowed: it is computed to its end then, and
            nobody gets it.
        """
        if self._computing >= self.limits.waiting:
            raise RequestError(
                503, f"{self._computing:,} forecasts wait already; try again later.", {"Retry-After": "1"}
            )
        self._computing += 1
        future = asyncio.get_running_loop().run_in_executor(self._pool, work)
        future.add_done_callback(self._computed)
        try:
            async with asyncio.timeout(self.limits.timeout):
                return await asyncio.shield(future)
        except TimeoutError:
            raise RequestError(
                504, f"the forecast took longer than {self.limits.timeout:g} seconds; ask for fewer series or rows."
            ) from None

    def _computed(self, future: asyncio.Future[Any]) -> None:
        self._computing -= 1
        if not future.cancelled():
            future.exception()  # seen, also where nobody waits for it

    def require_ready(self) -> None:
        """Refuse a session while those of an earlier process are taken up.

        Raises
        ------
        RequestError
            503 then.
        """
        if not self.ready:
            raise RequestError(503, "the server is starting or ending; try again later.", {"Retry-After": "1"})

    async def _get_ready(self) -> None:
        """Let each model forecast once, which compiles its programs, and take up the sessions of an earlier process."""
        for served in self.models.by_name.values():
            try:
                await asyncio.get_running_loop().run_in_executor(self._pool, served.model.predict)
            except Exception as error:  # one that needs covariates known ahead
                event("not warmed up", logging.WARNING, model=served.name, **place_of(error))
        models = list(self.models.by_name.values())
        try:
            await self.worker.do(partial(self.sessions.restore, models), always=True)
        except Exception as error:
            self.broken = str(error)
            event("sessions cannot be restored", logging.CRITICAL, **place_of(error))
            signal.raise_signal(signal.SIGTERM)
            return
        gc.collect()
        gc.freeze()  # what was imported stays: to look it through again holds requests up for 80 ms
        self.ready = True
        event("ready", models=list(self.models.by_name))

    async def _look_after(self) -> None:
        """Read model files again that changed, and delete sessions that nobody uses."""
        while True:
            await asyncio.sleep(_EVERY)
            try:
                await asyncio.get_running_loop().run_in_executor(None, self.sessions.flush)
                await self.worker.do(self.sessions.expire, quick=self.sessions.are_quick([]), always=True)
                if self.reload:
                    await asyncio.get_running_loop().run_in_executor(None, self._reload_changed)
            except Exception as error:  # a full disk: the next look may find space
                event("look failed", logging.ERROR, **place_of(error))

    def _reload_changed(self) -> None:
        for name, old in list(self.models.by_name.items()):
            stamp = file_stamp(old.path)
            if stamp in (old.stamp, (), self._failed.get(name)):
                continue
            try:
                found = read_served(old.path)
                own_rows = not found.model.kind_.columns.known and found.model.shards_ is None
                found.model.predict() if own_rows else None
            except Exception as error:
                self._failed[name] = stamp
                self.metrics.reloads.labels(name, "failed").inc()
                event("reload failed", logging.ERROR, model=name, kept=old.sha256, **place_of(error))
                continue
            self.models.by_name[name] = found
            self.metrics.reloads.labels(name, "done").inc()
            event("reloaded", model=name, sha256=found.sha256, before=old.sha256)
