"""joblib: whatever workers ``joblib.parallel_config`` names, or its own processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np

from penstock.engines import job as on_worker
from penstock.engines.engine import RETRIES, Asked, Job, Workers, lost
from penstock.engines.work import Work
from penstock.errors import EngineError, OptionError
from penstock.extras import library

__all__ = ["Joblib"]

_FORKING = "MultiprocessingBackend"
_DEATHS = ("TerminatedWorkerError", "BrokenProcessPool", "ActorDiedError")


class Joblib(Workers):
    """The workers that ``joblib.parallel_config`` names; without one, processes of joblib's own, one for each core.

    What jobs read travels with each of them, since joblib keeps nothing at its workers; on this machine joblib shares
    it where it is larger than 1 MB.

    Examples
    --------
    >>> Joblib()
    Joblib()
    """

    name: ClassVar[str] = "joblib"

    def __repr__(self) -> str:
        return "Joblib()"

    def ask(self, jobs: Sequence[Job], work: Work) -> Asked:
        """Hand jobs to the workers."""
        joblib = library("joblib", "joblib", "engine='joblib'")
        backend, _ = joblib.parallel.get_active_backend()
        if type(backend).__name__ == _FORKING:
            raise OptionError(
                "joblib's backend 'multiprocessing' forks this process, and JAX's threads are not part of a fork: to "
                "fit there would wait for ever. Use parallel_config('loky'), which is joblib's own choice."
            )
        return _Asked(joblib, jobs, work)


class _Asked(Asked):
    """Jobs as one call of joblib, and another for what is left where a worker dies, which ends the whole call."""

    def __init__(self, joblib: Any, jobs: Sequence[Job], work: Work) -> None:
        self._joblib, self._work = joblib, work
        self._left = {job.number: job for job in jobs}
        self._answers: Iterator[tuple[int, bytes]] | None = None
        self._begin()

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Iterate over the answers."""
        died = 0
        while self._left:
            assert self._answers is not None  # noqa: S101
            try:
                for number, content in self._answers:
                    del self._left[number]
                    yield number, content
            except Exception as error:
                if not _is_death(error):
                    raise EngineError(f"joblib failed with {type(error).__name__}: {error}") from error
                died += 1
                first = next(iter(self._left.values()))
                if died > RETRIES:
                    raise lost(first, died, str(error).splitlines()[0]) from error
                self._work.died += len(self._left)
                self._begin()

    def cancel(self) -> None:
        """Give up what has not ended."""
        if self._answers is not None and hasattr(self._answers, "close"):
            self._answers.close()
        self._left.clear()

    def _begin(self) -> None:
        """Hand out what is left."""
        backend, configured = self._joblib.parallel.get_active_backend()
        unordered = getattr(backend, "supports_return_generator", False)
        workers = configured if configured and configured != 1 else -1
        parallel = self._joblib.Parallel(
            n_jobs=workers, return_as="generator_unordered" if unordered else "list", batch_size=1
        )
        run, jobs = self._joblib.delayed(_run), list(self._left.values())
        shared = {each.key: np.frombuffer(each.content, np.uint8) for job in jobs for each in job.shared}
        self._answers = iter(
            parallel(run(job.number, job.content, *(shared[each.key] for each in job.shared)) for job in jobs)
        )


def _run(number: int, content: bytes, *shared: Any) -> tuple[int, bytes]:
    """Do a job on a worker; what it reads comes as an array, which joblib shares among processes."""
    return number, on_worker.run(content, *(each.tobytes() for each in shared))


def _is_death(error: Exception) -> bool:
    """Say whether an error of joblib means that a worker was lost."""
    return not {cls.__name__ for cls in type(error).__mro__}.isdisjoint(_DEATHS)
