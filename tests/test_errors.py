from __future__ import annotations

import pickle

import pandas as pd
import pytest

import penstock as ps
from penstock.errors import named, nearest


def test_an_error_names_twelve_of_many() -> None:
    names = [f"column {number}" for number in range(2000)]
    assert nearest("colum 1999", names).startswith("did you mean 'column 1999'? Allowed: 'column 0', 'column 1', ")
    assert nearest("colum 1999", names).endswith("'column 11' and 1,988 more.")
    assert named(range(12)).endswith("'10', '11'")
    with pytest.raises(ps.DataError) as error:
        ps.Naive().fit(pd.DataFrame({name: [1.0] for name in ["ds", *names]}))
    assert len(str(error.value)) < 400


@pytest.mark.parametrize("kind", [ps.PenstockError, ps.OptionError, ps.DataError, ps.ModelFileError, ps.TrainingError])
def test_errors_can_be_pickled(kind: type[Exception]) -> None:
    again = pickle.loads(pickle.dumps(kind("what went wrong")))
    assert type(again) is kind
    assert str(again) == "what went wrong"


def test_the_error_of_an_estimator_that_is_not_fitted_can_be_pickled() -> None:
    """Worker processes, such as joblib's, send errors back as pickles."""
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError) as error:
        ps.SequenceClassifier(ps.Network([ps.LSTM(2)])).predict([[1.0]])
    again = pickle.loads(pickle.dumps(error.value))
    assert type(again) is type(error.value)
    assert isinstance(again, ps.OptionError)
    assert str(again) == "this SequenceClassifier is not fitted yet; call fit first."
