"""The audit finds each defect that peers have (written here as small broken models), and finds none in ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.data.panel import Panel

PROBES = [
    "determinism", "random state", "refit freshness", "future-blindness", "scaler leak", "freshness",
    "shuffled target", "bad input",
]  # fmt: skip


def failed(audit: ps.Audit) -> list[str]:
    return [finding.probe for finding in audit.findings if finding.outcome == "fail"]


class Line:
    """A sound model with fit and predict: least squares on two lags, direct over four steps."""

    def fit(self, frame: pd.DataFrame) -> Line:
        y = self.checked(frame)
        rows = np.arange(1, len(y) - 4)
        inputs = np.column_stack([np.ones(len(rows)), y[rows], y[rows - 1]])
        self.coef = np.linalg.lstsq(inputs, y[rows[:, None] + np.arange(1, 5)], rcond=None)[0]
        return self

    def checked(self, frame: pd.DataFrame) -> np.ndarray:
        y = frame["y"].to_numpy(dtype=float)
        if np.isnan(y).any():
            raise ValueError("y has missing values")
        return y

    def predict(self, frame: pd.DataFrame) -> Any:
        y = self.checked(frame)
        return np.array([1.0, y[-1], y[-2]]) @ self.coef

    def cross_validation(self, frame: pd.DataFrame, test: int) -> np.ndarray:
        self.fit(frame[:-test])
        return np.array([self.predict(frame[: len(frame) - test + k]) for k in range(test)])


def cross_validation(model: Any, frame: Any, test: int) -> np.ndarray:
    return model.cross_validation(frame, test)


class ReadsTheWrongStep(Line):
    """Defect 1: step k is decoded at input position T − h + k."""

    def predict(self, frame: pd.DataFrame) -> Any:
        y = self.checked(frame)
        return np.array([0.9 * y[len(y) - 4 + k] for k in range(4)]) + 0.01 * y[-8:-4].mean()


class ScalesOnEverything(Line):
    """Defect 2: the scaler of a cross-validation sees the test rows."""

    def cross_validation(self, frame: pd.DataFrame, test: int) -> np.ndarray:
        y = frame["y"]
        scaled = frame.assign(y=(y - y.min()) / (y.max() - y.min()))
        return 1 / (1 + np.exp(-super().cross_validation(scaled, test)))


class StartsWarm(Line):
    """Defect 3: a fit goes on from earlier weights."""

    def fit(self, frame: pd.DataFrame) -> StartsWarm:
        earlier = getattr(self, "coef", None)
        super().fit(frame)
        if earlier is not None:
            self.coef = 0.5 * self.coef + 0.5 * earlier
        return self


class KeepsWhatItLearnedFromEverything(Line):
    """Defect 3 as users meet it: fitted on all rows, then cross-validated without a fresh fit."""

    def fit(self, frame: pd.DataFrame) -> KeepsWhatItLearnedFromEverything:
        super().fit(frame)
        self.known = dict(zip(frame["ds"], frame["y"], strict=True))
        return self

    def cross_validation(self, frame: pd.DataFrame, test: int) -> np.ndarray:
        if not hasattr(self, "known"):
            self.fit(frame[:-test])
        days, mean = frame["ds"].tolist(), frame["y"][:-test].mean()
        ahead = [days[len(days) - test + k : len(days) - test + k + 4] for k in range(test)]
        return np.array([[self.known.get(d, mean) for d in each] + [mean] * (4 - len(each)) for each in ahead])


class SpreadsNan(Line):
    """Defect 5: one missing value makes every forecast NaN, and nobody says so."""

    def checked(self, frame: pd.DataFrame) -> np.ndarray:
        return frame["y"].to_numpy(dtype=float)

    def fit(self, frame: pd.DataFrame) -> SpreadsNan:
        y = self.checked(frame)
        self.coef = np.full((3, 4), y.mean())
        return self


class Unseeded(Line):
    """Defect 6: two fits differ."""

    def fit(self, frame: pd.DataFrame) -> Unseeded:
        super().fit(frame)
        self.coef = self.coef + 1e-9 * np.random.normal(size=self.coef.shape)  # noqa: NPY002
        return self


class Reseeds(Line):
    """Defect 6: fitting reseeds numpy's global generator."""

    def fit(self, frame: pd.DataFrame) -> Reseeds:
        np.random.seed(1)  # noqa: NPY002
        super().fit(frame)
        return self


