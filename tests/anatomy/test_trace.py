"""Traces, walks, gradients and memory against what the cells compute, and against finite differences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.anatomy import EXPLANATIONS, gradients, memory, subject_of, trace, unrolled, walk
from penstock.anatomy.contrasts import contrasts
from penstock.anatomy.probe import probed
from penstock.cells.lstm import LSTMCell
from penstock.cells.rnn import RNNCell
from penstock.layers.unroll import unroll

pytestmark = pytest.mark.slow

X = np.random.default_rng(0).normal(size=(3, 6, 2))
NETWORK = ps.Network([ps.LSTM(3), ps.GRU(2)])


@pytest.fixture(scope="module")
def fitted() -> ps.Forecaster:
    steps = np.random.default_rng(7).normal(size=80)
    frame = pd.DataFrame({"ds": range(80), "y": np.cumsum(steps)})
    return ps.Forecaster(ps.Network([ps.LSTM(3)]), window=6, epochs=1, members=2).fit(frame)


def test_a_probe_changes_nothing_and_sees_every_gate_and_state() -> None:
    subject = subject_of(NETWORK, X)
    outputs, (lstm, gru) = probed(subject, subject.x)
    np.testing.assert_allclose(outputs, subject.module(subject.x), atol=1e-6)
    i, f, g, o = (lstm.gates[letter] for letter in "ifgo")
    h, c = lstm.states["h"], lstm.states["c"]
    np.testing.assert_allclose(f[:, 1:] * c[:, :-1] + i[:, 1:] * g[:, 1:], c[:, 1:], atol=1e-6)
    np.testing.assert_allclose(o * jnp.tanh(c), h, atol=1e-6)
    np.testing.assert_array_equal(gru.x, h)
    z, n = gru.gates["z"], gru.gates["n"]
    np.testing.assert_allclose(
        z[:, 1:] * gru.after[0][:, :-1] + (1 - z[:, 1:]) * n[:, 1:], gru.after[0][:, 1:], atol=1e-6
    )


def test_a_probe_respects_lengths() -> None:
    cell = RNNCell(2, 3, jax.random.key(0))
    lengths = jnp.asarray([6, 2, 4])
    subject = subject_of(cell, X)
    subject = type(subject)("RNN", cell, subject.x, {"lengths": lengths})
    outputs, (record,) = probed(subject, subject.x)
    np.testing.assert_allclose(outputs, unroll(cell, subject.x, lengths=lengths, sequence=False)[0], atol=1e-6)
    assert not np.asarray(record.outputs)[1, 2:].any()


def test_trace_gives_a_frame_and_a_page() -> None:
    found = trace(NETWORK, X)
    assert list(found.networks[repr(NETWORK)][0].gates) == ["i", "f", "g", "o"]
    frame = found.frame()
    assert len(frame) == 6 * (3 * 6 + 2 * 4)
    (ranges,) = found.page().sections[-1].tables
    z = found.networks[repr(NETWORK)][1].gates["z"]
    row = next(row for row in map(ranges.cells, ranges.rows) if row[0].endswith("GRU(2)") and row[1] == "z")
    assert [float(cell) for cell in row[2:]] == pytest.approx([z.mean(), z.min(), z.max()], abs=6e-4)
    text = found.page().html()
    assert "layer 2, GRU(2)" in text
    assert text.count("<svg") == 4


def test_a_fitted_forecaster_is_looked_into(fitted: ps.Forecaster, tmp_path: Path) -> None:
    subject = subject_of(fitted, member=1)
    assert subject.x.shape == (16, 6, 1)
    # the newest window, through the network, is the forecast
    with_last = fitted.forecast_panel(fitted.tail_, fitted.tail_.offsets[1:] - 1)[1, 0, 0]
    scaled = np.asarray(subject.run(subject.module, subject.x[-1:]), float)[0]
    assert fitted.scaling_.inverse(scaled[None], np.zeros(1, int))[0, 0] == pytest.approx(with_last, rel=1e-5)
    for explain in (trace, walk, gradients, memory, unrolled):
        assert explain(fitted).report(tmp_path / "page.html").stat().st_size > 5_000
    path = tmp_path / "model"
    fitted.save(path)
    (loaded,), (whole,) = (trace(model).outputs.values() for model in (ps.load(path), fitted))
    np.testing.assert_array_equal(loaded, whole)


def test_a_model_of_text_reads_a_document_and_one_of_sequences_what_is_drawn(tmp_path: Path) -> None:
    text = ps.text.TextClassifier(ps.Network([ps.LSTM(2)]), units=3, epochs=1)
    text.fit(["good film", "bad film", "good fun", "bad plot"] * 5, [1, 0, 1, 0] * 5)
    subject = subject_of(text, "good plot")
    assert [text.vocabulary_.words[token] for token in np.asarray(subject.x[0])] == ["good", "plot"]
    assert trace(text, "good plot").networks[subject.name][0].gates["f"].shape == (2, 2)
    assert subject_of(text).x.shape == (8, 50)
    assert EXPLANATIONS["gradients"](text, "good plot").page().html()
    numbers = ps.SequenceRegressor(ps.Network([ps.GRU(2)], embeddings=[1]), epochs=1)
    numbers.fit(X[[0, 1, 2] * 4], np.arange(12), categories=np.array(["a", "b"] * 6)[:, None], extra=np.ones((12, 1)))
    assert unrolled(numbers).page().html()
    drawn = subject_of(numbers)
    assert drawn.name == "SequenceRegressor, fitted, on white noise"
    assert (drawn.x.shape, drawn.run(drawn.module, drawn.x).shape) == ((8, 50, 2), (8, 1))
    with pytest.raises(ps.OptionError, match="SequenceRegressor reads numbers, but x='good plot' is text"):
        trace(numbers, "good plot")
    with pytest.raises(ps.OptionError, match="graph shows the model itself, whatever it reads"):
        EXPLANATIONS["graph"](text, "good plot")


def test_walk_adds_up() -> None:
    found = walk(ps.LSTM(3), X, step=4, unit=2, sample=1)
    subject = subject_of(ps.LSTM(3), X)
    _, (record,) = probed(subject, subject.x)
    i, f, g, o = (gate.value for gate in found.gates)
    assert [gate.value for gate in found.gates] == pytest.approx([float(record.gates[n][1, 4, 2]) for n in "ifgo"])
    for gate in found.gates:
        φ = np.tanh if gate.activation == "tanh" else lambda x: 1 / (1 + np.exp(-x))
        assert gate.value == pytest.approx(φ(gate.sum), abs=1e-6)
    assert found.after[1] == pytest.approx(f * found.before[1] + i * g, abs=1e-6)
    assert found.after[0] == pytest.approx(o * np.tanh(found.after[1]), abs=1e-6)
    assert found.before == pytest.approx([float(leaf[1, 3, 2]) for leaf in record.after])


def test_gradients_are_those_of_a_linear_recurrence() -> None:
    """h' = x W + h U: every Jacobian is U, the product U^k, and the output moves with s_t by U^(T−t) and no more."""
    cell = RNNCell(2, 2, jax.random.key(0), "linear")
    U = jnp.asarray([[0.5, 0.2], [0.0, 1.5]])
    cell = eqx.tree_at(lambda cell: cell.U, cell, U)
    (layer,) = next(iter(gradients(cell, X, sample=0).networks.values()))
    powers = [np.linalg.matrix_power(np.asarray(U, float), k) for k in range(5, -1, -1)]
    np.testing.assert_allclose(layer.products, [np.linalg.norm(p, 2) for p in powers], rtol=1e-5)
    np.testing.assert_allclose(layer.steps, np.full(6, np.linalg.norm(U, 2)), rtol=1e-5)
    np.testing.assert_allclose(layer.norms, [np.linalg.norm(p.sum(axis=1)) for p in powers], rtol=1e-5)


