"""Whatever a subclass of a known cell overrides, a sequence runs as its steps do, one by one."""

from __future__ import annotations

import inspect
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import penstock as ps
from penstock.cells.cell import Cell
from penstock.layers.unroll import unroll

X = jax.random.normal(jax.random.key(1), (3, 4, 2))
MASK = jnp.asarray([[0.0, 2.0], [2.0, 2.0], [2.0, 0.0]])
X_MASK = jnp.asarray([[0.0, 2.0], [2.0, 2.0], [2.0, 0.0]])
OPTIONS: dict[str, dict[str, Any]] = {
    "ClockworkCell": {"periods": (1, 2)},
    "EchoStateCell": {"leak": 0.5, "density": 1.0},
    "LeakyCell": {"learned": True},
    "OutputRecurrenceCell": {"outputs": 2},
}
KNOWN = [getattr(ps.cells, name) for name in ps.cells.__all__ if name != "Cell"]
NOT_OF_A_STEP = {"unroll", "run", "overridden", "takes_mask", "teach"}


def methods(cell: type[Cell[Any]]) -> list[str]:
    """Name the methods and properties of a cell that a subclass may override to change its step."""
    bases = cell.__mro__[: cell.__mro__.index(Cell)]
    found = {name: value for base in bases for name, value in vars(base).items()}
    return sorted(
        name
        for name, value in found.items()
        if (inspect.isfunction(value) or isinstance(value, property))
        and (name == "__call__" or not name.startswith("_"))
        and name not in NOT_OF_A_STEP
    )


CASES = [(cell, method) for cell in KNOWN for method in methods(cell)]


def changed(value: Any) -> Any:
    """Halve whatever a method gives, and move it."""
    return jax.tree.map(lambda leaf: leaf if jnp.issubdtype(leaf.dtype, jnp.integer) else 0.5 * leaf + 0.1, value)


def subclass(cell: type[Cell[Any]], method: str) -> type[Cell[Any]]:
    original = inspect.getattr_static(cell, method)
    if isinstance(original, property):
        new: Any = property(lambda self: changed(jnp.asarray(original.fget(self))))
    else:

        def new(self: Any, *given: Any) -> Any:
            return changed(getattr(super(kind, self), method)(*given))

    kind = type(cell)(f"Changed{cell.__name__}", (cell,), {method: new, "__module__": __name__})
    return kind


def made(kind: type[Cell[Any]], name: str) -> Cell[Any]:
    cell: Any = kind(2, 2, jax.random.key(0), **OPTIONS.get(name, {}))
    return cell


def by_steps(cell: Cell[Any], x: jax.Array, *mask: jax.Array) -> jax.Array:
    state, outputs = cell.initial_state(len(x)), []
    for t in range(x.shape[1]):
        output, state = cell(x[:, t], state, *mask)  # type: ignore[call-arg]
        outputs.append(output)
    return jnp.stack(outputs, axis=1)


def test_every_cell_that_has_a_kernel_or_a_scan_is_among_the_cases() -> None:
    assert len(KNOWN) == 12
    assert {"__call__", "gates", "initial_state"} <= set(methods(ps.cells.LSTMCell))
    assert {"a", "gates"} <= set(methods(ps.cells.LeakyCell))
    assert {"terms", "readout", "λ"} <= set(methods(ps.cells.LRUCell))


@pytest.mark.fast("LSTMCell.__call__", "RNNCell.__call__")
@pytest.mark.parametrize(("cell", "method"), CASES, ids=[f"{cell.__name__}.{method}" for cell, method in CASES])
def test_a_sequence_runs_as_the_overridden_steps_do(cell: type[Cell[Any]], method: str) -> None:
    original, new = (made(kind, cell.__name__) for kind in (cell, subclass(cell, method)))
    outputs, _ = unroll(new, X)
    np.testing.assert_allclose(outputs, by_steps(new, X), atol=2e-6)
    assert not np.allclose(outputs, unroll(original, X)[0], atol=1e-3)  # what was overridden counts
    dropped, _ = unroll(new, X, x_mask=X_MASK)
    np.testing.assert_allclose(dropped, by_steps(new, X * X_MASK[:, None]), atol=2e-6)
    if new.takes_mask():
        np.testing.assert_allclose(unroll(new, X, mask=MASK)[0], by_steps(new, X, MASK), atol=2e-6)


@pytest.mark.parametrize("layer", ["LSTM", "GRU", "RNN"])
def test_the_layer_of_a_subclass_runs_its_step(layer: str) -> None:
    cell: Any = getattr(ps.cells, f"{layer}Cell")

    class Zero(cell):
        def __call__(self, x: jax.Array, state: Any) -> tuple[jax.Array, Any]:
            output, state = super().__call__(x, state)
            return 0 * output, jax.tree.map(jnp.zeros_like, state)

    assert not ps.Recurrent(Zero, 3).build(2, jax.random.key(0))(X).any()
    with pytest.raises(ps.OptionError, match=r"Zero knows no recurrent dropout.*__call__\(self, x, state, mask=None\)"):
        ps.Recurrent(Zero, 3, recurrent_dropout=0.5).build(2, jax.random.key(0))


def test_what_leaves_the_step_alone_keeps_the_kernel() -> None:
    class Further(ps.cells.LSTMCell):
        """New methods, another first state and other weights change no step."""

        def __init__(self, features: int, units: int, key: jax.Array) -> None:
            super().__init__(features, units, key)
            self.b = self.b + 1

        def initial_state(self, batch: int) -> Any:
            return jax.tree.map(lambda leaf: leaf + 0.5, super().initial_state(batch))

        def forgets(self, x: jax.Array) -> jax.Array:
            return self.gates(x, self.initial_state(len(x)))["f"]

    assert Further.overridden() == []

    class Own(Further):
        """Its own whole sequence is trusted."""

        def gates(self, x: jax.Array, state: Any, mask: jax.Array | None = None) -> dict[str, jax.Array]:
            return {name: 0 * gate for name, gate in super().gates(x, state, mask).items()}

        def unroll(self, x: jax.Array, state: Any, **walk: Any) -> Any:
            return jnp.zeros((*x.shape[:2], self.U.shape[0])), jax.tree.map(jnp.zeros_like, state)

    class Again(Own):
        def gates(self, x: jax.Array, state: Any, mask: jax.Array | None = None) -> dict[str, jax.Array]:
            return {name: gate + 1 for name, gate in super().gates(x, state, mask).items()}

    assert Own.overridden() == []
    assert Again.overridden() == ["gates"]
    assert not unroll(Own(2, 2, jax.random.key(0)), X)[0].any()
