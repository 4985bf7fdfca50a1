from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import penstock as ps
from penstock.data.sequences import Sequences
from penstock.errors import DataError, DataWarning, OptionError
from penstock.layers.declared import GRU, LSTM
from penstock.networks.inputs import Inputs
from penstock.networks.network import Network
from penstock.text.generation import NextTokens, beam_search
from penstock.text.language_model import LanguageModel
from penstock.text.token_progress import TokenProgress
from penstock.text.token_stream import language_samples, with_boundaries
from penstock.text.tokens import Tokens
from penstock.training.callbacks import Callback, EpochEnd, StepsEnd
from penstock.training.carried import CarriedRows

TEXTS = ["we like good films", "we like bad jokes", "you like good jokes", "you see films"] * 16
SMALL: dict[str, Any] = {
    "tokens": Tokens(20, length=None), "units": 4, "sampled": None, "steps": 8, "batch": 2, "epochs": 12,
    "patience": None, "optimizer": ps.Adam(learning_rate=0.05), "validation": 0.25,
}  # fmt: skip


@pytest.fixture(scope="module")
def fitted() -> LanguageModel:
    return LanguageModel(Network([GRU(4)]), **SMALL).fit(TEXTS)


def test_it_learns_what_follows(fitted: LanguageModel) -> None:
    assert fitted.generate("you see", temperature=0) == ["you see films"]
    assert fitted.perplexity_ < 2.2 < len(fitted.vocabulary_)
    assert fitted.perplexity(["films jokes you"]) > 10  # it has never seen that
    assert fitted.history_.validation_loss.shape == (12, 1)
    assert fitted.parameters_ == 10 * 4 + 10 + 3 * (4 * 4 + 4 * 4 + 4)


@pytest.mark.slow
def test_the_perplexity_of_the_last_epoch_is_that_of_the_documents_held_out() -> None:
    """Walked in parts beside the others, and whole: the same numbers; no best epoch before the last is asked for."""
    train, held_out = TEXTS[:40], [*TEXTS[40:44], "we see bad films you like", "jokes"]
    model = LanguageModel(Network([LSTM(4)]), **{**SMALL, "steps": 3, "epochs": 2}).fit(train, validation=held_out)
    assert model.history_.validation_loss[1, 0] < model.history_.validation_loss[0, 0]
    assert model.perplexity_ == pytest.approx(model.perplexity(held_out), rel=1e-5)
    each, counts = model.log_likelihood(held_out)
    assert counts.tolist() == [5, 5, 5, 4, 7, 2]
    assert np.array_equal(model.log_likelihood(held_out[4:])[0], each[4:])  # without the others, bit for bit


@pytest.mark.slow
def test_members_share_their_probabilities(tmp_path: Path) -> None:
    options = {**SMALL, "epochs": 2, "sampled": 3, "tied": False, "members": 2, "embedding_dropout": 0.1}
    model = LanguageModel(Network([LSTM(3, dropout=0.1), GRU(5)]), **options, weight_dropout=0.1, output_dropout=0.1)
    model.fit(TEXTS)
    both, _ = model.log_likelihood(["we like films"])
    model.save(tmp_path / "lm.penstock")
    again = ps.load(tmp_path / "lm.penstock")
    assert again.get_params() == model.get_params()
    assert np.array_equal(again.log_likelihood(["we like films"])[0], both)
    assert again.perplexity_ == model.perplexity_
    assert again.generate(count=3, seed=1) == model.generate(count=3, seed=1) != model.generate(count=3, seed=2)
    twice = LanguageModel(**model.get_params()).fit(TEXTS)
    assert np.array_equal(twice.log_likelihood(["we like films"])[0], both)


@pytest.mark.slow
def test_reading_backwards_is_reading_reversed_documents(fitted: LanguageModel) -> None:
    turned = [" ".join(text.split()[::-1]) for text in TEXTS]
    backwards = LanguageModel(Network([GRU(4)]), **SMALL, reverse=True).fit(turned)
    assert backwards.perplexity(turned) == fitted.perplexity(TEXTS)
    assert backwards.generate("see you", temperature=0) == ["films see you"]


def test_the_stream_holds_every_token_once_and_documents_for_validation_end_it() -> None:
    train = with_boundaries(Sequences(np.array([5, 6, 7]), np.array([0, 2, 3])))
    held_out = with_boundaries(Sequences(np.array([8, 9, 9]), np.array([0, 1, 3])))
    samples = language_samples(train, held_out, steps=4)
    rows: CarriedRows = samples.targets  # type: ignore[assignment]
    assert samples.source.values[:13].tolist() == [0, 5, 6, 0, 7, 0, 0, 9, 9, 0, 0, 8, 0]
    assert np.asarray(rows.use)[:13].tolist() == [1, 1, 1, 1, 1, 0, 2, 2, 2, 0, 2, 2, 0]
    assert (int(samples.train[4].total), int(samples.validation[4].total)) == (2, 2)


