"""Cells and layers go by their class: in memory, in the programs that are kept, and in a model file."""

from __future__ import annotations

import gc
import json
import sys
import types
import weakref
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.cells.cell import Cell
from penstock.options import Description, from_json, to_json
from penstock.training.forward import _compiled

CELL = """
import jax, jax.numpy as jnp
from penstock.cells.cell import Cell

class {name}(Cell):
    W: jax.Array

    def __init__(self, features, units, key):
        self.W = jnp.ones((features, units))

    def initial_state(self, batch):
        return jnp.zeros((batch, self.W.shape[1]))

    def __call__(self, x, state):
        h = {decay} * state + x @ self.W
        return h, h
"""
FRAME = pd.DataFrame({"ds": range(30), "y": np.sin(np.arange(30.0))})


@pytest.fixture
def module() -> Iterator[types.ModuleType]:
    """A module that a user might write, imported."""
    made = types.ModuleType("a_notebook")
    sys.modules[made.__name__] = made
    yield made
    sys.modules.pop(made.__name__, None)
    for registry in (Cell.kinds, Description.kinds):
        for name in [name for name in registry if name.startswith("a_notebook:")]:
            del registry._classes[name]


def define(module: types.ModuleType, name: str, decay: float) -> Any:
    exec(CELL.format(name=name, decay=decay), module.__dict__)
    return module.__dict__[name]


def fitted(cell: Any) -> ps.Forecaster:
    network = ps.Network([ps.Recurrent(cell, 3)])
    return ps.Forecaster(network, window=5, epochs=2, members=1, progress=False).fit(FRAME)


def forecast(model: ps.Forecaster) -> float:
    return float(model.predict()["yhat"].iloc[0])


def test_a_class_that_is_defined_again_trains_by_its_own_program(module: types.ModuleType) -> None:
    """As a notebook does that runs its cells again: same name, same module, another step."""
    first = fitted(define(module, "Decay", 0.9))
    before = forecast(first)
    again = fitted(define(module, "Decay", 0.1))
    other = fitted(define(module, "Other", 0.1))
    assert forecast(again) == forecast(other)  # the step that it has now
    assert forecast(again) != before
    assert forecast(first) == before  # the earlier model keeps its class
    assert first.network != again.network


def test_a_cell_named_like_a_built_in_one_stays_apart(module: types.ModuleType, tmp_path: Path) -> None:
    mine, sums = define(module, "LSTMCell", 0.5), define(module, "Summing", 0.5)
    assert Cell.kinds.find("LSTMCell") is ps.cells.LSTMCell
    assert Cell.kinds.find("a_notebook:LSTMCell") is mine
    assert ps.Recurrent("Summing", 3) == ps.Recurrent(sums, 3) == ps.Recurrent("a_notebook:Summing", 3)
    assert to_json(ps.Recurrent(ps.cells.LSTMCell, 3))["cell"] == "LSTMCell"
    assert to_json(ps.Recurrent(mine, 3))["cell"] == "a_notebook:LSTMCell"
    assert from_json(to_json(ps.Recurrent(mine, 3))).cell is mine
    model = fitted(mine)
    model.save(tmp_path / "m.penstock")
    assert forecast(ps.load(tmp_path / "m.penstock")) == forecast(model)


def test_a_layer_named_like_a_built_in_one_stays_apart(module: types.ModuleType) -> None:
    exec("import penstock as ps\nclass GRU(ps.LSTM): pass\n", module.__dict__)
    mine = module.__dict__["GRU"](3)
    assert to_json(mine)["kind"] == "a_notebook:GRU"
    assert type(from_json(to_json(mine))) is type(mine)
    assert type(from_json(to_json(ps.GRU(3)))) is ps.GRU


def test_load_says_which_module_to_import(module: types.ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "m.penstock"
    fitted(define(module, "Decay", 0.9)).save(path)
    del Cell.kinds._classes["a_notebook:Decay"]
    message = "no cell named 'a_notebook:Decay' is known: the module 'a_notebook' is imported, but defines no 'Decay'"
    with pytest.raises(ps.ModelFileError, match=message):
        ps.load(path)
    del sys.modules["a_notebook"]
    message = "no cell named 'a_notebook:Decay' is known; import the module 'a_notebook' first, which defines it"
    with pytest.raises(ps.ModelFileError, match=message):
        ps.load(path)


def test_a_file_that_names_the_cell_alone_still_loads(module: types.ModuleType, tmp_path: Path) -> None:
    """As files did before cells were stored with their modules."""
    path = tmp_path / "m.penstock"
    model = fitted(define(module, "Fading", 0.9))
    stored = to_json(model.network)
    stored["layers"][0]["cell"] = "Fading"
    assert from_json(json.loads(json.dumps(stored))) == model.network
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        assert '"cell": "a_notebook:Fading"' in archive.read("model.json").decode()


def test_a_class_that_was_defined_again_is_not_saved_under_its_name(module: types.ModuleType, tmp_path: Path) -> None:
    model = fitted(define(module, "Decay", 0.9))
    define(module, "Decay", 0.1)
    with pytest.raises(ps.OptionError, match="cell Decay of the module 'a_notebook' was defined again since"):
        model.save(tmp_path / "m.penstock")
    assert not (tmp_path / "m.penstock").exists()


def test_two_modules_with_a_cell_of_one_name(module: types.ModuleType) -> None:
    define(module, "Twice", 0.9)
    other = types.ModuleType("a_notebook:")  # cleared with the first
    define(other, "Twice", 0.9)
    with pytest.raises(ps.OptionError, match="2 cells are named 'Twice'; .*'a_notebook:Twice'"):
        ps.Recurrent("Twice", 3)


def test_clear_caches_frees_the_programs_and_what_they_hold(module: types.ModuleType) -> None:
    model = fitted(define(module, "Decay", 0.9))
    network = weakref.ref(model.network)
    before = forecast(model)
    assert _compiled.cache_info().currsize > 0  # type: ignore[attr-defined]
    ps.clear_caches()
    assert _compiled.cache_info().currsize == 0  # type: ignore[attr-defined]
    assert forecast(model) == before  # compiled again
    del model
    gc.collect()
    assert network() is not None  # the program holds it
    ps.clear_caches()
    gc.collect()
    assert network() is None


def test_every_cache_of_compiled_functions_is_freed() -> None:
    """No module of training keeps programs by other means."""
    root = Path(ps.__file__).parent
    kept = [path for path in (root / "training").rglob("*.py") if "lru_cache" in path.read_text()]
    assert kept == []
