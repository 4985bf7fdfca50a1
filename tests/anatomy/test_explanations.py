"""What needs no network to be explained, the list, and the command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import penstock as ps
from penstock.anatomy import EXPLANATIONS, activations, descent, differences, resolve_explanation, rounding
from penstock.cli.main import app


def test_sigmoid_and_tanh() -> None:
    found = activations()
    np.testing.assert_allclose(found.values["sigmoid"], 1 / (1 + np.exp(-found.x)), atol=1e-15)
    np.testing.assert_allclose(found.slopes["tanh"], 1 - np.tanh(found.x) ** 2, atol=1e-15)
    np.testing.assert_allclose(found.values["tanh"], 2 / (1 + np.exp(-2 * found.x)) - 1, atol=1e-15)
    assert list(found.frame()) == ["x", "sigmoid", "sigmoid'", "tanh", "tanh'"]
    with pytest.raises(ps.OptionError, match="did you mean 'relu'"):
        activations("relo")


@pytest.mark.slow
def test_ways_down() -> None:
    found = descent(steps=20)
    start, α = np.array([-1.3, 1.2]), 0.02
    slope = np.array(
        [-2 * (1 - start[0]) - 32 * start[0] * (start[1] - start[0] ** 2), 16 * (start[1] - start[0] ** 2)]
    )
    np.testing.assert_allclose(found.paths["steepest descent"].at[1], start - α * slope, rtol=1e-12)
    np.testing.assert_allclose(found.paths["RMSprop"].at[1], start - 0.03 * np.sign(slope) / np.sqrt(0.1), rtol=1e-6)
    np.testing.assert_allclose(found.paths["Adam"].at[1], start - 0.12 * np.sign(slope), rtol=1e-6)
    assert found.paths["Newton"].steps_to(1e-12) is not None
    assert found.paths["steepest descent"].steps_to(1e-3) is None
    np.testing.assert_allclose(found.saddle["Newton"].at[-1], [0, 0], atol=1e-6)
    np.testing.assert_allclose(found.saddle["steepest descent"].at[-1], [0, 1], atol=0.05)


def test_formulas_and_floats() -> None:
    found = differences()
    assert found.curves["one_sided"].best[1] > found.curves["symmetric"].best[1] > found.curves["four_point"].best[1]
    assert (
        "is 0 as written and −1.0235 with the large numbers first. The truth is −0.0235." in rounding().page().lead[0]
    )


def test_the_derivative_of_a_function_of_ones_own_is_needed() -> None:
    cubed = differences(lambda x: x**3, 2.0, exact=12.0, second=12.0)
    assert cubed.curves["symmetric"].best[1] < 1e-8
    assert "second" not in {curve.formula.name for curve in differences(np.exp, 0.0, exact=1.0).curves.values()}
    with pytest.raises(ps.OptionError, match=r"the errors of exp need its exact derivative at x=2; .*exact="):
        differences(np.exp, 2.0)
    with pytest.raises(ps.OptionError, match="a derivative was given without its function; give f too"):
        differences(exact=1.0)


def test_the_command(tmp_path: Path) -> None:
    run = CliRunner().invoke
    listed = run(app, ["explain"]).output
    assert [line.split()[0] for line in listed.splitlines()] == list(EXPLANATIONS)
    floats = run(app, ["explain", "floats", "--report", str(tmp_path / "floats.html")])
    assert floats.exit_code == 0
    assert "(69,393,121 − 1.0235) − 69,393,120   0.0000" in floats.output
    assert "(69,393,121 − 69,393,120) − 1.0235  −1.0235" in floats.output
    assert "truth                               −0.0235" in floats.output
    assert "<svg" not in (tmp_path / "floats.html").read_text()
    graph = run(app, ["explain", "graph"])
    assert "Over 12 steps the network is a chain 14 layers deep" in graph.output
    assert isinstance(run(app, ["explain", "gate"]).exception, ps.OptionError)


def test_refuses_in_words() -> None:
    with pytest.raises(ps.OptionError, match="there is no explanation 'gate'; did you mean 'gates'"):
        resolve_explanation("gate")
    with pytest.raises(ps.OptionError, match="floats explains no single model; those that do: gates, lstm"):
        EXPLANATIONS["floats"](ps.Naive())
