"""Numbers as pages print them: thousands, decimal commas, currencies, percent, B, M and K, brackets, Unicode signs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penstock.data.reading.cells import EMPTY_CELLS, MISSING_CELLS

__all__ = ["AmbiguousNumbersError", "NotNumbersError", "Numbers", "read_cells"]

_SPACES = re.compile(r"[\s\u00a0\u2007\u2009\u202f\u200b\ufeff]+")
_SIGNS = str.maketrans({"−": "-", "–": "-", "﹣": "-", "－": "-", "＋": "+", "’": "'", "٫": ".", "٬": ","})
_CURRENCY = (
    r"(?:US\$|C\$|A\$|HK\$|R\$|[$€£¥₹₽₩₺฿₫₴₪]|USD|EUR|GBP|CHF|JPY|CNY|RMB|INR|SEK|NOK|DKK|PLN|CAD|AUD|HKD"
    r"|zł|kr\.?|Fr\.?)"
)
_SCALES = {
    "k": 1e3, "tsd": 1e3, "m": 1e6, "mn": 1e6, "mm": 1e6, "mio": 1e6, "mil": 1e6, "million": 1e6, "millions": 1e6,
    "b": 1e9, "bn": 1e9, "mrd": 1e9, "billion": 1e9, "billions": 1e9, "t": 1e12, "tn": 1e12, "trillion": 1e12,
}  # fmt: skip
_CELL = re.compile(
    rf"(?P<open>\()?(?P<sign>[-+])?(?P<before>{_CURRENCY})?(?P<inner>[-+])?(?P<open2>\()?"
    rf"(?P<digits>\d[\d.,' ]*|[.,]\d+)(?P<exponent>[eE][-+]?\d+)?"
    rf"(?P<scale>{'|'.join(sorted(_SCALES, key=len, reverse=True))})?\.?(?P<percent>%|‰|bps?)?(?P<after>{_CURRENCY})?"
    r"(?P<trailing>-)?(?P<close>\))?(?P<late>%)?",
    re.IGNORECASE,
)
_FIRST = r"[1-9]\d{0,2}"
_POINT = re.compile(
    rf"({_FIRST}(?:,\d{{3}})+|[1-9]\d?(?:,\d{{2}})*,\d{{3}}|{_FIRST}(?: \d{{3}})+|{_FIRST}(?:'\d{{3}})+|\d+)?"
    r"(?:\.(\d*))?"
)
_COMMA = re.compile(rf"({_FIRST}(?:\.\d{{3}})+|{_FIRST}(?: \d{{3}})+|{_FIRST}(?:'\d{{3}})+|\d+)?(?:,(\d*))?")


class NotNumbersError(ValueError):
    """A cell that holds no number; `cell` is the first."""

    def __init__(self, cell: str, why: str = "") -> None:
        super().__init__(cell)
        self.cell, self.why = cell, why


class AmbiguousNumbersError(NotNumbersError):
    """Cells that can be read with a decimal point and with a decimal comma."""


@dataclass(frozen=True)
class Numbers:
    """Cells read as numbers.

    Attributes
    ----------
    values
        One number a cell, NaN where it says that there is none.
    decimal
        The decimal mark, ``"."`` or ``","``; empty where no cell shows it.
    what
        What the cells hold beside plain numbers, in words; empty for plain numbers.
    example
        One of those cells and its number.
    """

    values: NDArray[np.float64]
    decimal: str = ""
    what: tuple[str, ...] = ()
    example: tuple[str, float] | None = None

    def sentence(self, column: str) -> str:
        """Say what was read as what; empty where there is nothing to say.

        Examples
        --------
        >>> read_cells(["1,234.5", "2.02B"]).sentence("Vol.")
        "'Vol.' is read as numbers (thousands by ',', B = 1e9): '1,234.5' is 1234.5."
        """
        if not self.what or self.example is None:
            return ""
        cell, value = self.example
        return f"{column!r} is read as numbers ({', '.join(self.what)}): {cell!r} is {value:.12g}."


def read_cells(cells: Iterable[str], decimal: str = "", evidence: Callable[[], str] = lambda: "") -> Numbers:
    """Read cells of text as numbers, where there is one way to read them all.

    Parameters
    ----------
    cells
        The cells of one column (each different one once is enough).
    decimal
        The decimal mark, where it is known: ``"."`` or ``","``.
    evidence
        Where these cells can be read both ways, gives the mark that other columns show, or nothing; ``"?"`` where
        nothing shows it and even ``1.234`` may be a thousand, as in files that are separated by semicolons.

    Raises
    ------
    NotNumbersError
        For a cell that is no number, or whose unit differs from that of another.
    AmbiguousNumbersError
        Where ``1,234`` may be a thousand or one and a bit.

    Examples
    --------
    >>> read_cells(["5 003,46", "(1,25)", "-", "−3"]).values.tolist()
    [5003.46, -1.25, nan, -3.0]
    """
    every = list(cells)
    found = [_parts(cell) for cell in every]
    digits = [part["digits"] for part in found if part]
    mark = decimal or _decimal(digits, every, found, evidence)
    pattern = _COMMA if mark == "," else _POINT
    values = np.full(len(every), np.nan)
    what: dict[str, None] = {}
    units: dict[str, str] = {}
    example = None
    for place, (cell, part) in enumerate(zip(every, found, strict=True)):
        if part is None:
            if cell.strip() not in EMPTY_CELLS:
                what.setdefault(f"{cell.strip()!r} is missing")
            continue
        whole, value = _value(part, pattern, mark, cell)
        values[place] = value
        said = _said(part, mark)
        if part["unit"] and part["digits"].strip("0,. "):
            units.setdefault(part["unit"], cell)
        elif not part["scale"] and part["digits"].strip("0,. "):
            units.setdefault("", cell)
        for each in said:
            what.setdefault(each)
        if said and example is None and whole:
            example = (cell.strip(), value)
    shown = {unit for unit in units if unit}
    if len(shown) > 1 or (("%" in shown or "‰" in shown or "bp" in shown) and "" in units):
        odd = list(units.values())[1]
        raise NotNumbersError(odd, f"{next(iter(units.values()))!r} and {odd!r} are of different units")
    if example is None and what:
        example = next(((c.strip(), v) for c, v in zip(every, values.tolist(), strict=True) if v == v), ("", 0.0))
    return Numbers(values, mark if any("." in d or "," in d for d in digits) else "", tuple(what), example)


def _parts(cell: str) -> dict[str, Any] | None:
    """Cut a cell into its parts; None for a cell that says that there is nothing."""
    text = _SPACES.sub(" ", cell.translate(_SIGNS)).strip()
    if cell.strip() in MISSING_CELLS or text in MISSING_CELLS:
        return None
    tight = re.sub(r"(?<!\d) | (?!\d)", "", text)  # a blank between digits may part thousands
    found = _CELL.fullmatch(tight)
    if found is None:
        if (plain := _plain(text)) is not None:
            return {"digits": "", "plain": plain, "unit": "", "scale": ""}
        raise NotNumbersError(cell)
    part: dict[str, Any] = found.groupdict()
    opened, closed = bool(part["open"]) + bool(part["open2"]), bool(part["close"])
    signs = sum(bool(part[each]) for each in ("sign", "inner", "trailing"))
    if opened != closed or signs > 1 or (opened and signs) or (part["before"] and part["after"]):
        raise NotNumbersError(cell)
    if re.fullmatch(r"[bp]+", part["scale"] or "", re.IGNORECASE) and part["percent"]:
        raise NotNumbersError(cell)
    percent = (part["percent"] or part["late"] or "").lower().rstrip("s")
    part["unit"] = percent or (part["before"] or part["after"] or "")
    part["negative"] = closed or "-" in (part["sign"], part["inner"], part["trailing"])
    part["brackets"] = closed
    part["plain"] = None
    part["sign_given"] = "−" in cell or "–" in cell or "－" in cell
    part["trailing_sign"] = bool(part["trailing"])
    return part


def _plain(text: str) -> float | None:
    try:
        return float(text) if "_" not in text else None
    except ValueError:
        return None


def _decimal(
    digits: list[str], every: list[str], found: list[dict[str, Any] | None], evidence: Callable[[], str]
) -> str:
    """Tell the decimal mark by which all cells can be read."""
    point = all(_POINT.fullmatch(each) for each in digits)
    comma = all(_COMMA.fullmatch(each) for each in digits)
    marked = [each for each in digits if "," in each or "." in each]
    if not point and not comma:
        usual = _POINT if _count(_POINT, digits) >= _count(_COMMA, digits) else _COMMA
        first = next(each for each in digits if not usual.fullmatch(each))
        cell = next(c for c, part in zip(every, found, strict=True) if part and part["digits"] == first)
        raise NotNumbersError(cell)
    if point != comma:
        return "." if point else ","
    if not marked:
        return "."
    known = evidence()  # each of these cells holds one mark and three digits behind it
    if known in (".", ","):
        return known
    if not known and all("," not in each for each in digits):
        return "."  # 1.234 as every program writes it
    cell = next(c for c, part in zip(every, found, strict=True) if part and part["digits"] in marked)
    raise AmbiguousNumbersError(cell)


def _count(pattern: re.Pattern[str], digits: list[str]) -> int:
    return sum(pattern.fullmatch(each) is not None for each in digits)


def _value(part: dict[str, Any], pattern: re.Pattern[str], mark: str, cell: str) -> tuple[bool, float]:
    if part["plain"] is not None:
        return False, float(part["plain"])
    found = pattern.fullmatch(part["digits"])
    if found is None:
        raise NotNumbersError(cell)
    whole, rest = found.groups()
    number = float(re.sub(r"\D", "", whole or "0") + "." + (rest or "0") + (part["exponent"] or ""))
    if part["scale"]:
        number = float(f"{number * _SCALES[part['scale'].lower()]:.15g}")
    return True, -number if part["negative"] else number


def _said(part: dict[str, Any], mark: str) -> list[str]:
    """List what is not plain about a cell."""
    if part["plain"] is not None:
        return []
    said = []
    if mark == "," and "," in part["digits"]:
        said.append("decimal comma")
    thousands = {",": "','", ".": "'.'", "'": '"\'"', " ": "blanks"}
    said += [f"thousands by {shown}" for each, shown in thousands.items() if each != mark and each in part["digits"]]
    if part["scale"]:
        said.append(f"{part['scale']} = {_SCALES[part['scale'].lower()]:g}".replace("e+0", "e").replace("e+", "e"))
    if part["unit"]:
        said.append(f"in {part['unit']}")
    if part["brackets"]:
        said.append("brackets are negative")
    if part["sign_given"] or part["trailing_sign"]:
        said.append("'−' is a minus" if part["sign_given"] else "a minus behind")
    return said
