"""The examples of docs/forecaster.md run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "forecaster.md"


@pytest.mark.slow
def test_the_page_runs(capsys: object) -> None:
    names: dict[str, object] = {}
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    assert len(blocks) == 5
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    covered = names["sure"].predict(level=[80, 95])  # type: ignore[attr-defined]
    assert (covered["lo-95"] < covered["lo-80"]).all()
