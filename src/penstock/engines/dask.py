"""Dask: workers of a cluster that runs already, or of one that is started on this machine."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, ClassVar

from penstock.cores import usable_cores
from penstock.engines import job as on_worker
from penstock.engines.engine import RETRIES, Asked, Job, Workers, lost
from penstock.engines.machine import THREADS
from penstock.engines.packet import unpack
from penstock.engines.work import Work
from penstock.errors import EngineError
from penstock.extras import library

__all__ = ["Dask"]

_PATIENCE = "10s"  # for an address to answer


class Dask(Workers):
    """Workers of Dask.

    Parameters
    ----------
    given
        A client, or the address of a scheduler; None: the client that is in use, or else a cluster that is started on
        this machine, one worker for each core, and ended with the engine.

    Examples
    --------
    >>> Dask()
    Dask(None)
    """

    name: ClassVar[str] = "Dask"

    def __init__(self, given: Any = None) -> None:
        super().__init__()
        self._given, self._client, self._cluster = given, None, None

    def __repr__(self) -> str:
        return f"Dask({self._given!r})"

    def ask(self, jobs: Sequence[Job], work: Work) -> Asked:
        """Hand jobs to the workers."""
        client = self._connected()
        try:
            found = client.run(on_worker.report, on_error="return")
        except Exception as error:
            raise EngineError(f"the workers of Dask cannot be asked what they are: {error}") from error
        if not found:
            raise EngineError(
                f"the scheduler {client.scheduler.address} has no worker; start one: dask worker ADDRESS."
            )
        for address, told in found.items():
            if isinstance(told, OSError):  # it has just died; what takes its place tells by its answers
                continue
            if isinstance(told, BaseException):
                raise _no_penstock(address, told)
            self.see(address, unpack(told)[0]["machine"], work)
        return _Asked(client, jobs, work)

    def close(self) -> None:
        """End what the engine started."""
        if self._client is not None and self._client is not self._given:
            self._client.close()
        if self._cluster is not None:
            self._cluster.close()
        self._client = self._cluster = None

    def _connected(self) -> Any:
        """Return the client."""
        if self._client is not None:
            return self._client
        distributed = library("distributed", "dask", "engine='dask'")
        if self._given is not None and not isinstance(self._given, str):
            self._client = self._given
        elif self._given is not None:
            try:
                self._client = distributed.Client(self._given, timeout=_PATIENCE, set_as_default=False)
            except (OSError, ValueError) as error:
                raise EngineError(
                    f"no scheduler of Dask answers at {self._given!r} ({error}); start one with dask scheduler, which "
                    "prints its address, such as tcp://10.0.0.1:8786."
                ) from error
        else:
            with suppress(ValueError):
                self._given = self._client = distributed.get_client()
        if self._client is None:
            self._client = self._started(distributed)
        return self._client

    def _started(self, distributed: Any) -> Any:
        """Start a cluster on this machine, whose workers are spawned."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of ports that are in use
            self._cluster = distributed.LocalCluster(
                n_workers=usable_cores(),
                threads_per_worker=1,
                processes=True,
                dashboard_address=None,
                env={THREADS: "1"},
            )
            return distributed.Client(self._cluster, set_as_default=False)


class _Asked(Asked):
    """Futures of jobs; those that are lost with the worker that held what they read are handed out again."""

    def __init__(self, client: Any, jobs: Sequence[Job], work: Work) -> None:
        self._distributed = library("distributed", "dask", "engine='dask'")
        self._client, self._work = client, work
        self._shared: dict[str, Any] = {}
        self._jobs: dict[Any, tuple[Job, int]] = {}  # and how often the rows had been lost when it was handed out
        self._lost = self._lost_in_turn = 0
        for place, each in enumerate(jobs):
            self._submit(each, len(jobs) - place)

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Iterate over the answers."""
        done = self._distributed.as_completed(list(self._jobs), loop=self._client.loop)
        for future in done:
            job, losses = self._jobs.pop(future)
            if future.status == "finished":
                self._lost_in_turn = 0
                yield job.number, future.result()
                continue
            if future.status == "error":
                why = future.exception()
                raise _no_penstock("a worker", why) if isinstance(why, ImportError) else lost(job, RETRIES + 1, why)
            if losses == self._lost:  # the first of those that read what was lost
                self._lost, self._lost_in_turn = self._lost + 1, self._lost_in_turn + 1
                self._shared.clear()
            if self._lost_in_turn > RETRIES:
                raise lost(job, self._lost_in_turn, "each held the rows that it reads")
            self._work.died += 1
            done.add(self._submit(job, len(self._jobs) + 1))

    def cancel(self) -> None:
        """Give up what has not ended."""
        left = list(self._jobs)
        if left:
            with suppress(Exception):  # a scheduler that is gone has nothing to give up
                self._client.cancel(left, force=True)
        self._jobs.clear()
        self._shared.clear()

    def _submit(self, job: Job, priority: int) -> Any:
        shared = [self._scattered(each.key, each.content) for each in job.shared]
        future = self._client.submit(
            on_worker.run, job.content, *shared, pure=False, priority=priority, key=None, retries=0
        )
        self._jobs[future] = job, self._lost
        return future

    def _scattered(self, key: str, content: bytes) -> Any:
        """Send what jobs read to a worker, from which the others fetch it once.

        Dask's own broadcast waits for ever where a worker dies meanwhile.
        """
        for attempt in range(RETRIES + 1):
            if key in self._shared:
                break
            try:
                (self._shared[key],) = self._client.scatter([content], hash=False)
            except Exception as error:  # a worker that dies meanwhile
                if attempt == RETRIES:
                    raise EngineError(f"the workers of Dask cannot be given the rows: {error!r}") from error
                time.sleep(1.0)
        return self._shared[key]


def _no_penstock(address: str, error: BaseException) -> EngineError:
    from penstock.version import __version__

    return EngineError(
        f"{address} of Dask cannot run Penstock ({type(error).__name__}: {error}); install the same version there: "
        f"pip install penstock=={__version__}."
    )
