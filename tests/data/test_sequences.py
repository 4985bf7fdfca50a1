"""Reading arrays, padded arrays and ragged lists."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import penstock as ps
from penstock.data.sequences import read_sequences


@settings(max_examples=20)
@given(lengths=st.lists(st.integers(1, 6), min_size=1, max_size=5), side=st.sampled_from(["post", "pre"]))
def test_a_padded_array_is_the_ragged_list(lengths: list[int], side: str) -> None:
    parts = [np.random.default_rng(n).normal(size=(n, 2)) for n in lengths]
    padded = np.full((len(parts), 7, 2), np.nan)
    for row, part in zip(padded, parts, strict=True):
        row[slice(len(part)) if side == "post" else slice(7 - len(part), 7)] = part
    ragged, same = read_sequences(parts), read_sequences(padded, lengths=lengths, padding=side)
    assert np.array_equal(ragged.values, same.values)
    assert ragged.lengths.tolist() == same.lengths.tolist() == lengths


def test_what_a_plain_array_means() -> None:
    assert read_sequences(np.ones((4, 3, 2))).values.shape == (12, 2)
    assert read_sequences(np.ones((4, 3))).values.shape == (12, 1)
    assert read_sequences([[1, 2], [3, 4]], ids=True).values.tolist() == [1, 2, 3, 4]
    objects = np.empty(2, dtype=object)
    objects[:] = [[1, 2], [3]]
    assert read_sequences(objects, ids=True).lengths.tolist() == [2, 1]


@pytest.mark.parametrize(
    ("X", "options", "message"),
    [
        (np.ones(3), {}, r"shape \(3,\), that is 1 axes; allowed: \[samples, time, features\].*Reshape your data"),
        (np.ones((2, 3, 4, 5)), {}, "that is 4 axes"),
        (np.ones((2, 3, 4)), {"ids": True}, r"that is 3 axes; allowed: token ids \[samples, time\]"),
        (np.ones((0, 3)), {}, "0 sample.s., 3 step.s."),
        ([], {}, "0 sample"),
        ([[1.0], []], {}, "sample 1 of X is empty; each needs one step or more"),
        ([np.ones((2, 3)), np.ones((4, 2))], {}, "sample 1 of X has 2 features, but sample 0 has 3"),
        ([np.ones((2, 3)), np.ones(4)], {}, r"sample 1 of X has the shape \(4,\)"),
        ([[1.0], [2.0, np.nan]], {}, "NaN or inf in sample 1, step 1"),
        ([["a"], ["b", "c"]], {}, "X holds what is no number"),
        ([[1, 2], [3, -1, 4]], {"ids": True}, "a negative token id in sample 1, step 1"),
        ([[1.5], [2.0, 3.0]], {"ids": True}, "the network reads token ids; give whole numbers from 0"),
        (np.ones((2, 3)) * 1j, {}, "Complex data not supported"),
        (np.ones((2, 3)), {"lengths": [3, 4]}, r"lengths\[1\] is 4; allowed: from 1 to the 3 steps that X holds"),
        (np.ones((2, 3)), {"lengths": [0, 3]}, r"lengths\[0\] is 0"),
        (np.ones((2, 3)), {"lengths": [3]}, r"lengths has the shape \(1,\).*each of the 2 samples"),
        ([[1.0], [2.0, 3.0]], {"lengths": [1, 2]}, "lengths= is for padded arrays"),
        (np.ones((2, 3)), {"padding": "prre"}, "padding='prre' is unknown; did you mean 'pre'"),
    ],
)
def test_what_is_refused(X: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ps.PenstockError, match=message):
        read_sequences(X, **options)
