"""The audit pointed at other libraries, as docs/audit.md shows it; skipped where they are not installed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import penstock as ps

DOCS = (Path(__file__).resolve().parents[2] / "docs" / "audit.md").read_text()


def shown(heading: str) -> str:
    """The program below a heading of the page, without its last line, which prints."""
    found = re.search(r"```python\n(.*?)```", DOCS[DOCS.index(f"## {heading}") :], flags=re.DOTALL)
    assert found
    return found.group(1).rsplit("print(", 1)[0]


@pytest.fixture
def market() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    y = np.zeros(300)
    for t in range(1, 300):
        y[t] = 0.95 * y[t - 1] + rng.normal()
    days = pd.date_range("2021-01-01", periods=300, freq="B")
    return pd.DataFrame({"unique_id": "ar", "ds": days, "y": 100 + y})


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("library", "model", "defects"),
    [
        ("neuralforecast", "Neural()", {"freshness", "random state", "refit freshness"}),
        ("neuralforecast", 'Neural("standard")', {"scaler leak", "future-blindness"}),
        ("darts", "Darts()", {"freshness", "refit freshness", "bad input"}),
    ],
)
def test_the_known_defects_are_found(library: str, model: str, defects: set[str], market: pd.DataFrame) -> None:
    pytest.importorskip(library)
    names: dict[str, Any] = {}
    exec(shown(library), names)
    found = ps.audit(eval(model, names), market, backtest=names["backtest"], test=24)
    assert defects <= {finding.probe for finding in found.findings if finding.outcome == "fail"}, str(found)
