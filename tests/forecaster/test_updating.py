"""A fitted forecaster learns from later rows, from its own weights on."""

from __future__ import annotations

from pathlib import Path

import jax
import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.data.frames import read_panel
from penstock.forecaster.replay import Chosen

Y = np.sin(np.arange(140.0) / 3) + np.random.default_rng(0).normal(size=140) / 10
FRAME = pd.DataFrame({"ds": range(140), "y": Y})


@pytest.fixture(scope="module")
def fitted() -> ps.Forecaster:
    return ps.Forecaster(ps.Network([ps.RNN(2)]), window=4, epochs=3, seed=1).fit(FRAME[:100])


def copied(model: ps.Forecaster, tmp_path: Path) -> ps.Forecaster:
    model.save(tmp_path / "m")
    return ps.load(tmp_path / "m")


def test_it_learns_from_its_own_weights_and_takes_the_rows_in(fitted: ps.Forecaster, tmp_path: Path) -> None:
    before = jax.tree.leaves(fitted.weights_)
    model = copied(fitted, tmp_path).update(FRAME[90:120], epochs=2, replay=10)
    assert (model.update_.new, model.update_.seen, model.update_.replay) == (20, 10, 10)
    assert model.predict()["ds"].tolist() == [120]
    assert model.history_.training_loss.shape == (5, 1)
    moved = [np.abs(new - old).max() for new, old in zip(jax.tree.leaves(model.weights_), before, strict=True)]
    assert all(0 < each < 0.2 for each in moved)  # two epochs from there, not fresh weights
    assert model.scaling_.shift.tolist() == fitted.scaling_.shift.tolist()
    again = copied(fitted, tmp_path).update(FRAME[90:120], epochs=2, replay=10)
    assert again.predict(level=80).equals(model.predict(level=80))
    assert copied(model, tmp_path).predict(level=80).equals(model.predict(level=80))


def test_without_epochs_the_rows_are_taken_in_alone(fitted: ps.Forecaster, tmp_path: Path) -> None:
    model = copied(fitted, tmp_path).update(FRAME[:120], epochs=0)
    assert (model.update_.new, model.update_.seen, model.update_.older) == (20, 38, 62)
    assert model.predict().equals(fitted.predict(FRAME[:120]))
    errors = Y[117:120] - [fitted.predict(FRAME[:row])["yhat"].iloc[0] for row in range(117, 120)]
    scaled = errors / fitted.scaling_.scale[0]
    np.testing.assert_allclose(model.errors_.errors[-3:, 0], scaled, atol=1e-6)
    assert len(model.errors_.errors) == 30  # those of the validation tail, too
    assert model.fit(FRAME[:100]).errors_ is None  # a fit starts afresh


@pytest.mark.slow
def test_windows_that_are_scaled_by_themselves_learn_from_new_targets_alone(tmp_path: Path) -> None:
    model = ps.Forecaster(ps.Network([ps.RNN(2)]), window=4, scale="window", season=7, epochs=1, seed=1)
    model.fit(FRAME[:100])
    rows = copied(model, tmp_path).update(FRAME[:120], epochs=0)
    assert rows.predict().equals(model.predict(FRAME[:120]))
    samples = rows.reader_.samples(read_panel(FRAME[:120])[0], np.array([120]), lambda targets: targets >= 100)
    assert int(samples.train[4].total) == 20
    updated = copied(model, tmp_path).update(FRAME[:120], epochs=1)
    assert (updated.update_.new, updated.history_.training_loss.shape) == (20, (2, 1))
    assert not updated.predict().equals(rows.predict())
    with pytest.raises(ps.OptionError, match="scales='refit': with scale='window' each window has its own"):
        model.update(FRAME[:120], scales="refit")


@pytest.mark.slow
def test_series_may_come_in_another_order(tmp_path: Path) -> None:
    both = pd.concat([FRAME.assign(unique_id="a"), FRAME.assign(unique_id="b", y=50 + 9 * Y)])
    model = ps.Forecaster(ps.Network([ps.RNN(2)]), window=4, epochs=1, seed=1).fit(both[both["ds"] < 100])
    new = both[(both["ds"] >= 100) & (both["ds"] < 120)]
    turned = pd.concat([new[new["unique_id"] == name] for name in "ba"])
    first, second = (copied(model, tmp_path).update(rows, epochs=1) for rows in (new, turned))
    assert first.predict().equals(second.predict())
    assert first.predict()["unique_id"].tolist() == ["a", "b"]
    alone = copied(model, tmp_path).update(new[new["unique_id"] == "b"], epochs=1)
    assert (alone.update_.new, alone.update_.without) == (20, ("a",))
    assert "1 series got no new row: 'a'" in str(alone.update_)
    assert alone.predict()["ds"].tolist() == [100, 120]
    together = ps.Forecaster(ps.Network([ps.RNN(2)]), window=4, epochs=1, joint=True).fit(both[both["ds"] < 100])
    with pytest.raises(ps.DataError, match="the series 'b' has no rows in the frame; with joint=True"):
        together.update(new[new["unique_id"] == "a"])


