"""Gradient checks for anybody's networks, cells and losses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from penstock.argument_types import checked_choice, checked_types, described
from penstock.cells.cell import Cell
from penstock.derivatives.comparison import STEPS, GradientEntry, Parameter, compare_gradients
from penstock.errors import DataError, OptionError
from penstock.layers.layer import Layer
from penstock.layers.unroll import unroll
from penstock.networks.fitted import fitted_network, has_network
from penstock.networks.inputs import Inputs
from penstock.networks.network import Network
from penstock.networks.segrnn import SegRNN
from penstock.training.losses import LOSSES

__all__ = ["GradientCheck", "check_gradients"]


@dataclass(frozen=True, eq=False)
class GradientCheck:
    """What a gradient check found; printed, it says pass or fail in words.

    Attributes
    ----------
    parameters
        The comparison of each parameter; ``x`` stands for the inputs.
    steps
        The steps of the symmetric differences.
    tolerance
        The largest relative difference that is allowed.
    """

    parameters: tuple[Parameter, ...]
    steps: tuple[float, ...]
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether every entry agrees at one step at least; :attr:`everywhere` asks for all steps."""
        return all((each.errors.min(axis=0) <= self.tolerance).all() for each in self.parameters)

    @property
    def everywhere(self) -> bool:
        """Whether every entry agrees at every step."""
        return all((each.errors <= self.tolerance).all() for each in self.parameters)

    @property
    def compared(self) -> int:
        """How many entries were compared."""
        return sum(len(each.places) for each in self.parameters)

    @property
    def worst(self) -> GradientEntry:
        """The entry that is farthest from its differences, at its better step."""
        return max((each.worst for each in self.parameters), key=lambda entry: min(entry.errors))

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        worst, steps = self.worst, " and ".join(f"{h:g}" for h in self.steps)
        better = int(np.argmin(worst.errors))
        figures = (
            f"{worst.name}: {worst.analytic:.10g} by back-propagation, {worst.numeric[better]:.10g} by differences "
            f"(relative error {worst.errors[better]:.1e}, allowed {self.tolerance:.0e})"
        )
        total = sum(int(np.prod(each.shape)) for each in self.parameters)
        drawn = "" if total == self.compared else f" of {total:,}, drawn at random,"
        if not self.passed:
            wrong = sum(int((each.errors.min(axis=0) > self.tolerance).sum()) for each in self.parameters)
            return (
                f"fail: {wrong:,} of {self.compared:,} entries differ from symmetric differences at h = {steps} in "
                f"float64. The worst is {figures}."
            )
        text = (
            f"pass: {self.compared:,} entries{drawn} in {len(self.parameters)} parameters agree with symmetric "
            f"differences at h = {steps} in float64. The farthest is {figures}."
        )
        if not self.everywhere:
            bent = sum(int((each.errors.max(axis=0) > self.tolerance).sum()) for each in self.parameters)
            text += f" {bent:,} agree at one step only: the loss bends sharply there, as ReLU does at zero."
        return text


