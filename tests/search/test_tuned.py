"""Search inside the training rows: what is chosen, on which rows, and that chance is not taken for skill."""

from __future__ import annotations

import math
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import jax
import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.data.columns import Columns
from penstock.data.frames import read_panel
from penstock.evaluation.searches import importances, search_tables
from penstock.search.inner import InnerRows
from penstock.search.space import with_settings

LAGS = {"lags": [1, 2, 5]}
INNER = ps.RollingOrigin(test=60)


def seasonal(seed: int, rows: int = 300) -> pd.DataFrame:
    """A series whose next value is .8 of that five rows before."""
    steps = np.random.default_rng(seed).normal(size=rows)
    for row in range(5, rows):
        steps[row] += 0.8 * steps[row - 5]
    return pd.DataFrame({"ds": range(rows), "y": steps})


def walk(seed: int, rows: int = 300) -> pd.DataFrame:
    return pd.DataFrame({"ds": range(rows), "y": 100 + np.random.default_rng(seed).normal(size=rows).cumsum()})


def test_what_the_series_is_made_of_is_found() -> None:
    model = ps.Tuned(ps.Ridge(1), LAGS, sampler="grid", inner=INNER).fit(seasonal(0))
    assert model.best_ == {"lags": 5}
    assert [trial.settings for trial in model.trials_] == [{}, {"lags": 1}, {"lags": 2}, {"lags": 5}]
    assert model.trials_[0].error == model.trials_[1].error  # Ridge(1) is the model as given
    alone = ps.Ridge(5).fit(seasonal(0))
    assert model.predict()["yhat"].tolist() == alone.predict()["yhat"].tolist()
    assert model.fit_notes[0].startswith("lags=5 chosen of 4 settings by 60 inner test rows, error ")


def test_errors_are_those_of_a_comparison_on_the_same_rows() -> None:
    frame = seasonal(1)
    model = ps.Tuned(ps.Ridge(1), LAGS, sampler="grid", inner=ps.RollingOrigin(test=60, refit=20)).fit(frame)
    rows = ps.compare([ps.Ridge(5)], frame, ps.RollingOrigin(test=60, refit=20)).rows
    mae = next(row["mae"] for row in rows if row["model"] == "Ridge(5)")
    step = frame["y"][:240].diff().abs().mean()
    assert model.trials_[-1].error == pytest.approx(mae / step, rel=1e-6)


def test_each_fold_chooses_on_its_own_training_rows() -> None:
    """The row on which the lag changes is the last before the second refit, so that only later fits can know it."""
    frame = seasonal(2)
    result = ps.compare([ps.Tuned(ps.Ridge(1), LAGS, sampler="grid", inner=INNER)], frame, ps.RollingOrigin(test=40))
    alone = ps.Tuned(ps.Ridge(1), LAGS, sampler="grid", inner=INNER).fit(frame[:-40])
    assert result.models["Tuned(Ridge(1))"].trials_ == alone.trials_
    broken = frame.assign(y=frame["y"].where(frame["ds"] < 260, 1e3))  # what is tested moves no choice
    again = ps.compare([ps.Tuned(ps.Ridge(1), LAGS, sampler="grid", inner=INNER)], broken, ps.RollingOrigin(test=40))
    assert again.models["Tuned(Ridge(1))"].trials_ == alone.trials_


def test_choices_that_change_are_a_finding_and_trials_count() -> None:
    frame, split = walk(3), ps.RollingOrigin(test=60, refit=10)
    space = {"lags": [1, 2, 3, 5, 8], "penalty": ps.Range(1e-3, 1e3, log=True)}
    result = ps.compare([ps.Tuned(ps.Ridge(1), space, trials=6, inner=ps.RollingOrigin(test=20))], frame, split)
    said = next(each for each in result.findings if "different choices in 6 fits" in each)
    assert said.endswith("a choice that changes from fit to fit is worth little.")
    assert result.trade("sign", periods=252).options.trials == 7 + 1  # with the last value
    assert result.trade("sign", periods=252, trials=3).options.trials == 3


def test_a_file_keeps_every_trial(tmp_path: Path) -> None:
    model = ps.Tuned(ps.Ridge(1), {"penalty": ps.Range(0.1, 9.0)}, trials=3, inner=INNER).fit(walk(0))
    model.save(tmp_path / "m.penstock")
    again = ps.load(tmp_path / "m.penstock")
    assert (again.trials_, again.best_, again.fit_notes) == (model.trials_, model.best_, model.fit_notes)
    assert again.predict().equals(model.predict())
    assert repr(again) == repr(model)


