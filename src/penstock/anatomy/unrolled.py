"""The unrolled graph of a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from penstock.errors import OptionError
from penstock.layers.declared import LSTM, RNN
from penstock.layers.layer import Layer
from penstock.networks.inputs import Inputs
from penstock.networks.network import Network
from penstock.report.graph import graph_picture
from penstock.report.page import Page, Reported, Section
from penstock.report.table import Table

__all__ = ["Unrolled", "unrolled"]


@dataclass(frozen=True, eq=False)
class Unrolled(Reported):
    """The graph of a network over its steps.

    Attributes
    ----------
    network
        The network.
    steps
        How many steps it is unrolled over.
    inputs, outputs
        What it reads and how much it puts out.
    edges
        Every edge as ``(from, to)``; ``x[t]`` is an input, ``1[t]`` layer 1 at step t, ``y`` the output.
    """

    network: Network
    steps: int
    inputs: Inputs
    outputs: int
    edges: tuple[tuple[str, str], ...]

    def frame(self) -> Any:
        """Return the edges as a pandas frame."""
        import pandas as pd

        return pd.DataFrame(self.edges, columns=["from", "to"])

    @property
    def depth(self) -> int:
        """Nodes on the longest way from an input to the output."""
        layers = sum(layer.over_time for layer in self.network.layers)
        return self.steps + layers - 1 + len(self.network.dense) + 1

    def page(self) -> Page:
        """Draw the graph, folded and unrolled."""
        over_time = [_short(layer) for layer in self.network.layers]
        head = [_short(layer) for layer in self.network.dense] + [f"Dense({self.outputs})"]
        weights = self.network.parameters(self.inputs, self.outputs)
        picture = graph_picture(
            "The unrolled graph",
            "Left, where there is room: the network folded, with its state going round. Right: the same network "
            f"unrolled over its {self.steps} steps. Equal colours share one set of weights.",
            over_time,
            head,
            steps=self.steps,
        )
        summary = self.network.summary(self.inputs, self.outputs, self.steps).splitlines()
        headings = summary[0].replace("parameters", "weights").split()
        rows = [[part.strip() for part in line.split("  ") if part.strip()] for line in summary[1:-1]]
        return Page(
            "The unrolled graph",
            [
                f"Over {self.steps} steps the network is a chain {self.depth} layers deep, yet it has only {weights:,} "
                "weights: every step uses the same ones.",
                "The gradient of a weight is the sum of what each step says about it. Back-propagation through time is "
                "ordinary back-propagation on this unrolled graph.",
            ],
            sections=[
                Section(
                    "Folded and unrolled",
                    [
                        "A recurrent network reads a sequence one step after the other. At each step a layer takes the "
                        "input and its own state from the step before, and hands its new state on.",
                    ],
                    pictures=[picture],
                    tables=[Table.of("Layers and weights", headings, rows)],
                ),
                Section(
                    "Back-propagation through time",
                    [
                        "An arrow to the right is one use of the recurrent weights U. The loss sends its gradient back "
                        "along every arrow, so U is told its share at every step; the shares are added up.",
                    ],
                    ["∂L/∂U  =  Σ_t  ∂L/∂s_t · ∂s_t/∂U   (s_(t−1) held fixed in each term)"],
                ),
            ],
        )


def unrolled(model: Any = None, steps: int | None = None, *, inputs: Inputs = Inputs(), outputs: int = 1) -> Unrolled:
    """Unroll the graph of a network.

    Parameters
    ----------
    model
        A network or a layer, described, or an estimator that has a `network` and a `window`. Left out: a simple RNN
        under an LSTM.
    steps
        Steps to unroll over; an estimator's window, or 12, if left out.
    inputs, outputs
        What a described network reads and puts out.

    Returns
    -------
    The graph of the network, unrolled in time.

    Raises
    ------
    OptionError
        Where `model` is no network, or `steps` is not above zero.

    Examples
    --------
    >>> graph = unrolled(Network([RNN(2)]), steps=3)
    >>> graph.edges
    (('x[1]', '1[1]'), ('x[2]', '1[2]'), ('1[1]', '1[2]'), ('x[3]', '1[3]'), ('1[2]', '1[3]'), ('1[3]', 'y'))
    """
    described = getattr(model, "network", model)
    network = Network([RNN(8), LSTM(4)]) if model is None else getattr(model, "whole_network", described)
    if isinstance(network, Layer):
        network = Network([network])
    if not isinstance(network, Network):
        raise OptionError(f"{model!r} is no network; allowed: a Network, a layer such as LSTM(8), or a forecaster.")
    if hasattr(model, "horizon"):
        outputs = model.outputs(len(model.ids_)) if hasattr(model, "ids_") else model.horizon
    inputs, outputs = getattr(model, "inputs_", inputs), getattr(model, "outputs_", outputs)
    steps = getattr(model, "window", 12) if steps is None else steps
    if steps < 1:
        raise OptionError(f"steps={steps} is out of range; allowed: a whole number from 1.")
    rows = len(network.layers)
    edges = []
    for step in range(1, steps + 1):
        for row in range(1, rows + 1):
            edges.append((f"x[{step}]" if row == 1 else f"{row - 1}[{step}]", f"{row}[{step}]"))
            if step > 1 and network.layers[row - 1].over_time:
                edges.append((f"{row}[{step - 1}]", f"{row}[{step}]"))
    edges.append((f"{rows}[{steps}]", "y"))
    return Unrolled(network, steps, inputs, outputs, tuple(edges))


def _short(layer: Any) -> str:
    return f"{type(layer).__name__}({layer.outputs})" if layer.outputs else repr(layer)
