"""Gradients on their way back through time: what each step passes on, and what is left of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from penstock.anatomy.contrasts import contrasts
from penstock.anatomy.probe import Record, probed
from penstock.anatomy.subject import Subject, subject_of
from penstock.cells.cell import Cell
from penstock.report.lines import Curves, curves_picture
from penstock.report.page import Page, Reported, Section
from penstock.report.table import Table

__all__ = ["Backward", "LayerBackward", "gradients"]

Values = NDArray[np.float64]

_CLIP = 1.0
_MOST_SAID = 3  # layers that are spoken of one by one
_FATES = {
    "vanish": "Gradients vanish, and what happened early cannot be learned from",
    "explode": "Gradients explode, and single steps throw the weights away unless they are clipped",
    "survive": "Gradients survive",
}
_LEAST = 1e-30  # what a logarithmic axis shows of nothing


@dataclass(frozen=True, eq=False)
class LayerBackward:
    """One layer's gradients, over the steps of the sequence.

    Attributes
    ----------
    name
        The layer.
    norms
        ‖∂y/∂s_t‖: how much the output moves with the state after each step, through all that follows, ``[time]``.
    steps
        ‖∂s_t/∂s_(t−1)‖₂, the largest factor by which one step stretches a change of the state, ``[time]``.
    products
        ‖∂s_T/∂s_t‖₂, the same for all steps from t to the last one: the product of the Jacobians, ``[time]``.
    """

    name: str
    norms: Values
    steps: Values
    products: Values

    @property
    def factor(self) -> float:
        """What one step multiplies a gradient by on average: the product's root."""
        count = len(self.products) - 1
        return float(max(self.products[0], _LEAST) ** (1 / count)) if count else 1.0

    @property
    def verdict(self) -> str:
        """Say whether gradients vanish or explode here."""
        left = self.products[0]
        if left < 1e-3:
            return "vanish"
        return "explode" if left > 1e3 else "survive"


