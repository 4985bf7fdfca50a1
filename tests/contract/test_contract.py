"""The contract suite: what every forecaster and baseline must do. A new one joins by one line in MODELS."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import penstock as ps
from penstock import catalogue
from penstock.data.frames import read_panel
from penstock.errors import DataWarning
from penstock.estimator import Estimator

SMALL = {"window": 8, "epochs": 3, "batch": 16, "seed": 3}
MODELS: dict[str, Estimator] = {
    "Naive": ps.Naive(horizon=3),
    "SeasonalNaive": ps.SeasonalNaive(2, horizon=3),
    "Naive2": ps.Naive2(5, horizon=3),
    "Drift": ps.Drift(horizon=3),
    "Mean": ps.Mean(horizon=3),
    "SMA": ps.SMA(4, horizon=3),
    "SMA of a chosen span": ps.SMA(max_span=8, horizon=3),
    "EMA": ps.EMA(max_span=8, horizon=3),
    "LinearTrend": ps.LinearTrend(6, horizon=3),
    "AR": ps.AR(3, horizon=3),
    "AR of a chosen order": ps.AR("aic", max_order=4, horizon=3),
    "ARX": ps.ARX(3, horizon=3),
    "VAR": ps.VAR(2, horizon=3),
    "Ridge": ps.Ridge(5, horizon=3),
    "Lasso": ps.Lasso(5, penalty=0.01, horizon=3),
    "RelaxedLasso": ps.RelaxedLasso(4, horizon=3),
    "ElasticNet": ps.ElasticNet(4, horizon=3),
    "LocalLevel": ps.LocalLevel(horizon=3),
    "LocalTrend": ps.LocalTrend(horizon=3),
    "GARCH": ps.GARCH(horizon=3),
    "Theta": ps.Theta(horizon=3),
    "Theta of a line that follows": ps.Theta(horizon=3, variant="dynamic"),
    "Croston": ps.Croston(0.2, variant="sba", horizon=3),
    "TSB": ps.TSB(horizon=3),
    "Boosting": ps.Boosting(trees=5, horizon=3),
    "Recursive boosting": ps.Boosting(2, strategy="recursive", trees=5, horizon=3),
    "ETS": ps.ETS(horizon=3),
    "ARIMA": ps.ARIMA(1, horizon=3),
    "MSTL": ps.MSTL(horizon=3),
    "GARCH of absolute returns": ps.GARCH(horizon=3, target="absolute"),
    "Forecaster": ps.Forecaster(ps.Network([ps.LSTM(5)]), horizon=3, **SMALL),
    "Forecaster of members": ps.Forecaster(ps.Network([ps.LSTM(4), ps.LSTM(3)], [4]), horizon=3, members=3, **SMALL),
    "Forecaster of differences": ps.Forecaster(
        ps.Network([ps.LSTM(4)]), horizon=3, transform="difference", scale="standard", **SMALL
    ),
    "Forecaster of log returns": ps.Forecaster(
        ps.Network([ps.LSTM(4)]), horizon=3, transform="log_return", scale="none", loss="mae", **SMALL
    ),
    "Forecaster with dropout": ps.Forecaster(
        ps.Network(
            [ps.GRU(4, dropout=0.1, recurrent_dropout=0.2), ps.Dropout(0.1), ps.RNN(3, "relu", dropout=0.1)], [4]
        ),
        horizon=3,
        members=2,
        **SMALL,
    ),
    "Feed-forward net on lags": ps.Forecaster(ps.Network([ps.Flatten(5)], dense=[4]), horizon=3, **SMALL),
    "Joint forecaster": ps.Forecaster(ps.Network([ps.RNN(4)]), horizon=3, joint=True, **SMALL),
    "Recursive forecaster": ps.Forecaster(ps.Network([ps.RNN(4)]), horizon=3, strategy="recursive", **SMALL),
    "Stateful forecaster": ps.Forecaster(ps.Network([ps.LSTM(4), ps.GRU(3)]), horizon=3, stateful=True, **SMALL),
    "Forecaster of quantiles": ps.Forecaster(
        ps.Network([ps.RNN(3)]), horizon=3, loss="pinball", transform="difference", scale="standard", **SMALL
    ),
    "Forecaster of Student's t": ps.Forecaster(
        ps.Network([ps.RNN(3)]), horizon=3, loss="student", transform="log_return", scale="standard", **SMALL
    ),
    "Forecaster of a Gaussian": ps.Forecaster(ps.Network([ps.RNN(3)]), horizon=3, loss="gaussian", **SMALL),
    "Forecaster of directions": ps.Forecaster(
        ps.Network([ps.RNN(3)]), horizon=3, loss="direction", transform="difference", **SMALL
    ),
    "Forecaster of scaled windows": ps.Forecaster(
        ps.Network([ps.GRU(4)]), horizon=3, scale="window", balance="series", steps_per_epoch=4, **SMALL
    ),
    "Forecaster of scaled logs": ps.Forecaster(
        ps.Network([ps.GRU(4)]),
        horizon=3,
        transform="log",
        scale=ps.WindowScale("last", "deviation"),
        season=(2, 5),
        loss="pinball",
        validation="horizon",
        schedule="one_cycle",
        **SMALL,
    ),
    "Forecaster of scaled differences": ps.Forecaster(
        ps.Network([ps.GRU(4)]), horizon=3, transform="difference", scale="window", optimizer=ps.AdamW(), **SMALL
    ),
    "Forecaster of additions": ps.Forecaster(ps.Network([ps.GRU(4)]), horizon=3, season=5, **SMALL),
}
MODELS["Ensemble"] = ps.Ensemble([ps.Theta(5), ps.AR(2), ps.Drift()], horizon=3)
MODELS["Tuned"] = ps.Tuned(ps.Ridge(2), {"lags": [2, 3]}, sampler="grid", horizon=3)
MODELS["Tuned network"] = ps.Tuned(
    ps.Forecaster(ps.Network([ps.RNN(2)]), optimizer="adam", **SMALL),
    {"optimizer__learning_rate": [0.01, 0.1], "window": [6]}, sampler="grid", horizon=3,
)  # fmt: skip
MODELS["Ensemble of weights"] = ps.Ensemble([ps.Theta(), ps.AR(2), ps.Mean()], "weighted", horizon=3)
# Steps of the horizon that see the newest value, where by design not all do.
FRESH = {"SeasonalNaive": [False, True, False], "Mean": [False, False, False]}
NOT_SCORED = {"GARCH", "Forecaster of directions"}  # volatility and probabilities against values
JOINT = {"VAR", "Joint forecaster"}  # series explain each other, at the same times
GLOBAL = {
    "Tuned",
    "Tuned network",
    "Boosting",
    "Recursive boosting",
    "Ensemble of weights",
}  # series share the trees, or the weights
# Of an extra, whose absence skips them.
CLASSICAL = {"ETS", "ARIMA", "MSTL"}
ABSENT = pytest.mark.skipif(find_spec("statsforecast") is None, reason="pip install 'penstock[classical]'")
# Compiled for themselves; what they add to the first two forecasters is little.
SLOW = {name for name, model in MODELS.items() if isinstance(model, ps.Forecaster)} | {"Tuned network"}
SLOW -= {"Forecaster", "Forecaster of members"}


# 150 to 160 rows share the programs of a model.
@pytest.fixture(
    params=[
        pytest.param(
            name,
            marks=[
                *([pytest.mark.slow] if name in SLOW else []),
                *([ABSENT] if name in CLASSICAL else []),
            ],
        )
        for name in MODELS
    ]
)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def model(name: str) -> Estimator:
    return MODELS[name].clone()


def yhat(frame: Any) -> np.ndarray[Any, Any]:
    return nw.from_native(frame, eager_only=True)["yhat"].to_numpy()


def test_every_model_is_under_contract() -> None:
    series = {name for name, entry in catalogue.MODELS.items() if entry.reads == "series"}
    assert {type(model).__name__ for model in MODELS.values()} == series


def test_future_blind(model: Estimator, walk: pd.DataFrame) -> None:
    """Changing any value after the cutoff changes no forecast, bit for bit."""
    model.fit(walk[:150])
    panel, _ = read_panel(walk)
    changed = panel.y.copy()
    changed[155:] = np.random.default_rng(0).uniform(1, 1e4, size=5)
    origins = np.arange(140, 155)
    seen = model.forecast_panel(panel, origins)
    assert np.array_equal(seen, model.forecast_panel(panel.with_values(changed), origins))
    # ... and a frame that ends at the cutoff gives the same bits as one that goes on.
    cut = model.forecast_panel(read_panel(walk[:155])[0], origins)
    assert np.array_equal(seen, cut)


def test_training_is_future_blind(name: str, model: Estimator, walk: pd.DataFrame) -> None:
    """A comparison whose test rows are changed forecasts its first cutoff with the same bits."""
    if name in NOT_SCORED:
        with pytest.raises(ps.OptionError, match="not the"):
            ps.compare([model], walk, ps.RollingOrigin(horizon=3, test=10))
        return
    other = walk.copy()
    other.loc[150:, "y"] += np.linspace(50, 90, 10)
    split = ps.RollingOrigin(horizon=3, test=10)
    frames = [walk, other]
    if name == "VAR":  # a comparison refuses one of a single series
        frames = [pd.concat([each.assign(unique_id=i, y=each["y"] * (1 + i)) for i in range(2)]) for each in frames]
    first, second = (ps.compare([model], frame, split) for frame in frames)
    name = next(iter(first.entries))
    assert np.array_equal(first.entries[name].yhat[:, 0], second.entries[name].yhat[:, 0])


def test_fresh(name: str, model: Estimator, walk: pd.DataFrame) -> None:
    """Changing the last value changes every step of the horizon."""
    before = yhat(model.fit(walk).predict())
    newer = walk.copy()
    newer.loc[159, "y"] += 5
    after = yhat(model.predict(newer))
    changed = before != after
    assert changed.tolist() == FRESH.get(name, [True, True, True])  # a season of 2: the newest returns after 2 steps


def test_deterministic(model: Estimator, walk: pd.DataFrame) -> None:
    """Two fits with one seed give equal bits, and no global random state is read or written."""
    np.random.seed(1)  # noqa: NPY002
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first = yhat(model.clone().fit(walk).predict())
    assert np.array_equal(state, np.random.get_state()[1])  # noqa: NPY002
    np.random.seed(2)  # noqa: NPY002
    assert np.array_equal(first, yhat(model.clone().fit(walk).predict()))


def test_afresh(model: Estimator, walk: pd.DataFrame) -> None:
    """Fit on A then on B equals fit on B."""
    other = walk.assign(y=walk["y"].to_numpy()[::-1] * 2)
    twice = model.fit(other).fit(walk).predict()
    assert np.array_equal(yhat(twice), yhat(model.clone().fit(walk).predict()))


def test_round_trip(model: Estimator, walk: pd.DataFrame, tmp_path: Path) -> None:
    """Save, load, predict gives equal bits, from the training rows and from newer ones."""
    path = tmp_path / "m.penstock"
    model.fit(walk[:150])
    model.save(path)
    loaded = ps.load(path)
    assert repr(loaded) == repr(model)
    assert loaded.predict().equals(model.predict())
    assert loaded.predict(walk).equals(model.predict(walk))
    loaded.save(tmp_path / "again.penstock")
    assert (tmp_path / "again.penstock").read_bytes() == path.read_bytes()


def test_any_frame(model: Estimator, walk: pd.DataFrame, as_kind: Any) -> None:
    """pandas, polars and pyarrow in, the same kind out, the same numbers."""
    expected = model.fit(walk).predict()
    given = as_kind(walk)
    out = model.clone().fit(given).predict()
    assert type(out) is type(given)
    table = nw.from_native(out, eager_only=True)
    assert table.columns == ["unique_id", "ds", "yhat"]
    assert np.array_equal(table["yhat"].to_numpy(), expected["yhat"].to_numpy())
    assert table["ds"].to_list() == expected["ds"].tolist()


def test_many_series(name: str, model: Estimator, walk: pd.DataFrame) -> None:
    """Several series in one frame, interleaved: one forecast a series and step, in the order of the frame."""
    other = walk.assign(unique_id="other", y=walk["y"].to_numpy()[::-1] * 3)
    both = pd.concat([walk, other]).sort_values("ds", kind="stable")
    out = model.fit(both).predict()
    assert out["unique_id"].tolist() == ["walk"] * 3 + ["other"] * 3
    assert np.isfinite(out["yhat"]).all()
    if name not in {*JOINT, *GLOBAL} and not hasattr(
        model, "history_"
    ):  # each series for itself; a network shares its weights
        alone = model.clone().fit(walk).predict()
        assert np.array_equal(out["yhat"][:3], alone["yhat"])


def test_options(model: Estimator) -> None:
    """scikit-learn's grammar: clone, get_params, set_params; what is refused changes nothing."""
    twin = clone(model)
    assert twin is not model
    assert twin.get_params() == model.get_params()
    assert twin.set_params(horizon=2).horizon == 2
    with pytest.raises(ps.OptionError, match="has no option 'horizn'; did you mean 'horizon'"):
        twin.set_params(horizn=2)
    with pytest.raises(ps.OptionError, match="horizon=0 is out of range"):
        twin.set_params(horizon=0)
    assert twin.horizon == 2
    assert type(twin.set_params(horizon=np.int64(3)).horizon) is int


