"""Regressions on lags against statsmodels and scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from statsmodels.tsa.ar_model import AutoReg, ar_select_order

import penstock as ps
from penstock.baselines.penalised import PENALTIES
from penstock.data.frames import read_panel


@pytest.fixture
def driven() -> pd.DataFrame:
    """A series driven by its own past, by the past of `volume` and by today's `holiday`."""
    rng = np.random.default_rng(11)
    volume, holiday, y = rng.normal(size=300), (rng.uniform(size=300) < 0.2).astype(float), np.zeros(300)
    for t in range(1, 300):
        y[t] = 1 + 0.6 * y[t - 1] + 0.8 * volume[t - 1] - 2 * holiday[t] + 0.5 * rng.normal()
    return pd.DataFrame({"ds": pd.date_range("2020-01-01", periods=300), "y": y, "volume": volume, "holiday": holiday})


@pytest.mark.parametrize("criterion", ["aic", "bic"])
def test_ar_chooses_the_order_that_statsmodels_chooses(driven: pd.DataFrame, criterion: str) -> None:
    y = np.convolve(driven["y"], [1, 0.9])[:300]
    model = ps.AR(criterion, max_order=12, horizon=5).fit(driven.assign(y=y))
    reference = ar_select_order(y, 12, ic=criterion, trend="c").model.fit()
    order = len(reference.params) - 1
    assert 0 < order < 12
    np.testing.assert_allclose(model.coef_[0, : order + 1], reference.params, rtol=1e-8)
    assert not model.coef_[0, order + 1 :].any()
    np.testing.assert_allclose(model.predict()["yhat"], reference.forecast(5), rtol=1e-8)
    expected = reference.get_prediction(300, 304).se_mean
    np.testing.assert_allclose(model.sigma_panel(model.tail_, np.array([model.tail_.rows - 1]))[0], expected, rtol=1e-8)


def test_ar_of_white_noise_has_no_lags() -> None:
    noise = pd.DataFrame({"ds": range(300), "y": np.random.default_rng(0).normal(size=300)})
    model = ps.AR("bic", horizon=2).fit(noise)
    np.testing.assert_allclose(model.predict()["yhat"], noise["y"].mean(), rtol=1e-10)
    assert repr(model) == "AR(order='bic', horizon=2)"
    with pytest.raises(ps.OptionError, match="order='hqic' is unknown; did you mean 'bic'"):
        ps.AR("hqic")
    with pytest.raises(ps.OptionError, match="max_order is for order='aic' or 'bic'; with order=3 leave it out"):
        ps.AR(3, max_order=4)


def test_arx_one_step_ahead_equals_statsmodels(driven: pd.DataFrame) -> None:
    model = ps.ARX(2).fit(driven[:250], past="volume", known="holiday")
    exog = np.column_stack([driven["volume"].shift(1), driven["volume"].shift(2), driven["holiday"]])
    exog[np.isnan(exog)] = 0.0  # of the first rows, which no equation reads
    reference = AutoReg(driven["y"].to_numpy()[:250], 2, trend="c", exog=exog[:250]).fit()
    np.testing.assert_allclose(model.coef_[0, 0], reference.params, rtol=1e-8)
    columns = {"past": ["volume"], "known": ["holiday"]}
    panel, _ = read_panel(driven, ps_columns(**columns))
    rolled = model.forecast_panel(panel, np.arange(249, 299))[0, :, 0]
    c, φ, β = reference.params[0], reference.params[1:3], reference.params[3:]
    y = driven["y"].to_numpy()
    expected = [c + φ @ [y[t - 1], y[t - 2]] + β @ exog[t] for t in range(250, 300)]
    np.testing.assert_allclose(rolled, expected, rtol=1e-8)


def test_arx_without_covariates_is_ar_one_step_ahead(walk: pd.DataFrame) -> None:
    np.testing.assert_allclose(ps.ARX(3).fit(walk).coef_[0, 0], ps.AR(3).fit(walk).coef_[0], rtol=1e-6)


def ps_columns(**names: Any) -> Any:
    from penstock.data.columns import Columns

    return Columns(**names)


def test_arx_forecasts_each_step_directly(driven: pd.DataFrame) -> None:
    """Step h by scikit-learn's least squares of y_{t+h} on what is known at t, and the holiday of t + h."""
    model = ps.ARX(2, horizon=3).fit(driven[:297], past="volume", known="holiday")
    y, x, z = (driven[name].to_numpy() for name in ("y", "volume", "holiday"))
    out = model.predict(future=driven[297:].drop(columns="y"))
    assert out["ds"].tolist() == driven["ds"][297:].tolist()
    for h in (1, 2, 3):
        rows = np.arange(1, 297 - h)
        X = np.column_stack([y[rows], y[rows - 1], x[rows], x[rows - 1], z[rows + h]])
        fit = LinearRegression().fit(X, y[rows + h])
        assert out["yhat"][h - 1] == pytest.approx(fit.predict([[y[296], y[295], x[296], x[295], z[296 + h]]])[0])
        residuals = y[rows + h] - fit.predict(X)
        expected = np.sqrt(residuals @ residuals / (len(rows) - 6))
        assert model.sigma_[0, h - 1] == pytest.approx(expected)