@pytest.fixture
def market() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    y = np.zeros(240)
    for t in range(1, 240):
        y[t] = 0.9 * y[t - 1] + rng.normal()
    return pd.DataFrame({"ds": pd.date_range("2021-01-01", periods=240, freq="B"), "y": 100 + y})


def test_a_sound_object_of_another_library_passes(market: pd.DataFrame) -> None:
    found = ps.audit(Line(), market, backtest=cross_validation)
    assert [(finding.probe, finding.outcome) for finding in found.findings] == [(name, "pass") for name in PROBES]
    assert found.ok
    assert found["freshness"].sentence == "All 4 steps ahead see the newest value."


@pytest.mark.parametrize(
    ("broken", "probes", "words"),
    [
        (ReadsTheWrongStep, ["freshness"], "Of 4 steps ahead, steps 1, 2, 3 do not see the newest value."),
        (ScalesOnEverything, ["future-blindness", "scaler leak"], "forecasts move with values after their cutoff"),
        (StartsWarm, ["refit freshness"], "A fit goes on from the one before"),
        (SpreadsNan, ["bad input"], "One NaN in the middle of the rows makes forecasts NaN, without an error."),
        (Unseeded, ["determinism", "random state"], "Two fits on the same rows forecast differently"),
        (Reseeds, ["random state"], "A fit changes the global random state of numpy."),
    ],
)
def test_each_defect_of_the_peers_is_found(market: pd.DataFrame, broken: type, probes: list[str], words: str) -> None:
    found = ps.audit(broken(), market, backtest=cross_validation)
    assert failed(found) == probes
    assert not found.ok
    assert words in found[probes[0]].sentence


def test_weights_that_were_fitted_on_everything_are_found(market: pd.DataFrame) -> None:
    found = ps.audit(KeepsWhatItLearnedFromEverything(), market, backtest=cross_validation)
    assert "refit freshness" in failed(found)
    assert "shuffled target" in failed(found)
    assert "it beats the mean (p < .001): it saw them" in found["shuffled target"].sentence


OURS: dict[str, Callable[[], Any]] = {
    "Naive": ps.Naive,
    "SeasonalNaive": lambda: ps.SeasonalNaive(2),
    "Drift": ps.Drift,
    "AR": lambda: ps.AR(3),
}


@pytest.mark.parametrize("name", OURS)
def test_ours_pass(name: str, market: pd.DataFrame) -> None:
    found = ps.audit(OURS[name](), market)
    assert [finding.outcome for finding in found.findings] == ["pass"] * len(PROBES), str(found)


@pytest.mark.slow
def test_our_network_passes(market: pd.DataFrame) -> None:
    net = ps.Forecaster(ps.Network([ps.LSTM(4)]), window=8, epochs=2, horizon=3)
    found = ps.audit(net, market, test=20)
    assert [finding.outcome for finding in found.findings] == ["pass"] * len(PROBES), str(found)
    assert "DataError" in found["bad input"].sentence


@dataclass(repr=False, eq=False)
class PeeksWhenItScales(ps.AR):
    """An estimator of our own kind that centres on all rows that it is shown, later ones included."""

    def _forecast(self, panel: Panel, origins: Any, fitted: Any) -> Any:
        return super()._forecast(panel, origins, fitted) + 1e-3 * panel.y.mean()


def test_an_estimator_that_peeks_is_found(market: pd.DataFrame) -> None:
    assert failed(ps.audit(PeeksWhenItScales(2), market)) == ["future-blindness", "scaler leak"]


def test_early_stopping_keeps_the_best_weights_not_the_last(market: pd.DataFrame) -> None:
    """Defect 4: the loss of the kept weights on the validation tail is the lowest that was seen."""
    from penstock.data.frames import read_panel

    net = ps.Forecaster(
        ps.Network([ps.LSTM(8)]),
        window=8,
        epochs=60,
        patience=20,
        validation=40,
        optimizer=ps.Adam(0.05),
        scale="standard",
    )
    net.fit(market)
    validation = net.history_.validation_loss[:, 0]
    validation = validation[np.isfinite(validation)]
    assert validation[-1] > validation.min()
    panel, _ = read_panel(market)
    origins = np.arange(199, 239)
    errors = panel.y[origins + 1] - net.forecast_panel(panel, origins)[0, :, 0]
    kept = np.mean((errors / net.scaling_.scale[0]) ** 2)
    assert kept == pytest.approx(validation.min(), rel=1e-4)