@pytest.mark.slow
def test_a_beam_finds_the_most_probable_texts(fitted: LanguageModel) -> None:
    words, length = len(fitted.vocabulary_), 3
    model = NextTokens(fitted.whole_network, fitted.weights_, Inputs(), words**2)
    found = beam_search(model, np.zeros(0, np.int64), length)[:4]
    scores = {}
    one = NextTokens(fitted.whole_network, fitted.weights_, Inputs(), words**2)
    pairs = np.array(list(itertools.product(range(words), repeat=2)))
    first = one.read_all(np.zeros(0, np.int64))
    second = one.read(pairs[:, 0])
    third = one.read(pairs[:, 1])
    for place, (a, b) in enumerate(pairs.tolist()):
        if a == 0:
            scores[()] = first[0, 0]
            continue
        before = first[place, a] + second[place, b]
        if b == 0:
            scores[(a,)] = before
            continue
        for c in range(words):
            scores[(a, b) if c == 0 else (a, b, c)] = before + third[place, c]
    best = sorted(scores, key=scores.__getitem__, reverse=True)[:4]
    assert [tuple(text) for text in found] == best
    assert fitted.generate(beam=words**2, count=4, tokens=length) == [
        " ".join(fitted.vocabulary_.words[token] for token in text) for text in best
    ]


def test_a_beam_returns_no_text_that_cannot_be(fitted: LanguageModel) -> None:
    words = [word for place, word in enumerate(fitted.vocabulary_.words) if place not in (0, 1)]
    with pytest.warns(DataWarning, match="there are 9 texts of at most tokens=1, not count=12"):
        found = fitted.generate(beam=12, count=12, tokens=1)
    assert sorted(found) == sorted(["", *words])  # each once, and the unknown word never


def test_tokens_at_most_take_no_memory_before_they_are_drawn(fitted: LanguageModel) -> None:
    short = fitted.generate("you see", count=3, tokens=40, seed=4)
    assert fitted.generate("you see", count=3, tokens=10**12, seed=4) == short


@pytest.mark.slow
def test_a_fit_goes_on_from_its_checkpoint_and_no_other_does(tmp_path: Path) -> None:
    class Stop(Callback):
        def on_epoch_end(self, event: EpochEnd) -> None:
            if event.epoch[0] == 2:
                raise KeyboardInterrupt

    small = {**SMALL, "epochs": 4}
    model = LanguageModel(Network([GRU(4)]), **small)
    with pytest.raises(KeyboardInterrupt):
        model.clone().fit(TEXTS, checkpoint=tmp_path / "kept", callbacks=[Stop()])
    with pytest.raises(OptionError, match="steps was 8 and is 9 now"):
        LanguageModel(Network([GRU(4)]), **{**small, "steps": 9}).fit(TEXTS, checkpoint=tmp_path / "kept", resume=True)
    resumed = model.clone().fit(TEXTS, checkpoint=tmp_path / "kept", resume=True)
    assert np.array_equal(resumed.log_likelihood(TEXTS)[0], model.fit(TEXTS).log_likelihood(TEXTS)[0])


def test_what_cannot_be_learned_is_refused_in_words(fitted: LanguageModel) -> None:
    model = LanguageModel(Network([GRU(4)]), **{**SMALL, "validation": 0})
    with pytest.raises(DataError, match="no document holds a word that counts"):
        model.fit(["", " "])
    with pytest.raises(DataError, match=r"texts hold no document"):
        model.fit([])
    with pytest.raises(DataError, match=r"the vocabulary has 8 ids, but the documents hold 7 tokens: most words stand"):
        model.fit(["every word here stands just once"])
    with pytest.raises(
        OptionError, match=r"puts the output on the layers itself; give the layers alone: Network\(\[GR"
    ):
        LanguageModel(Network([GRU(4)], dense=[3]))
    with pytest.raises(OptionError, match=r"count=3 of beam=2 is not possible"):
        fitted.generate(count=3, beam=2)
    with pytest.raises(OptionError, match=r"temperature=0.5 is not possible"):
        fitted.generate(temperature=0.5, beam=2)
    with pytest.warns(DataWarning, match="1 of the 2 words of start= are unknown"):
        fitted.generate("we xyzzy", tokens=1)


def test_the_bar_tells_tokens_a_second() -> None:
    bar = TokenProgress(1_000_000, shown=False)
    bar.on_steps_end(StepsEnd(0, 0.5, 10.0, 0.2, np.log([100.0])))
    assert bar.tokens_per_second == pytest.approx(20_000)
    assert bar._words(np.log([100.0])) == "20,000 tokens/s · perplexity 100"