def test_what_cannot_be_searched_is_refused() -> None:
    with pytest.raises(ps.OptionError, match="the grid has 3 settings and trials=2 are allowed; give trials=3"):
        ps.Tuned(ps.Ridge(1), LAGS, trials=2, sampler="grid")
    with pytest.raises(ps.OptionError, match="is a range, of which sampler='grid' cannot try every value"):
        ps.Tuned(ps.Ridge(1), {"penalty": ps.Range(0.1, 1.0)}, sampler="grid")
    with pytest.raises(ps.OptionError, match="inner.horizon=2 is not horizon=3; leave it out of inner"):
        ps.Tuned(ps.Ridge(1), LAGS, inner=ps.RollingOrigin(2, test=9), horizon=3)
    too_few = "60 training rows are too few: .* are needed, .* for the largest model of the space and 60 to choose by"
    with pytest.raises(ps.DataError, match=too_few):
        ps.Tuned(ps.Ridge(1), LAGS, inner=INNER).fit(walk(0)[:60])
    with pytest.raises(ps.DataError, match="all series are constant, which tells no setting from another"):
        ps.Tuned(ps.Ridge(1), LAGS, inner=INNER).fit(walk(0).assign(y=1.0))
    with pytest.raises(ps.OptionError, match="model='Ridge' is text"):
        ps.Tuned("Ridge", LAGS)  # type: ignore[arg-type]


def test_models_within_models_are_searched(tmp_path: Path) -> None:
    search = ps.Tuned(ps.Ridge(1), LAGS, sampler="grid", inner=INNER)
    twice = ps.Tuned(search, {"model__penalty": [1e3, 1e4]}, sampler="grid", inner=INNER).fit(seasonal(0))
    assert (twice.best_, twice.model_.best_) == ({}, {"lags": 5})
    both = ps.Ensemble([search, ps.Naive()], "weighted").fit(seasonal(0))
    assert both.models_[0].best_ == {"lags": 5}
    for number, model in enumerate((twice, both)):
        model.save(tmp_path / f"{number}.penstock")
        assert ps.load(tmp_path / f"{number}.penstock").predict().equals(model.predict())
    result = ps.compare([ps.Ensemble([search, ps.AR(2)])], seasonal(0) + 100, ps.RollingOrigin(test=40))
    assert any("Tuned(Ridge(1)): lags=5 chosen of 4 settings" in each for each in result.findings)
    assert result.trade("sign", periods=252).options.trials == 4 + 1
    chosen = ps.Tuned(ps.Ensemble([ps.Naive(), ps.Ridge(1)]), {"models__1__lags": [2, 5]}, sampler="grid", inner=INNER)
    assert chosen.fit(seasonal(0)).best_ == {"models__1__lags": 5}
    assert len(chosen.predict()) == 1


def test_nothing_is_drawn_before_a_fit() -> None:
    """A hundred thousand trials, each compared with all before it, would take minutes to construct."""
    space = {"penalty": ps.Range(0.1, 1.0)}
    assert ps.Tuned(ps.Ridge(1), space, trials=100_000, inner=INNER).settings_tried == 100_001


def test_series_that_are_too_short_choose_nothing() -> None:
    long, short = walk(0).assign(unique_id="long"), walk(1)[:60].assign(unique_id="short")
    model = ps.Tuned(ps.Ridge(1), LAGS, sampler="grid", horizon=2)
    both = model.clone().fit(pd.concat([long, short]))
    assert both.trials_[0].error != model.clone().fit(long).trials_[0].error  # a fifth of 60 rows is scored, not of 300
    assert both.inner_rows_ == 2 * 6 * 2


@pytest.mark.slow
@pytest.mark.skipif(find_spec("optuna") is None, reason="pip install 'penstock[search]'")
def test_tpe_proposes_alike_for_a_seed() -> None:
    space = {"lags": [1, 2, 5], "penalty": ps.Range(1e-3, 1e3, log=True)}
    one, other = (
        ps.Tuned(ps.Ridge(1), space, trials=40, sampler="tpe", inner=INNER, seed=4).fit(seasonal(0)) for _ in range(2)
    )
    assert one.trials_ == other.trials_
    assert len(one.trials_) == 41
    late = [trial.settings["lags"] for trial in one.trials_[21:]]
    assert late.count(5) > len(late) / 2  # it goes where errors were small
    assert one.best_["lags"] == 5


@pytest.mark.skipif(find_spec("optuna") is not None, reason="optuna is installed")
def test_tpe_says_what_it_needs() -> None:
    with pytest.raises(ps.OptionError, match=r"sampler='tpe' needs optuna: pip install 'penstock\[search\]'"):
        ps.Tuned(ps.Ridge(1), LAGS, sampler="tpe")


