"""Functions of JAX traced for a free number of samples, with their recurrences as calls that are recognised."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

import jax
import jax.numpy as jnp
from jax import export

from penstock.kernels import reference
from penstock.kernels.choice import unrolled_by
from penstock.kernels.spec import Operands, Spec
from penstock.onnx.graph import BATCH, Port

__all__ = ["Recurrences", "trace"]

_MARK = "penstock_recurrence_"


class Recurrences:
    """The recurrences of a traced function: what each call asks for, by its name."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[Spec, tuple[str, ...]]] = {}

    def __call__(self, spec: Spec, given: Operands) -> reference.Outputs:
        """Run a recurrence as one call of a named function, whose own equations are those of ``lax.scan``."""
        arrays = {each.name: value for each in fields(given) if (value := getattr(given, each.name)) is not None}
        names = tuple(arrays)

        def run(*values: jax.Array) -> reference.Outputs:
            none = {each.name: None for each in fields(Operands)}
            return reference.unroll(spec, Operands(**{**none, **dict(zip(names, values, strict=True))}))  # type: ignore[arg-type]

        run.__name__ = f"{_MARK}{len(self._found)}"
        self._found[run.__name__] = (spec, names)
        return jax.jit(run)(*arrays.values())

    def find(self, name: str) -> tuple[Spec, tuple[str, ...]] | None:
        """Return what the call of a name asks for, and the names of its arrays; None for any other function."""
        return self._found.get(name)


def trace(function: Callable[..., Any], inputs: Sequence[Port], recurrences: Recurrences) -> Any:
    """Trace a function of inputs whose first axis may have any length.

    Parameters
    ----------
    function
        Called with one traced array for each input.
    inputs
        Their types and shapes; :data:`penstock.onnx.graph.BATCH` is the free axis.
    recurrences
        Where its recurrences are noted.

    Returns
    -------
    The closed jaxpr.
    """
    (batch,) = export.symbolic_shape(BATCH)
    shapes = [
        jax.ShapeDtypeStruct(tuple(batch if dim == BATCH else dim for dim in port.shape), jnp.dtype(port.dtype))  # type: ignore[no-untyped-call]
        for port in inputs
    ]
    with unrolled_by(recurrences):
        return jax.make_jaxpr(function)(*shapes)
