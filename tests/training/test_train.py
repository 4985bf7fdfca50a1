from __future__ import annotations

import dataclasses
import io
import sys
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import penstock as ps
from penstock.networks.inputs import Inputs
from penstock.training.config import TrainConfig, TrainSpec
from penstock.training.epoch import TrainState, compiled_epoch, initial_state
from penstock.training.folds import stack
from penstock.training.forward import forward
from penstock.training.history import Trained
from penstock.training.lanes import Lanes
from penstock.training.losses import LOSSES, VALUE_LOSSES
from penstock.training.optimizers import Optimizer, resolve_optimizer
from penstock.training.pieces import StepRange
from penstock.training.progress import ProgressBar
from penstock.training.rates import separate, stack_rates
from penstock.training.samples import Samples
from penstock.training.source import Source
from penstock.training.train import require_finite, train_folds

NETWORK = ps.Network([ps.LSTM(4)])
WINDOW = 6
Y = 0.5 + 0.4 * np.sin(np.arange(80) / 3)
LEARN, WATCH = np.arange(45), np.arange(52, 74)


def spec(config: TrainConfig) -> TrainSpec:
    return TrainSpec(NETWORK, config, Inputs(), 1)


def fresh(config: TrainConfig, members: int = 1) -> TrainState:
    return initial_state(spec(config))(np.uint32(0), np.arange(members, dtype=np.uint32))


def fit(plan: TrainConfig, watch: np.ndarray = WATCH, **options: Any) -> Trained:
    samples = Samples.of_windows(Source.of(Y[:, None]), Y, LEARN, watch, window=WINDOW)
    return train_folds(spec(plan), [samples], **{"epochs": 6, **options})[0]


def loss_of_validation(weights: Any) -> np.ndarray:
    yhat = forward(NETWORK, weights, Source.of(Y[:, None]), {WINDOW: WATCH}, 1)[WINDOW][..., 0]
    return np.mean((yhat - Y[WATCH + WINDOW]) ** 2, axis=1)


def test_an_epoch_is_one_step_of_gradient_descent_where_the_batch_is_everything() -> None:
    plan = TrainConfig("mse", ps.SGD(0.1), batch=45, patience=None, learning_rate_decay=0.5)
    trained = fit(plan, watch=WATCH[:0], epochs=2)
    weights = jax.tree.map(lambda leaf: leaf[0], fresh(plan).weights)
    x = jnp.asarray(np.stack([Y[s : s + WINDOW] for s in LEARN])[..., None], jnp.float32)
    y = jnp.asarray(Y[LEARN + WINDOW][:, None], jnp.float32)

    def loss(weights: Any) -> jax.Array:
        return jnp.mean(jnp.square(NETWORK.with_weights(weights, Inputs(), 1)(x) - y))

    for epoch, rate in enumerate((0.1, 0.05)):
        value, gradients = jax.value_and_grad(loss)(weights)
        weights = jax.tree.map(lambda w, g, rate=rate: w - rate * g, weights, gradients)
        assert trained.history.training_loss[epoch, 0] == pytest.approx(float(value), rel=1e-5)
    for ours, expected in zip(jax.tree.leaves(trained.weights), jax.tree.leaves(weights), strict=True):
        np.testing.assert_allclose(ours[0], expected, atol=1e-6)


def test_every_sample_counts_once_an_epoch_also_in_a_last_batch_that_is_not_full() -> None:
    """With a step size that moves nothing, the mean over 3 batches of 20, 20 and 5 is the loss over all 45."""
    plan = TrainConfig("mae", ps.SGD(1e-12), batch=20, patience=None)
    trained = fit(plan, epochs=3)
    yhat = forward(NETWORK, trained.weights, Source.of(Y[:, None]), {WINDOW: LEARN}, 1)[WINDOW][0, :, 0]
    np.testing.assert_allclose(
        trained.history.training_loss[:, 0], np.mean(np.abs(yhat - Y[LEARN + WINDOW])), rtol=1e-5
    )


