"""The MLflow flavour: models saved, logged and loaded with signature and example, and served as a ``pyfunc``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from penstock.catalogue import load
from penstock.data.later import join_later
from penstock.errors import OptionError
from penstock.estimator import Estimator
from penstock.extras import library
from penstock.saved import Saved
from penstock.sequences.core import SampleEstimator
from penstock.text.bag_of_words import BagOfWords
from penstock.text.estimator import TextEstimator
from penstock.version import __version__

__all__ = ["FLAVOR_NAME", "example_of", "load_model", "log_model", "save_model", "signature_of"]

FLAVOR_NAME = "penstock"
_FILE = "model.penstock"

_mlflow: Any = library("mlflow", "mlflow", "penstock.adapters.mlflow")
_models: Any = library("mlflow.models", "mlflow", "penstock.adapters.mlflow")
_pyfunc: Any = library("mlflow.pyfunc", "mlflow", "penstock.adapters.mlflow")
_types: Any = library("mlflow.types", "mlflow", "penstock.adapters.mlflow")
_schemas: Any = library("mlflow.types.schema", "mlflow", "penstock.adapters.mlflow")


def save_model(
    model: Saved,
    path: str | Path,
    *,
    mlflow_model: Any = None,
    signature: Any = None,
    input_example: Any = None,
    pip_requirements: list[str] | None = None,
    metadata: dict[str, Any] | None = None,
) -> None:
    """Write a fitted model as a folder that MLflow reads.

    The model itself is one file that :meth:`save` writes: no pickle.

    Parameters
    ----------
    model
        A fitted model of series, sequences or documents.
    path
        Folder to write; it must not hold anything.
    mlflow_model
        The description that the flavour is added to; :func:`log_model` gives it.
    signature
        What goes in and comes out; left out: :func:`signature_of`. False: none.
    input_example
        Rows that can be predicted; left out: :func:`example_of`, for models of series. False: none.
    pip_requirements
        What the model needs; left out: this version of penstock.
    metadata
        Kept with the description.

    Raises
    ------
    OptionError
        Where the model is not fitted, or the folder holds something.
    """
    model._require_fit()
    folder = Path(path)
    if folder.exists() and any(folder.iterdir()):
        raise OptionError(f"the folder {str(folder)!r} holds something already; give another one.")
    folder.mkdir(parents=True, exist_ok=True)
    about = _models.Model() if mlflow_model is None else mlflow_model
    example = example_of(model) if input_example is None else input_example
    if example is not None and example is not False:
        library("mlflow.models.utils", "mlflow", "an example")._save_example(about, example, str(folder))
    if signature is not False:
        about.signature = signature_of(model) if signature is None else signature
    if metadata is not None:
        about.metadata = metadata
    model.save(folder / _FILE)
    needed = [f"penstock=={__version__}", *_extras(model)] if pip_requirements is None else pip_requirements
    (folder / "requirements.txt").write_text("".join(f"{each}\n" for each in needed), encoding="utf-8")
    environment = library("mlflow.utils.environment", "mlflow", "an environment")
    environment._PythonEnv.current().to_yaml(str(folder / "python_env.yaml"))
    _pyfunc.add_to_model(about, loader_module=__name__, data=_FILE, python_env="python_env.yaml")
    about.add_flavor(FLAVOR_NAME, penstock_version=__version__, data=_FILE, model_class=type(model).__name__)
    about.save(str(folder / "MLmodel"))


def log_model(model: Saved, name: str = "model", **options: Any) -> Any:
    """Write a fitted model as a model of the active run.

    Parameters
    ----------
    model
        A fitted model.
    name
        Its name.
    **options
        As :func:`save_model` takes them, and those of ``mlflow.models.Model.log``, such as ``registered_model_name``.

    Returns
    -------
    What MLflow says of it: ``model_uri`` and more.
    """
    import sys

    return _models.Model.log(artifact_path=None, name=name, flavor=sys.modules[__name__], model=model, **options)


def load_model(model_uri: str, dst_path: str | None = None) -> Any:
    """Read a model of this flavour.

    Parameters
    ----------
    model_uri
        Where it is: a path, or an address such as ``runs:/...`` and ``models:/...``.
    dst_path
        Folder to download to.

    Returns
    -------
    The fitted model, of the class that was saved.
    """
    folder = Path(_mlflow.artifacts.download_artifacts(artifact_uri=str(model_uri), dst_path=dst_path))
    return load(folder / _FILE)


def _load_pyfunc(path: str) -> _Served:
    """Return what ``mlflow.pyfunc.load_model`` wraps."""
    return _Served(load(path))


class _Served:
    """A model as MLflow calls it: one argument in, a frame or an array out."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def get_raw_model(self) -> Any:
        """Return the model."""
        return self._model

    def predict(self, model_input: Any, params: dict[str, Any] | None = None) -> Any:
        """Predict.

        Parameters
        ----------
        model_input
            Of series: rows later than those that the model keeps, which they are put behind (none: forecasts follow
            the rows of the fit); rows whose target is missing are those ahead, with the known covariates. Of sequences:
            ``[samples, time, features]``. Of documents: a column of text.
        params
            ``level``: levels of intervals in percent, of series.

        Returns
        -------
        Forecasts as a pandas frame; predictions ``[samples]``.
        """
        if isinstance(self._model, Estimator):
            return _forecast(self._model, model_input, (params or {}).get("level", ()))
        if isinstance(model_input, pd.DataFrame):
            model_input = model_input.iloc[:, 0].tolist()
        return self._model.predict(model_input)


