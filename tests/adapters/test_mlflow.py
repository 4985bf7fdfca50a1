"""The MLflow flavour: saved, logged and loaded by MLflow itself; the numbers are the model's."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import penstock as ps

mlflow = pytest.importorskip("mlflow", reason="pip install 'penstock[mlflow]' brings mlflow-skinny")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # MLflow warns while it is imported
    from penstock.adapters import mlflow as flavour

pytestmark = pytest.mark.filterwarnings("default")  # MLflow warns of its own


def rows(count: int = 60) -> pd.DataFrame:
    time = np.arange(count)
    data = {"ds": pd.bdate_range("2024-01-01", periods=count), "y": 50 + np.sin(time / 3), "price": time % 7.0}
    return pd.DataFrame(data)


def test_a_saved_model_comes_back_with_signature_and_example(tmp_path: Path) -> None:
    model = ps.AR(3, horizon=2).fit(rows()[:50])
    flavour.save_model(model, tmp_path / "m", metadata={"team": "rates"})
    pd.testing.assert_frame_equal(flavour.load_model(str(tmp_path / "m")).predict(), model.predict())
    served = mlflow.pyfunc.load_model(str(tmp_path / "m"))
    assert served.metadata.signature.inputs.input_names() == ["ds", "y"]
    assert served.metadata.signature.outputs.input_names() == ["ds", "yhat"]
    assert served.metadata.flavors["penstock"]["model_class"] == "AR"
    assert served.metadata.metadata == {"team": "rates"}
    example = served.input_example
    pd.testing.assert_frame_equal(
        served.predict(example), model.predict(), check_dtype=False
    )  # rows that it keeps already
    later = served.predict(rows()[50:][["ds", "y"]], params={"level": [80.0]})
    pd.testing.assert_frame_equal(later, model.predict(rows()[["ds", "y"]], level=80), check_dtype=False)
    assert "penstock==" in (tmp_path / "m" / "requirements.txt").read_text()
    assert not list(tmp_path.rglob("*.pkl"))
    with pytest.raises(ps.OptionError, match="holds something already"):
        flavour.save_model(model, tmp_path / "m")
    with pytest.raises(ps.OptionError, match="not fitted"):
        flavour.save_model(ps.AR(3), tmp_path / "n")


def test_rows_ahead_are_those_without_a_target(tmp_path: Path) -> None:
    model = ps.ARX(2, horizon=2).fit(rows()[:50], known="price")
    flavour.save_model(model, tmp_path / "m")
    served = mlflow.pyfunc.load_model(str(tmp_path / "m"))
    asked = rows()[50:54].assign(y=[51.0, 50.0, None, None])
    direct = model.predict(rows()[:52].assign(y=[*rows()["y"][:50], 51.0, 50.0]), future=rows()[52:54])
    pd.testing.assert_frame_equal(served.predict(asked), direct, check_dtype=False)  # MLflow makes times ns


def test_a_logged_model_is_read_from_its_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow.set_tracking_uri((tmp_path / "runs").as_uri())
    model = ps.Drift(horizon=2).fit(rows()[["ds", "y"]])
    with mlflow.start_run():
        about = flavour.log_model(model, "drift")
    again: Any = flavour.load_model(about.model_uri)
    assert again.predict()["yhat"].tolist() == model.predict()["yhat"].tolist()


@pytest.mark.slow
def test_sequences_and_documents(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(30, 5, 2))
    network = ps.SequenceRegressor(ps.Network([ps.RNN(2)]), epochs=2, progress=False).fit(X, X[:, -1, 0])
    flavour.save_model(network, tmp_path / "s", input_example=X[:2])
    served = mlflow.pyfunc.load_model(str(tmp_path / "s"))
    np.testing.assert_array_equal(served.predict(X), network.predict(X))
    assert served.metadata.signature.inputs.inputs[0].shape == (-1, -1, 2)
    texts, labels = ["good film", "bad film", "good play", "bad play"] * 5, ["up", "down"] * 10
    bag = ps.text.BagClassifier().fit(texts, labels)
    flavour.save_model(bag, tmp_path / "t")
    reader = mlflow.pyfunc.load_model(str(tmp_path / "t"))
    assert reader.predict(pd.DataFrame({"text": texts})).tolist() == bag.predict(texts).tolist()