def test_covariates_help_and_are_asked_for(driven: pd.DataFrame, tmp_path: Any) -> None:
    split = ps.RollingOrigin(horizon=2, test=60)
    models = {"with": ps.ARX(1), "without": ps.AR(1)}
    result = ps.compare(models, driven, split, past="volume", known="holiday")
    loss = {row["model"]: row["mae"] for row in result.rows}
    assert loss["with"] < 0.8 * loss["without"]
    model = ps.ARX(1, horizon=2).fit(driven[:200], past="volume", known="holiday")
    with pytest.raises(ps.OptionError, match=r"fitted with known=\['holiday'\]; predict needs the rows that follow"):
        model.predict()
    with pytest.raises(ps.DataError, match="no column 'volume'"):
        model.predict(driven.drop(columns="volume"), future=driven)
    with pytest.raises(
        ps.DataError, match="the future frame has 1 rows after 2020-07-18, where its history ends; 2 are"
    ):
        model.predict(future=driven[:201])
    with pytest.raises(ps.OptionError, match="AR was fitted without known|this AR\\(1\\) was fitted without known"):
        ps.AR(1).fit(driven).predict(future=driven)
    with pytest.raises(ps.OptionError, match="none of these models uses static covariates; leave static= out"):
        ps.compare(models, driven, split, static="volume")
    model.save(tmp_path / "arx.penstock")
    again = ps.load(tmp_path / "arx.penstock")
    assert again.predict(future=driven).equals(model.predict(future=driven))
    assert np.array_equal(again.predict(driven[:250], future=driven)["yhat"], model.predict(driven[:250], future=driven)["yhat"])  # fmt: skip  # noqa: E501


def test_past_covariates_after_the_cutoff_are_not_seen(driven: pd.DataFrame) -> None:
    model = ps.ARX(2, horizon=2).fit(driven[:200], past="volume", known="holiday")
    panel, _ = read_panel(driven, ps_columns(past="volume", known="holiday"))
    changed = read_panel(driven.assign(volume=driven["volume"].where(driven.index <= 220, 99)), ps_columns(past="volume", known="holiday"))[0]  # fmt: skip  # noqa: E501
    origins = np.arange(210, 221)
    assert np.array_equal(model.forecast_panel(panel, origins), model.forecast_panel(changed, origins))
    assert not np.array_equal(model.forecast_panel(panel, origins + 1), model.forecast_panel(changed, origins + 1))


def lagged(y: np.ndarray, lags: int, step: int) -> tuple[np.ndarray, np.ndarray]:
    rows = np.arange(lags - 1, len(y) - step)
    return y[rows[:, None] - np.arange(lags)], y[rows + step]


def pipeline(model: Any) -> Any:
    return TransformedTargetRegressor(make_pipeline(StandardScaler(), model), transformer=StandardScaler())


TIGHT = {"tol": 1e-12, "max_iter": 1_000_000}
LAGS = 6


@pytest.mark.parametrize(
    ("model", "reference"),
    [
        (ps.Ridge(LAGS, penalty=0.1), lambda n: Ridge(alpha=0.1 * n)),
        (ps.Lasso(LAGS, penalty=0.03), lambda n: Lasso(alpha=0.03, **TIGHT)),
        (ps.ElasticNet(LAGS, penalty=0.03, l1_ratio=0.7), lambda n: ElasticNet(alpha=0.03, l1_ratio=0.7, **TIGHT)),
        (ps.RelaxedLasso(LAGS, penalty=0.03, share=1.0), lambda n: Lasso(alpha=0.03, **TIGHT)),
    ],
    ids=["ridge", "lasso", "elastic net", "relaxed lasso, not relaxed"],
)
def test_penalised_equal_scikit_learn(driven: pd.DataFrame, model: ps.Ridge, reference: Any) -> None:
    y = driven["y"].to_numpy()
    model = model.clone().set_params(horizon=3).fit(driven)
    forecast = model.predict()["yhat"]
    for step in (1, 2, 3):
        X, target = lagged(y, LAGS, step)
        fit = pipeline(reference(len(X))).fit(X, target)
        assert forecast[step - 1] == pytest.approx(fit.predict(y[None, -1 : -LAGS - 1 : -1])[0], rel=1e-6)