def test_options_that_change_after_the_fit_ask_for_another(model: Estimator, walk: pd.DataFrame) -> None:
    model.fit(walk).set_params(horizon=5)
    with pytest.raises(ps.OptionError, match=r"horizon of this .* changed since its fit; call fit again"):
        model.predict()
    assert len(model.fit(walk).predict()) == 5


def test_future_blind_across_series(name: str, model: Estimator, walk: pd.DataFrame) -> None:
    """In a comparison no series learns from rows of another that are later than the first forecast."""
    if name in NOT_SCORED:
        return
    longer = pd.DataFrame({"ds": pd.date_range("2020-01-01", periods=190, freq="B"), "y": 50.0 + np.arange(190) % 7})
    both = pd.concat([walk, longer.assign(unique_id="longer")])
    split = ps.RollingOrigin(horizon=3, test=50)
    if name in JOINT:
        with pytest.raises(ps.DataError, match="do not have their rows at the same times"):
            ps.compare([model], both, split)
        both = both[both["ds"] <= walk["ds"].max()]
        split = ps.RollingOrigin(horizon=3, test=20)
    first = ps.compare([model], both, split)
    begin = first.panel.times[first.targets].min()
    late = (both["unique_id"] == "longer") & (both["ds"] > begin)
    second = ps.compare([model], both.assign(y=both["y"].where(~late, 999.0)), split)
    on_walk = first.panel.series_of(first.origins) == 0
    assert on_walk.sum() == 18  # of 50 test times the shorter series has 20, which hold 18 whole horizons
    if name in JOINT:  # what it reads of the other series is no later than the cutoff
        on_walk &= first.panel.times[first.origins] <= begin
        assert on_walk.sum() == 2
    name = next(iter(first.entries))
    assert np.array_equal(first.entries[name].yhat[:, on_walk], second.entries[name].yhat[:, on_walk])