@pytest.mark.slow
def test_the_epoch_makes_no_round_trip_to_the_host() -> None:
    plan = TrainConfig(patience=3)
    samples = stack([Samples.of_windows(Source.of(Y[:, None]), Y, LEARN, WATCH, window=WINDOW)])
    learning, folds = fresh(plan, 2), jnp.zeros(2, jnp.int32)
    plan, rates = separate(spec(plan))
    epoch, rates = compiled_epoch(plan), jax.device_put(stack_rates([rates] * 2))
    piece = jax.device_put(StepRange.of(0, 2**31 - 1, ends=True))
    with jax.transfer_guard("disallow"):
        _, learned, _ = epoch(learning, folds, rates, samples, piece)
    assert np.isfinite(learned).all()


def test_members_are_independent_and_the_first_is_the_single_one() -> None:
    several, single = fit(TrainConfig(), members=3, seed=5), fit(TrainConfig(), seed=5)
    np.testing.assert_allclose(several.history.training_loss[:, :1], single.history.training_loss, rtol=1e-3)
    final = several.history.training_loss[-1]
    assert len({round(float(loss), 7) for loss in final}) == 3
    assert fit(TrainConfig(), seed=6).history.training_loss[0, 0] != single.history.training_loss[0, 0]


def test_early_stopping_keeps_the_best_weights_not_the_last() -> None:
    """A step size that overshoots: the validation loss goes up and down."""
    trained = fit(TrainConfig("mse", ps.SGD(0.8), batch=5, patience=4), epochs=60, members=3)
    validation = trained.history.validation_loss
    best = np.nanmin(validation, axis=0)
    np.testing.assert_allclose(loss_of_validation(trained.weights), best, rtol=1e-4)
    stopped = trained.history.epochs
    last = validation[stopped - 1, np.arange(3)]
    assert (last > best).any()
    for member in range(3):
        if stopped[member] < len(validation):
            waited = stopped[member] - 1 - int(np.nanargmin(validation[:, member]))
            assert waited == 4  # it stopped exactly when its patience was over
            assert np.isnan(validation[stopped[member] :, member]).all()
    assert (stopped < 60).any()


@pytest.mark.slow
def test_a_member_stops_at_the_watched_loss_that_is_enough() -> None:
    plan = TrainConfig("mse", ps.SGD(0.05), batch=5)
    validation = fit(plan, epochs=12, members=3).history.validation_loss
    enough = float(np.median(np.nanmin(validation, axis=0)))
    trained = fit(dataclasses.replace(plan, target_loss=enough), epochs=12, members=3)
    stops = [1 + int(np.argmax(losses <= enough)) if (losses <= enough).any() else 12 for losses in validation.T]
    assert trained.history.epochs.tolist() == stops
    assert min(stops) < 12
    np.testing.assert_allclose(
        loss_of_validation(trained.weights), np.nanmin(trained.history.validation_loss, axis=0), rtol=1e-4
    )


def test_nothing_watched_keeps_the_last_weights_and_never_stops() -> None:
    trained = fit(TrainConfig("mse", ps.SGD(0.3), batch=9, patience=2), watch=WATCH[:0], epochs=30)
    assert trained.history.epochs.tolist() == [30]
    assert np.isnan(trained.history.validation_loss).all()
    after_29 = fit(TrainConfig("mse", ps.SGD(0.3), batch=9, patience=2), watch=WATCH[:0], epochs=29)
    assert not np.array_equal(jax.tree.leaves(trained.weights)[0], jax.tree.leaves(after_29.weights)[0])


def test_a_loss_that_is_not_finite_stops_with_advice() -> None:
    with pytest.raises(
        ps.TrainingError, match=r"no longer finite in epoch \d+ .*smaller learning rate \(now 1e\+30\).*clip=1.0"
    ):
        fit(TrainConfig("mse", ps.SGD(1e30), batch=9))


def test_a_last_step_that_breaks_the_weights_is_not_kept() -> None:
    """Nothing is validation and the loss before the only step is finite: the step itself must be noticed."""
    samples = Samples.of_windows(Source.of(1e4 * Y[:, None]), 1e4 * Y, LEARN, WATCH[:0], window=WINDOW)
    with pytest.raises(ps.TrainingError, match="no longer finite in epoch 1"):
        train_folds(spec(TrainConfig("mse", ps.SGD(3e38), batch=45)), [samples], epochs=1)


