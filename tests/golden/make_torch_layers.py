"""Writes outputs and gradients of torch's layers, to hold ours to them where torch is not installed.

Run in an environment with torch==2.13.0, safetensors and penstock:
PYTHONPATH=tests python tests/golden/make_torch_layers.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file

from torch_layers import FEATURES, OURS, theirs


def main() -> None:
    torch.manual_seed(0)
    arrays = {}
    for name in OURS:
        layer = theirs(name, torch)
        x, lengths = torch.randn(3, 5, FEATURES, requires_grad=True), torch.tensor([5, 2, 4])
        out = layer.run(x, lengths)
        out.cos().sum().backward()
        values = {"x": x, "lengths": lengths, "out": out, "dx": x.grad}
        arrays |= {f"{name}.{part}": np.ascontiguousarray(value.detach()) for part, value in values.items()}
        arrays |= {f"{name}.{place}": leaf.value for place, leaf in enumerate(layer.leaves)}
    save_file(arrays, Path(__file__).with_name("torch-layers.safetensors"))


if __name__ == "__main__":
    main()
