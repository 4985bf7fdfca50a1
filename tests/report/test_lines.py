"""Pictures of curves."""

from __future__ import annotations

import numpy as np
import pytest

from penstock.report.lines import Curves, curves_picture

STEPS = np.arange(3)


@pytest.mark.parametrize("count", [1, 3])
def test_pictures_beside_each_other_share_one_legend_and_intervals_are_areas(count: int) -> None:
    curves = Curves({"line": (STEPS, STEPS / 2)}, bands={"80 %": (STEPS, np.zeros(3), np.ones(3))})
    drawn = curves_picture("title", "caption", [curves] * count).wide
    assert (drawn.count(">line<"), drawn.count(">80 %<"), drawn.count("FillBetween")) == (1, 1, count)
