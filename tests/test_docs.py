"""What docs/cells.md shows is run, and prints what the page says."""

from __future__ import annotations

import contextlib
import io
import re
import sys
import types
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"


def test_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    page = (DOCS / "cells.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```(python|)\n(.*?)```", page, flags=re.DOTALL)
    own = next(code for kind, code in blocks if kind == "python")
    assert len([line for line in own.split("class Decay")[1].splitlines() if line.strip()]) <= 10
    module = types.ModuleType("of_the_page")  # annotations are looked up in their module
    monkeypatch.setitem(sys.modules, "of_the_page", module)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec("\n".join(code for kind, code in blocks if kind == "python"), vars(module))
    assert printed.getvalue() == "".join(code for kind, code in blocks if not kind)
