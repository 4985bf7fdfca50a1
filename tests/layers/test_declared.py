"""The layers of the known cells are declared by the constructors of the cells, and by nothing else."""

from __future__ import annotations

import ast
import dataclasses
import inspect
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import penstock as ps
from penstock.layers import declared
from penstock.layers.recurrent import RecurrentLayer
from penstock.options import from_json, to_json

BASE = {field.name for field in dataclasses.fields(RecurrentLayer)}
STUB = Path(declared.__file__).with_suffix(".pyi")
NAMES = declared.__all__


def in_the_stub() -> dict[str, dict[str, tuple[str, object, bool]]]:
    """Each class of the stub with its options: type, default, and whether it is given by name alone."""
    found: dict[str, dict[str, tuple[str, object, bool]]] = {}
    for node in ast.parse(STUB.read_text()).body:
        if not isinstance(node, ast.ClassDef):
            continue
        options = {}
        for line in node.body:
            if isinstance(line, ast.AnnAssign):
                value, by_name = line.value, isinstance(line.value, ast.Call)
                if isinstance(value, ast.Call):
                    value = next(each.value for each in value.keywords if each.arg == "default")
                options[line.target.id] = ast.unparse(line.annotation), ast.literal_eval(value), by_name  # type: ignore
        found[node.name] = options
    return found


def test_the_stub_says_what_the_cells_declare() -> None:
    expected = {
        name: {
            field.name: (
                field.type.__name__ if isinstance(field.type, type) and field.name != "periods" else str(field.type),
                field.default,
                bool(field.kw_only),
            )
            for field in dataclasses.fields(getattr(declared, name))
            if field.name not in BASE
        }
        for name in NAMES
    }
    assert in_the_stub() == expected
    assert set(NAMES) == {
        cls.__name__ for cls in RecurrentLayer.__subclasses__() if cls.__module__ == declared.__name__
    }


@pytest.mark.fast("LSTM", "GRU", "RNN", "MinLSTM")
@pytest.mark.parametrize("name", NAMES)
def test_a_layer_has_the_options_of_its_cell_and_builds_it(name: str) -> None:
    layer = getattr(declared, name)
    cell = layer.cell_class
    arguments = list(inspect.signature(cell).parameters.values())[3:]
    assert list(layer.cell_options.values()) == [argument.name for argument in arguments]
    for (option, _), argument in zip(layer.cell_options.items(), arguments, strict=True):
        assert layer.__dataclass_fields__[option].default == argument.default
        assert option in str(inspect.signature(layer))
        assert f"\n{option} : " in inspect.cleandoc(layer.__doc__)
    drawn: Any = layer(4).build_cell(3, jax.random.key(0))
    same: Any = cell(3, 4, jax.random.key(0))
    assert type(drawn) is cell
    assert all(map(np.array_equal, jax.tree.leaves(drawn), jax.tree.leaves(same)))
    assert getattr(ps.layers, name) is layer
    assert layer.__module__ == "penstock.layers.declared"


def test_descriptions_are_stored_as_before() -> None:
    stored = {"kind": "LSTM", "units": 20, "dropout": 0.0, "recurrent_dropout": 0.0, "recurrent_activation": "sigmoid"}
    stored |= {"forget": "gate", "peepholes": False}
    assert from_json(stored) == ps.LSTM(20)
    assert to_json(ps.LSTM(20)).items() >= stored.items()
    assert from_json({"kind": "OutputRecurrence", "units": 3, "values": 2}).outputs == 2


def test_a_layer_of_a_cell_of_ones_own_in_one_line() -> None:
    class Faster(ps.cells.LeakyCell):
        def __init__(self, features: int, units: int, key: jax.Array, *, times: float = 2.0) -> None:
            super().__init__(features, units, key, 0.25 * times)

    class Fast(RecurrentLayer, cell=Faster):
        """Leaky units, faster."""

    layer = Fast(3, times=3.0, dropout=0.1)
    assert repr(layer) == "Fast(3, dropout=0.1, times=3.0)"
    assert layer.build(2, jax.random.key(0)).cell.leak == 0.75
    assert from_json(to_json(layer)) == layer
    assert hash(layer) == hash(Fast(3, times=3.0, dropout=0.1))
    with pytest.raises(TypeError, match="unexpected keyword argument 'time'"):
        Fast(3, time=3.0)
