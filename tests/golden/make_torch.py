"""Writes LSTM outputs and gradients of torch for a few shapes, to hold ours to them where torch is not installed.

Run in an environment with torch==2.13.0 and safetensors: python tests/golden/make_torch.py
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file

SHAPES = ((1, 1, 1, 1), (3, 7, 2, 5), (6, 21, 1, 20), (4, 12, 6, 17))  # batch, time, features, units


def main() -> None:
    torch.manual_seed(0)
    arrays = {}
    for number, (batch, time, features, units) in enumerate(SHAPES):
        lstm = torch.nn.LSTM(features, units, batch_first=True)
        x = torch.randn(batch, time, features, requires_grad=True)
        h, c = (torch.randn(1, batch, units, requires_grad=True) for _ in range(2))
        out, (h_last, c_last) = lstm(x, (h, c))
        (out.cos().mean() + (h_last * c_last).mean()).backward()
        values = {
            "x": x, "h": h[0], "c": c[0], "out": out, "c_last": c_last[0],
            "W": lstm.weight_ih_l0.T, "U": lstm.weight_hh_l0.T, "b": lstm.bias_ih_l0 + lstm.bias_hh_l0,
            "dx": x.grad, "dh": h.grad[0], "dc": c.grad[0],
            "dW": lstm.weight_ih_l0.grad.T, "dU": lstm.weight_hh_l0.grad.T, "db": lstm.bias_ih_l0.grad,
        }  # fmt: skip
        arrays |= {f"{number}.{name}": value.detach().contiguous().clone() for name, value in values.items()}
    save_file(arrays, Path(__file__).with_name("torch-lstm.safetensors"))


if __name__ == "__main__":
    main()
