"""The words of the field: names that were replaced come back neither in public names, nor in messages, nor in docs."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import penstock as ps

SRC = Path(ps.__file__).parent
ROOT = Path(__file__).resolve().parents[1]

NAMES = {
    "watched": "validation",
    "enough": "target_loss",
    "rate_decay": "learning_rate_decay",
    "teaching": "scheduled_sampling",
    "Teaching": "ScheduledSampling",
    "reach_": "max_target_length_",
    "feed": "condition",
    "feedback": "autoregressive",
    "every_step": "return_sequences",
    "strength": "alpha",
    "strength_": "alpha_",
    "cut": "tokenizer, or partition",
    "keep": "truncation",
    "Own": "ModelIntervals",
    "own_bounds": "model_intervals",
    "Stream": "ResidualStream",
    "harvest": "collect",
    "refill": "schedule",
    "shrink": "compact",
    "Plan": "TrainConfig",
    "Recipe": "TrainSpec",
    "Learning": "TrainState",
    "Track": "TargetSequence",
    "Piece": "RaggedBatch",
    "parted": "partition",
    "derive": "fold_in",
    "slowed": "scale_updates",
    "rested": "decay_idle_state",
    "fits": "state_fields",
    "Desk": "TradingOptions",
    "desk": "options",
    "Book": "StrategyReturns",
    "books": "strategies",
    "Given": "RawSamples",
    "Coding": "SampleEncoder",
    "coding_": "encoder_",
    "Encoding": "CovariateEncoder",
    "OwnIntervals": "IntervalsMixin",
    "SklearnGrammar": "SklearnMixin",
    "Scaling": "Standardizer",
    "y_shift_": "y_scaling_",
    "DroppingWalk": "DropoutUnrollOptions",
    "_beside": "_extra_state",
    "_recall": "_load_extra",
    "_given": "_raw",
    "shelf": "registry",
    "put_out": "outputs",
    "own": "select_outputs",
    "joined": "aggregate",
    "at_once": "micro_batch_size",
    "letters": "state_names",
    "masks": "supports_recurrent_dropout",
    "drops": "supports_input_dropout",
    "told": "a word for what is read, or given",
    "taught": "trained",
}
"""Names that no public class, function, method or argument has, and what to call it instead."""

PLAIN = {"cut", "keep", "own", "feed", "fits", "told"}
"""Those of the names that are plain English words: local names and prose may hold them."""

TEXTS = {
    r"\bwatched\b": "validation",
    r"\benough=": "target_loss=",
    r"\brate_decay\b(?<!learning_rate_decay)": "learning_rate_decay",
    r"\bTeaching\b": "ScheduledSampling",
    r"\breach_\b": "max_target_length_",
    r"\bfeed=": "condition=",
    r"\bfeedback=": "autoregressive=",
    r"\bevery_step=": "return_sequences=",
    r"""padding=["'](behind|front)""": "padding='post' or 'pre'",
    r"""missing=["']mask""": "missing='indicator'",
    r"\bstrength=": "alpha=",
    r"\bpairs=": "bigrams=",
    r"\bcut=": "tokenizer=",
    r"\bkeep=": "truncation=",
    r"\bshelf\b": "registry",
    r"\bBeginnings\b": "beam",
}
"""Patterns that stand in no docstring, message or page, and what to write instead."""

PAGE_TEXTS = {
    r"(?i)\b(house|noun|nouns)\b": "package, concept",
    r"(?i)\b(room|rooms|floor|floors|door|doors)\b": "package, layer, entry point",
}
"""Patterns that stand on no page."""


def packages() -> Iterator[Any]:
    yield ps
    for name in ps.__all__:
        if inspect.ismodule(getattr(ps, name)):
            yield getattr(ps, name)


def public_names() -> Iterator[tuple[str, str]]:
    """Give every public name with the place where it is found: classes, functions, their members, their arguments."""
    for package in packages():
        for name in package.__all__:
            value, place = getattr(package, name), f"{package.__name__}.{name}"
            yield name, place
            if inspect.isfunction(value):
                yield from ((argument, place) for argument in inspect.signature(value).parameters)
            if not inspect.isclass(value):
                continue
            for member in {*dir(value), *getattr(value, "__dataclass_fields__", ())}:
                found = inspect.getattr_static(value, member, None)
                function = getattr(found, "__func__", found)
                if not member.startswith("_"):
                    yield member, place
                if inspect.isfunction(function) and (member == "__init__" or not member.startswith("_")):
                    yield from ((argument, f"{place}.{member}") for argument in inspect.signature(function).parameters)


def test_public_names_are_words_of_the_field() -> None:
    found = sorted({f"{place}: {name}, say {NAMES[name]}" for name, place in public_names() if name in NAMES})
    assert found == []


