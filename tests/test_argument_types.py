"""Wrong types end in words: every argument of what people call first, given values of other types than it takes."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import penstock as ps
from penstock.argument_types import checked_types, function_name

FRAME = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=40), "y": np.sin(np.arange(40.0) / 3)})
SPLIT = ps.RollingOrigin(test=10)
WRONG: dict[str, Any] = {
    "None": None, "text": "3", "a share": 2.5, "a list": [1, "a"], "an object": object(), "NaN": float("nan"), "-1": -1,
}  # fmt: skip


def result() -> ps.Comparison:
    return ps.compare([ps.Drift()], FRAME, SPLIT)


CALLS: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
    "forecast": (lambda: ps.forecast, {"frame": FRAME[:8], "horizon": 2, "search": False, "members": 1, "steps": 1}),
    "compare": (lambda: ps.compare, {"models": [ps.Naive()], "frame": FRAME, "split": SPLIT}),
    "audit": (lambda: ps.audit, {"model": ps.Naive(), "frame": FRAME}),
    "load": (lambda: ps.load, {}),
    "fit": (lambda: ps.AR(2).fit, {"frame": FRAME}),
    "predict": (lambda: ps.AR(2).fit(FRAME).predict, {}),
    "save": (lambda: ps.AR(2).fit(FRAME).save, {}),
    "forecast_panel": (lambda: ps.AR(2).fit(FRAME).forecast_panel, {}),
    "fit_panel": (lambda: ps.AR(2).fit_panel, {}),
    "report": (lambda: result().report, {"path": "r.html"}),
    "write_json": (lambda: result().write_json, {}),
    "scores_by": (lambda: result().scores_by, {}),
    "rows_of": (lambda: result().rows_of, {}),
    "trade": (lambda: result().trade, {}),
    "audit[...]": (lambda: ps.audit(ps.Naive(), FRAME).__getitem__, {}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CALLS)
def test_every_argument_of_another_type_is_taken_or_refused_in_words(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make, good = CALLS[name]
    call = make()
    parameters = [each for each in inspect.signature(call).parameters.values() if each.kind is not each.VAR_KEYWORD]
    refused = 0
    for each in parameters:
        for wrong in WRONG.values():
            others = {other.name: wrong for other in parameters if other.default is other.empty}
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    call(**{**others, **good, each.name: wrong})
                except ps.PenstockError:
                    refused += 1
    assert refused


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ps.forecast(FRAME, "3"), "horizon='3' is text; allowed: a whole number"),
        (lambda: ps.forecast(FRAME, 0), "horizon=0 is out of range; allowed: a whole number from 1"),
        (lambda: ps.compare([ps.Naive()], FRAME, SPLIT, metrics=3), "metrics=3 is a number; allowed: text"),
        (lambda: ps.compare([ps.Naive()], FRAME, SPLIT, leaks=["x"]), r"leaks=\['x'\] is of the type list"),
        (lambda: ps.load(3), "path=3 is a number; allowed: text or a path"),
        (lambda: ps.Naive().fit(FRAME).save(None), "path=None is nothing; allowed: text or a path"),
        (lambda: result().report(None), "path=None is nothing; allowed: text or a path"),
        (lambda: result().report("r.html", trading=3), "trading='3' is no trading of forecasts; give result.trade"),
        (lambda: result().rows_of("Drft"), "there is no model 'Drft' in this comparison; did you mean 'Drift'"),
        (lambda: ps.Naive().fit(FRAME).predict(level=object()), "level=<object .* is not allowed; allowed: perc"),
        (lambda: ps.Naive().fit_panel(FRAME, None), "a DataFrame was given where a panel is needed; give fr"),
        (lambda: ps.compare([lambda frame, horizon: "no"], FRAME, SPLIT), "your function gave 'no', a str"),
    ],
    ids=range(12),
)  # fmt: skip
def test_what_was_given_and_what_is_allowed(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ps.PenstockError, match=message):
        call()


def test_types_are_those_of_the_annotations() -> None:
    @checked_types("count", "names")
    def some(count: int, names: list[str] | None = None) -> int:
        return count

    assert some(np.int64(3), names=None) == 3
    for wrong in (True, 2.0, "3"):
        with pytest.raises(ps.OptionError, match="allowed: a whole number"):
            some(wrong)  # type: ignore[arg-type]
    assert function_name(lambda: None) == "your function"