@pytest.mark.slow
def test_a_known_window_is_found() -> None:
    found = [ps.Tuned(ps.Ridge(1), LAGS, sampler="grid", inner=INNER).fit(seasonal(seed)).best_ for seed in range(50)]
    assert sum(best.get("lags") == 5 for best in found) >= 45


@pytest.mark.slow
def test_chance_is_not_skill() -> None:
    """Of 200 random walks at most 8 % are "better than the last value at 5 %"; ridge on lags only adds noise to it."""
    better = 0
    for seed in range(200):
        model = ps.Tuned(ps.Ridge(1), {"lags": [1, 2, 3, 5, 8]}, sampler="grid", inner=ps.RollingOrigin(test=63))
        rows = ps.compare([model], walk(seed, 400), ps.RollingOrigin(test=100)).rows
        row = next(each for each in rows if each["model"] != "Naive")
        better += row["skill"] > 0 and row["dm_pvalue"] < 0.05
    assert better <= 16


@pytest.mark.slow
def test_the_window_of_a_network_is_found() -> None:
    """Only windows of five and more rows hold what the next value is made of; trials of each window are one program."""
    network = ps.Forecaster(ps.Network([ps.layers.Flatten(8)]), window=8, epochs=30, patience=None, validation=20)
    space = {"network__layers__0__steps": [1, 2, 4, 8], "optimizer__learning_rate": [0.003, 0.01, 0.03]}
    found = [
        ps.Tuned(network.clone().set_params(optimizer="adam"), space, trials=12, sampler="grid", inner=INNER)
        .fit(seasonal(seed))
        .best_
        for seed in range(50)
    ]
    assert sum(best.get("network__layers__0__steps", 8) == 8 for best in found) >= 45


