"""The options by which a command runs its work on other processes or machines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import typer

__all__ = ["EngineOptions"]


@dataclass(frozen=True)
class EngineOptions:
    """Where work runs."""

    engine: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Where models are fitted: processes, dask, ray or joblib; left out: in this process."
        ),
    ] = None
    address: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Address of a cluster that runs already, of Dask (tcp://10.0.0.1:8786) or Ray."
        ),
    ] = None
    workers: Annotated[
        int | None, typer.Option(min=1, help="Number of processes (--engine processes); left out: one for each core.")
    ] = None

    @contextmanager
    def started(self) -> Iterator[dict[str, Any]]:
        """Have the arguments that name the engine; processes end with the block."""
        from penstock.errors import OptionError

        if self.workers is None:
            yield {"engine": self.engine, "address": self.address}
            return
        if self.engine != "processes":
            raise OptionError("--workers is the number of processes on this machine; add --engine processes.")
        from penstock.engines.processes import Processes

        with Processes(self.workers) as engine:
            yield {"engine": engine, "address": self.address}

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Let every comparison and fit in this block that can be shared out run there."""
        from penstock.engines.choice import engine_of
        from penstock.engines.in_use import engine_in_use

        with self.started() as given, engine_of(**given) as engine, engine_in_use(engine):
            yield