@cache
def texts(path: Path) -> list[tuple[int, str]]:
    """Return every string of a source file, or every line of a page, with its line."""
    content = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return list(enumerate(content.splitlines(), start=1))
    nodes = ast.walk(ast.parse(content))
    return [
        (node.lineno, node.value) for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


PAGES = [
    path for path in sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")]) if path.exists()
]
SOURCES = [
    path for path in sorted(SRC.rglob("*.py")) if path.name not in ("formats.py", "stored.py")
]  # names within files


@pytest.mark.parametrize("pattern", [*TEXTS, *PAGE_TEXTS])
def test_texts_are_written_in_the_words_of_the_field(pattern: str) -> None:
    found = [
        f"{path.name}:{line}: {match[0]!r}, say {(TEXTS | PAGE_TEXTS)[pattern]}"
        for path in (PAGES if pattern in PAGE_TEXTS else [*SOURCES, *PAGES])
        for line, text in texts(path)
        for match in re.finditer(pattern, text)
    ]
    assert found == []


CODE = re.compile(rf"`~?(?:[\w.]*\.)?({'|'.join(NAMES.keys() - PLAIN - {'every_step'})})(?:\(\))?`")
"""A replaced name written as code; "every_step" is also what a decoder's `condition` may be."""


def test_no_text_writes_a_replaced_name_as_code() -> None:
    assert CODE.findall("the `shelf`, :class:`~penstock.training.Plan`, ``Recipe`` and `fit`") == [
        "shelf",
        "Plan",
        "Recipe",
    ]
    found = [
        f"{path.name}:{line}: {name}, say {NAMES[name]}"
        for path in [*SOURCES, *PAGES]
        for line, text in texts(path)
        for name in CODE.findall(text)
    ]
    assert found == []


def test_the_results_of_studies_are_written_in_the_words_of_the_field() -> None:
    """What pages of studies are filled from: the labels that runs wrote."""
    results = [(path, path.read_text(encoding="utf-8")) for path in sorted((ROOT / "docs" / "results").glob("*.json"))]
    found = [(path.name, match[0]) for path, text in results for match in re.finditer("|".join(TEXTS), text)]
    assert found == []


def test_the_patterns_find_what_they_are_for() -> None:
    text = 'nothing was watched; fit(enough=1), Network(every_step=True), padding="front", cut="words", '
    text += "learning_rate_decay"
    found = {pattern for pattern in TEXTS if re.search(pattern, text)}
    assert found == {r"\bwatched\b", r"\benough=", r"\bevery_step=", r"""padding=["'](behind|front)""", r"\bcut="}
    assert ("epochs", "penstock.Forecaster.__init__") in set(public_names())


def defined_names(path: Path) -> Iterator[tuple[str, int]]:
    """Give every name that a source file defines, with its line: classes, functions, arguments, fields."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, node.lineno


INTERNAL_NAMES = NAMES.keys() - PLAIN
"""What no class, function, argument or field is called anywhere in the source."""


def test_internal_names_are_words_of_the_field() -> None:
    found = [
        f"{path.relative_to(SRC)}:{line}: {name}, say {NAMES.get(name.lstrip('_'), 'resolve_...')}"
        for path in sorted(SRC.rglob("*.py"))
        for name, line in defined_names(path)
        if (path.parent.name, name) != ("streaming", "Stream")  # there it is a stream of rows
        if name.lstrip("_") in INTERNAL_NAMES or name in INTERNAL_NAMES or re.fullmatch(r"[a-z]+_named", name)
    ]
    assert found == []


NATIVE = {
    r"\bdoors?\b": "ffi guard, handler",
    r"\b[Cc]ut\b(?=[ ({])": "Partition",
    r"\b[Pp]ieces?\b": "chunk",
    r"\bshare_out\b": "parallel_for",
    r"\bwalks?\b": "recurrence",
    r"\bForms?\b": "Layout",
    r"\bhide\b": "mask_ended",
    r"\bfew\(": "load_partial",
    r"\brooms?\b": "buffer",
}
"""Patterns that stand in no native source, and what to write instead."""


@pytest.mark.parametrize("pattern", NATIVE)
def test_native_sources_are_written_in_the_words_of_the_field(pattern: str) -> None:
    sources = [path for path in sorted((ROOT / "native").iterdir()) if path.suffix in (".h", ".cc", ".txt", ".sh")]
    found = [
        f"{path.name}:{line}: {match[0]!r}, say {NATIVE[pattern]}"
        for path in sources
        for line, text in texts(path)
        for match in re.finditer(pattern, text)
    ]
    assert found == []