def test_functions_are_audited_by_what_they_return(market: pd.DataFrame) -> None:
    def sound(frame: pd.DataFrame, horizon: int) -> np.ndarray:
        if frame["y"].isna().any():
            raise ValueError("missing")
        return frame["y"].iloc[-1] * 0.9 ** np.arange(1, horizon + 1)

    found = ps.audit(sound, market, horizon=6)
    assert found.ok
    assert found.model == "sound"
    assert found["future-blindness"].outcome == found["scaler leak"].outcome == "not applicable"
    assert "give backtest=" in found["scaler leak"].sentence

    def blind(frame: pd.DataFrame, horizon: int) -> np.ndarray:
        y = frame["y"].to_numpy()
        return 1e-4 * y[-1] + y[-horizon:] * 0.9

    assert failed(ps.audit(blind, market)) == ["freshness", "bad input"]

    seen = []

    def remembers(frame: pd.DataFrame, horizon: int) -> np.ndarray:
        seen.append(frame["y"].mean())
        return np.full(horizon, frame["y"].iloc[-1] + max(seen))

    assert "refit freshness" in failed(ps.audit(remembers, market))


def test_forecasts_that_are_constants_of_the_fit(market: pd.DataFrame) -> None:
    class Mean(Line):
        def fit(self, frame: pd.DataFrame) -> Mean:
            self.mean = self.checked(frame).mean()
            return self

        def predict(self, frame: pd.DataFrame) -> Any:
            return pd.DataFrame({"ds": range(4), "other": 0.0, "yhat": self.mean})

    found = ps.audit(Mean(), market)
    assert found["freshness"].outcome == "not applicable"
    assert found.ok


def test_any_frame_several_series_and_other_columns(market: pd.DataFrame, as_kind: Any) -> None:
    named = pd.concat([market.assign(unique_id="a"), market.assign(unique_id="b", y=market["y"] * 2)])
    given = as_kind(named[["unique_id", "ds", "y"]])
    found = ps.audit(ps.AR(2), given, test=20)
    assert found.ok, str(found)
    renamed = market.rename(columns={"ds": "day", "y": "close"}).assign(volume=1.0)
    assert ps.audit(ps.AR(2), renamed, time="day", target="close", test=20).ok


def test_the_table_and_json(market: pd.DataFrame) -> None:
    found = ps.audit(ps.Drift(), market)
    text = str(found)
    assert text.splitlines()[0].strip() == "Audit of Drift"
    assert all(finding.probe in text for finding in found.findings)
    stored = json.loads(json.dumps(found.to_json()))
    assert stored["ok"] is True
    assert stored["findings"]["freshness"]["outcome"] == "pass"


def test_the_model_passed_in_stays_as_it_is_and_so_do_global_random_states(market: pd.DataFrame) -> None:
    model = ps.Drift().fit(market[:50])
    step = model.step_.copy()
    np.random.seed(5)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    ps.audit(model, market)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    assert np.array_equal(model.step_, step)
    assert model.horizon == 1


def test_audits_refused(market: pd.DataFrame) -> None:
    with pytest.raises(ps.OptionError, match="3 is no model; allowed: a Penstock model such as"):
        ps.audit(3, market)
    with pytest.raises(ps.OptionError, match=r"the class Naive was given; give a model: Naive\(...\)"):
        ps.audit(ps.Naive, market)
    with pytest.raises(ps.DataError, match="19 times are too few for an audit: at least 20"):
        ps.audit(ps.Naive(), market[:19])
    with pytest.raises(ps.OptionError, match=r"test=2 is out of range; allowed: from 4 \(the horizon\) to 238"):
        ps.audit(ps.Naive(), market, test=2)
    with pytest.raises(ps.OptionError, match="horizon=0 is not allowed"):
        ps.audit(ps.Naive(), market, horizon=0)
    both = pd.concat([market.assign(unique_id="a"), market.assign(unique_id="b")])
    with pytest.raises(ps.DataError, match="gave 3 forecasts for 2 series"):
        ps.audit(lambda frame, horizon: np.zeros(3), both)
