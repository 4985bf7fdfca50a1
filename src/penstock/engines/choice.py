"""The engine that an argument names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from penstock.argument_types import described
from penstock.engines.engine import Engine
from penstock.engines.in_use import in_use
from penstock.engines.local import Local
from penstock.engines.work import Work
from penstock.errors import OptionError, nearest

__all__ = ["ENGINES", "current_engine", "engine_of"]

ENGINES = ("processes", "dask", "ray", "joblib")
"""The engines by name."""


def current_engine() -> tuple[Engine, Work]:
    """Return the engine that is in use, and what counts its work: this process, unless a caller said otherwise."""
    return in_use() or (Local(), Work(Local.name))


@contextmanager
def engine_of(engine: Any, address: str | None = None) -> Iterator[Engine]:
    """Have the engine that an argument names; what it starts ends with the block.

    Parameters
    ----------
    engine
        None for the engine that is in use around, else this process; a name among :data:`ENGINES`, an engine, or a
        client of Dask.
    address
        Address of a scheduler of Dask or a cluster of Ray.

    Yields
    ------
    The engine.

    Raises
    ------
    OptionError
        Where it is none of these.

    Examples
    --------
    >>> with engine_of(None) as engine:
    ...     engine.name
    'this process'
    >>> with engine_of("desk"):
    ...     pass
    Traceback (most recent call last):
    penstock.errors.OptionError: engine='desk' is unknown; did you mean 'dask'? Allowed: 'processes', 'dask', 'ray', \
'joblib'.
    """
    if not isinstance(address, (str, type(None))):
        raise OptionError(f"address={described(address)}; allowed: text, such as 'tcp://10.0.0.1:8786', or None.")
    if address is not None and not (isinstance(engine, str) and engine in ("dask", "ray")):
        raise OptionError(
            f"address={address!r} is that of a cluster of Dask or Ray; give engine='dask' or engine='ray'."
        )
    if engine is None:
        yield current_engine()[0]
        return
    if isinstance(engine, Engine):  # whoever made it ends it
        yield engine
        return
    with _made(engine, address) as made:
        yield made


def _made(given: Any, address: str | None) -> Engine:
    if isinstance(given, str):
        if given not in ENGINES:
            raise OptionError(f"engine={given!r} is unknown; {nearest(given, ENGINES)}")
        return _BY_NAME[given](address)
    if type(given).__module__.partition(".")[0] == "distributed" and hasattr(given, "scatter"):
        from penstock.engines.dask import Dask

        return Dask(given)
    raise OptionError(
        f"engine={described(given)}; allowed: {', '.join(map(repr, ENGINES))}, an engine such as Processes(2), or a "
        "client of Dask."
    )


def _processes(address: str | None) -> Engine:
    from penstock.engines.processes import Processes

    return Processes()


def _dask(address: str | None) -> Engine:
    from penstock.engines.dask import Dask

    return Dask(address)


def _ray(address: str | None) -> Engine:
    from penstock.engines.ray import Ray

    return Ray(address)


def _joblib(address: str | None) -> Engine:
    from penstock.engines.joblib import Joblib

    return Joblib()


_BY_NAME: dict[str, Callable[[str | None], Engine]] = {
    "processes": _processes, "dask": _dask, "ray": _ray, "joblib": _joblib,
}  # fmt: skip