def test_gradients_of_a_lower_layer_count_every_way_up() -> None:
    """The gradient at s_t of layer 1 equals a difference made by nudging the state there."""
    with jax.enable_x64(True):
        subject = subject_of(NETWORK, X).only(0)
        module = jax.tree.map(lambda leaf: leaf.astype(float) if eqx.is_inexact_array(leaf) else leaf, subject.module)
        subject = type(subject)("n", module, jnp.asarray(X[:1]))
        lower, _ = gradients(subject, sample=0).networks["n"]

        def output(nudge: Any) -> float:
            none = [tuple(jnp.zeros((6, 1, n)) for _ in range(leaves)) for n, leaves in ((3, 2), (2, 1))]
            none[0] = (none[0][0].at[2, 0].add(nudge[:3]), none[0][1].at[2, 0].add(nudge[3:]))
            return float(probed(subject, subject.x, none)[0].sum())

        by_difference = ps.derivatives.gradient(output, np.zeros(6))
    assert lower.norms[2] == pytest.approx(np.linalg.norm(by_difference), rel=1e-7)


def test_the_demonstration_vanishes_explodes_and_survives() -> None:
    found = {subject.name: gradients(subject).networks[subject.name][0] for subject in contrasts()[:2]}
    assert found["RNN tanh"].verdict == "vanish"
    assert found["RNN 1.1 I"].verdict == "explode"
    assert found["RNN 1.1 I"].products[0] == pytest.approx(1.1**99, rel=1e-4)


