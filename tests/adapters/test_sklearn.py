"""Models of series and of sequences inside scikit-learn's clone, Pipeline and searches."""

from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, KFold, TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.validation import check_is_fitted

import penstock as ps
from penstock.adapters.sklearn import folds
from penstock.evaluation.later import score_later


def panel(rows: int = 60) -> pd.DataFrame:
    """Two series, one row of each in turn."""
    time = np.arange(rows)
    parts = [
        pd.DataFrame({"unique_id": name, "ds": time, "y": level + np.sin(time / 3) + 0.01 * np.cos(time**2)})
        for name, level in (("b", 5.0), ("a", 50.0))
    ]
    return pd.concat(parts).sort_values("ds", kind="stable").reset_index(drop=True)


def test_a_score_is_the_skill_over_the_last_value(walk: pd.DataFrame) -> None:
    model = ps.AR(3, horizon=2).fit(walk[:120])
    assert model.score(walk) == pytest.approx(score_later(model, walk).skill, rel=1e-12)
    assert model.score(walk[120:]) == model.score(walk)  # rows that it has seen are left out
    features, y = walk.drop(columns="y"), walk["y"]
    apart = ps.AR(3, horizon=2).fit(features[:120], y[:120])
    assert apart.score(features[120:], y[120:]) == model.score(walk)
    with pytest.raises(ps.DataError, match="y has other values than the column 'y'"):
        model.score(walk, y + 1)
    with pytest.raises(ps.DataError, match=r"y has the shape \(3,\); allowed: one value for each of the 160 rows"):
        ps.AR(3).fit(features, y[:3])
    flat = walk.assign(y=walk["y"].where(walk.index < 119, 7.0))
    with pytest.raises(ps.DataError, match="the last value makes no error"):
        ps.AR(3).fit(flat[:120]).score(flat)
    with pytest.raises(ps.OptionError, match="not fitted yet"):
        ps.AR(3).score(walk)


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
def test_a_search_over_a_series(walk: pd.DataFrame, kind: str) -> None:
    frame: Any = walk
    if kind != "pandas":
        pytest.importorskip(kind, reason="pip install 'penstock[test]' brings it")
        columns: dict[str, Any] = {"ds": walk["ds"].to_numpy(), "y": walk["y"].to_numpy()}
        frame = nw.from_dict(columns, backend=kind).to_native()
    search = GridSearchCV(ps.AR(1, horizon=3), {"order": [1, 4]}, cv=TimeSeriesSplit(3, test_size=20)).fit(frame)
    by_hand = [ps.AR(4, horizon=3).fit(walk[:end]).score(walk[end : end + 20]) for end in (100, 120, 140)]
    scored = [search.cv_results_[f"split{fold}_test_score"][1] for fold in range(3)]
    np.testing.assert_allclose(scored, by_hand, rtol=1e-9)
    assert type(search.predict(frame)) is type(frame)
    assert len(search.predict(frame)) == 3
    assert cross_val_score(ps.AR(4, horizon=3), frame, cv=TimeSeriesSplit(3, test_size=20)).tolist() == scored


def test_folds_of_a_panel_are_cut_by_time() -> None:
    frame = panel()
    split = ps.RollingOrigin(horizon=3, test=12, refit=5)
    found = folds(frame, split)
    cut = [(frame.ds[train].max(), frame.ds[test].min(), frame.ds[test].max()) for train, test in found]
    assert cut == [(47, 48, 54), (52, 53, 59)]
    assert all(set(frame.unique_id[test]) == {"a", "b"} for _, test in found)
    search = GridSearchCV(ps.AR(2, horizon=3), {"order": [2, 3]}, cv=found).fit(frame)
    result = ps.compare({"AR": ps.AR(3, horizon=3)}, frame, split)
    rows = {fold: frame.iloc[np.concatenate(found[fold])] for fold in (0, 1)}
    assert len(result.origins) == 2 * 10 == sum(len(found[fold][1]) - 2 * 2 for fold in rows)
    by_hand = ps.AR(3, horizon=3).fit(frame.iloc[found[0][0]]).score(frame.iloc[found[0][1]])
    assert search.cv_results_["split0_test_score"][1] == pytest.approx(by_hand, rel=1e-12)
    missing = frame.drop(index=[40, 90]).reset_index(drop=True)
    for train, test in folds(missing, split, missing="ffill"):
        assert sorted({*train} & {*test}) == []
        assert missing.ds[train].max() < missing.ds[test].min()
    with pytest.raises(ps.OptionError, match="purge=1 and embargo=0 leave a gap"):
        folds(frame, ps.RollingOrigin(test=12, purge=1))


def test_folds_that_are_not_in_time_are_no_scores(walk: pd.DataFrame) -> None:
    with pytest.warns(match="rows came after those that the AR|missing"):
        scores = cross_val_score(ps.AR(2), walk, cv=KFold(3))
    assert np.isnan(scores[:2]).all()
    assert np.isfinite(scores[2])  # its training rows come first


def test_a_pipeline_that_adds_columns(walk: pd.DataFrame) -> None:
    def add(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(month=frame["ds"].dt.month.astype(float))

    pipe = make_pipeline(FunctionTransformer(add), ps.ARX(2, horizon=2))
    pipe.fit(walk[:140], arx__past=["month"])
    check_is_fitted(pipe)
    direct = ps.ARX(2, horizon=2).fit(add(walk[:140]), past="month")
    pd.testing.assert_frame_equal(pipe.predict(walk[:140]), direct.predict())
    assert pipe.score(walk[140:]) == direct.score(add(walk[140:]))
    search = GridSearchCV(pipe, {"arx__order": [1, 2]}, cv=TimeSeriesSplit(2, test_size=20))
    assert search.fit(walk, arx__past=["month"]).best_params_["arx__order"] in (1, 2)


@pytest.mark.slow
def test_a_search_over_networks_in_several_processes() -> None:
    model = ps.Forecaster(ps.Network([ps.RNN(2)]), window=8, epochs=2, horizon=2, progress=False)
    assert clone(model).get_params() == model.get_params()
    grid = {"network": [ps.Network([ps.RNN(2)]), ps.Network([ps.RNN(3)])], "scale": ["minmax", "standard"]}
    cv = folds(panel(), ps.RollingOrigin(horizon=2, test=10))
    one, two = (GridSearchCV(model, grid, cv=cv, n_jobs=jobs).fit(panel()) for jobs in (1, 2))
    assert one.best_params_ == two.best_params_
    np.testing.assert_array_equal(one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"])
    assert np.isfinite(one.cv_results_["mean_test_score"]).all()


@pytest.mark.slow
def test_a_search_over_ragged_sequences() -> None:
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(time, 2)) for time in rng.integers(3, 7, size=48)]
    y = [x[-1, 0] for x in X]
    options: dict[str, Any] = {"epochs": 3, "validation": 0, "patience": None, "progress": False}
    regressor = ps.SequenceRegressor(ps.Network([ps.RNN(3)]), **options)
    with pytest.raises(NotFittedError):
        check_is_fitted(regressor)
    search = GridSearchCV(regressor, {"epochs": [1, 30]}, cv=3).fit(X, y)
    assert search.best_params_ == {"epochs": 30}
    labels = np.where(np.array(y) > 0, "up", "down")
    pipe = make_pipeline(FunctionTransformer(), ps.SequenceClassifier(ps.Network([ps.RNN(3)]), **options))
    found = GridSearchCV(pipe, {"sequenceclassifier__epochs": [1, 30]}, cv=3, scoring="roc_auc").fit(X, labels)
    assert found.best_params_ == {"sequenceclassifier__epochs": 30}