@dataclass(frozen=True, eq=False)
class Backward(Reported):
    """Gradients back through time.

    Attributes
    ----------
    networks
        The layers of each network by its name.
    weights
        The norm of the gradient of all weights of each network.
    """

    networks: Mapping[str, tuple[LayerBackward, ...]]
    weights: Mapping[str, float]

    def frame(self) -> Any:
        """Return all numbers as a pandas frame: network, layer, step, norm, stretch, product."""
        import pandas as pd

        rows = [
            (network, layer.name, step, *numbers)
            for network, layers in self.networks.items()
            for layer in layers
            for step, numbers in enumerate(zip(layer.norms, layer.steps, layer.products, strict=True), start=1)
        ]
        return pd.DataFrame(rows, columns=["network", "layer", "step", "norm", "stretch", "product"])

    def clipped(self, norm: float, clip: float = _CLIP) -> float:
        """Give the norm of a gradient after clipping by its norm: g · min(1, clip/‖g‖).

        Parameters
        ----------
        norm
            Norm of a gradient.
        clip
            Largest norm that is allowed.

        Returns
        -------
        The norm after clipping.
        """
        return min(norm, clip)

    def page(self) -> Page:
        """Explain vanishing and exploding, gates and clipping."""
        every = [(network, layer) for network, layers in self.networks.items() for layer in layers]
        names = [network if len(self.networks[network]) == 1 else layer.name for network, layer in every]
        back = [np.arange(len(layer.norms))[::-1] for _, layer in every]

        def lines(part: str) -> dict[str, tuple[Any, Any]]:
            return {
                name: (steps, np.maximum(getattr(layer, part), _LEAST))
                for name, steps, (_, layer) in zip(names, back, every, strict=True)
            }

        products = curves_picture(
            "What is left of a gradient",
            "‖∂s_T/∂s_t‖: the product of the Jacobians from the last step back to step t, on a logarithmic scale. A "
            "straight line down vanishes, one up explodes: each step multiplies by the same factor.",
            Curves(lines("products"), "steps back from the last one", "product of Jacobians", log="y", level=1.0),
            height=3.8,
        )
        norms = curves_picture(
            "What the output still feels",
            "‖∂y/∂s_t‖, the gradient of the network's output with respect to the state after each step.",
            Curves(lines("norms"), "steps back from the last one", "norm of the gradient", log="y"),
            height=3.4,
        )
        table = Table.of(
            "What gradients are multiplied by",
            ["network", "one step", "all steps", "gradients"],
            [
                [name, f"{layer.factor:.3f}", f"{layer.products[0]:.1e}", layer.verdict]
                for name, (_, layer) in zip(names, every, strict=True)
            ],
        )
        clip = Table.of(
            "The gradient of all weights",
            ["network", "norm", f"clipped at {_CLIP:g}", "shortened"],
            [[name, f"{norm:.3g}", f"{self.clipped(norm):.3g}", _shrunk(norm)] for name, norm in self.weights.items()],
        )
        return Page(
            "Gradients back through time",
            _said({name: layer for name, (_, layer) in zip(names, every, strict=True)}),
            sections=[
                Section(
                    "A product of Jacobians",
                    [
                        "To learn that an early input mattered, the loss must send its gradient back to that step. On "
                        "the way it is multiplied once for every step by the Jacobian of that step."
                    ],
                    formulas=[
                        "gradient\t∂L/∂s_t  =  ∂L/∂s_T · J_T · J_(T−1) · … · J_(t+1)",
                        "one step\tJ_k  =  ∂s_k / ∂s_(k−1)",
                        "simple RNN\th' = tanh(x W + h U + b),   J = U · diag(1 − h'²)",
                        "LSTM\tc' = f ⊙ c + i ⊙ g,   ∂c'/∂c = diag(f) + …",
                    ],
                    pictures=[products],
                    tables=[table],
                ),
                Section(
                    "What the gates change",
                    [
                        "In a simple RNN every Jacobian holds the same matrix U and a slope of tanh, which is below "
                        "one: their product shrinks or grows as a power. An LSTM adds to its cell state instead, so "
                        "that the gradient of c passes a step multiplied by the forget gate alone. Near one, it "
                        "survives a hundred steps; and the network learns where to let it be near zero. The z of a "
                        "GRU and the 1 − a of a leaky unit do the same.",
                    ],
                    pictures=[norms],
                ),
                Section(
                    "What clipping changes",
                    [
                        "Clipping scales a gradient down to a largest norm and leaves its direction alone. It keeps "
                        "one exploding step from throwing the weights away. It cannot bring back a gradient that "
                        "vanished.",
                    ],
                    formulas=["g  ←  g · min(1, clip / ‖g‖)"],
                    tables=[clip],
                ),
            ],
        )


def gradients(model: Any = None, x: Any = None, *, sample: int = -1, member: int = 0) -> Backward:
    """Follow the gradients of a network's output back through time, layer by layer.

    Parameters
    ----------
    model
        Whatever :func:`penstock.anatomy.subject_of` takes. Left out: simple RNNs, one of them with the recurrent
        weights 1.1 I and ReLU, leaky units, a GRU and LSTMs, 8 units each with fresh weights, on 100 steps of noise.
    x, sample, member
        As in :func:`penstock.anatomy.trace`.

    Returns
    -------
    The gradients of each network, step by step.

    Examples
    --------
    >>> from penstock.layers.declared import RNN
    >>> layer = gradients(RNN(4)).networks["RNN(4)"][0]
    >>> layer.products.shape, layer.verdict, bool(layer.products[-1] == 1)
    ((50,), 'vanish', True)
    """
    subjects = contrasts() if model is None else [subject_of(model, x, member=member)]
    networks, weights = {}, {}
    for subject in subjects:
        alone = subject.only(sample)
        networks[subject.name], weights[subject.name] = _followed(alone)
    return Backward(networks, weights)


