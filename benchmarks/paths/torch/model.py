"""A study's model in torch."""

from __future__ import annotations

import torch

from frame.row import Arrays
from jobs.model import Model
from paths.torch.convert import MODULES, copy_weights

__all__ = ["Network", "build", "make_loss", "make_optimizer"]


class Network(torch.nn.Module):
    """The layers of a model; gives the output before a sigmoid."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        width = model.features
        self.embedding = torch.nn.Embedding(*model.tokens) if model.tokens else None
        width = model.tokens[1] if model.tokens else width
        self.recurrent = torch.nn.ModuleList()
        for cell, units in model.cells:
            self.recurrent.append(MODULES[cell](width, units, batch_first=True))
            width = units
        self.category = torch.nn.Embedding(*model.category) if model.category else None
        width += (model.category[1] if model.category else 0) + model.extra
        self.dense = torch.nn.ModuleList()
        for units in (*model.dense, model.outputs):
            self.dense.append(torch.nn.Linear(width, units))
            width = units
        self.rate = model.dropout

    def forward(self, x: torch.Tensor, *beside: torch.Tensor) -> torch.Tensor:
        """Map sequences, categories and extra features to outputs."""
        x = x if self.embedding is None else self.embedding(x)
        for layer in self.recurrent:
            if self.rate and self.training:
                x = x * torch.nn.functional.dropout(x.new_ones(x.shape[0], 1, x.shape[2]), self.rate)
            x = layer(x)[0]
        x = x[:, -1]
        if beside:
            vectors = [self.category(beside[0]), *beside[1:]] if self.category is not None else list(beside)
            x = torch.cat([x, *vectors], dim=1)
        for dense in self.dense[:-1]:
            x = torch.relu(dense(x))
        return self.dense[-1](x)


def build(model: Model, arrays: Arrays) -> Network:
    """Make a network with the given weights."""
    network = Network(model)
    with torch.no_grad():
        for name, embedding in (("embedding", network.embedding), ("category", network.category)):
            if embedding is not None:
                embedding.weight.copy_(torch.tensor(arrays[name]))
        for place, layer in enumerate(network.recurrent):
            copy_weights(layer, model.weights_of(arrays, f"{place}."))
        for place, dense in enumerate(network.dense):
            dense.weight.copy_(torch.tensor(arrays[f"dense{place}.W"].T))
            dense.bias.copy_(torch.tensor(arrays[f"dense{place}.b"]))
    return network


def make_loss(model: Model) -> torch.nn.Module:
    """Give the loss of outputs and targets."""
    return {"mse": torch.nn.MSELoss, "mae": torch.nn.L1Loss, "bce": torch.nn.BCEWithLogitsLoss}[model.loss]()


def make_optimizer(model: Model, network: Network) -> torch.optim.Optimizer:
    """Give the fastest form of the optimiser that torch has: fused Adam; RMSprop over all parameters at once."""
    if model.optimizer == "adam":
        return torch.optim.Adam(network.parameters(), lr=0.001, eps=1e-8, fused=True)
    return torch.optim.RMSprop(network.parameters(), lr=0.001, alpha=0.9, eps=1e-8, foreach=True)