def test_clipping_shortens_and_keeps() -> None:
    found = gradients(RNNCell(2, 2, jax.random.key(0)), X)
    assert found.clipped(50.0) == 1.0
    assert found.clipped(0.3) == 0.3


def test_memory_ends_where_it_must() -> None:
    """A network that sees the last two inputs alone has the memory length two."""

    class Short(eqx.Module):
        w: jax.Array

        def __call__(self, x: jax.Array) -> jax.Array:
            return 2 * x[:, -1] + self.w * x[:, -2]

    x = np.random.default_rng(1).normal(size=(50, 9, 1))
    reach = memory(Short(jnp.asarray(0.5)), x).networks["Short"]
    assert (reach.length, reach.bounded) == (2, False)
    np.testing.assert_allclose(reach.effect[-2:], [0.5 * x[:, -2].std(), 2 * x[:, -1].std()], rtol=0.2)
    np.testing.assert_allclose(reach.gradient, [0] * 7 + [0.5, 2.0], atol=1e-6)
    assert memory(Short(jnp.asarray(0.0)), x).networks["Short"].length == 1
    assert memory(Short(jnp.asarray(0.5)), x, share=0.9).networks["Short"].length == 1


def test_the_graph_has_every_edge() -> None:
    graph = unrolled(ps.Network([ps.RNN(2), ps.Dropout(0.5), ps.LSTM(3)], dense=[4]), steps=4)
    assert len(graph.edges) == 3 * 4 + 2 * 3 + 1
    assert ("1[1]", "1[2]") in graph.edges
    assert ("2[1]", "2[2]") not in graph.edges
    assert graph.depth == 4 + 2 - 1 + 1 + 1


def test_refuses_in_words(fitted: ps.Forecaster) -> None:
    with pytest.raises(ps.OptionError, match="is not fitted; call fit first"):
        trace(ps.Forecaster(NETWORK))
    with pytest.raises(ps.OptionError, match="member=2 is not there: the model has 2"):
        trace(fitted, member=2)
    with pytest.raises(ps.OptionError, match="3 cannot be looked into"):
        trace(3)
    with pytest.raises(ps.DataError, match=r"x has the shape \(0,\)"):
        trace(ps.RNN(2), [])
    with pytest.raises(ps.OptionError, match="holds GRU; for any other cell use trace"):
        walk(ps.GRU(2))
    with pytest.raises(ps.OptionError, match="step=9 is not there: the sequence has 6 steps"):
        walk(ps.LSTM(2), X, step=9)
    with pytest.raises(ps.OptionError, match="unit=2 is not there"):
        walk(ps.LSTM(2), X, unit=2)
    with pytest.raises(ps.OptionError, match="sample=7 is not there"):
        trace(ps.RNN(2), X, sample=7)
    with pytest.raises(ps.OptionError, match="share=1 is out of range"):
        memory(ps.RNN(2), X, share=1)
    with pytest.raises(ps.OptionError, match="has no recurrent cell"):
        trace(ps.Dense(2), X)
    with pytest.raises(ps.OptionError, match="is no network"):
        unrolled(3)
    assert LSTMCell.state_names == ("h", "c")
