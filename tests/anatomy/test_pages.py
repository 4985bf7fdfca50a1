"""The pages in a real browser: phone and desktop, light and dark."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import penstock as ps
from browser import look, needs_browser
from penstock.anatomy import EXPLANATIONS, gradients, memory, trace

pytestmark = pytest.mark.slow

PICTURES = {"trace": 2, "gradients": 2, "memory": 2, "lstm": 1, "graph": 1, "activations": 1, "descent": 3}
PICTURES |= {"derivatives": 2, "floats": 0}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("pages")
    network, x = ps.Network([ps.LSTM(3), ps.GRU(2)]), np.random.default_rng(0).normal(size=(3, 30, 1))
    shown = {
        name: look_into(network, x)
        for name, look_into in (("trace", trace), ("gradients", gradients), ("memory", memory))
    }
    shown |= {name: EXPLANATIONS[name]() for name in PICTURES if name in EXPLANATIONS and name not in shown}
    return [shown[name].report(folder / f"{name}.html") for name in PICTURES]


def test_hold_no_script_and_need_nothing_else(pages: list[Path]) -> None:
    for page in pages:
        text = page.read_text()
        assert "<script" not in text
        assert "http://" not in text.replace("http://www.w3.org/", "")
        assert text.count("<svg") == 2 * PICTURES[page.stem]


@needs_browser
@pytest.mark.parametrize(("width", "dark"), [(1200, False), (1200, True), (390, False), (390, True)])
def test_open_at_every_width_and_in_both_schemes(pages: list[Path], tmp_path: Path, width: int, dark: bool) -> None:
    """Nothing to scroll sideways, letters that can be read, one shape a picture, the colours of the scheme."""
    picture = tmp_path / "screen.png"
    for page, result in zip(pages, look(pages, tmp_path, width, dark, picture), strict=True):
        assert result["inner"] == width
        assert result["over"] <= 0, page.stem
        shown = (0, PICTURES[page.stem]) if width < 640 else (PICTURES[page.stem], 0)
        assert (result["wide"], result["narrow"]) == shown, page.stem
        assert result["small"] > 9, page.stem
        assert result["paper"] == ("rgb(20, 24, 26)" if dark else "rgb(253, 253, 251)")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 50_000  # a picture of something
