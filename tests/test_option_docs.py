from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import pytest

import penstock as ps
from penstock.option_docs import document_options
from penstock.options import Description, Options, default_of, help_of

PUBLIC = [getattr(package, name) for package in (ps, ps.layers, ps.text) for name in package.__all__]
CLASSES = [each for each in PUBLIC if isinstance(each, type) and issubclass(each, (Options, Description))]


def parameters(cls: type) -> dict[str, str]:
    """The Parameters section of a docstring: each name with the rest of its lines."""
    section = inspect.cleandoc(cls.__doc__ or "").partition("Parameters\n----------\n")[2].partition("\n\n")[0]
    found: dict[str, str] = {}
    name = ""
    for line in section.split("\n"):
        if line and not line.startswith(" "):
            name = line.partition(" : ")[0]
        found[name] = found.get(name, "") + line.strip() + "\n"
    return found


@pytest.mark.parametrize("cls", dict.fromkeys(CLASSES), ids=lambda cls: cls.__name__)
def test_every_option_is_explained_where_help_looks(cls: Any) -> None:
    fields = [field for field in dataclasses.fields(cls) if field.init and field.metadata.get("help")]
    if not fields:
        return
    written = parameters(cls)
    assert {name.strip() for names in written for name in names.split(",")} >= {field.name for field in fields}
    signature = inspect.signature(cls).parameters
    assert [name for name in written if name in signature] == [name for name in signature if name in written]


def test_an_option_has_its_type_default_help_and_bounds() -> None:
    written = parameters(ps.Forecaster)
    assert (
        written["window"]
        == f"window : int, default={default_of(ps.Forecaster, 'window')}\nInput length in steps. At least 1.\n"
    )
    assert "transform : {'none', 'log', 'difference', 'log_return'}, default='none'" in written["transform"]
    assert "At least 0 and below 4,294,967,296." in written["seed"]
    assert help_of(ps.Forecaster, "joint") in written["joint"].replace("Read", "read")
    assert "order : int | {'aic', 'bic'}, default=5" in parameters(ps.AR)["order"]
    assert next(iter(parameters(ps.LSTM))) == "units"
    assert list(parameters(ps.LSTM))[-1] == "unit_forget_bias"  # given by name alone
    assert parameters(ps.RMSprop)["decay"].endswith("ρ of the running mean of squares. At least 0 and below 1.\n")


def test_sections_stand_in_numpydocs_order_and_a_class_without_words_is_left_alone() -> None:
    doc = ps.AR.__doc__ or ""
    places = [doc.index(f"\n{title}\n") for title in ("Parameters", "Attributes", "Examples")]
    assert places == sorted(places)

    assert type("Silent", (ps.Naive,), {}).__doc__ is None
    before = ps.Network.__doc__
    document_options(ps.Network)  # has a section of its own
    assert ps.Network.__doc__ == before


def test_what_constructors_share_is_described_once() -> None:
    """The initializers of a cell come from their annotations, in the order of the constructor."""
    doc = inspect.getdoc(ps.cells.LSTMCell) or ""
    start = "use_bias\n    Add biases.\nkernel_initializer\n    Initializer of the input weights: 'glorot_uniform', "
    assert start in doc
    assert doc.index("bias_initializer\n") < doc.index("unit_forget_bias\n") < doc.index("Attributes")