@pytest.mark.parametrize(
    ("model", "reference", "name"),
    [
        (ps.Lasso(LAGS), Lasso(tol=1e-8, max_iter=100_000), "lasso"),
        (ps.ElasticNet(LAGS), ElasticNet(l1_ratio=0.5, tol=1e-8, max_iter=100_000), "elasticnet"),
    ],
    ids=["lasso", "elastic net"],
)
@pytest.mark.slow
def test_the_penalty_is_that_of_a_grid_search_in_time(
    driven: pd.DataFrame, model: ps.Lasso, reference: Any, name: str
) -> None:
    model = model.clone().set_params(horizon=2).fit(driven)
    for step in (1, 2):
        X, target = lagged(driven["y"].to_numpy(), LAGS, step)
        search = GridSearchCV(
            pipeline(reference),
            {f"regressor__{name}__alpha": PENALTIES},
            cv=TimeSeriesSplit(5, gap=step - 1),
            scoring="neg_mean_squared_error",
        ).fit(X, target)
        assert 1e-5 < model.penalty_[0, step - 1] < 1
        assert search.best_params_[f"regressor__{name}__alpha"] == model.penalty_[0, step - 1]
        last = driven["y"].to_numpy()[None, -1 : -LAGS - 1 : -1]
        assert model.predict()["yhat"][step - 1] == pytest.approx(search.predict(last)[0], rel=1e-6)


@pytest.mark.slow
def test_ridge_cross_validation_by_hand(driven: pd.DataFrame) -> None:
    X, y = lagged(driven["y"].to_numpy(), LAGS, 1)
    losses = np.zeros(len(PENALTIES))
    for learn, test in TimeSeriesSplit(5).split(X):
        for place, penalty in enumerate(PENALTIES):
            fit = pipeline(Ridge(alpha=penalty * len(learn))).fit(X[learn], y[learn])
            losses[place] += np.square(fit.predict(X[test]) - y[test]).mean()
    assert ps.Ridge(LAGS).fit(driven).penalty_[0, 0] == PENALTIES[losses.argmin()]


def test_relaxed_lasso_is_least_squares_on_what_the_lasso_keeps(driven: pd.DataFrame) -> None:
    X, y = lagged(driven["y"].to_numpy(), LAGS, 1)
    kept = Lasso(alpha=0.1, **TIGHT).fit(StandardScaler().fit_transform(X), (y - y.mean()) / y.std()).coef_ != 0
    assert 0 < kept.sum() < LAGS
    free = LinearRegression().fit(X[:, kept], y)
    model = ps.RelaxedLasso(LAGS, penalty=0.1, share=0.0).fit(driven)
    np.testing.assert_allclose(model.coef_[0, 0, 1:][kept], free.coef_, rtol=1e-8)
    assert not model.coef_[0, 0, 1:][~kept].any()
    lasso, half = ps.Lasso(LAGS, penalty=0.1), ps.RelaxedLasso(LAGS, penalty=0.1, share=0.5)
    middle = (lasso.fit(driven).coef_ + model.coef_) / 2
    np.testing.assert_allclose(half.fit(driven).coef_, middle, rtol=1e-8, atol=1e-12)
    chosen = ps.RelaxedLasso(LAGS).fit(driven)
    assert chosen.share_[0, 0] in (0.0, 0.25, 0.5, 0.75, 1.0)


@pytest.mark.parametrize("scale", [1e-4, 1e5])
def test_a_penalty_means_the_same_in_any_units(driven: pd.DataFrame, scale: float) -> None:
    for model in (ps.Ridge(4), ps.Lasso(4), ps.ElasticNet(4), ps.RelaxedLasso(4)):
        small = model.fit(driven).predict()["yhat"][0]
        assert model.fit(driven.assign(y=driven["y"] * scale)).predict()["yhat"][0] == pytest.approx(small * scale)


def test_too_many_regressors(driven: pd.DataFrame) -> None:
    with pytest.raises(ps.DataError, match=r"ARX\(4\): 14 training rows are too few: 15 are needed for 9 regressors"):
        ps.ARX(4).fit(driven[:14], past="volume", known="holiday")
    ps.ARX(4).fit(driven[:15], past="volume", known="holiday")


@pytest.mark.parametrize("share", [1.005, -0.1])
def test_the_share_of_the_lasso_lies_between_0_and_1(share: float) -> None:
    assert ps.RelaxedLasso(LAGS, share=1.0).share == 1
    with pytest.raises(ps.OptionError, match="share=.* is out of range; .* at least 0 and at most 1"):
        ps.RelaxedLasso(LAGS, share=share)
