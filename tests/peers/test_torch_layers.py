"""Layers in both directions, stacked, packed, convolved, normalised and attending are those of torch."""

from __future__ import annotations

import numpy as np
import pytest

from torch_layers import FEATURES, OURS, ours_out, theirs

torch = pytest.importorskip("torch", reason="torch is not installed: make test-peers installs it")


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", list(OURS))
def test_outputs_and_gradients(name: str, seed: int) -> None:
    torch.manual_seed(seed)
    layer = theirs(name, torch)
    lengths = torch.randint(1, 9, (5,))
    lengths[0] = 8
    x = torch.randn(5, 8, FEATURES, requires_grad=True)
    out = layer.run(x, lengths)
    *by_weight, d_x = torch.autograd.grad(out.cos().sum(), [*(leaf.weight for leaf in layer.leaves), x])
    leaves = [leaf.value for leaf in layer.leaves]
    ours, ours_by_weight, by_x = ours_out(name, leaves, x.detach().numpy(), lengths.numpy())
    np.testing.assert_allclose(ours, out.detach().numpy(), atol=1e-5)
    np.testing.assert_allclose(by_x, d_x.numpy(), atol=2e-5)
    for leaf, one, other in zip(layer.leaves, ours_by_weight, by_weight, strict=True):
        np.testing.assert_allclose(one, leaf.turned(other).numpy(), atol=5e-5)
