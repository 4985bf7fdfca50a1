from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import equinox as eqx
import numpy as np
import pytest

import penstock as ps
from penstock.layers.attention_pooling import AttentionPooling
from penstock.layers.declared import GRU
from penstock.networks.network import Network
from penstock.text.bag_of_words import BagClassifier
from penstock.text.classifier import TextClassifier
from penstock.text.explanation import explain
from penstock.text.regressor import TextRegressor
from penstock.text.tokens import Tokens

pytestmark = pytest.mark.slow

TEXTS, LABELS = ["a good film", "good fun", "a bad film", "so bad a bore"] * 10, [1, 1, 0, 0] * 10
SMALL: dict[str, Any] = {
    "tokens": Tokens(20, length=16), "units": 4, "batch": 16, "epochs": 12, "patience": None, "validation": 0,
    "optimizer": ps.Adam(learning_rate=0.02),
}  # fmt: skip


@pytest.fixture(scope="module")
def fitted() -> TextClassifier:
    return TextClassifier(Network([GRU(4)]), **SMALL).fit(TEXTS, LABELS)


def logit(model: TextClassifier, text: str) -> float:
    return float(model.outputs([text]).mean())


def test_occlusion_is_the_loss_of_a_word(fitted: TextClassifier) -> None:
    found = explain(fitted, "A good, bad film!")
    assert found.tokens == ["A", "good", ",", "bad", "film", "!"]
    assert found.score == pytest.approx(logit(fitted, "a good, bad film!"), abs=1e-5)
    expected = found.score - logit(fitted, "a, bad film!")
    assert found.occlusion[1] == pytest.approx(expected, abs=1e-5)
    assert found.running[1] == pytest.approx(logit(fitted, "a good"), abs=1e-5)
    assert found.running[-1] == pytest.approx(found.score, abs=1e-6)
    assert {word for word, _ in found.top(2)} == {"good", "bad"}
    assert found.states.shape == (4, 6)
    assert found.attention is None


def test_gradient_times_input_is_the_derivative_along_a_vector(fitted: TextClassifier) -> None:
    """d score(x + t x_k) / dt at t = 0, by a symmetric difference on the word's row of the table."""
    text = "a good film"
    found = explain(fitted, text)
    place = fitted.vocabulary_.ids["good"]
    scores = []
    for t in (1e-2, -1e-2):
        moved = copy.deepcopy(fitted)
        table = np.array(moved.weights_.layers[0].table)
        table[:, place] *= 1 + t
        moved.weights_ = eqx.tree_at(lambda weights: weights.layers[0].table, moved.weights_, table)
        scores.append(logit(moved, text))
    assert found.gradient[1] == pytest.approx((scores[0] - scores[1]) / 2e-2, abs=2e-3)


def test_the_other_label_has_the_opposite_score(fitted: TextClassifier) -> None:
    up, down = explain(fitted, "good fun", 1), explain(fitted, "good fun", 0)
    assert up.score == -down.score
    assert np.allclose(up.occlusion, -down.occlusion)
    assert up.meaning == "log-odds of 1"
    with pytest.raises(ps.OptionError, match="label=2 was not among those fitted"):
        explain(fitted, "good", 2)


def test_attention_weights_add_up_to_one() -> None:
    model = TextClassifier(Network([GRU(4), AttentionPooling(3)]), **SMALL).fit(TEXTS, LABELS)
    found = explain(model, "a good film")
    assert found.attention is not None
    assert found.attention.sum() == pytest.approx(1, abs=1e-6)
    assert found.states.shape == (4, 3)
    assert "Attention" in found.page().html()


def test_several_ordered_and_values() -> None:
    stars = [3, 3, 1, 2] * 10
    model = TextClassifier(Network([GRU(4)]), members=2, **SMALL).fit(TEXTS, stars)
    p = model.member_proba(["good fun"])[:, 0]
    assert explain(model, "good fun", 3).score == pytest.approx(np.log(p[:, 2] / (1 - p[:, 2])).mean(), abs=1e-4)
    ordered = TextClassifier(Network([GRU(4)]), loss="ordered", **SMALL).fit(TEXTS, stars)
    p = ordered.member_proba(["good fun"])[:, 0]
    assert explain(ordered, "good fun").score == pytest.approx((p @ [0, 1, 2]).mean(), abs=1e-4)
    regressor = TextRegressor(Network([GRU(4)]), **SMALL).fit(TEXTS, [float(star) for star in stars])
    assert explain(regressor, "good fun").score == pytest.approx(regressor.predict(["good fun"])[0], abs=1e-5)


def test_the_page(fitted: TextClassifier, tmp_path: Path) -> None:
    found = explain(fitted, "A <b>good</b> film & 1 < 2 fun")
    html = found.report(tmp_path / "why.html").read_text()
    assert html.count('class="passage"') == 2
    assert html.count(">film</text>") == 2  # beneath the state of the units, in the wide and in the narrow picture
    assert "&lt;" in html
    assert "<b>good" not in html
    assert '<mark class="up" style="--s:70%">good</mark>' in html


def test_neighbours_of_a_long_document_are_left_out_together(
    fitted: TextClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.text.explanation._SPANS", 2)
    found = explain(fitted, "a good film bad fun")
    without = [logit(fitted, "bad fun"), logit(fitted, "a good film")]
    expected = [(found.score - without[0]) / 3] * 3 + [(found.score - without[1]) / 2] * 2
    assert found.occlusion == pytest.approx(expected, abs=1e-5)
    assert found.running == pytest.approx([without[1]] * 3 + [found.score] * 2, abs=1e-5)


def test_one_word_unknown_words_and_none(fitted: TextClassifier) -> None:
    found = explain(fitted, "good")
    assert found.occlusion[0] == pytest.approx(found.score - logit(fitted, "xyzzy"), abs=1e-5)
    with pytest.raises(ps.DataError, match="holds no word"):
        explain(fitted, " ")
    with pytest.raises(ps.OptionError, match="is explained, not a BagClassifier"):
        explain(BagClassifier(), "good")  # type: ignore[arg-type]
