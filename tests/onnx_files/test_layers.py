"""Every layer over time as nodes of ONNX, against the layer itself."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx", reason="pip install 'penstock[test]' brings onnx")
pytest.importorskip("onnxruntime", reason="pip install 'penstock[test]' brings onnxruntime")
import jax
import jax.numpy as jnp

from layers.catalogue import FEATURES, LAYERS, POOLS, built
from onnx_files.runtime import run
from penstock.errors import OptionError
from penstock.onnx.functions import FunctionFile
from penstock.onnx.graph import BATCH, Port

TIME = 6
X = np.random.default_rng(0).normal(size=(5, TIME, FEATURES)).astype(np.float32)
LENGTHS = np.array([6, 3, 1, 4, 6], dtype=np.int32)
PORTS = [Port("x", np.float32, (BATCH, TIME, FEATURES)), Port("lengths", np.int32, (BATCH,))]


def exported(function: Any) -> np.ndarray:
    file = FunctionFile(PORTS)
    file.apply(lambda x, lengths: {"out": function(x, lengths)}, ["x", "lengths"], double=False)
    file.add_output("out", np.float32)
    return run(file.content({}, ""), {"x": X, "lengths": LENGTHS})[0]


@pytest.mark.fast("gru")
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_gives_what_it_gives_here(name: str) -> None:
    module = built(LAYERS[name])
    for ragged, sequence in itertools.product((False, True), (False, True)):
        if sequence and isinstance(LAYERS[name], POOLS):
            continue

        def walk(x: Any, lengths: Any, ragged: bool = ragged, sequence: bool = sequence) -> Any:
            return module(x, lengths=lengths if ragged else None, sequence=sequence)

        ours, theirs = np.asarray(walk(jnp.asarray(X), jnp.asarray(LENGTHS))), exported(walk)
        assert np.abs(ours).max() > 0.01
        np.testing.assert_allclose(theirs, ours, rtol=0, atol=1e-5)


def test_an_operation_without_a_counterpart_is_named() -> None:
    with pytest.raises(OptionError, match="'igamma', for which no counterpart in ONNX is written; allowed: abs, add, "):
        exported(lambda x, lengths: jax.scipy.special.gammainc(jnp.ones_like(x), x))
    with pytest.raises(OptionError, match="draws random numbers while it forecasts"):
        exported(lambda x, lengths: x * jax.random.normal(jax.random.key(0), x.shape[1:]))


@pytest.mark.slow
def test_operations_that_no_layer_uses() -> None:
    def function(x: Any, lengths: Any) -> Any:
        small = jnp.expm1(x * 1e-4) * 1e4 + jnp.log1p(jnp.abs(x) * 1e-5) * 1e5
        chosen = jnp.where((x > 0) ^ (x > 1), jnp.clip(x, -0.5, 0.5), jax.lax.rsqrt(1 + x**2) - x**3)
        most = jnp.argmax(x, axis=1)[:, None] % 3 + jnp.cumsum(x, axis=1)
        picked = jax.lax.dynamic_slice_in_dim(x, jnp.int32(9), 2, axis=1).sum(axis=1, keepdims=True)
        sums = jnp.einsum("btf,bsf->bts", x, x).max(axis=-1, keepdims=True)
        beside = jax.lax.fori_loop(0, 3, lambda n, total: total * 0.5 + n, x)
        flags = jnp.all(x > -1, axis=-1, keepdims=True) | jnp.any(x > 2, axis=-1, keepdims=True)
        padded = jax.lax.pad(x, jnp.float32(0), ((0, 0, 0), (-1, 1, 0), (1, -1, 0)))
        return small + chosen + most + picked + sums + beside + flags + padded + jnp.sort(x, axis=1)

    ours = np.asarray(function(jnp.asarray(X), jnp.asarray(LENGTHS)))
    np.testing.assert_allclose(exported(function), ours, rtol=1e-5, atol=1e-4)
