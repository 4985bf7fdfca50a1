from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from penstock.data.reading import progress
from penstock.data.tables import read_table
from penstock.errors import DataWarning


def test_a_file_that_takes_long_says_how_far_it_is_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame({"ds": range(300_000), "y": 1.25})
    frame.to_csv(tmp_path / "own.csv", index=False)
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    with pytest.warns(DataWarning, match=r"own.csv is large: \d of 3 MB are read after 0 s") as said:
        read = read_table(tmp_path / "own.csv")
    assert len(said) == 1
    pd.testing.assert_frame_equal(read, frame)