def test_the_rows_that_choose_were_not_watched_by_early_stopping() -> None:
    """Other values there move the errors, and no weight and no validation loss."""
    model = ps.Forecaster(ps.Network([ps.RNN(2)]), window=4, epochs=2, validation=0.2, optimizer="adam")
    frame = seasonal(0, 80)
    later = frame.assign(y=frame["y"].where(frame["ds"] < 60, 9.0 + frame["ds"] % 7))
    errors, fits = [], []
    for each in (frame, later):
        panel, _ = read_panel(each, Columns())
        scored = InnerRows.of("", panel, 20, 1, ps.RollingOrigin(test=20))
        fold = scored.folds[0]
        assert fold.origins.min() >= fold.ends.max() - 1
        settings = [model, model.clone().set_params(optimizer=ps.Adam(0.1))]
        errors.append([error for error, _ in scored.errors(settings)])
        fits.append(model.fit_settings(settings, [panel.between(fold.starts, fold.ends)]))
    assert (np.abs(np.subtract(*errors)) > 0.1).all()
    for (one, _), (other, _) in zip(*fits, strict=True):
        assert one is not None
        assert other is not None
        np.testing.assert_array_equal(one[0].history_.validation_loss, other[0].history_.validation_loss)
        assert np.isfinite(one[0].history_.validation_loss).all()
        for a, b in zip(jax.tree.leaves(one[0].weights_), jax.tree.leaves(other[0].weights_), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.slow
def test_a_search_is_the_same_in_batches_by_halves_and_alone(tmp_path: Path) -> None:
    model = ps.Forecaster(ps.Network([ps.RNN(2, dropout=0.1)]), window=4, epochs=4, validation=0.2, optimizer=ps.Adam())
    space = {
        "optimizer__learning_rate": ps.Range(1e-3, 1e-1, log=True),
        "network__layers__0__dropout": [0.1, 0.3],
        "network__layers__0__units": [2, 3],  # two shapes, which take turns
    }
    options = {"trials": 9, "inner": ps.RollingOrigin(test=20, refit=10)}
    together = ps.Tuned(model, space, **options).fit(seasonal(0))
    shared = ps.Tuned(model, space, **options, storage=str(tmp_path / "trials")).fit(seasonal(0))
    assert shared.trials_ == together.trials_  # 16 at once, not 64
    panel, _ = read_panel(seasonal(0), Columns())
    scored = InnerRows.of("", panel, 20, 1, options["inner"])
    for trial in together.trials_[3:5]:
        assert scored.errors([with_settings(model, trial.settings)]) == [(trial.error, None)]
    halved = ps.Tuned(model, space, **options, halving=1).fit(seasonal(0))
    ends = {trial.settings["network__layers__0__units"]: 0 for trial in halved.trials_[1:]}
    for trial, whole in zip(halved.trials_, together.trials_, strict=True):
        assert trial.settings == whole.settings
        assert math.isnan(trial.error) if trial.halved else trial.error == whole.error
        ends[trial.settings.get("network__layers__0__units", 2)] += trial.halved is None
    assert set(ends.values()) <= {1, 2}  # of each shape
    assert "left out by halving" in halved.fit_notes[0]
    halved.save(tmp_path / "m.penstock")
    assert repr(ps.load(tmp_path / "m.penstock").trials_) == repr(halved.trials_)


def test_halving_is_refused_where_nothing_can_be_halved() -> None:
    with pytest.raises(ps.OptionError, match=r"halving=2 leaves out settings after some epochs, but Ridge\(1\) is not"):
        ps.Tuned(ps.Ridge(1), LAGS, halving=2)
    model = ps.Forecaster(ps.Network([ps.RNN(2)]), window=4, epochs=4, validation=0)
    with pytest.raises(ps.OptionError, match="compares validation losses, but there are no validation rows"):
        ps.Tuned(model, {"clip": [1.0, 2.0]}, halving=2).fit(walk(0)[:60])


def test_a_page_shows_what_was_chosen(tmp_path: Path) -> None:
    space = {"lags": [1, 2, 5], "penalty": ps.Range(1e-2, 1e2, log=True)}
    model = ps.Tuned(ps.Ridge(1), space, trials=16, inner=INNER)
    result = ps.compare([model, ps.Ridge(1)], seasonal(0), ps.RollingOrigin(test=40, refit=20))
    (table,) = search_tables(result)
    assert [row["fit"] for row in table.rows] == [1, 2]
    assert all(row["settings"] == 17 and row["error"] <= row["as given"] for row in table.rows)
    shares = importances([fold[1:] for fold in result.entries[model.label].trials])
    assert shares["lags"] > 0.5 > shares["penalty"]
    assert [len(fit) for fit in result.to_json()["searches"][model.label]] == [17, 17]
    page = result.report(tmp_path / "p.html").read_text()
    for said in ("What Tuned(Ridge(1)) chose", "Settings of Tuned(Ridge(1))", "Importance of the options"):
        assert said in page


@pytest.mark.slow
def test_a_stateful_network_is_searched() -> None:
    model = ps.Forecaster(ps.Network([ps.LSTM(3)]), window=5, epochs=2, stateful=True, scale="standard", validation=0)
    inner = ps.RollingOrigin(test=20, refit=10)
    tuned = ps.Tuned(model, {"network__layers__0__units": [2]}, sampler="grid", inner=inner).fit(seasonal(0))
    assert np.isfinite([trial.error for trial in tuned.trials_]).all()
    rows = ps.compare([model], seasonal(0), inner).rows
    mae = next(row["mae"] for row in rows if row["model"] == model.label)
    assert tuned.trials_[0].error == pytest.approx(mae / seasonal(0)["y"][:280].diff().abs().mean(), rel=1e-6)
    both = ps.Ensemble([model, ps.Naive()], "weighted", cutoffs=3).fit(seasonal(0))
    assert np.isfinite(both.predict()["yhat"]).all()


@pytest.mark.slow
def test_a_network_is_searched(tmp_path: Path) -> None:
    network = ps.Network([ps.GRU(3)])
    model = ps.Forecaster(network, window=5, epochs=2, members=2, validation=0.2)
    space = {
        "optimizer": [ps.RMSprop(1e-6), ps.RMSprop(1e-2), ps.SGD(1e9)],
        "network__layers__0__units": [3],
    }
    tuned = ps.Tuned(model, space, sampler="grid", inner=INNER, horizon=2).fit(seasonal(0))
    assert np.isnan([trial.error for trial in tuned.trials_]).tolist() == [False, False, False, True]
    assert tuned.fit_notes[0].endswith("; 1 diverged")
    assert tuned.best_["optimizer"] == ps.RMSprop(1e-2)
    alone = ps.Forecaster(network, window=5, epochs=2, members=2, validation=0.2, horizon=2)
    alone.set_params(optimizer=tuned.model_.optimizer).fit(seasonal(0))
    assert tuned.predict()["yhat"].tolist() == alone.predict()["yhat"].tolist()
    assert tuned.model_.predict()["yhat"].tolist() == alone.predict()["yhat"].tolist()  # and goes on by itself
    assert np.isfinite(tuned.model_.stream().push(300, 0.5).values).all()
    tuned.save(tmp_path / "m.penstock")  # and is read by a process that has imported no network
    run = [sys.executable, "-c", f"import penstock as ps; print(ps.load({str(tmp_path / 'm.penstock')!r}).best_)"]
    assert "0.01" in subprocess.run(run, capture_output=True, text=True, check=True).stdout
