"""A trace: every gate and every state of a network over one sequence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.anatomy.latch import LATCHES, latch
from penstock.anatomy.probe import probed
from penstock.anatomy.subject import subject_of
from penstock.report.heat import heat_picture
from penstock.report.numbers import show_minus
from penstock.report.page import Page, Reported, Section
from penstock.report.table import Table

__all__ = ["LayerTrace", "Trace", "trace"]

Values = NDArray[np.float64]

_MOST_UNITS = 12
_MOST_STEPS = 120

_ROLES = {
    "i": "input gate: how much of the candidate is let in",
    "f": "forget gate: how much of the cell state stays",
    "g": "candidate: what could be written",
    "o": "output gate: how much of the cell state is shown",
    "r": "reset gate: how much of the state the candidate sees",
    "z": "update gate: how much of the state stays",
    "n": "candidate: what could be written",
    "c": "cell state: the memory",
    "h": "hidden state: what the layer puts out",
}


@dataclass(frozen=True, eq=False)
class LayerTrace:
    """What one layer did over the sequence.

    Attributes
    ----------
    name
        The layer.
    gates, states
        By letter, each ``[time, units]``; states are those after the step.
    """

    name: str
    gates: Mapping[str, Values]
    states: Mapping[str, Values]


@dataclass(frozen=True, eq=False)
class Trace(Reported):
    """Every gate, cell state and hidden state over one sequence.

    Attributes
    ----------
    x
        The sequence, ``[time, features]``.
    networks
        The layers of each network by its name.
    outputs
        What each network put out at the end, ``[outputs]``.
    """

    x: Values
    networks: Mapping[str, tuple[LayerTrace, ...]]
    outputs: Mapping[str, Values]

    def frame(self) -> Any:
        """Return all values as a long pandas frame: network, layer, letter, unit, step, value."""
        import pandas as pd

        parts = []
        for network, layers in self.networks.items():
            for layer in layers:
                for letter, values in {**layer.gates, **layer.states}.items():
                    steps, units = np.indices(values.shape)
                    columns = {"unit": units.ravel(), "step": steps.ravel() + 1, "value": values.ravel()}
                    parts.append(pd.DataFrame({"network": network, "layer": layer.name, "letter": letter, **columns}))
        return pd.concat(parts, ignore_index=True)

    def page(self) -> Page:
        """Explain the trace with a heat map for each layer."""
        sections = [self._section(network, layer) for network, layers in self.networks.items() for layer in layers]
        return Page(
            "Gates and states over a sequence",
            [
                "A gate is a number between 0 and 1 for each unit and step: 0 shuts, 1 lets all through. The gates "
                "decide what is written into the memory, what stays there and what is shown.",
                "Each strip is a gate or a state, each row in it a unit, each column a step. Blue is above zero, "
                "orange below; the stronger, the farther from zero.",
            ],
            sections=[*sections, Section("In numbers", tables=[self._ranges()])],
        )

    def _ranges(self) -> Table:
        """Tell how far open each gate was, and how far each state went."""
        rows = [
            [name if len(layers) == 1 else f"{name}: {layer.name}", letter, *map(show_minus, _range(values))]
            for name, layers in self.networks.items()
            for layer in layers
            for letter, values in {**layer.gates, **layer.states}.items()
        ]
        return Table.of("Gates and states, over all units and steps", ["", "letter", "mean", "least", "most"], rows)

    def _section(self, network: str, layer: LayerTrace) -> Section:
        shown = slice(-_MOST_STEPS, None)
        panels, limits = {}, {}
        for letter, values in {**layer.gates, **layer.states}.items():
            limit = float(np.abs(values[shown]).max())
            name = letter if limit <= 1 or letter in layer.gates else f"{letter} ±{limit:.2g}"
            panels[name] = values[shown, :_MOST_UNITS].T
            limits[name] = max(limit, 1.0)
        units = next(iter(layer.states.values())).shape[1]
        cut = f" The first {_MOST_UNITS} of {units} units are drawn." if units > _MOST_UNITS else ""
        curves = {f"x{n + 1}" if self.x.shape[1] > 1 else "x": self.x[shown, n] for n in range(min(self.x.shape[1], 3))}
        symbols = [*layer.gates, *layer.states]
        roles = "; ".join(f"{letter}, {_ROLES.get(letter, 'state')}" for letter in symbols)
        caption = f"{layer.name}. From the top: x, the input; {roles}.{cut}"
        text = [f"It put out {_numbers(self.outputs[network])} after the last step."]
        if layer.gates.keys() >= {"f", "i"}:
            f, i = (float(layer.gates[letter].mean()) for letter in "fi")
            text.append(
                f"On average the forget gate keeps {f:.0%} of the memory from one step to the next and the input gate "
                f"lets {i:.0%} of the candidate in."
            )
        elif "z" in layer.gates:
            z = float(layer.gates["z"].mean())
            text.append(f"On average the update gate keeps {z:.0%} of the state from one step to the next.")
        heading = network if len(self.networks[network]) == 1 else f"{network}: {layer.name}"
        return Section(
            heading, text, pictures=[heat_picture(layer.name, caption, panels, curves=curves, limits=limits)]
        )


def trace(model: Any = None, x: Any = None, *, sample: int = -1, member: int = 0) -> Trace:
    """Trace every gate and state of a network over one sequence.

    Parameters
    ----------
    model
        Whatever :func:`penstock.anatomy.subject_of` takes: a fitted forecaster, a network, a layer, a cell. Left out:
        an LSTM, a GRU, leaky units and a simple RNN, each trained to hold the sign of the last pulse.
    x
        Sequences; see :func:`penstock.anatomy.subject_of`.
    sample
        Which of the sequences; the last (of a forecaster: the newest) if left out.
    member
        Which of a forecaster's networks.

    Returns
    -------
    Gates, states and outputs of each network, step by step.

    Examples
    --------
    >>> from penstock.layers.declared import GRU
    >>> found = trace(GRU(3), [0.0, 1.0, 0.0, 0.0])
    >>> layer = found.networks["GRU(3)"][0]
    >>> layer.gates["z"].shape, sorted(found.frame()["letter"].unique())
    ((4, 3), ['h', 'n', 'r', 'z'])
    """
    subjects = [latch(each) for each in LATCHES.values()] if model is None else [subject_of(model, x, member=member)]
    networks, outputs = {}, {}
    for subject in subjects:
        alone = subject.only(sample)
        out, records = probed(alone, alone.x)
        networks[subject.name] = tuple(
            LayerTrace(each.name, _first(each.gates), _first(each.states)) for each in records
        )
        outputs[subject.name] = np.asarray(out[0], float)
    x = np.asarray(alone.x[0], float)
    return Trace(x if x.ndim == 2 else x[:, None], networks, outputs)


def _first(values: Mapping[str, Any]) -> dict[str, Values]:
    arrays = {name: np.asarray(each[0], float) for name, each in values.items()}
    return {name: each.reshape(len(each), -1) for name, each in arrays.items()}


def _range(values: Values) -> tuple[float, float, float]:
    return float(values.mean()), float(values.min()), float(values.max())


def _numbers(values: Values) -> str:
    return ", ".join(map(show_minus, values[:6])) + (", …" if len(values) > 6 else "")
