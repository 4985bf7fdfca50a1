from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

import penstock as ps
from penstock.evaluation.comparison import Comparison
from penstock.studies.registry import STUDIES, resolve_study
from penstock.studies.result import StudyResult
from penstock.studies.sp500 import EDITIONS, WINDOW, read_index
from penstock.studies.study import Request


def run(transformer: bool = False, **asked: Any) -> StudyResult:
    options = {"audit": False, "transformer": transformer}
    return resolve_study("sp500")(Request(members=1, epochs=2, options=options, **asked))


def comparison_of(result: StudyResult) -> Comparison:
    assert result.comparison is not None
    return result.comparison


def row(result: StudyResult, name: str) -> dict[str, Any]:
    return next(row for row in comparison_of(result).rows if row["model"] == name)


@pytest.mark.slow
def test_edition_1_exact_facts_and_naive_figures() -> None:
    result = run(protocol="published")
    assert {key: result.facts[key] for key in ("rows", "windows", "train", "test", "parameters")} == {
        "rows": 2264,
        "windows": [2201, 63, 1],
        "train": 1950,
        "test": 251,
        "parameters": 1781,
    }
    naive = row(result, "Naive")
    assert round(naive["rmse"], 5) == 0.01504
    assert round(naive["pearson"], 4) == 0.9586
    assert round(naive["spearman"], 4) == 0.9508
    model = comparison_of(result).entries["LSTM(20)"].model
    assert model.validation_rows_.tolist() == [251]  # type: ignore[attr-defined]
    assert comparison_of(result).leaks == (ps.Leak.SCALING, ps.Leak.STOPPING)


@pytest.mark.slow
def test_the_architecture_without_recurrence_stands_in_the_table() -> None:
    found = row(run(transformer=True), "TransformerEncoder(16)")
    assert found["parameters"] == 3361
    assert found["skill"] < 0


def test_edition_2_exact_facts_and_naive_figures(data_home: Path) -> None:
    frame = read_index(Request(edition=2))
    assert len(frame) == 2229
    assert len(frame) - WINDOW == 2166
    assert int((frame["ds"] >= "2019-01-01").sum()) == 252
    assert ps.Network([ps.LSTM(EDITIONS[2].units)]).parameters(ps.Inputs(1), 1) == 491
    y = (frame["y"].to_numpy() - frame["y"].min()) / np.ptp(frame["y"])
    assert round(float(np.sqrt(np.square(np.diff(y[-253:])).mean())), 6) == 0.010477
    assert round(float(spearmanr(y[-252:], y[-253:-1]).statistic), 5) == 0.98196


@pytest.mark.slow
def test_the_honest_protocol_leaks_nothing(tmp_path: Path) -> None:
    """The scaler knows the training rows only, the validation rows are training rows, and no leak is named."""
    result = run()
    model = comparison_of(result).entries["LSTM(20)"].model
    train = comparison_of(result).panel.y[:-251]
    assert model.scaling_.shift.tolist() == [train.min()]  # type: ignore[attr-defined]
    assert model.scaling_.scale.tolist() == [train.max() - train.min()]  # type: ignore[attr-defined]
    assert model.validation_rows_.tolist() == [202]  # type: ignore[attr-defined]
    content = json.loads(result.write_json(tmp_path / "r.json").read_text())
    assert content["leaks"] == []
    assert content["facts"]["windows"] == [2201, 63, 1]
    assert content["facts"]["learned from"] == 1748
    assert content["facts"]["for validation"] == 202
    assert content["epochs"] == 2
    assert content["comparison"]["models"]["AR(5)"] == "AR()"
    assert "at most 2 epochs" in result.title
    assert [r["model"] for r in content["comparison"]["rows"]] == [
        "LSTM(20)",
        "LSTM(20), window scale",
        "Naive",
        "Drift",
        "SeasonalNaive(5)",
        "AR(5)",
    ]
    assert content["verdict"][0].startswith("LSTM(20) does not beat the last value")
    assert [(each["name"], each["published"]) for each in content["figures"]] == [("RMSE", 0.015), ("Pearson", 0.9584)]
    assert repr(comparison_of(result).models["LSTM(20), window scale"].scale) == "WindowScale(level='last')"
    assert result.tables[-1].title.startswith("Tried on the training rows of edition 1")
    rmse = result.figure("RMSE")  # in the source's units, in which the last value's is .01504 under any protocol
    assert round(rmse.baseline_value or 0, 5) == 0.01504


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"protocol": "honset"}, "study sp500: protocol 'honset' is unknown; did you mean 'honest'"),
        ({"edition": 3}, "study sp500: edition 3 is unknown; allowed: '1', '2'"),
    ],
)
def test_requests_refused(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(ps.OptionError, match=message):
        run(**asked)


def test_a_file_that_lacks_days_is_refused(tmp_path: Path, data_home: Path) -> None:
    lines = (data_home / "SP500.csv").read_text().splitlines()
    (tmp_path / "part.csv").write_text("\n".join([lines[0], *(line for line in lines[1:] if line > "2016-11-21")]))
    with pytest.raises(
        ps.DataError, match=r"but the 2,229 from 2011-02-23 to 2019-12-31 are needed. FRED serves the last ten years"
    ):
        run(edition=2, data=tmp_path / "part.csv")


def test_unknown_study() -> None:
    assert "sp500" in STUDIES
    with pytest.raises(ps.OptionError, match="there is no study 'sp50'; did you mean 'sp500'"):
        resolve_study("sp50")