def test_unfitted(model: Estimator, tmp_path: Path) -> None:
    with pytest.raises(ps.OptionError, match="not fitted yet"):
        model.predict()
    with pytest.raises(ps.OptionError, match="not fitted yet"):
        model.save(tmp_path / "m.penstock")


def test_unknown_series(model: Estimator, walk: pd.DataFrame) -> None:
    new = walk.assign(unique_id="wlak")
    if model.fit(walk).forecasts_new_series:
        np.testing.assert_allclose(model.predict(new)["yhat"], model.predict()["yhat"], rtol=1e-4)
    else:
        with pytest.raises(ps.DataError, match="series 'wlak' was not among those fitted; did you mean 'walk'"):
            model.predict(new)
    nameless = model.fit(walk.drop(columns="unique_id"))
    with pytest.warns(DataWarning, match="one series without a name; the rows of 'walk' are taken for it"):
        taken = nameless.predict(walk)
    assert np.array_equal(nameless.predict()["yhat"], taken["yhat"])


def test_too_few_rows(model: Estimator, walk: pd.DataFrame) -> None:
    if model.rows_to_fit > 1:
        with pytest.raises(ps.DataError, match=rf"{model.rows_to_fit} are needed"):
            model.fit(walk[: model.rows_to_fit - 1])
    model.fit(walk)
    if model.rows_needed > 1:
        with pytest.raises(ps.DataError, match=rf"{model.rows_needed} are needed"):
            model.predict(walk[: model.rows_needed - 1])
