"""Every class that can be saved: golden files give the stored numbers, and any options come back with equal bits."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

import penstock as ps
from golden.make_models import FOLDER, SAMPLES, SERIES, outputs
from penstock.catalogue import MODELS, model_class
from penstock.data.scaling import SCALINGS
from penstock.data.transforms import TRANSFORMS
from penstock.saved import Saved

WALK = pd.DataFrame({"ds": range(60), "y": 50 + np.cumsum(np.cos(np.arange(60.0) ** 1.5))})


def test_every_class_has_a_golden_file() -> None:
    assert {*MODELS} == {*SERIES, *SAMPLES} == {path.stem for path in FOLDER.glob("*.penstock")}
    assert max(path.stat().st_size for path in FOLDER.iterdir()) < 20_000


def test_every_public_model_is_in_the_list() -> None:
    public = {name: getattr(package, name) for package in (ps, ps.text) for name in package.__all__}
    models = {name: each for name, each in public.items() if isinstance(each, type) and issubclass(each, Saved)}
    assert models == {name: model_class(name) for name in MODELS}


@pytest.mark.parametrize("name", [*SERIES, *SAMPLES])
def test_a_golden_file_gives_the_stored_numbers(name: str) -> None:
    if name in {"ETS", "ARIMA", "MSTL"}:
        pytest.importorskip("statsforecast", reason="pip install 'penstock[classical]'")
    model = ps.load(FOLDER / f"{name}.penstock")
    assert type(model).__name__ == name
    np.testing.assert_allclose(
        outputs(name, model), json.loads((FOLDER / f"{name}.json").read_text()), rtol=1e-4, atol=1e-6
    )


def comes_back(model: Any, frame: pd.DataFrame) -> None:
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "m.penstock")
        again = ps.load(Path(folder) / "m.penstock")
    assert again.get_params() == model.get_params()
    assert again.predict().equals(model.predict())
    assert again.predict(frame).equals(model.predict(frame))


SPANS = st.integers(1, 6)


@settings(max_examples=60)
@given(
    horizon=st.integers(1, 4),
    build=st.one_of(
        st.builds(lambda n: ps.SMA(n), SPANS),
        st.builds(lambda n: ps.SeasonalNaive(n), SPANS),
        st.builds(lambda n: ps.LinearTrend(n + 2), SPANS),
        st.builds(lambda n: ps.AR(n), SPANS),
        st.builds(lambda n: ps.EMA(max_span=n + 2), SPANS),
        st.builds(lambda n: ps.Ridge(n), SPANS),
        st.builds(lambda n, share: ps.Lasso(n, penalty=share), SPANS, st.sampled_from([0.001, 0.1, 1.0])),
    ),
    rows=st.integers(40, 60),
)
def test_baselines_come_back(horizon: int, build: Any, rows: int) -> None:
    comes_back(build.set_params(horizon=horizon).fit(WALK[:rows]), WALK)


@pytest.mark.slow
@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(
    options=st.fixed_dictionaries(
        {
            "horizon": st.integers(1, 3),
            "window": st.integers(2, 6),
            "members": st.integers(1, 3),
            "transform": st.sampled_from(sorted(TRANSFORMS)),
            "scale": st.sampled_from(sorted(SCALINGS)),
            "loss": st.sampled_from(["mse", "mae", "huber", "pinball", "gaussian", "student", "direction"]),
            "strategy": st.sampled_from(["direct", "recursive"]),
            "joint": st.booleans(),
        }
    ),
    layer=st.sampled_from([ps.LSTM(3), ps.GRU(3), ps.RNN(2)]),
)
def test_forecasters_come_back(options: dict[str, Any], layer: Any) -> None:
    try:
        model = ps.Forecaster(ps.Network([layer]), epochs=1, batch=16, **options)
        model.fit(WALK[:50])
    except ps.OptionError:  # a combination that is refused
        reject()
    comes_back(model, WALK)
