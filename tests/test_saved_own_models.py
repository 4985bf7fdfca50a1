"""Models of a user's own class, and names that are dates: whatever fits comes back from a file."""

from __future__ import annotations

import datetime
import sys
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.data.panel import Panel
from penstock.options import option
from penstock.saved import Saved

WALK = pd.DataFrame({"ds": range(40), "y": np.cumsum(np.cos(np.arange(40.0)))})
DAYS = [datetime.date(2001, 2, 3), datetime.date(1999, 12, 31)]


@dataclass(repr=False, eq=False)
class Scaled(ps.Naive):
    """The last value, times a factor that is an option and one that is fitted."""

    factor: float = option(1.0, "what the last value is multiplied by")
    state_fields = ("spread", *ps.Naive.state_fields)

    def _fit(self, train: Panel, validation: Panel | None) -> None:
        super()._fit(train, validation)
        self.spread_ = np.array([train.y.std()])

    def _forecast(self, panel: Panel, *given: Any) -> Any:
        return self.factor * self.spread_ * super()._forecast(panel, *given)


@dataclass(repr=False, eq=False)
class Forgetful(Scaled):
    state_fields = ps.Naive.state_fields


def test_a_model_of_ones_own_class_comes_back(tmp_path: Path) -> None:
    model = Scaled(factor=2.0, horizon=2).fit(WALK)
    model.save(tmp_path / "m")
    again = ps.load(tmp_path / "m")
    assert type(again) is Scaled
    assert again.factor == 2.0
    assert again.predict().equals(model.predict())
    assert again.predict()["yhat"].iloc[0] == pytest.approx(2 * WALK["y"].std(ddof=0) * WALK["y"].iloc[-1])


def test_what_a_file_would_lose_is_refused_when_it_is_saved(tmp_path: Path) -> None:
    with pytest.raises(
        ps.OptionError, match=r"a file of this Forgetful would lose 'spread_'.*state_fields = .*'spread'"
    ):
        Forgetful().fit(WALK).save(tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_load_says_which_module_defines_a_model(tmp_path: Path) -> None:
    module = types.ModuleType("my_models")
    sys.modules["my_models"] = module
    exec("import penstock as ps\nclass Naive(ps.Naive): pass\n", module.__dict__)
    module.__dict__["Naive"]().fit(WALK).save(tmp_path / "m")
    assert type(ps.load(tmp_path / "m")) is module.__dict__["Naive"]
    ps.Naive().fit(WALK).save(tmp_path / "ours")
    assert type(ps.load(tmp_path / "ours")) is ps.Naive
    del Saved.registered._classes["my_models:Naive"], sys.modules["my_models"]
    with pytest.raises(ps.ModelFileError, match="no model named 'my_models:Naive' is known; import the module"):
        ps.load(tmp_path / "m")


@pytest.mark.parametrize("days", [DAYS, pd.to_datetime(DAYS), pd.to_datetime(DAYS).tz_localize("Europe/Berlin")])
def test_series_and_static_columns_of_dates_come_back(tmp_path: Path, days: Any) -> None:
    frame = pd.concat([WALK.assign(unique_id=day, listed=day) for day in days])
    network = ps.Network([ps.RNN(2)], embeddings=[1])
    model = ps.Forecaster(network, window=4, epochs=1, members=1).fit(frame, static="listed")
    model.save(tmp_path / "m")
    again = ps.load(tmp_path / "m")
    pd.testing.assert_frame_equal(again.predict(), model.predict())
    pd.testing.assert_frame_equal(again.predict(frame), model.predict())


def test_what_no_file_can_hold_is_refused_before_the_fit() -> None:
    frame = WALK.assign(unique_id="a", place=[(1, 2)] * len(WALK))
    network = ps.Network([ps.RNN(2)], embeddings=[1])
    with pytest.raises(ps.DataError, match=r"the static column 'place': \(1, 2\) is of the type tuple"):
        ps.Forecaster(network, window=4, epochs=1).fit(frame, static="place")
    with pytest.raises(ps.DataError, match="the id column 'unique_id': Timestamp.* is of the type Timestamp"):
        ps.Naive().fit(WALK.assign(unique_id=pd.Timestamp("2020-01-01 00:00:00.000000001")))


@pytest.mark.slow
def test_labels_and_categories_that_are_dates_come_back(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(12, 3, 1))
    y = DAYS * 6
    network = ps.Network([ps.RNN(2)], embeddings=[1])
    model = ps.SequenceClassifier(network, epochs=1, class_weight={DAYS[0]: 2.0}).fit(X, y, categories=y)
    model.save(tmp_path / "m")
    again = ps.load(tmp_path / "m")
    assert again.classes_.tolist() == sorted(DAYS)
    assert again.class_weight == {DAYS[0]: 2.0}
    assert np.array_equal(again.predict_proba(X, categories=y), model.predict_proba(X, categories=y))
    with pytest.raises(ps.DataError, match=r"labels: \('a', 1\) is of the type tuple, which no model file can hold"):
        ps.SequenceClassifier(network, epochs=1).fit(X, [("a", 1), ("b", 2)] * 6, categories=y)
