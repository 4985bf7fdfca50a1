"""Ray: workers of a cluster that runs already, or of one that is started on this machine."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from penstock.cores import usable_cores
from penstock.engines import job as on_worker
from penstock.engines.engine import RETRIES, Asked, Job, Workers, lost
from penstock.engines.machine import THREADS
from penstock.engines.work import Work
from penstock.errors import EngineError
from penstock.extras import library
from penstock.version import __version__

__all__ = ["Ray"]


class Ray(Workers):
    """Workers of Ray.

    Parameters
    ----------
    address
        Address of a cluster; None: the one that this process is connected to, or else one that is started on this
        machine and ended with the engine.

    Examples
    --------
    >>> Ray()
    Ray(None)
    """

    name: ClassVar[str] = "Ray"

    def __init__(self, address: str | None = None) -> None:
        super().__init__()
        self._address, self._started = address, False

    def __repr__(self) -> str:
        return f"Ray({self._address!r})"

    def ask(self, jobs: Sequence[Job], work: Work) -> Asked:
        """Hand jobs to the workers."""
        ray = library("ray", "ray", "engine='ray'")
        if not ray.is_initialized():
            self._start(ray)
        return _Asked(ray, jobs, work)

    def close(self) -> None:
        """End what the engine started."""
        if self._started:
            library("ray", "ray", "engine='ray'").shutdown()
            self._started = False

    def _start(self, ray: Any) -> None:
        """Connect to a cluster, or start one."""
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else each task warns of it
        options: dict[str, Any] = {"log_to_driver": False, "configure_logging": False}
        if self._address is None:
            options |= {"num_cpus": usable_cores(), "include_dashboard": False}
        else:
            options["address"] = self._address
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # JAX warns of the fork by which Ray starts its servers; no worker is one
            try:
                ray.init(**options)
            except (OSError, RuntimeError, ValueError) as error:
                raise EngineError(
                    f"no cluster of Ray answers at {self._address!r} ({error}); start one with ray start --head, which "
                    "prints its address, such as 10.0.0.1:6379."
                    if self._address
                    else f"Ray does not start here: {error}"
                ) from error
        self._started = True


class _Asked(Asked):
    """Tasks of Ray, each begun again by it where its worker dies."""

    def __init__(self, ray: Any, jobs: Sequence[Job], work: Work) -> None:
        self._ray, self._work = ray, work
        run = ray.remote(max_retries=RETRIES, num_cpus=1, runtime_env={"env_vars": {THREADS: "1"}})(on_worker.run)
        shared: dict[str, Any] = {}
        self._jobs: dict[Any, Job] = {}
        for job in jobs:
            for each in job.shared:
                if each.key not in shared:
                    shared[each.key] = ray.put(each.content)
            self._jobs[run.remote(job.content, *(shared[each.key] for each in job.shared))] = job

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Iterate over the answers."""
        while self._jobs:
            done, _ = self._ray.wait(list(self._jobs), num_returns=1)
            job = self._jobs.pop(done[0])
            try:
                yield job.number, self._ray.get(done[0])
            except self._ray.exceptions.RaySystemError as error:
                raise _failed(job, error) from error
            except self._ray.exceptions.RayTaskError as error:
                raise _failed(job, error) from error
            except self._ray.exceptions.RayError as error:
                raise lost(job, RETRIES + 1, str(error).splitlines()[0]) from error

    def cancel(self) -> None:
        """Give up what has not ended."""
        for each in self._jobs:
            self._ray.cancel(each, force=True)
        self._jobs.clear()


def _failed(job: Job, error: Exception) -> EngineError:
    last = str(error).strip().splitlines()[-1]
    return EngineError(
        f"{job.words}: a worker of Ray cannot run Penstock ({last}); install the same version there: "
        f"pip install penstock=={__version__}."
    )
