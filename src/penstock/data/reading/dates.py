"""Dates as text: which pattern all cells follow, their times, and the form in which an answer is written."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.reading.form import Form
from penstock.data.reading.offsets import read_offsets

__all__ = ["AmbiguousDatesError", "NotTimesError", "parse_dates"]


class NotTimesError(ValueError):
    """A cell that is no date in the pattern of the others; `why` says more where there is more to say."""

    def __init__(self, cell: str, why: str = "") -> None:
        super().__init__(cell)
        self.cell, self.why = cell, why


class AmbiguousDatesError(NotTimesError):
    """Dates whose day and month can be told either way round."""


_Y = r"(?P<Y>\d{4})"
_SHORT = r"(?P<Y>\d{4}|\d{2})"
_NAME = r"(?P<b>[A-Za-z]{3,9})(?P<dot>\.?)"
_PATTERNS = tuple(
    re.compile(date + r"(?:(?P<t>[T ]|, ?)(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:(?P<fs>[.,])(?P<f>\d{1,9}))?)?"
    r"(?P<p> ?[AaPp][Mm])?)?(?P<z> ?(?:Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?))?")
    for date in (
        _Y + r"(?P<s>[-/. ])(?P<m>\d{1,2})(?P<s2>(?P=s))(?P<d>\d{1,2})",
        _Y + r"(?P<m>\d{2})(?P<d>\d{2})",
        r"(?P<x>\d{1,2})(?P<s>[-/. ])(?P<y>\d{1,2})(?P<s2>(?P=s))" + _SHORT,
        r"(?P<d>\d{1,2})(?P<s>[-/. ]{0,2})" + _NAME + r"(?P<s2>,?[-/. ]?)" + _SHORT,
        _NAME + r"(?P<s> )(?P<d>\d{1,2})(?P<s2>,? )" + _Y,
        _Y + r"(?P<s>[-/ ])" + _NAME + r"(?P<s2>[-/ ])(?P<d>\d{1,2})",
        _Y + r"(?P<s>[-/.])(?P<m>\d{1,2})",
        _Y + r"(?P<s>[- :]?[Mm])(?P<m>\d{1,2})",
        r"(?P<m>\d{1,2})(?P<s>[-/.])" + _Y,
        _NAME + r"(?P<s>[-/ ,.']{0,2})" + _SHORT,
        _Y + r"(?P<s>[-/ ]?)" + _NAME,
        _Y + r"(?P<s>[- /:]?[Qq])(?P<q>[1-4])",
        r"(?P<s>[Qq])(?P<q>[1-4])(?P<s2>[-/. ]?)" + _Y,
        r"(?P<q>[1-4])(?P<s>[Qq])" + _SHORT,
        _Y + r"(?P<s>-?W)(?P<w>\d{2})",
    )
)  # fmt: skip
_MONTHS = {
    name[:length]: number
    for number, name in enumerate(
        ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
         "december"), 1
    )
    for length in (3, len(name))
} | {"sept": 9}  # fmt: skip
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?)?")
_MANY = 2000  # cells from which pandas' parser of ISO 8601 is worth its start

_ORDERED = re.compile(r"%-?([dm])[-/. ]%-?[dm]")  # day and month, the year last: what an earlier frame decides
Cells = list[dict[str, str | None]]


def parse_dates(cells: list[str], *, dayfirst: bool | None = None, like: str = "") -> tuple[NDArray[Any], Form, str]:
    """Read the cells of a column of dates, each different one once.

    Parameters
    ----------
    cells
        The cells, as they are.
    dayfirst
        Whether the day comes before the month where both are numbers; None: where only one reading is possible.
    like
        The pattern of an earlier frame of the same kind, which decides where cells leave it open.

    Returns
    -------
    The times in datetime64[ns] (UTC where the cells name an offset), their form, and one line that says how they were
    read where they leave a doubt.

    Raises
    ------
    NotTimesError
        For a cell that is no date, or in another pattern than the first.
    AmbiguousDatesError
        Where day and month can be told either way round.

    Examples
    --------
    >>> times, form, said = parse_dates(["03.01.2022", "14.01.2022"])
    >>> times.astype("datetime64[D]").astype(str).tolist(), form.pattern
    (['2022-01-03', '2022-01-14'], '%d.%m.%Y')
    """
    cells = [cell.strip() for cell in cells]
    if len(cells) > _MANY and (fast := _iso(cells)) is not None:
        return *fast, ""
    for pattern in _PATTERNS:
        found = pattern.fullmatch(cells[0])
        if found is None or not _possible(found.groupdict(), pattern):
            continue
        parts: Cells = []
        for cell in cells:
            found = pattern.fullmatch(cell)
            if found is None:
                break
            parts.append(found.groupdict())
        else:
            return _read(cells, parts, dayfirst, like)
    if len(cells) > 1:
        _name_the_odd_one(cells)
    raise NotTimesError(cells[0])


def _possible(parts: dict[str, str | None], pattern: re.Pattern[str]) -> bool:
    return "b" not in parts or (parts["b"] or "").lower() in _MONTHS


def _name_the_odd_one(cells: list[str]) -> None:
    """Raise for the first cell that does not follow the pattern that most of the first ones follow."""
    counts = [sum(each.fullmatch(cell) is not None for cell in cells[:200]) for each in _PATTERNS]
    pattern = _PATTERNS[int(np.argmax(counts))]
    usual = next((cell for cell in cells if pattern.fullmatch(cell)), None)
    odd = next((cell for cell in cells if pattern.fullmatch(cell) is None), None)
    if usual is not None and odd is not None:
        raise NotTimesError(odd, f"others are written as {usual!r}")


def _iso(cells: list[str]) -> tuple[NDArray[Any], Form] | None:
    """Read many cells of ISO 8601 of one length by pandas; None where they are anything else."""
    import pandas as pd

    if _ISO_DAY.fullmatch(cells[0]) is None or len(set(map(len, cells))) > 1:
        return None
    if any(cell[10:11] != cells[0][10:11] for cell in cells):
        return None
    times = pd.to_datetime(pd.Series(cells, dtype=object), format="ISO8601", errors="coerce")
    if times.isna().any() or times.dt.tz is not None:
        return None
    first = _PATTERNS[0].fullmatch(cells[0])
    assert first is not None  # noqa: S101 (it has matched the stricter pattern)
    parts = [first.groupdict()]
    return times.to_numpy().astype("datetime64[ns]"), Form("text", _pattern(parts, "", False))


def _read(cells: list[str], parts: Cells, dayfirst: bool | None, like: str) -> tuple[NDArray[Any], Form, str]:
    said, first = "", parts[0]
    if "x" in first:
        order, said = _order(cells, parts, dayfirst, like)
        for part in parts:
            part["d"], part["m"] = (part["x"], part["y"]) if order == "dm" else (part["y"], part["x"])
    else:
        order = ""
    years = np.array([_year(part["Y"] or "") for part in parts])
    months = np.array([_month(part, cell) for part, cell in zip(parts, cells, strict=True)])
    days = np.array([int(part.get("d") or 1) for part in parts])
    starts = ((years - 1970) * 12 + months - 1).astype("datetime64[M]")
    dates = starts.astype("datetime64[D]") + (days - 1)
    wrong = (months < 1) | (months > 12) | (days < 1) | (dates.astype("datetime64[M]") != starts)
    if _quarters_or_months(first, parts, years, months):
        raise NotTimesError(cells[0], "quarters or months? write quarters as '2010Q1', months as '2010-01'")
    if "w" in first:
        weeks = np.array([int(part["w"] or 0) for part in parts])
        fourth = (years - 1970).astype("datetime64[Y]").astype("datetime64[D]") + 3
        monday = fourth - (fourth.astype(np.int64) + 3) % 7
        dates = monday + 7 * (weeks - 1)
        wrong = (weeks < 1) | ((dates + 3).astype("datetime64[Y]").astype(np.int64) + 1970 != years)
    if (years < 1678).any() or (years > 2261).any():
        outside = int(((years < 1678) | (years > 2261)).argmax())
        raise NotTimesError(cells[outside], "outside")
    if wrong.any():
        raise NotTimesError(cells[int(wrong.argmax())], "there is no such day")
    times = dates.astype("datetime64[ns]") + _clock(parts, cells)
    zone, _local = "", times
    if any(part["z"] for part in parts):
        _local, times, zone, more = read_offsets(cells, [part["z"] for part in parts], times)
        said = said or more
        if not zone:
            for part in parts:
                part["z"] = None
    fixed = (parts[0]["z"] or "").strip()
    suffix = "" if not zone else (parts[0]["z"] or "") if fixed in ("Z", "UTC", "GMT") else "%z"
    return times, Form("text", _pattern(parts, order, bool(zone)) + suffix, zone), said


def _quarters_or_months(first: dict[str, str | None], parts: Cells, years: Any, months: Any) -> bool:
    """Whether single digits from 1 to 4, all of them in several years, may be quarters."""
    if first.get("m") is None or "d" in first or "x" in first or (first.get("s") or "").strip(" -:").lower() == "m":
        return False
    return (
        all(len(part["m"] or "") == 1 for part in parts)
        and set(months.tolist()) == {1, 2, 3, 4}
        and len(set(years.tolist())) > 1
    )


def _order(cells: list[str], parts: Cells, dayfirst: bool | None, like: str) -> tuple[str, str]:
    """Tell whether the day or the month comes first."""
    firsts = np.array([int(part["x"] or 0) for part in parts])
    seconds = np.array([int(part["y"] or 0) for part in parts])
    day_first, month_first = bool((seconds <= 12).all()), bool((firsts <= 12).all())
    lasts = np.array([int(part["Y"] or 0) for part in parts])
    if (
        dayfirst is None and not like and day_first and all(len(part["Y"] or "") == 2 for part in parts)
        and len(set(lasts.tolist())) > len(set(firsts.tolist())) and lasts.min() >= 1 and lasts.max() <= 31
    ):  # fmt: skip
        raise NotTimesError(cells[0], "does the year stand first or last? write years with four digits")
    if not day_first and not month_first:
        place = int((firsts > 12).argmax())
        other = int((seconds > 12).argmax())
        raise NotTimesError(cells[place], f"{cells[other]!r} has its month first, {cells[place]!r} its day")
    sign = parts[0]["s"]
    example = int(np.maximum(firsts, seconds).argmax())
    if day_first != month_first:
        order = "dm" if day_first else "md"
        if dayfirst is not None and dayfirst != day_first:
            raise NotTimesError(cells[example], "its day comes first" if day_first else "its month comes first")
    elif dayfirst is not None:
        return ("dm" if dayfirst else "md"), ""
    elif known := _ORDERED.match(like):
        return ("dm" if known[1] == "d" else "md"), ""
    elif sign == "." or (firsts == seconds).all():
        order = "dm"
    else:
        raise AmbiguousDatesError(cells[0])
    words = "day, month, year" if order == "dm" else "month, day, year"
    return order, f"read as {words}: {cells[example]!r}"


def _year(text: str) -> int:
    year = int(text)
    return year if len(text) == 4 else year + (2000 if year < 69 else 1900)


def _month(part: dict[str, str | None], cell: str) -> int:
    if part.get("m"):
        return int(part["m"] or 0)
    if part.get("q"):
        return 3 * int(part["q"] or 0) - 2
    if "b" in part:
        number = _MONTHS.get((part["b"] or "").lower())
        if number is None:
            raise NotTimesError(cell, f"{part['b']!r} is no English name of a month")
        return number
    return 1


def _clock(parts: Cells, cells: list[str]) -> NDArray[Any]:
    nanoseconds = np.zeros(len(parts), dtype=np.int64)
    for place, part in enumerate(parts):
        if part["H"] is None:
            continue
        hour, minute, second = int(part["H"]), int(part["M"] or 0), int(part["S"] or 0)
        if part["p"]:
            if not 1 <= hour <= 12:
                raise NotTimesError(cells[place], "there is no such hour")
            hour = hour % 12 + 12 * (part["p"].strip().lower() == "pm")
        if hour > 23 or minute > 59 or second > 59:
            raise NotTimesError(cells[place], "there is no such time of day")
        nanoseconds[place] = ((hour * 60 + minute) * 60 + second) * 10**9 + int((part["f"] or "0").ljust(9, "0"))
    return nanoseconds.astype("timedelta64[ns]")


def _pattern(parts: Cells, order: str, zoned: bool) -> str:
    """Write the pattern that gives the cells again: the fullest where some lack a time of day."""
    part = max(parts, key=lambda each: (each["H"] is not None, each["S"] is not None, len(each["f"] or "")))

    def number(name: str, source: str) -> str:
        short = any(each.get(source) and len(each[source] or "") == 1 for each in parts)
        return f"%-{name}" if short else f"%{name}"

    year = "%Y" if len(part["Y"] or "") == 4 else "%y"
    sign, sign2 = part.get("s") or "", part.get("s2") or ""
    keys = [key for key in part if key in ("Y", "m", "d", "x", "y", "b", "q", "w") and part[key] is not None]
    if order:
        keys = ["x", "y", "Y"]
    name = ""
    if part.get("b"):
        word = part["b"] or ""
        long = max(len(each["b"] or "") for each in parts) > 3
        case = "^" if word.isupper() else "~" if word.islower() else ""
        name = f"%{case}" + ("B" if long else "b") + (part["dot"] or "")
    written = {
        "Y": "%G" if "w" in part else year, "m": number("m", "m"), "d": number("d", "d"), "b": name, "q": "%q",
        "w": "%V", "x": number(order[:1] or "d", "x"), "y": number(order[1:] or "m", "y"),
    }  # fmt: skip
    keys = [key for key in keys if not (order and key in ("d", "m"))]
    if "q" in keys and keys.index("q") < keys.index("Y") and sign in ("Q", "q") and part.get("s2") is not None:
        text = sign + written["q"] + sign2 + written["Y"]
    else:
        signs = [sign, sign2]
        text = written[keys[0]] + "".join(signs[i] + written[key] for i, key in enumerate(keys[1:]))
    if part["H"] is None:
        return text
    hour = number("I" if part["p"] else "H", "H")
    text += (part["t"] or "") + hour + ":%M" + (":%S" if part["S"] is not None else "")
    if part["f"]:
        longest = max(len(each["f"] or "") for each in parts)
        text += (part["fs"] or ".") + ("%L" if longest <= 3 else "%f" if longest <= 6 else "%N")
    if part["p"]:
        text += (" " if part["p"].startswith(" ") else "") + ("%p" if part["p"].strip().isupper() else "%P")
    return text
