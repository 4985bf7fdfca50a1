"""The recurrences as calls of the compiled library, with their gradients."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_derivatives import SymbolicZero

from penstock.kernels.library import CELLS, Library, find
from penstock.kernels.spec import Operands, Spec

if TYPE_CHECKING:
    from penstock.kernels.reference import Outputs


@partial(jax.tree_util.register_dataclass, data_fields=["given", "residual"], meta_fields=["need_dx"])
@dataclass(frozen=True)
class _Kept:
    """What the forward pass leaves for the backward pass; `need_dx`: someone wants the gradient of x."""

    given: Operands
    residual: jax.Array
    need_dx: bool


def refusal(spec: Spec, given: Operands) -> str | None:
    """Say why the kernels cannot compute this, or None if they can."""
    if given.x.dtype not in (jnp.float32, jnp.float64):
        return f"the kernels compute in float32 and float64, not in {given.x.dtype}"
    if spec.recurrent_activation != "sigmoid":
        return f"the kernels have no recurrent_activation {spec.recurrent_activation!r}"
    if 0 in given.x.shape:
        return f"x is empty: {given.x.shape}"
    return None


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def unroll(spec: Spec, given: Operands) -> Outputs:
    """Do as `reference.unroll`, compiled. `refusal` must have agreed."""
    return _forward(spec, given, keep=False)[0]


def _library() -> Library:
    library = find()
    if isinstance(library, str):
        raise RuntimeError(library)
    return library


def _call(name: str, spec: Spec, given: Operands, extra: list[jax.Array], results: list[Any], **flags: bool) -> Any:
    operands = [*jax.tree.leaves(given), *extra]
    attributes = {
        "cell": CELLS.index(spec.cell),
        "reverse": spec.reverse,
        "mask": given.mask is not None,
        "x_mask": given.x_mask is not None,
        "lengths": given.lengths is not None,
        **flags,
    }
    # With expand_dims the members of a vmap are one call, and what they share keeps size 1.
    call = jax.ffi.ffi_call(name, results, vmap_method="expand_dims")
    return call(*operands, **{k: np.int64(v) for k, v in attributes.items()})


def _forward(spec: Spec, given: Operands, *, keep: bool) -> tuple[Outputs, jax.Array | None]:
    library = _library()
    (batch, time, inputs), units, dtype = given.x.shape, given.h.shape[1], given.x.dtype
    of = partial(jax.ShapeDtypeStruct, dtype=dtype)
    results = [of((batch, time, units))] if spec.sequence else []
    results += [of((batch, units))] * (1 if given.c is None else 2)
    if keep:
        double = dtype == jnp.float64
        results += [of((library.residual_size(spec.cell, double, batch, time, inputs, units),))]
    out = list(_call("penstock_forward", spec, given, [], results, sequence=spec.sequence, keep=keep, need_dx=False))
    hs = out.pop(0) if spec.sequence else None
    h = out.pop(0)
    c = None if given.c is None else out.pop(0)
    return (hs, h, c), out[0] if keep else None


def _fwd(spec: Spec, primal: Any) -> tuple[Outputs, _Kept]:
    given: Operands = jax.tree.map(lambda p: p.value, primal, is_leaf=lambda p: hasattr(p, "perturbed"))
    out, residual = _forward(spec, given, keep=True)
    assert residual is not None  # noqa: S101
    return out, _Kept(given, residual, need_dx=bool(primal.x.perturbed))


def _bwd(spec: Spec, kept: _Kept, cotangents: Any) -> tuple[Any]:
    given = kept.given
    dhs, dh, dc = cotangents
    # A loss on the last state alone sends nothing back through the sequence: spare reading its zeros.
    sequence = spec.sequence and not isinstance(dhs, SymbolicZero)
    extra = [
        kept.residual,
        *([dhs] if sequence else []),
        _dense(dh),
        *([] if given.c is None else [_dense(dc)]),
    ]
    wanted = {name: getattr(given, name) for name in ("x", "h", "c", "W", "U", "b", "bU", "a")}
    if not kept.need_dx:
        wanted["x"] = None
    names = [name for name, array in wanted.items() if array is not None]
    results = [_like(wanted[name]) for name in names]
    out = _call("penstock_backward", spec, given, extra, results, sequence=sequence, keep=True, need_dx=kept.need_dx)
    # None stands for "no gradient": x where nobody asked, masks and lengths always.
    gradients: dict[str, Any] = dict.fromkeys(("x", "h", "c", "W", "U", "b", "bU", "a")) | dict(
        zip(names, out, strict=True)
    )
    return (Operands(**gradients),)


def _like(array: jax.Array) -> Any:
    return jax.ShapeDtypeStruct(array.shape, array.dtype)  # type: ignore[no-untyped-call]


def _dense(cotangent: Any) -> jax.Array:
    return jnp.zeros(cotangent.shape, cotangent.dtype) if isinstance(cotangent, SymbolicZero) else cotangent


unroll.defvjp(_fwd, _bwd, symbolic_zeros=True)
