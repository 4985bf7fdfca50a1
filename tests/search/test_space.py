"""The space of a search: what is drawn, what is refused, and how names lead into what an option holds."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import penstock as ps
from penstock.options import from_json, to_json
from penstock.search.space import draw, grid, with_settings

NETWORK = ps.Network([ps.LSTM(4), ps.GRU(3)])


@pytest.mark.parametrize(
    "values", [ps.Range(1, 3), ps.Range(2, 9, log=True), ps.Range(0.5, 2.0), ps.Range(1e-4, 1e-1, log=True)]
)
def test_numbers_stay_within_their_bounds(values: ps.Range, rng: np.random.Generator) -> None:
    drawn = [values.draw(rng) for _ in range(400)]
    assert values.low <= min(drawn)
    assert max(drawn) <= values.high
    assert {type(each) for each in drawn} == {int if values.whole else float}
    if values.whole:
        assert {*drawn} == {*range(int(values.low), int(values.high) + 1)}
    elif values.log:
        assert 0.5 < np.median(drawn) / (values.low * values.high) ** 0.5 < 2
    assert from_json(json.loads(json.dumps(to_json(values)))) == values


def test_names_lead_into_networks_layers_and_optimisers() -> None:
    model = ps.Forecaster(NETWORK, optimizer=ps.Adam(0.001))
    found = with_settings(
        model, {"network__layers__1__units": 8, "optimizer__learning_rate": 0.1, "optimizer": ps.SGD(), "window": 5}
    )
    assert (found.network.layers, found.optimizer, found.window) == ((ps.LSTM(4), ps.GRU(8)), ps.SGD(), 5)
    assert (model.network, model.window) == (NETWORK, 63)  # what was given stays as it is


@pytest.mark.parametrize(
    ("space", "said"),
    [
        ({"windw": [5]}, "Forecaster has no option 'windw'; did you mean 'window'"),
        ({"network__layer__0__units": [5]}, "Network has no option 'layer'; did you mean 'layers'"),
        ({"network__layers__2__units": [5]}, "'2' is no place in a list of 2; allowed: 0 to 1"),
        ({"window__length": [5]}, "63 has no options of its own, so nothing is called 'length' there"),
        ({"window": [0]}, "window=0 is out of range"),
        ({"window": ps.Range(0, 9)}, "window=0 is out of range"),
        ({"window": []}, "holds no values"),
        ({"window": list(range(1, 1002))}, "lists 1,001 values; allowed: at most 1,000"),
        ({"window": 20}, "holds no values"),
        ({"horizon": [1, 2]}, "would change what is asked"),
        ({}, "names no option"),
        ({1: [5]}, "space names 1; allowed: names of options"),
        ([("window", [5])], "space=.* is not allowed"),
        ({"network": [NETWORK, "GRU"]}, "network='GRU' is text"),
    ],
)
def test_a_space_that_cannot_be_searched_is_refused(space: Any, said: str) -> None:
    with pytest.raises(ps.OptionError, match=said):
        ps.Tuned(ps.Forecaster(NETWORK), space)


def test_an_empty_range_is_refused() -> None:
    for low, high, log, said in ((2, 1, False, "is not below"), (0.0, 1.0, True, "has no logarithm")):
        with pytest.raises(ps.OptionError, match=said):
            ps.Range(low, high, log)


def test_a_grid_holds_every_combination(rng: np.random.Generator) -> None:
    space = {"a": (1, 2), "b": ("x", "y", "z")}
    assert len(grid(space)) == 6
    assert grid(space)[:2] == [{"a": 1, "b": "x"}, {"a": 1, "b": "y"}]
    assert all(draw(space, rng) in grid(space) for _ in range(20))