@pytest.mark.slow
def test_clipping_bounds_the_step() -> None:
    plan = TrainConfig("mse", ps.SGD(1.0), batch=45, patience=None, clip=1e-3)
    before = fresh(plan).weights
    pairs = zip(jax.tree.leaves(fit(plan, epochs=1).weights), jax.tree.leaves(before), strict=True)
    moved = np.sqrt(sum(float(np.sum((a - b) ** 2)) for a, b in pairs))
    assert moved == pytest.approx(1e-3, rel=1e-2)


OPTIMIZERS = ("sgd", "rmsprop", "adam", ps.SGD(0.05, momentum=0.9))


@pytest.mark.fast("adam-mse", "adam-huber")
@pytest.mark.parametrize(  # each optimizer and each loss once, in the fast suite
    ("optimizer", "loss"),
    [
        pytest.param(optimizer, loss, marks=[] if loss == "mse" or optimizer == "adam" else pytest.mark.slow)
        for loss in VALUE_LOSSES
        for optimizer in OPTIMIZERS
    ],
)
def test_every_optimizer_and_loss_learns(optimizer: str | Optimizer, loss: str) -> None:
    history = fit(TrainConfig(loss, resolve_optimizer(optimizer), batch=5), epochs=25).history
    assert history.training_loss[-1, 0] < 0.7 * history.training_loss[0, 0]


def test_rmsprop_is_that_of_keras() -> None:
    """Keras 3: v = ρ v + (1 − ρ) g²; w = w − η g / √(v + ε)."""
    rule = ps.RMSprop(learning_rate=0.01, decay=0.9, epsilon=1e-3).build()
    w, v, state = 1.0, 0.0, rule.init(jnp.array(1.0))
    for g in (0.5, -2.0, 0.01):
        v = 0.9 * v + 0.1 * g * g
        w_next = w - 0.01 * g / np.sqrt(v + 1e-3)
        update, state = rule.update(jnp.array(g), state)
        assert w + float(update) == pytest.approx(w_next, abs=1e-6)
        w = w_next


def test_losses_by_hand() -> None:
    y, yhat = jnp.array([[0.0, 0.0], [1.0, 1.0]]), jnp.array([[3.0, 0.5], [1.0, 1.0]])
    assert LOSSES["mse"](y, yhat).tolist() == [4.625, 0.0]
    assert LOSSES["mae"](y, yhat).tolist() == [1.75, 0.0]
    assert LOSSES["huber"](y, yhat).tolist() == [(2.5 + 0.125) / 2, 0.0]


def test_silent_where_there_is_no_terminal_and_a_bar_where_it_is_wanted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fit(TrainConfig(), epochs=2, callbacks=[ProgressBar()])
    out, err = capsys.readouterr()
    assert out == err == ""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    fit(TrainConfig(), epochs=2, callbacks=[ProgressBar()])
    assert "epoch" in sys.stderr.getvalue()  # type: ignore[attr-defined]
    assert "2/2" in sys.stderr.getvalue()  # type: ignore[attr-defined]


def test_the_weights_tree_is_that_of_the_module() -> None:
    module = NETWORK.build(Inputs(), 1, jax.random.key(0))
    assert jax.tree.structure(fit(TrainConfig(), epochs=1).weights) == jax.tree.structure(
        eqx.filter(module, eqx.is_array)
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"learning_rate": 0.0}, "learning_rate=0.0 is out of range; allowed: a number above 0"),
        ({"decay": 1.0}, "decay=1.0 is out of range; allowed: a number at least 0 and below 1"),
        ({"learning_rate": float("nan")}, "learning_rate=nan is not finite"),
    ],
)
def test_options_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(ps.OptionError, match=message):
        ps.RMSprop(**options)
    with pytest.raises(ps.OptionError, match="optimizer='rmspop' is unknown; did you mean 'rmsprop'"):
        resolve_optimizer("rmspop")


def test_a_member_that_diverges_is_named_with_its_own_epoch() -> None:
    lanes = Lanes(1, 3, 2)
    lanes.epochs[:] = 7, 2  # the second lane was taken over by another member
    losses = np.array([1.0, np.nan])
    with pytest.raises(ps.TrainingError, match=r"the loss of member 1 was no longer finite in epoch 2 \(nan"):
        require_finite(np.isnan(losses), losses, losses, lanes, [spec(TrainConfig())])