@checked_types("steps", at_least={"outputs": 1, "tolerance": 0, "entries": 1, "seed": 0})
def check_gradients(
    network: Any,
    x: Any,
    y: Any = None,
    *,
    loss: str | Callable[[Any, Any], Any] = "mse",
    outputs: int = 1,
    tolerance: float = 1e-6,
    steps: tuple[float, ...] = STEPS,
    entries: int | None = 200,
    seed: int = 0,
    **given: Any,
) -> GradientCheck:
    """Check the gradients of a network, a layer, a cell or a loss of your own against symmetric differences.

    All is computed in float64, whatever JAX is set to, and nothing is changed: weights are copied.

    Parameters
    ----------
    network
        A cell; a layer or a network, described or built; any Equinox module; or a fitted estimator with a `network`
        (its first member is checked). Descriptions are built with weights drawn from `seed`.
    x
        The inputs, such as ``[batch, time, features]``, or token ids. Gradients of inputs are checked too.
    y
        The targets; drawn at random like the outputs if left out. Or a :class:`penstock.training.batch.Batch` as x.
    loss
        A loss by name, or a function of y and the outputs that gives one number, or one for each sample.
    outputs
        Outputs of a network that is described.
    tolerance
        Largest relative difference allowed.
    steps
        Steps of the symmetric differences.
    entries
        Most entries of each parameter to compare, drawn at random; None for all.
    seed
        Of weights, targets and entries that are drawn.
    **given
        What else the network is called with, such as ``lengths=``.

    Returns
    -------
    What was found: true where the check passed; printed, it names the worst parameter and entry with both numbers.

    Raises
    ------
    OptionError
        Where the loss is unknown, the network is none, or something in it computes in less than float64.
    DataError
        Where no inputs were given.

    Examples
    --------
    >>> from penstock.cells.lstm import LSTMCell
    >>> found = check_gradients(LSTMCell(2, 3, jax.random.key(0)), np.ones((2, 4, 2)))
    >>> found.passed, found.compared
    (True, 88)
    """
    with jax.enable_x64(True):
        batch = getattr(x, "_asdict", None)
        if batch is not None:
            given = {**{name: v for name, v in batch().items() if name not in ("x", "y", "counted")}, **given}
            x, y = batch()["x"], batch()["y"]
        x = _read(x, "x")
        if x.size == 0:
            raise DataError(f"check_gradients was given no inputs: x has the shape {x.shape}.")
        given = {name: _double(value) for name, value in given.items() if value is not None}
        weights, static, call = _partitioned(network, x, outputs, seed, given)
        real = jnp.issubdtype(x.dtype, jnp.floating)
        shape = jax.eval_shape(lambda w: call(eqx.combine(w, static), x), weights)
        if shape.dtype != jnp.float64:
            raise OptionError(
                f"the outputs are {shape.dtype}, not float64: something in the network fixes its precision; make "
                "arrays with the dtype of the weights, such as jnp.zeros(shape, self.W.dtype)."
            )
        draw = jax.random.normal(jax.random.key(seed), shape.shape)
        y = (draw > 0) * 1.0 if y is None and loss == "bce" else draw if y is None else _read(y, "y")
        score = _loss(loss)

        def function(at: dict[str, Any]) -> jax.Array:
            return jnp.mean(score(y, call(eqx.combine(at["weights"], static), at.get("x", x))))

        at = {"weights": weights, "x": x} if real else {"weights": weights}
        found = compare_gradients(function, at, steps=steps, entries=entries, seed=seed)
    named = (Parameter(_short(p.name), p.shape, p.places, p.analytic, p.numeric, p.errors) for p in found)
    return GradientCheck(tuple(named), tuple(steps), tolerance)


def _partitioned(
    network: Any, x: jax.Array, outputs: int, seed: int, given: dict[str, Any]
) -> tuple[Any, Any, Callable[[Any, jax.Array], jax.Array]]:
    """Return the weights in float64, the other leaves of the module, and the function of weights and inputs."""
    if has_network(network):
        network = fitted_network(network)
    key = jax.random.key(seed)
    width = x.shape[-1] if jnp.issubdtype(x.dtype, jnp.floating) else 1
    if isinstance(network, (Network, SegRNN)):
        sizes = given.get("categories")
        if sizes is not None:
            sizes = tuple(int(size) + 1 for size in jnp.max(sizes, axis=0))
        extra = given.get("extra")
        wanted = Inputs(width, sizes or (), 0 if extra is None else extra.shape[-1])
        network = network.build(wanted, outputs, key)
    elif isinstance(network, Layer):
        network = network.build(width, key)
    if not callable(network):
        raise OptionError(
            f"check_gradients was given {network!r}; allowed: a cell, a layer, a network, any Equinox module, or a "
            "fitted estimator."
        )
    weights, static = eqx.partition(network, eqx.is_inexact_array)
    if isinstance(network, Cell):
        return jax.tree.map(_double, weights), static, lambda cell, x: unroll(cell, x, **given)[0]
    return jax.tree.map(_double, weights), static, lambda module, x: module(x, **given)


def _read(values: Any, name: str) -> jax.Array:
    try:
        return jnp.asarray(_double(np.asarray(values)))
    except (TypeError, ValueError) as error:
        raise DataError(f"{name}={described(values)}; allowed: an array of numbers.") from error


def _double(value: Any) -> Any:
    return value.astype(jnp.float64) if eqx.is_inexact_array(value) or _is_float(value) else value


def _is_float(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def _loss(given: str | Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    if callable(given):
        return given
    checked_choice("loss", given, LOSSES)
    return LOSSES[given]


def _short(path: str) -> str:
    """Name a parameter as its module does: ``['weights'].cell.W`` is ``.cell.W``."""
    return path.removeprefix("['weights']") if path != "['x']" else "x"
