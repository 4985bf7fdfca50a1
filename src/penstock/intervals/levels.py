"""Levels of intervals."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from penstock.errors import OptionError

__all__ = ["checked_levels"]


def checked_levels(given: Any) -> tuple[float, ...]:
    """Read one level or several, as percentages in rising order.

    Examples
    --------
    >>> checked_levels([95, 80]), checked_levels(90), checked_levels(None)
    ((80, 95), (90,), ())
    """
    levels = [] if given is None else list(given) if isinstance(given, (list, tuple, set, np.ndarray)) else [given]
    for level in levels:
        number = isinstance(level, numbers.Real) and not isinstance(level, bool)
        if not number or not 0 < level < 100:
            raise OptionError(f"level={level!r} is not allowed; allowed: percentages between 0 and 100, such as 80.")
        if level < 1:
            raise OptionError(f"level={level!r} is a share; levels are percentages: did you mean {100 * level:g}?")
    return tuple(sorted({int(level) if level == int(level) else float(level) for level in levels}))
