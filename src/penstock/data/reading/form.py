"""How times were written, so that an answer is written alike: `2019-01` is followed by `2019-02`, 201912 by 202001."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["FORM", "NATIVE", "Form"]

FORM = "penstock form"
"""Among the attributes of a pandas frame: how its times were written, where an option decided how they are read."""

_TOKEN = re.compile(r"%([-^~]?[A-Za-z])")


@dataclass(frozen=True)
class Form:
    """How the cells of a time column are written.

    Attributes
    ----------
    kind
        ``native`` for a type of the frame's library (dates, datetimes, counted steps), ``text``, ``int``, ``float`` or
        ``period`` (pandas).
    pattern
        For text and whole numbers, ``strftime``'s codes, and ``%q`` for the quarter, ``%-d`` and the like for numbers
        without a leading zero, ``%^b`` for capitals, ``%~b`` for small letters; ``epoch:ms`` counts milliseconds since
        1970; ``count`` counts steps. For floats, how many digits follow the point (at most so many after a minus). For
        periods, pandas' frequency.
    zone
        The time zone of text whose times name their offset from UTC; empty elsewhere.

    Examples
    --------
    >>> import numpy as np
    >>> times = np.array(["2024-01-01", "2024-10-01"], dtype="datetime64[ns]")
    >>> Form("text", "%YQ%q").write(times), Form("int", "%Y%m").write(times).tolist()
    (['2024Q1', '2024Q4'], [202401, 202410])
    """

    kind: str = "native"
    pattern: str = ""
    zone: str = ""

    @property
    def counts(self) -> bool:
        """Whether cells that are no native type count steps."""
        return self.pattern == "count"

    def write(self, times: NDArray[Any]) -> Any:
        """Write times (datetime64, in UTC where there is a zone; int64 where steps are counted) as they were given."""
        if self.counts:
            return [str(step) for step in times.tolist()] if self.kind == "text" else times.astype(np.float64)
        unique, places = np.unique(times, return_inverse=True)
        if self.kind == "period":
            import pandas as pd

            return pd.PeriodIndex(unique, freq=self.pattern)[places]
        if self.pattern.startswith("epoch:"):
            counts = unique.astype("datetime64[ns]").astype(np.int64) // _UNITS[self.pattern[6:]]
            written: NDArray[Any] = counts[places]
            return [str(each) for each in written.tolist()] if self.kind == "text" else written
        share = self.pattern.startswith("year.")
        texts = [_decimal_year(each, self.pattern) for each in unique] if share else self._texts(unique)
        if self.kind == "text":
            return [texts[place] for place in places]
        numbers = [float(each) if share else int(each) for each in texts]
        return np.array(numbers, dtype=np.float64 if share else np.int64)[places]

    def _texts(self, times: NDArray[Any]) -> list[str]:
        import pandas as pd

        index = pd.DatetimeIndex(times)
        if self.zone:
            index = index.tz_localize("UTC").tz_convert(self.zone)
        pieces = _TOKEN.split(self.pattern)  # text and codes in turn
        return ["".join(_part(at, piece) if i % 2 else piece for i, piece in enumerate(pieces)) for at in index]

    def to_json(self) -> list[str]:
        """Describe the form for a model file."""
        return [self.kind, self.pattern, self.zone]

    @classmethod
    def from_json(cls, given: Any) -> Form:
        """Read back what :meth:`to_json` gave.

        Raises
        ------
        ValueError
            For a kind that is unknown, or a pattern that no time can be written by.
        """
        kind, pattern, zone = list(given) + ["native", "", ""][len(given) :]
        if kind not in ("native", "text", "int", "float", "period") or not _written(kind, pattern):
            raise ValueError(f"times cannot be written as {kind!r} by the pattern {str(pattern)[:80]!r}")
        return cls(kind, pattern, zone)


NATIVE = Form()
"""Times of a type of the frame's own library."""

_UNITS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


_PATTERNS = {
    "native": re.compile(""),
    "period": re.compile(r"\d{0,3}[A-Za-z]{1,5}(-[A-Z]{3})?"),
    "int": re.compile(r"%Y0%q|(%[YmdqjGVHMS])+"),
    "float": re.compile(r"(?!)"),
    "number": re.compile(r"count|epoch:(s|ms|us|ns)|year\.(month|-?\d{1,2})"),
}


def _written(kind: str, pattern: Any) -> bool:
    """Say whether times can be written by a pattern."""
    if not isinstance(pattern, str) or len(pattern) > 80:
        return False
    if kind in ("native", "period"):
        return _PATTERNS[kind].fullmatch(pattern) is not None
    if _PATTERNS["number"].fullmatch(pattern):
        return True
    if kind != "text":
        return _PATTERNS[kind].fullmatch(pattern) is not None
    codes = [code.lstrip("-^~") for code in _TOKEN.findall(pattern)]
    return bool(codes) and {*codes} <= {*_CODES}


def _part(at: Any, code: str) -> str:
    """Write one part of a time; names of months are English, whichever language the process speaks."""
    month, offset = _MONTHS[at.month - 1], at.strftime("%z")
    hour = at.hour % 12 or 12
    parts = {
        "Y": f"{at.year:04d}", "y": f"{at.year % 100:02d}", "m": f"{at.month:02d}", "d": f"{at.day:02d}",
        "q": f"{at.quarter}", "b": month[:3], "B": month, "G": f"{at.isocalendar()[0]}",
        "V": f"{at.isocalendar()[1]:02d}", "H": f"{at.hour:02d}", "I": f"{hour:02d}", "M": f"{at.minute:02d}",
        "S": f"{at.second:02d}", "j": at.strftime("%j"),
        "L": f"{at.microsecond // 1000:03d}", "f": f"{at.microsecond:06d}",
        "N": f"{at.microsecond * 1000 + at.nanosecond:09d}", "p": "AM" if at.hour < 12 else "PM",
        "P": "am" if at.hour < 12 else "pm", "z": f"{offset[:3]}:{offset[3:5]}",
    }  # fmt: skip
    if code[0] == "-":
        return str(int(parts[code[1:]]))
    if code[0] in "^~":
        return parts[code[1:]].upper() if code[0] == "^" else parts[code[1:]].lower()
    return parts[code]


_CODES = "YymdqbBGVHIMSLfNpPzj"
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def _decimal_year(time: Any, pattern: str) -> str:
    """Return a month as a decimal year (``2020.25``), or in the format ``year.month`` (``2020.04``)."""
    month = time.astype("datetime64[M]").astype(int)
    year, number = 1970 + month // 12, month % 12
    if pattern == "year.month":
        return f"{year}.{number + 1:02d}"
    digits = int(pattern.removeprefix("year."))
    text = f"{year + number / 12:.{abs(digits)}f}"
    if digits >= 0:
        return text
    text = text.rstrip("0")
    return text + "0" if text.endswith(".") else text