def _forecast(model: Estimator, rows: Any, level: Any) -> Any:
    columns = model.kind_.columns
    history, future = rows if rows is not None and len(rows) else None, None
    if history is not None and columns.known:
        ahead = history[columns.target].isna()
        future, history = history[ahead].drop(columns=columns.target), history[~ahead]
        history = history if len(history) else None
    if history is not None:
        history = join_later(model, history).frame
    found = model.predict(history, future=future, level=[float(each) for each in np.ravel(level)])
    return nw.from_native(found, eager_only=True).to_pandas()


def example_of(model: Any) -> Any:
    """Return rows that a model of series can be asked with: the last two that it keeps of each series.

    Parameters
    ----------
    model
        A fitted model.

    Returns
    -------
    A pandas frame; None for models of sequences and documents, which keep no samples.
    """
    if not isinstance(model, Estimator):
        return None
    columns, panel = model.kind_.columns, model.tail_.last(2)
    data: dict[str, Any] = {
        columns.id: [name for name, rows in zip(panel.ids, panel.lengths, strict=True) for _ in range(rows)],
        columns.time: panel.times,
        columns.target: panel.observed,
    }
    for names, table in ((columns.past, panel.past), (columns.known, panel.known)):
        data |= {name: table[:, place] for place, name in enumerate(names)}
    for place, name in enumerate(columns.static):
        data.setdefault(name, [panel.static[series, place] for series in panel.series_of(np.arange(panel.rows))])
    frame = nw.from_native(model.kind_.frame(data), eager_only=True).to_pandas()
    return frame.astype({columns.time: str}) if model.kind_.form.kind == "period" else frame


def signature_of(model: Any) -> Any:
    """Return what goes into a model and comes out of it, as MLflow writes it.

    Parameters
    ----------
    model
        A fitted model.

    Returns
    -------
    An ``mlflow.models.ModelSignature``.
    """
    if isinstance(model, Estimator):
        rows = example_of(model)
        level = _schemas.ParamSpec("level", _types.DataType.double, [], (-1,))
        answer = model.predict() if not model.kind_.columns.known and model.shards_ is None else None
        return _models.ModelSignature(
            inputs=_infer(rows),
            outputs=None if answer is None else _infer(nw.from_native(answer, eager_only=True).to_pandas()),
            params=_schemas.ParamSchema([level]),
        )
    if isinstance(model, TextEstimator | BagOfWords):
        return _models.ModelSignature(inputs=_types.Schema([_types.ColSpec("string", "text")]))
    if isinstance(model, SampleEstimator):
        tokens = not len(model.encoder_.steps)
        shape = (-1, -1) if tokens else (-1, -1, model.inputs_.features)
        spec = _types.TensorSpec(np.dtype(np.int64 if tokens else np.float64), shape)
        return _models.ModelSignature(inputs=_types.Schema([spec]))
    raise OptionError(f"a {type(model).__name__} is none of the models that can be saved.")


def _infer(frame: Any) -> Any:
    return _models.infer_signature(frame).inputs


def _extras(model: Any) -> list[str]:
    return [f"penstock[text]=={__version__}"] if isinstance(model, TextEstimator) else []
