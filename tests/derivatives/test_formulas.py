"""The formulas against exact derivatives, their orders, their steps, and scipy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.differentiate

import penstock as ps
from penstock.derivatives import (
    FORMULAS,
    error_curve,
    float32_example,
    four_point,
    gradient,
    hessian,
    one_sided,
    second,
    second_wide,
    six_point,
    symmetric,
)

POINTS = np.array([-1.3, 0.2, 0.9, 2.5])


def f(x: Any) -> Any:
    return np.exp(np.sin(x))


def df(x: Any) -> Any:
    return np.cos(x) * f(x)


def ddf(x: Any) -> Any:
    return (np.cos(x) ** 2 - np.sin(x)) * f(x)


@pytest.mark.parametrize(
    ("formula", "h", "by_hand"),
    [
        (one_sided, 0.5, (f(1.5) - f(1.0)) / 0.5),
        (symmetric, 0.5, f(1.5) - f(0.5)),
        (four_point, 0.5, (f(0.0) - 8 * f(0.5) + 8 * f(1.5) - f(2.0)) / 6),
        (six_point, 0.5, (-f(-0.5) + 9 * f(0.0) - 45 * f(0.5) + 45 * f(1.5) - 9 * f(2.0) + f(2.5)) / 30),
        (second, 0.5, (f(1.5) - 2 * f(1.0) + f(0.5)) / 0.25),
        (second_wide, 0.5, f(2.0) - 2 * f(1.0) + f(0.0)),
    ],
)
def test_by_hand(formula: Any, h: float, by_hand: float) -> None:
    assert formula(f, 1.0, h) == pytest.approx(by_hand, rel=1e-13)


@pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS)
def test_is_exact_for_polynomials_below_its_order_and_errs_by_its_remainder_there(formula: Any) -> None:
    for degree in range(formula.order + formula.accuracy):
        exact = math.factorial(degree) if degree == formula.order else 0.0
        assert formula(lambda x, d=degree: x**d, 0.0, 0.5) == pytest.approx(exact, abs=1e-14)
    degree = formula.order + formula.accuracy
    error = formula(lambda x: x**degree, 0.0, 0.5) - (2.0 if degree == 2 and formula.order == 2 else 0.0)
    assert abs(error) == pytest.approx(formula.remainder * math.factorial(degree) * 0.5**formula.accuracy, rel=1e-12)


@pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS)
def test_agrees_with_scipy(formula: Any) -> None:
    by_scipy = scipy.differentiate.derivative(f if formula.order == 1 else df, POINTS).df
    allowed = {"one-sided": 1e-7, "symmetric": 1e-9, "second": 1e-6, "second (2h)": 1e-6}.get(formula.name, 1e-10)
    np.testing.assert_allclose(formula(f, POINTS), by_scipy, atol=allowed)
    np.testing.assert_allclose(by_scipy, df(POINTS) if formula.order == 1 else ddf(POINTS), atol=1e-9)


def test_hessian_and_gradient_agree_with_scipy() -> None:
    def g(x: Any) -> Any:
        return x[0] ** 2 * np.sin(x[1]) + x[2] * np.exp(x[0])

    at = np.array([0.7, -0.4, 1.5])
    by_scipy = scipy.differentiate.hessian(g, at).ddf
    np.testing.assert_allclose(hessian(g, at), by_scipy, atol=1e-6)
    np.testing.assert_array_equal(hessian(g, at), hessian(g, at).T)
    for name, allowed in {"one_sided": 1e-7, "symmetric": 1e-9, "four_point": 1e-11, "six_point": 1e-12}.items():
        np.testing.assert_allclose(gradient(g, at, name), scipy.differentiate.jacobian(g, at).df, atol=allowed)
    np.testing.assert_allclose(hessian(lambda x: x @ x, np.array([1.0, 2.0])), 2 * np.eye(2), atol=1e-7)


@pytest.mark.parametrize("formula", [one_sided, symmetric, four_point, six_point])
def test_the_curve_is_a_u_whose_sides_have_the_slopes_of_theory(formula: Any) -> None:
    curve = error_curve(f, 1.0, df(1.0), formula)
    h, least = curve.best
    p = formula.accuracy
    assert curve.slope(h * 10, min(h * 1e3, 0.2)) == pytest.approx(p, abs=0.12 * p)  # the formula's own error, h^p
    assert curve.slope(1e-14, h / 10) == pytest.approx(-1, abs=0.25)  # rounding, 1/h
    assert error_curve(f, 1.0, df(1.0), formula, [formula.best_step(1.0)]).error[0] < 30 * least
    assert curve.error[0] > 1e3 * least
    assert curve.error[-1] > 1e3 * least


def test_best_steps_derive_from_machine_precision() -> None:
    ε = np.finfo(np.float64).eps
    assert one_sided.best_step() == pytest.approx(math.sqrt(2 * ε))
    assert symmetric.best_step() == pytest.approx((1.5 * ε) ** (1 / 3))
    assert second.best_step() == pytest.approx((24 * ε) ** 0.25)
    assert 1e-8 <= one_sided.best_step() <= 1e-6
    ratio = symmetric.best_step(dtype="float32") / symmetric.best_step()
    assert ratio == pytest.approx(2 ** (29 / 3))
    assert symmetric.best_step(1000.0) == pytest.approx(1000 * symmetric.best_step())


@pytest.mark.parametrize(
    ("formula", "low", "high", "allowed"), [(one_sided, 1e-8, 1e-6, 1e-6), (symmetric, 1e-5, 5e-4, 1e-7)]
)
def test_the_published_ranges_of_h_are_good_ones(formula: Any, low: float, high: float, allowed: float) -> None:
    curve = error_curve(np.sin, 1.0, np.cos(1.0), formula, np.logspace(math.log10(low), math.log10(high), 60))
    assert curve.error.max() < allowed
    _, least = error_curve(np.sin, 1.0, np.cos(1.0), formula).best
    assert np.median(curve.error[:10]) < 10 * least or np.median(curve.error) < 10 * least


def test_float32_has_its_own_steps() -> None:
    value = symmetric(np.sin, np.float32(1.0), dtype="float32")
    assert value.dtype == np.float32
    assert value == pytest.approx(math.cos(1.0), abs=1e-4)
    assert abs(symmetric(np.sin, 1.0, 1e-6, dtype="float32") - math.cos(1.0)) > 1e-3  # the step of float64 is too small
    curve = error_curve(np.sin, 1.0, math.cos(1.0), "symmetric", dtype="float32")
    assert 1e-3 < curve.best[0] < 1e-1


def test_the_float32_example() -> None:
    example = float32_example()
    assert (example.as_written, example.truth, example.spacing) == (0.0, -0.0235, 8.0)
    assert example.large_first == pytest.approx(-1.0235, abs=1e-7)
    assert example.stored[0] == 69_393_120.0


def test_refuses_in_words() -> None:
    with pytest.raises(ps.OptionError, match=r"vanishes beside x in float64; leave it out, or give some 9.3e\+14"):
        one_sided(np.sin, 4.4e22, 1.0)
    with pytest.raises(ps.OptionError, match="the step h=-1.0 is not above zero"):
        symmetric(np.sin, 0.0, -1.0)
    with pytest.raises(ps.OptionError, match="did you mean 'symmetric'"):
        gradient(np.sum, [1.0], "symetric")
    with pytest.raises(ps.OptionError, match="second derivatives"):
        gradient(np.sum, [1.0], "second")
    with pytest.raises(ps.OptionError, match="allowed: 'float64', 'float32'"):
        symmetric(np.sin, 1.0, dtype="int32")
    with pytest.raises(ps.OptionError, match=r"shape \(1, 1\)"):
        hessian(np.sum, [[1.0]])