def test_the_optimiser_does_not_begin_from_nothing(fitted: ps.Forecaster, tmp_path: Path) -> None:
    before = jax.tree.leaves(fitted.weights_)
    model = copied(fitted, tmp_path).update(FRAME[:120], epochs=1)  # 20 samples: one step
    assert model.history_.training_loss.shape == (4, 1)
    moved = [np.abs(new - old).max() for new, old in zip(jax.tree.leaves(model.weights_), before, strict=True)]
    assert max(moved) == pytest.approx(0.001, rel=0.05)  # the learning rate; the first step of RMSprop is 3.2 times it


def test_old_samples_are_drawn_from_all_that_are_kept() -> None:
    panel, _ = read_panel(pd.concat([FRAME.assign(unique_id=name) for name in "ab"]))
    targets = np.r_[4:140, 144:280]
    chosen = targets[Chosen(panel, np.array([130, 275]), 20, [0, 1])(targets)]
    again = targets[Chosen(panel, np.array([130, 275]), 20, [0, 2])(targets)]
    for first, last, found in ((130, 140, chosen[chosen < 140]), (275, 280, chosen[chosen >= 140])):
        assert found[-(last - first) :].tolist() == list(range(first, last))
        assert len(found) == 20 + last - first
        assert found[0] < first - 60
    assert chosen.tolist() != again.tolist()
    assert Chosen(panel, np.array([130, 275]), 999, [0, 1])(targets).all()
    assert Chosen(panel, np.array([130, 275]), 0, [0, 1])(targets).sum() == 15


@pytest.mark.slow
def test_one_new_row_is_learned_where_the_horizon_is_longer(tmp_path: Path) -> None:
    model = ps.Forecaster(ps.Network([ps.RNN(2)]), window=4, epochs=1, seed=1, horizon=3).fit(FRAME[:100])
    updated = copied(model, tmp_path).update(FRAME[:101], epochs=1)
    assert np.isfinite(updated.history_.training_loss).all()
    assert updated.history_.training_loss[-1, 0] > 0
    assert updated.update_.new == 1
    assert not updated.predict().equals(copied(model, tmp_path).update(FRAME[:101], epochs=0).predict())


def test_drift_is_a_test(fitted: ps.Forecaster, tmp_path: Path) -> None:
    usual = copied(fitted, tmp_path).update(FRAME[:120], epochs=0).update_
    assert usual.drift is not None
    assert usual.drift > 0.01
    assert "no larger than usual" in str(usual)
    broken = FRAME[:120].assign(y=np.where(np.arange(120) < 100, Y[:120], 3 * (-1.0) ** np.arange(120)))
    drifted = copied(fitted, tmp_path).update(broken, epochs=0).update_
    assert drifted.drift is not None
    assert drifted.drift < 1e-4
    assert "larger than usual: the model no longer fits" in str(drifted)


@pytest.mark.slow
def test_scales_are_refitted_by_choice(fitted: ps.Forecaster, tmp_path: Path) -> None:
    high = FRAME[:120].assign(y=np.where(np.arange(120) < 119, Y[:120], 9.0))
    model = copied(fitted, tmp_path).update(high, epochs=1, scales="refit")
    assert model.scaling_.scale[0] == pytest.approx(9 - Y[:100][-len(model.tail_.y) + 20 :].min(), rel=0.2)


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        (
            slice(0, 100),
            {},
            "0 rows are new, .. had been seen, .. are older than .* keeps; give rows that come",
        ),
        (slice(110, 120), {}, "missing"),
        (slice(100, 120), {"epochs": -1}, "epochs=-1 is not allowed"),
        (slice(100, 120), {"scales": "new"}, "scales='new' is unknown; allowed: 'keep', 'refit'"),
        (slice(100, 120), {"learning_rate": 0}, "learning_rate=0 is not allowed"),
        (slice(100, 120), {"learning_rate": True}, "learning_rate=True is not allowed"),
    ],
)
def test_refusals(fitted: ps.Forecaster, tmp_path: Path, rows: slice, options: dict[str, object], message: str) -> None:
    with pytest.raises((ps.DataError, ps.OptionError), match=message):
        copied(fitted, tmp_path).update(FRAME[rows], **options)  # type: ignore[arg-type]
