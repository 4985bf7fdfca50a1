"""Docstrings of all that is public: numpydoc finds Parameters, Returns and Yields, and they match the signatures.

What a function raises itself is told under Raises.
"""

from __future__ import annotations

import ast
import enum
import inspect
import re
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest

import penstock as ps

pytest.importorskip("numpydoc", reason="pip install 'penstock[test]' brings numpydoc")

CHECKS = {
    "PR01": "an argument without a description",
    "PR02": "a description of what is no argument",
    "PR03": "arguments in another order than in the signature",
    "PR10": "a space before the colon of a parameter is missing",
    "RT01": "no Returns section",
    "YD01": "no Yields section",
}


def packages() -> Iterator[Any]:
    yield ps
    for name in ps.__all__:
        if inspect.ismodule(getattr(ps, name)):
            yield getattr(ps, name)


def first_definition(kind: type, method: str) -> type:
    """Return the class that defines a method first: what overrides it keeps its contract, and its documentation."""
    return [base for base in kind.__mro__ if method in vars(base)][-1]


def documented() -> dict[str, Any]:
    """Give every public function, class and method of a class by its import path, methods where they begin."""
    found = {}
    for package in packages():
        for name in package.__all__:
            value = getattr(package, name)
            if not inspect.isfunction(value) and not inspect.isclass(value):
                continue
            found[f"{value.__module__}.{value.__qualname__}"] = value
            if not inspect.isclass(value):
                continue
            for method in dir(value):
                static = inspect.getattr_static(value, method)
                function = getattr(static, "__func__", static)
                if method.startswith("_") or not inspect.isfunction(function):
                    continue
                owner = first_definition(value, method)
                if owner.__module__.startswith("penstock"):
                    found[f"{owner.__module__}.{owner.__qualname__}.{method}"] = vars(owner)[method]
    return dict(sorted(found.items()))


def says_what_it_returns(value: Any) -> bool:
    """Return whether a function without arguments has a docstring of one line that says what it returns."""
    text = inspect.cleandoc(value.__doc__ or "")
    return text.startswith("Return ") and "\n" not in text and [*inspect.signature(value).parameters] in ([], ["self"])


def raised(function: Any) -> set[str]:
    """Return the errors that a function raises itself, not in a function within it."""
    found = set()

    def visit(node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Raise) and child.exc is not None:
                found.add(ast.unparse(child.exc.func if isinstance(child.exc, ast.Call) else child.exc))
            if not isinstance(child, ast.FunctionDef | ast.Lambda | ast.ClassDef):
                visit(child)

    visit(ast.parse(textwrap.dedent(inspect.getsource(function))).body[0])
    return found - {"NotImplementedError"}


def faults(path: str, value: Any) -> list[str]:
    """Return what numpydoc finds wrong; of a class that a library makes, Attributes stand for Parameters."""
    from numpydoc.docscrape import NumpyDocString
    from numpydoc.validate import validate

    found = []
    for code, message in validate(path)["errors"]:
        if code not in CHECKS or (code == "RT01" and says_what_it_returns(value)):
            continue
        if inspect.isclass(value) and code == "PR01":
            doc = NumpyDocString(inspect.cleandoc(value.__doc__ or ""))
            named = {
                part.strip(" *")
                for each in ("Parameters", "Attributes")
                for p in doc[each]
                for part in p.name.split(",")
            }
            wanted = {name for name in inspect.signature(value).parameters if not name.startswith("_")}
            missing = sorted(wanted - named)
            if not missing or issubclass(value, (BaseException,)) or issubclass(value, enum.Enum):
                continue
            message = f"Parameters {missing} not documented"
        found.append(f"{code} {message}")
    function = getattr(value, "__func__", value)
    if inspect.isfunction(function):
        doc = NumpyDocString(inspect.cleandoc(function.__doc__ or ""))
        told = {parameter.type for parameter in doc["Raises"]}
        found += [f"{error} is raised, but not told under Raises" for error in sorted(raised(function) - told)]
    return found


INTERNAL = ("Panel", "FrameKind", "Prepared", "Head", "TrainConfig", "ResidualStream", "Mapping[str, type[M]]")
"""Types that only the library makes: a method that takes or returns one is called by the library alone."""


def is_internal(value: Any) -> bool:
    """Return whether a function takes or returns what only the library makes."""
    function = getattr(value, "__func__", value)
    written = " ".join(map(str, getattr(function, "__annotations__", {}).values()))
    return inspect.isfunction(function) and any(re.search(rf"\b{re.escape(name)}", written) for name in INTERNAL)


PUBLIC = {path: value for path, value in documented().items() if not is_internal(value)}


@pytest.mark.parametrize("path", PUBLIC)
def test_a_docstring_says_what_goes_in_and_what_comes_out(path: str) -> None:
    assert faults(path, PUBLIC[path]) == []


def test_what_a_function_raises_must_be_told() -> None:
    def tells_nothing() -> None:
        """Return nothing."""

        def inner() -> None:
            raise KeyError

        inner()
        raise ValueError("no")

    assert raised(tells_nothing) == {"ValueError"}
    assert "ValueError is raised, but not told under Raises" in faults("penstock.compare", tells_nothing)
