from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.text.markup import without_markup
from penstock.text.tokens import Tokens


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("churn (<8%) and (>65%)", "churn (<8%) and (>65%)"),
        ("if a<b and c>d", "if a<b and c>d"),
        ("P/E <10, yield >5 %", "P/E <10, yield >5 %"),
        ("a <- b -> c <3 <john@example.org>", "a <- b -> c <3 <john@example.org>"),
        ("<p class='x' hidden>one</p><br/><BR />two", " one   two"),
        ('<a href="x?a=1&b=2" title="a > b">link</a>', " link "),
        ("<!-- a <b> comment --><!DOCTYPE html>text", "  text"),
        ("it&#8217;s &#x20AC;5 &mdash; caf&eacute; &nbsp;x", "it’s €5 — café \u00a0x"),
        ("&lt;b&gt; stays, as do AT&T and R&D; &unknown;", "<b> stays, as do AT&T and R&D; &unknown;"),
        ("&#55357; &#0;", "\ufffd \ufffd"),
    ],
)
def test_tags_go_and_all_else_stays(text: str, plain: str) -> None:
    assert without_markup(text) == plain


@settings(max_examples=150)
@given(st.text(alphabet="<>8%5 .,()$=ab", max_size=40))
def test_what_stands_between_brackets_of_numbers_is_never_lost(text: str) -> None:
    kept = without_markup(text.replace("a", "7").replace("b", "9"))
    assert kept == text.replace("a", "7").replace("b", "9")


@pytest.mark.parametrize("cut", ["words", "letters"])
def test_scripts_without_blanks_are_cut_by_character(cut: str) -> None:
    assert Tokens(tokenizer=cut).split(["点了面条 ok服务", "これはカメラー", "한국어 문장", "don't naïve"]) == [
        ["点", "了", "面", "条", "ok", "服", "务"],
        ["こ", "れ", "は", "カ", "メ", "ラ", "ー"],
        ["한국어", "문장"],
        ["don't", "naïve"],
    ]
    assert Tokens(tokenizer=cut).split(["ไทยที่"]) == [["ไ", "ท", "ย", "ที่"]]


def test_angle_brackets_in_words_or_signs_score_alike() -> None:
    folder = Path(os.environ.get("PENSTOCK_CASES", Path(__file__).parents[3] / "shared" / "cases"))
    if not folder.is_dir():
        pytest.skip("the small files are not here: set PENSTOCK_CASES to the folder that holds them")
    signs, words = (
        Tokens().split(pd.read_csv(folder / name)["text"].tolist())
        for name in ("text-angle-brackets.csv", "text-angle-brackets-in-words.csv")
    )
    for one, other in zip(signs, words, strict=True):
        for word in ("excellent", "dreadful", "strong", "weak", "record", "loss", "retention"):
            assert one.count(word) == other.count(word)