def _followed(subject: Subject) -> tuple[tuple[LayerBackward, ...], float]:
    arrays, rest = eqx.partition(subject.module, eqx.is_inexact_array)
    records: list[Record] = []  # of the last trace: their names and structures are used, their arrays come out of it

    def output(nudges: Any, arrays: Any) -> tuple[jax.Array, Any]:
        module = eqx.combine(arrays, rest)
        out, seen = probed(Subject(subject.name, module, subject.x, subject.given), subject.x, nudges)
        records[:] = seen
        return out.sum(), [(each.x[0], tuple(leaf[0] for leaf in each.before)) for each in seen]

    jax.eval_shape(output, None, arrays)
    by_place = sorted(records, key=lambda record: record.place)
    nudges = [tuple(jnp.zeros((leaf.shape[1], 1, *leaf.shape[2:]), leaf.dtype) for leaf in r.after) for r in by_place]
    (by_state, by_weight), seen = jax.jit(jax.grad(output, argnums=(0, 1), has_aux=True))(nudges, arrays)
    cells, layers = _cells(subject.module), []
    for record, (x, before) in zip(records, seen, strict=True):
        leaves = [np.asarray(leaf[:, 0], float) for leaf in by_state[record.place]]
        norms = np.sqrt(sum(np.square(leaf).reshape(len(leaf), -1).sum(axis=1) for leaf in leaves))
        jacobians = np.asarray(_jacobians(cells[record.place], record.structure, x, before), float)
        layers.append(LayerBackward(record.name, norms, *_products(jacobians)))
    total = np.sqrt(sum(float(jnp.sum(jnp.square(leaf))) for leaf in jax.tree.leaves(by_weight)))
    return tuple(layers), float(total)


def _cells(module: Any) -> list[Cell[Any]]:
    leaves = jax.tree.leaves(module, is_leaf=lambda leaf: isinstance(leaf, Cell))
    return [leaf for leaf in leaves if isinstance(leaf, Cell)]


@eqx.filter_jit
def _jacobians(cell: Cell[Any], structure: Any, x: jax.Array, before: tuple[jax.Array, ...]) -> jax.Array:
    """Give ∂s'/∂s of every step, ``[time, n, n]``, with all leaves of the state side by side."""
    shapes = [leaf.shape[1:] for leaf in before]
    sizes = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]

    def step(flat: jax.Array, x_t: jax.Array) -> jax.Array:
        leaves = [part.reshape(1, *shape) for part, shape in zip(jnp.split(flat, sizes), shapes, strict=True)]
        after = jax.tree.leaves(cell(x_t[None], jax.tree.unflatten(structure, leaves))[1])
        return jnp.concatenate([leaf.ravel() for leaf in after])

    flat = jnp.concatenate([leaf.reshape(len(leaf), -1) for leaf in before], axis=1)
    found: jax.Array = jax.vmap(jax.jacfwd(step))(flat, x)
    return found


def _products(jacobians: Values) -> tuple[Values, Values]:
    """Give the norm of each Jacobian, and of the product from the last step back to each state."""
    norms = np.linalg.norm(jacobians, 2, axis=(1, 2))
    product = np.eye(jacobians.shape[1])
    back = [1.0]
    for jacobian in jacobians[:0:-1]:
        product = product @ jacobian
        back.append(float(np.linalg.norm(product, 2)))
    return norms, np.array(back[::-1])


def _shrunk(norm: float) -> str:
    return f"{norm / _CLIP:.3g} times" if norm > _CLIP else "no"


def _said(every: Mapping[str, LayerBackward]) -> list[str]:
    if len(every) > _MOST_SAID:
        by_fate = {fate: [n for n, layer in every.items() if layer.verdict == fate] for fate in _FATES}
        return [f"{_FATES[fate]}: {', '.join(names)}." for fate, names in by_fate.items() if names]
    return [
        f"{name}: over {len(layer.products) - 1} steps a gradient is multiplied by {layer.products[0]:.1e}. "
        f"{_FATES[layer.verdict]}."
        for name, layer in every.items()
    ]
