"""Which path computes: the compiled kernels or `lax.scan`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

import jax

from penstock.errors import OptionError, nearest
from penstock.kernels import native, reference
from penstock.kernels.library import find
from penstock.kernels.spec import Operands, Spec, check

VARIABLE = "PENSTOCK_KERNELS"
ALLOWED = ("auto", "native", "scan")

_replacement: ContextVar[Callable[[Spec, Operands], reference.Outputs] | None] = ContextVar("unroll", default=None)


@dataclass(frozen=True)
class Status:
    """The live path, its instruction set (None for `scan`), and why it was chosen."""

    path: Literal["native", "scan"]
    isa: str | None
    reason: str


def status() -> Status:
    """Say which path is live. Costs loading the library and asking JAX for its devices, nothing else.

    Raises
    ------
    OptionError
        If the environment variable PENSTOCK_KERNELS is none of auto, native, scan.
    """
    wish = os.environ.get(VARIABLE, "auto") or "auto"
    if wish not in ALLOWED:
        raise OptionError(f"the environment variable {VARIABLE} is {wish!r}; {nearest(wish, ALLOWED)}")
    if wish == "scan":
        return Status("scan", None, f"{VARIABLE}=scan")
    library = find()
    if isinstance(library, str):
        return Status("scan", None, library)
    platform = jax.default_backend()
    if platform != "cpu":
        return Status("scan", None, f"the compiled kernels serve CPUs, and JAX computes on {platform}")
    reason = f"compiled kernels found in {library.path.parent.name}/{library.path.name}, built by {library.built_by}"
    if library.isa_problem:
        reason += f"; {library.isa_problem}"
    return Status("native", library.isa, reason)


def unroll(spec: Spec, given: Operands) -> reference.Outputs:
    """Check the operands and run the live path.

    Raises
    ------
    RuntimeError
        If PENSTOCK_KERNELS=native and the kernels cannot do it.
    """
    given = check(spec, given)
    replacement = _replacement.get()
    if replacement is not None:
        return replacement(spec, given)
    now = status()
    problem = native.refusal(spec, given) if now.path == "native" else now.reason
    if problem is None:
        hs, h, c = native.unroll(spec, given)
        return hs, h, c
    if os.environ.get(VARIABLE) == "native":
        raise RuntimeError(f"{VARIABLE}=native, but {problem}; unset it to use lax.scan here")
    return reference.unroll(spec, given)


@contextmanager
def unrolled_by(replacement: Callable[[Spec, Operands], reference.Outputs]) -> Iterator[None]:
    """Have another function run every recurrence that is traced meanwhile, such as one that a converter recognises.

    Parameters
    ----------
    replacement
        Called with what was asked and the checked arrays; returns what :func:`unroll` does.
    """
    token = _replacement.set(replacement)
    try:
        yield
    finally:
        _replacement.reset(token)
