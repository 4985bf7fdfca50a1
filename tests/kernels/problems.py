"""Random recurrences, and both paths through them."""

from __future__ import annotations

from dataclasses import dataclass, fields

import jax
import jax.numpy as jnp
import numpy as np

from penstock.kernels import native, reference
from penstock.kernels.spec import CellName, Operands, Spec

CELLS: tuple[CellName, ...] = ("lstm", "gru_before", "gru_after", "rnn_tanh", "rnn_relu", "leaky")
WEIGHTS = ("x", "h", "c", "W", "U", "b", "bU", "a")


@dataclass(frozen=True)
class Problem:
    cell: CellName
    batch: int = 3
    time: int = 4
    inputs: int = 2
    units: int = 5
    double: bool = False
    reverse: bool = False
    sequence: bool = True
    masked: bool = False
    dropped: bool = False
    lengths: bool = False
    seed: int = 0

    @property
    def spec(self) -> Spec:
        return Spec(self.cell, self.reverse, self.sequence)

    def operands(self) -> Operands:
        rng = np.random.default_rng(self.seed)
        B, T, I, H, G = self.batch, self.time, self.inputs, self.units, self.spec.gates  # noqa: E741
        dtype = np.float64 if self.double else np.float32

        def normal(*shape: int, scale: float = 1.0) -> jax.Array:
            return jnp.asarray(rng.normal(size=shape) * scale, dtype)

        lengths = rng.integers(0, T + 1, size=B)
        lengths[: min(2, B)] = (0, 1)[: min(2, B)]  # the edges are always there
        return Operands(
            x=normal(B, T, I),
            h=normal(B, H),
            c=normal(B, H) if self.cell == "lstm" else None,
            W=normal(I, G * H, scale=0.7 * I**-0.5),
            U=normal(H, G * H, scale=0.7 * H**-0.5),  # below 1, or relu grows without bound
            b=normal(G * H, scale=0.5),
            bU=normal(G * H, scale=0.5) if self.cell == "gru_after" else None,
            a=jnp.asarray(rng.uniform(size=H), dtype) if self.cell == "leaky" else None,
            mask=jnp.asarray((rng.uniform(size=(B, H)) < 0.7) / 0.7, dtype) if self.masked else None,
            x_mask=jnp.asarray((rng.uniform(size=(B, I)) < 0.7) / 0.7, dtype) if self.dropped else None,
            lengths=jnp.asarray(rng.permutation(lengths), jnp.int32) if self.lengths else None,
        )


def with_arrays(given: Operands, arrays: dict[str, jax.Array]) -> Operands:
    return Operands(**({f.name: getattr(given, f.name) for f in fields(Operands)} | arrays))


def differentiable(given: Operands) -> dict[str, jax.Array]:
    return {name: getattr(given, name) for name in WEIGHTS if getattr(given, name) is not None}


def loss(path, spec: Spec, arrays: dict[str, jax.Array], given: Operands):
    """A loss to which every output adds with another weight, and the outputs."""
    out = path(spec, with_arrays(given, arrays))
    total = 0.0
    for leaf in jax.tree.leaves(out):
        weights = jnp.cos(jnp.arange(leaf.size, dtype=leaf.dtype)).reshape(leaf.shape)
        total += (weights * leaf).sum()
    return total, out


def both(spec: Spec, given: Operands, wrt: tuple[str, ...] = WEIGHTS):
    """Outputs and gradients: ours, then the reference's."""
    arrays = {name: array for name, array in differentiable(given).items() if name in wrt}
    results = []
    for path in (native.unroll, reference.unroll):
        run = jax.jit(jax.grad(lambda a, g, p=path: loss(p, spec, a, g), has_aux=True))
        gradients, out = run(arrays, given)
        results.append({"hs": out[0], "h'": out[1], "c'": out[2], **{"d" + k: v for k, v in gradients.items()}})
    return results


def assert_same(ours, theirs, *, tolerance: float | None = None) -> None:
    for name, want in theirs.items():
        if want is None:
            assert ours[name] is None, name
            continue
        got, want = np.asarray(ours[name]), np.asarray(want)
        assert got.dtype == want.dtype, name
        assert got.shape == want.shape, name
        tol = tolerance or (1e-11 if want.dtype == np.float64 else 2e-5)
        finite = np.abs(want[np.isfinite(want)])
        np.testing.assert_allclose(got, want, rtol=tol, atol=tol * (1 + finite.max(initial=0)), err_msg=name)
