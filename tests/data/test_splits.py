from __future__ import annotations

import numpy as np
import pytest

from penstock.data.splits import keep_every_class, stratified_split


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.77, 0.99])
def test_a_stratified_split_holds_out_each_class_alike(share: float, seed: int) -> None:
    codes = np.random.default_rng(seed).permutation(np.repeat([0, 1, 2], [150, 40, 10]))
    train, test = stratified_split(codes, share, seed)
    assert sorted([*train, *test]) == list(range(200))
    assert set(codes[train]) == {0, 1, 2}
    expected = share * np.array([150, 40, 10])
    assert np.abs(np.bincount(codes[test], minlength=3) - expected).max() <= 1
    again = stratified_split(codes, share, seed)
    assert (again[0] == train).all()
    if share:
        assert stratified_split(codes, share, seed + 1)[1].tolist() != test.tolist()


def test_a_class_of_one_sample_trains() -> None:
    for seed in range(20):
        train, test = stratified_split(np.array([0, 0, 0, 0, 1]), 0.4, seed)
        assert 4 in train
        assert 1 <= len(test) <= 2


def test_the_first_sample_of_each_missing_class_moves() -> None:
    codes = np.array([0, 1, 2, 2, 0, 1])
    train, test = keep_every_class(np.array([0, 4]), np.array([1, 2, 3, 5]), codes)
    assert (train.tolist(), test.tolist()) == ([0, 1, 2, 4], [3, 5])
    same = keep_every_class(np.array([0, 1, 2]), np.array([3, 4, 5]), codes)
    assert [part.tolist() for part in same] == [[0, 1, 2], [3, 4, 5]]
