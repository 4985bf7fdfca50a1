"""A fast representative of each core mechanism, with one tiny network; the breadth of each is in the slow suite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file
from scipy import stats

import penstock as ps
from networks.catalogue import problem
from penstock.data.frames import read_panel
from penstock.networks.decoder import Teacher
from penstock.networks.inputs import Inputs
from penstock.training.config import TrainConfig, TrainSpec
from penstock.training.rows import begin_table, sum_by_row, update_rows
from penstock.training.samples import Samples
from penstock.training.source import Source
from penstock.training.train import train_folds
from torch_layers import ours_out

TINY = ps.Network([ps.LSTM(3)])
WINDOW = 4


def forecaster(**options: object) -> ps.Forecaster:
    given = {"window": WINDOW, "epochs": 2, "batch": 16, "seed": 1, **options}
    return ps.Forecaster(TINY, **given)  # type: ignore[arg-type]


def fold(rows: int) -> Samples:
    y = 0.5 + 0.4 * np.sin(np.arange(rows) / 3)
    starts, border = np.arange(rows - WINDOW), rows * 4 // 5
    before = starts + WINDOW < border
    return Samples.of_windows(Source.of(y[:, None]), y, starts[before], starts[~before], window=WINDOW)


def test_folds_train_as_lanes_with_the_bits_of_each_alone() -> None:
    """Folds of different lengths, two members each."""
    spec = TrainSpec(TINY, TrainConfig(batch=10, patience=2, optimizer=ps.Adam(0.02)), Inputs(), 1)
    folds = [fold(40), fold(56)]
    options: dict[str, Any] = {"epochs": 4, "seed": 1, "members": 2}
    together = train_folds(spec, folds, **options)
    for each, samples in zip(together, folds, strict=True):
        alone = train_folds(spec, [samples], **options)[0]
        pairs = zip(jax.tree.leaves(each.weights), jax.tree.leaves(alone.weights), strict=True)
        assert all(np.array_equal(one, other) for one, other in pairs)
        assert each.history.epochs.tolist() == alone.history.epochs.tolist()


def test_a_comparison_with_refits_is_fold_by_fold(walk: pd.DataFrame) -> None:
    split = ps.RollingOrigin(test=6, refit=3)
    result = ps.compare({"net": forecaster(members=2)}, walk, split)
    panel, kind = read_panel(walk)
    alone = [
        forecaster(members=2).fit_panel(panel.before(fold.ends), kind).forecast_panel(panel, fold.origins)
        for fold in split.folds(panel)
    ]
    assert len(alone) == 2
    assert np.array_equal(result.entries["net"].yhat, np.concatenate(alone, axis=1))


@pytest.mark.slow
def test_bounds_of_a_gaussian_head_are_its_quantiles(walk: pd.DataFrame) -> None:
    out = forecaster(loss="gaussian").fit(walk).predict(level=[80, 95])
    upper80, upper95 = out["hi-80"] - out["yhat"], out["hi-95"] - out["yhat"]
    assert (upper80 > 0).all()
    np.testing.assert_allclose(upper95 / upper80, stats.norm.ppf(0.975) / stats.norm.ppf(0.9), rtol=1e-5)
    np.testing.assert_allclose(out["yhat"] - out["lo-80"], upper80, rtol=1e-5)


def test_conformal_bounds_are_order_statistics_of_the_tail(walk: pd.DataFrame) -> None:
    """Of 20 errors the ⌈21 · .8⌉ = 17th."""
    model = forecaster(validation=20).fit(walk)
    out = model.predict(level=80)
    panel, _ = read_panel(walk)
    origins = np.arange(139, 159)
    errors = np.sort(np.abs(panel.y[origins + 1] - model.forecast_panel(panel, origins)[0, :, 0]))
    np.testing.assert_allclose(out["hi-80"] - out["yhat"], errors[16], rtol=1e-9)
    np.testing.assert_allclose(out["yhat"] - out["lo-80"], errors[16], rtol=1e-9)


def test_row_updates_are_the_dense_update() -> None:
    """Two steps of gradient descent; row 2 twice in one step, row 9 is padding, row 0 is never touched."""
    table = np.random.default_rng(0).normal(size=(9, 3)).astype(np.float32)
    ids = np.array([[2, 5, 2, 9], [8, 2, 9, 9]], np.int32)
    gradients = np.random.default_rng(1).normal(size=(2, 4, 3)).astype(np.float32) * (ids < 9)[..., None]
    optimizer = ps.SGD(0.1)
    found, state = jnp.asarray(table), begin_table(jnp.asarray(table), optimizer)
    expected = table.copy()
    for now, each in zip(ids, gradients, strict=True):
        state, summed = sum_by_row(state, jnp.asarray(now), jnp.asarray(each))
        found, state = update_rows(found, state, summed, optimizer)
        np.add.at(expected, now[now < 9], -0.1 * each[now < 9])
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert np.array_equal(found[0], table[0])


def test_an_encoder_decoder_reads_no_padding_and_no_later_step() -> None:
    module, x, lengths, y, *_ = problem("additive")
    out = module(x, teacher=Teacher(y), lengths=lengths)
    padded = jnp.concatenate([x, jnp.full((3, 4, 2), jnp.nan)], axis=1)
    np.testing.assert_allclose(module(padded, teacher=Teacher(y), lengths=lengths), out, atol=1e-6)
    later = y.at[:, 2:].set(1 - jnp.clip(y[:, 2:], 0, 1))
    changed = module(x, teacher=Teacher(later), lengths=lengths)
    assert np.array_equal(changed[:, :3], out[:, :3])
    assert not np.array_equal(changed[:, 3], out[:, 3])


@pytest.mark.parametrize("name", ["bidirectional", pytest.param("stacked", marks=pytest.mark.slow)])
def test_a_layer_is_that_of_torch(name: str) -> None:
    golden = load_file(Path(__file__).parent / "golden" / "torch-layers.safetensors")
    their = {key.split(".")[1]: value for key, value in golden.items() if key.startswith(f"{name}.")}
    leaves = [their[str(place)] for place in range(len(their) - 4)]
    out, _, by_x = ours_out(name, leaves, their["x"], their["lengths"])
    np.testing.assert_allclose(out, their["out"], atol=1e-5)
    np.testing.assert_allclose(by_x, their["dx"], atol=1e-5)
