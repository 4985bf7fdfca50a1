"""Nothing is forgotten: every public cell, layer, network and loss is among those whose gradients are checked.

The checks run over four lists: ``layers.catalogue.LAYERS`` (in tests/layers/test_every_layer.py),
``networks.catalogue.NETWORKS`` (tests/networks/test_every_network.py), ``LOSSES`` and ``HEADS`` (tests/training).
"""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Iterator
from typing import Any

import equinox as eqx
import jax

import penstock as ps
from layers.catalogue import FEATURES, LAYERS
from networks.catalogue import NETWORKS
from penstock.cells.cell import Cell
from penstock.options import Description
from penstock.training.heads import HEADS
from penstock.training.losses import LOSSES


def parts(described: Any) -> Iterator[Any]:
    """A description and all the descriptions that it is made of."""
    if isinstance(described, (tuple, list)):
        for each in described:
            yield from parts(each)
    elif isinstance(described, Description):
        yield described
        for field in dataclasses.fields(described):
            yield from parts(getattr(described, field.name))


def cells(module: Any) -> Iterator[type[Cell[Any]]]:
    """The kinds of the cells of a module, and of those within them."""
    if isinstance(module, Cell):
        yield type(module)
    within = vars(module).values() if isinstance(module, eqx.Module) else module if isinstance(module, tuple) else ()
    for each in within:
        yield from cells(each)


def test_every_public_cell_is_in_a_layer_that_is_checked() -> None:
    checked = set[type]()
    for layer in LAYERS.values():
        checked |= set(cells(jax.eval_shape(lambda layer=layer: layer.build(FEATURES, jax.random.key(0)))))
    assert {getattr(ps.cells, name) for name in ps.cells.__all__} - {Cell} - checked == set()
    ours = [kind for kind in Cell.kinds.values() if kind.__module__.startswith("penstock.")]
    ours = [kind for kind in ours if hasattr(sys.modules[kind.__module__], kind.__name__)]  # none of an example's
    ours = [kind for kind in ours if not kind.__name__.startswith("_")]  # nor what only watches others
    assert {kind for kind in ours if not inspect.isabstract(kind)} - checked == set()  # such as zoneout's, too


def test_every_public_layer_is_checked() -> None:
    checked = {type(part).__name__ for each in (*LAYERS.values(), *NETWORKS.values()) for part in parts(each)}
    assert set(ps.layers.__all__) - checked == set()


def test_every_kind_of_network_is_checked() -> None:
    networks = {name for name in ps.__all__ if hasattr(getattr(ps, name), "with_weights")}
    assert networks == {type(each).__name__ for each in NETWORKS.values()}


def test_every_loss_that_an_estimator_takes_is_checked() -> None:
    taken = set[str]()
    for name in (*ps.__all__, *(f"text.{each}" for each in ps.text.__all__)):
        found: Any = ps
        for step in name.split("."):
            found = getattr(found, step)
        loss = getattr(found, "__dataclass_fields__", {}).get("loss")
        taken |= set(loss.metadata.get("choices") or ()) if loss is not None else set()
    assert taken >= {"mse", "pinball"}
    assert taken - {*LOSSES, *HEADS} == set()
