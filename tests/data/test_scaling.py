from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import penstock as ps
from penstock.data.panel import Panel
from penstock.data.scaling import SCALINGS, fit_scaling
from penstock.data.transforms import TRANSFORMS


def panel_of(*series: list[float]) -> Panel:
    y = np.concatenate([np.asarray(values, dtype=float) for values in series])
    offsets = np.cumsum([0, *(len(values) for values in series)])
    return Panel(y, np.arange(len(y)), offsets, tuple(f"s{n}" for n in range(len(series))))


def test_each_series_has_its_own_scale() -> None:
    panel = panel_of([0, 5, 10], [100, 300, 200])
    scaled = fit_scaling("minmax", panel).transform(panel.y, panel.series_of(np.arange(6)))
    assert scaled.tolist() == [0, 0.5, 1, 0, 1, 0.5]
    standard = fit_scaling("standard", panel).transform(panel.y, panel.series_of(np.arange(6)))
    assert standard[3:].mean() == pytest.approx(0)
    assert standard[3:].std() == pytest.approx(1)


def test_rows_without_value_are_left_out() -> None:
    assert fit_scaling("minmax", panel_of([99, 0, 2, 4]), skip=1).scale.tolist() == [4]


@given(
    st.sampled_from(list(SCALINGS)),
    st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=9).filter(lambda y: np.ptp(y) > 1e-3),
)
def test_inverse_gives_back(name: str, y: list[float]) -> None:
    panel = panel_of(y)
    scaling, series = fit_scaling(name, panel), np.zeros(len(y), dtype=int)
    np.testing.assert_allclose(scaling.inverse(scaling.transform(panel.y, series), series), y, rtol=1e-12, atol=1e-6)


@pytest.mark.parametrize("name", list(SCALINGS))
def test_series_of_any_length_are_scaled_as_each_alone(name: str, rng: np.random.Generator) -> None:
    series = [rng.normal(5, 2, size).tolist() for size in (9, 200, 9, 31)]
    together, alone = fit_scaling(name, panel_of(*series)), [fit_scaling(name, panel_of(y)) for y in series]
    assert together.shift.tolist() == [float(each.shift[0]) for each in alone]
    assert together.scale.tolist() == [float(each.scale[0]) for each in alone]


@pytest.mark.parametrize("name", ["minmax", "standard"])
@pytest.mark.parametrize("level", [0.0, 7.0, 0.1])
def test_constant_series_is_refused(name: str, level: float) -> None:
    with pytest.raises(ps.DataError, match=f"of series 's1' are constant .* {name!r} scaling would divide by zero"):
        fit_scaling(name, panel_of([1, 2, 3], [level] * 3))
    assert fit_scaling("none", panel_of([level] * 3)).scale.tolist() == [1]
    assert fit_scaling(name, panel_of([1e13, 1e13 + 1, 1e13 + 2])).scale[0] > 0  # large, not constant


@given(
    st.sampled_from(list(TRANSFORMS)),
    st.lists(st.floats(0.1, 1e4), min_size=2, max_size=8),
    st.lists(st.floats(0.1, 1e4), min_size=1, max_size=4),
)
def test_transforms_invert(name: str, past: list[float], future: list[float]) -> None:
    """What the transform makes of the future, inverted from the last known value, is the future."""
    transform = TRANSFORMS[name]
    values = transform.apply(panel_of([*past, *future]))[len(past) :]
    back = transform.invert(values[None, None], np.array([past[-1]]))
    np.testing.assert_allclose(back[0, 0], future, rtol=1e-9)


def test_transforms_do_not_cross_series() -> None:
    panel = panel_of([1, 2, 4], [8, 16])
    assert TRANSFORMS["difference"].apply(panel).tolist() == [0, 1, 2, 0, 8]
    np.testing.assert_allclose(TRANSFORMS["log_return"].apply(panel), np.log([1, 2, 2, 1, 2]))


def test_log_returns_need_positive_values() -> None:
    with pytest.raises(ps.DataError, match="row 1 of series 's1' holds -3; use transform='difference'"):
        TRANSFORMS["log_return"].apply(panel_of([1, 2], [5, -3]))
