"""scikit-learn's own checks, all but those listed here by name with the reason."""

from __future__ import annotations

from typing import Any

import pytest

import penstock as ps

OPTIONS: dict[str, Any] = {
    "epochs": 12, "batch": 64, "optimizer": ps.Adam(0.05), "validation": 0, "patience": None, "progress": False,
}  # fmt: skip
LONGER: dict[str, Any] = {**OPTIONS, "epochs": 40, "batch": 32, "optimizer": ps.Adam(0.02)}

EXCEPTIONS = {
    "check_do_not_raise_errors_in_init_or_set_params": "options are refused when given, not when used",
    "check_parameters_default_constructible": "the default network is a description, not one of Python's own types",
    "check_n_features_in": "the columns of [samples, time] are steps of one feature, and their number may differ",
    "check_n_features_in_after_fitting": "the same",
    "check_sample_weight_equivalence_on_dense_data": "batches are drawn: a sample twice is not a sample of weight two",
    "check_dtype_object": "numbers that are none raise DataError, a ValueError, not a TypeError",
    "check_estimators_empty_data_messages": "an empty axis of [samples, time] is called steps, not features",
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("estimator", "more"),
    [
        (
            ps.SequenceClassifier(ps.Network([ps.RNN(4)]), **OPTIONS),
            {"check_classifiers_train": "sequences of other lengths are allowed"},
        ),
        (ps.SequenceRegressor(ps.Network([ps.RNN(8)]), **LONGER), {}),
    ],
    ids=["classifier", "regressor"],
)
@pytest.mark.filterwarnings("ignore")  # scikit-learn warns of the checks that fail
def test_check_estimator(estimator: Any, more: dict[str, str]) -> None:
    from sklearn.utils.estimator_checks import check_estimator

    found = check_estimator(estimator, on_fail=None, on_skip=None)
    failed = {each["check_name"]: str(each["exception"])[:200] for each in found if each["status"] == "failed"}
    assert {name: why for name, why in failed.items() if name not in EXCEPTIONS | more} == {}
    assert set(EXCEPTIONS | more) == set(failed)
    assert sum(each["status"] == "passed" for each in found) > 40
