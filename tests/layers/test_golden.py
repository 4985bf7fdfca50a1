"""Layers are those of torch 2.13, written down by tests/golden/make_torch_layers.py; tests/peers draws random ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from torch_layers import OURS, ours_out

pytestmark = pytest.mark.slow

GOLDEN = load_file(Path(__file__).parents[1] / "golden" / "torch-layers.safetensors")


@pytest.mark.parametrize("name", list(OURS))
def test_outputs_and_gradients_are_those_of_torch(name: str) -> None:
    their = {key.split(".")[1]: value for key, value in GOLDEN.items() if key.startswith(f"{name}.")}
    leaves = [their[str(place)] for place in range(len(their) - 4)]
    out, _, by_x = ours_out(name, leaves, their["x"], their["lengths"])
    np.testing.assert_allclose(out, their["out"], atol=1e-5)
    np.testing.assert_allclose(by_x, their["dx"], atol=1e-5)
