"""Equal bits from run to run, and whatever the number of threads."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("native_live")

SCRIPT = f"""
import hashlib, os, sys
cores = sorted(os.sched_getaffinity(0))
os.sched_setaffinity(0, cores[: int(sys.argv[1])])
sys.path.insert(0, {str(Path(__file__).parent)!r})
import jax, numpy as np
from problems import Problem, loss, differentiable
from penstock.kernels import native
digest = hashlib.sha256()
for cell in ("lstm", "gru_before", "gru_after", "leaky"):
    problem = Problem(cell, batch=64, time=40, inputs=3, units=24, lengths=cell == "lstm")
    given = problem.operands()
    run = jax.jit(jax.grad(lambda a: loss(native.unroll, problem.spec, a, given), has_aux=True))
    for _ in range(5):
        seen = hashlib.sha256()
        for leaf in jax.tree.leaves(run(differentiable(given))):
            seen.update(np.asarray(leaf).tobytes())
        digest.update(seen.digest())
    assert digest.digest()
    print(cell, seen.hexdigest())
print(digest.hexdigest())
"""


def bits(cores: int) -> str:
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, str(cores)],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cannot bind to cores here")
def test_threads_and_runs_give_equal_bits():
    one = bits(1)
    assert one
    assert bits(len(os.sched_getaffinity(0))) == one
