"""The structure of the packages: imports point down, files stay small, nothing heavy is imported before it is used."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import penstock as ps

SRC = Path(ps.__file__).parent

# From the bottom up. Packages on one line do not import each other.
LAYERS = [
    ["version", "errors", "build_record", "compilation_cache", "cores", "interrupts", "progress"],
    ["argument_types", "fitted_choices"],
    ["registry", "values", "option_docs", "formats", "files", "forks", "strict_json", "kernels", "extras", "notebook"],
    ["options", "stored_arrays", "programs"],
    ["arguments"],
    ["data", "cells"],
    ["storage", "datasets", "layers", "intervals"],
    ["run_files", "saved", "searchable", "series_score", "fitting", "shard_forecasts"],
    ["checkpoints"],
    ["sharded"],
    ["engines"],
    ["estimator", "networks"],
    ["baselines", "training", "weights"],
    ["streaming"],
    ["derivatives", "forecaster", "sequences", "report"],
    ["anatomy", "automatic", "evaluation", "onnx"],
    ["text", "search"],
    ["catalogue"],
    ["studies", "serving", "adapters"],
    ["cli"],
    ["__main__"],
]
LAYER = {package: number for number, packages in enumerate(LAYERS) for package in packages}


def package_of(module: str) -> str:
    return module.removeprefix("penstock.").split(".")[0]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("penstock"):
            found |= {node.module} if node.module != "penstock" else {f"penstock.{name.name}" for name in node.names}
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names if name.name.startswith("penstock")}
    return found


@pytest.mark.parametrize("path", sorted(SRC.rglob("*.py")), ids=lambda path: str(path.relative_to(SRC)))
def test_imports_only_point_down(path: Path) -> None:
    parts = path.relative_to(SRC).with_suffix("").parts
    if parts == ("__init__",):
        return
    here = parts[0]
    for module in imports(path):
        there = package_of(module)
        assert there == here or LAYER[there] < LAYER[here], f"{here} imports {module}, which stands no lower"


UNIX = {"fcntl", "grp", "pwd", "pty", "resource", "syslog", "termios", "tty"}


def test_what_windows_lacks_is_imported_where_it_is_used() -> None:
    """A module of Unix alone at the top of one study would keep the whole command line from starting on Windows."""
    found = {
        f"{path.relative_to(SRC)}:{node.lineno}"
        for path in SRC.rglob("*.py")
        for node in tree(path).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        and UNIX & {name.name.split(".")[0] for name in node.names} | (UNIX & {getattr(node, "module", "")})
    }
    assert found == set()


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Also where an import stands within a function; only the stream and its files may."""
    paths = {".".join(("penstock", *path.relative_to(SRC).with_suffix("").parts)): path for path in SRC.rglob("*.py")}
    edges = {name: {each for each in runtime_imports(path) if each in paths} for name, path in paths.items()}
    while ends := {name for name, others in edges.items() if not others}:
        edges = {name: others - ends for name, others in edges.items() if name not in ends}
    while begins := edges.keys() - set().union(*edges.values()):
        edges = {name: others for name, others in edges.items() if name not in begins}
    assert edges.keys() <= {f"penstock.streaming.{name}" for name in ("files", "saved", "stream")}


def runtime_imports(path: Path) -> set[str]:
    """Return what a file imports, leaving out what only a type checker reads."""
    found: set[str] = set()
    waiting: list[ast.AST] = [tree(path)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{name.name}" for name in node.names}
        if not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)):
            waiting += ast.iter_child_nodes(node)
    return found


def test_no_file_holds_more_than_one_concept_can_need() -> None:
    lines = {str(path.relative_to(SRC)): len(path.read_text().splitlines()) for path in SRC.rglob("*.py")}
    long = {name: count for name, count in lines.items() if count > 320}  # with whole docstrings
    assert long == {}


def test_the_public_face_is_one_screen_and_all_of_it_works() -> None:
    assert len((SRC / "__init__.pyi").read_text().splitlines()) <= 85
    for name in ps.__all__:
        assert getattr(ps, name) is not None
    assert {"Forecaster", "Network", "LSTM", "compare", "load", "datasets", "RollingOrigin"} <= set(ps.__all__)


def test_import_is_light() -> None:
    """`import penstock` imports nothing heavy, and what the forecaster needs leaves pictures and tables alone."""
    code = (
        "import sys, penstock as ps\n"
        "heavy = {'jax', 'pandas', 'scipy', 'matplotlib', 'statsmodels', 'sklearn', 'arch', 'jinja2', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
        "ps.Forecaster\n"
        "print(sorted(heavy & set(sys.modules) - {'jax', 'scipy'}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "[]"]


def test_py_typed_is_there() -> None:
    assert (SRC / "py.typed").exists()
