"""What the program costs to start: commands import what they use, and their help imports nothing heavy."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
import typer

import penstock
from penstock.catalogue import MODELS
from penstock.cli import declared
from penstock.cli.main import COMMANDS, app
from penstock.cli.models import MODEL_NAMES, make_model
from penstock.data.missing import MISSING
from penstock.evaluation.panel_metrics import DEFAULT, METRIC_NAMES, WEIGHTS
from penstock.evaluation.positions import RULES, Rule
from penstock.evaluation.rolling_origin import RollingOrigin
from penstock.evaluation.trading import TradingOptions
from penstock.forecaster import Forecaster
from penstock.intervals.conformal import INTERVALS
from penstock.options import default_of, help_of
from penstock.search.tuned import Tuned
from penstock.studies.registry import STUDIES
from penstock.text.classifier import TextClassifier
from penstock.text.language_model import LanguageModel
from penstock.text.tokens import Tokens

HEAVY = {"jax", "numpy", "pandas", "matplotlib", "sklearn", "statsmodels", "scipy", "arch", "pooch", "optax"}
OWNERS: dict[str, type] = {
    kind.__name__: kind
    for kind in (Forecaster, RollingOrigin, TradingOptions, Tuned, Tokens, TextClassifier, LanguageModel)
}

RUN = """
import json, sys
sys.argv = ["penstock", *{words}]
from penstock.cli.main import main
try:
    main()
finally:
    print(json.dumps(sorted(set(sys.modules))), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "words",
    [["--version"], ["--help"], ["study", "--list"], *([name, "--help"] for name in COMMANDS if name != "doctor")],
    ids=" ".join,
)
def test_a_start_imports_nothing_heavy(words: list[str]) -> None:
    done = subprocess.run([sys.executable, "-c", RUN.format(words=words)], capture_output=True, text=True, check=True)
    assert done.stdout
    assert sorted(HEAVY & set(json.loads(done.stderr.splitlines()[-1]))) == []


@pytest.mark.parametrize("word", ["--version", "--help"])
def test_a_start_takes_a_moment(word: str) -> None:
    """Four tenths of a second are promised on a quiet machine; a loaded one may use five times that."""
    seconds = []
    for _ in range(3):
        begin = _spent_by_children()
        subprocess.run([sys.executable, "-c", RUN.format(words=[word])], capture_output=True, check=True)
        seconds.append(_spent_by_children() - begin)
    assert min(seconds) < 2.0


def _spent_by_children() -> float:
    used = os.times()
    return used.children_user + used.children_system


def test_the_list_of_commands_says_what_the_commands_say() -> None:
    group = typer.main.get_command(app)
    assert list(group.commands) == list(COMMANDS)
    for name, line in COMMANDS.items():
        assert (group.commands[name].load().help or "").split("\n\n")[0].replace("\n", " ") == line


def test_declared_options_are_those_of_the_classes() -> None:
    assert tuple(MISSING) == declared.MISSING
    assert tuple(RULES) == declared.RULES
    (traded,) = (each.metadata["choices"] for each in fields(Rule) if each.name == "values")
    assert traded == declared.TRADED
    assert tuple(INTERVALS) == declared.INTERVALS
    assert (WEIGHTS, DEFAULT, METRIC_NAMES) == (declared.WEIGHTS, declared.SCORES, declared.METRICS)
    assert declared.HELP.keys() == declared.DEFAULTS.keys() == OWNERS.keys()
    for owner, lines in declared.HELP.items():
        assert lines == {name: help_of(OWNERS[owner], name) for name in lines}
        assert declared.DEFAULTS[owner] == {name: default_of(OWNERS[owner], name) for name in lines}


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_every_model_of_the_command_line_is_made(name: str) -> None:
    model = make_model(name, {"window": 7})
    entry = MODELS[type(model).__name__]
    assert model.label
    assert isinstance(model, Forecaster) == (name in ("lstm", "gru", "rnn", "mlp"))
    assert isinstance(model, Forecaster) or entry.command == name
    if isinstance(model, Forecaster) or entry.number is not None:
        assert "3" in make_model(f"{name}:3", {"window": 7}).label


def test_the_help_of_study_lists_the_options_of_every_study() -> None:
    command = typer.main.get_command(app).commands["study"].load()
    flags = {parameter.name for parameter in command.params}
    asked = {field.name for study in STUDIES.values() for field in fields(study.options)}
    assert {"transformer", "stale_share", "cost", "splits", "glove"} <= asked
    assert asked <= flags


def test_no_module_imports_at_once_what_windows_has_not() -> None:
    """Every module is read, none is imported: that would take seconds."""
    missing = {"resource", "fcntl", "pwd", "grp", "termios", "tty", "pty", "syslog", "posix"}
    root = Path(penstock.__file__).parent
    found = []
    for path in sorted(root.rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            found += [f"{path.relative_to(root)}: {name}" for name in names if name.partition(".")[0] in missing]
    assert found == []


def test_python_runs_the_package_as_the_program() -> None:
    done = subprocess.run([sys.executable, "-m", "penstock", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"penstock {penstock.__version__}\n"
