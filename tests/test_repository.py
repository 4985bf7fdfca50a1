"""What a hosted repository needs: workflows call what exists, a release agrees with itself, licenses are named."""

from __future__ import annotations

import importlib.util
import re
import shutil
import tomllib
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

import pytest

yaml = pytest.importorskip("yaml", reason="pip install 'penstock[test]' brings PyYAML")

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
DEVELOPMENT = ("test", "lint", "peers", "docs")  # extras of those who work on Penstock: nothing of them is passed on


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]


def commands(path: Path) -> list[str]:
    return [step["run"] for job in jobs(path).values() for step in job["steps"] if "run" in step]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_calls_what_exists(path: Path) -> None:
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert targets
    for command in commands(path):
        called = re.findall(r"\bmake ([a-z-]+)", command)
        assert set(called) <= set(targets[1].split()), command
        for script in re.findall(r"python (\S+\.py)", command):
            assert (ROOT / script).is_file(), command


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_ends_and_may_only_read(path: Path) -> None:
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["permissions"] == {"contents": "read"}
    for name, job in jobs(path).items():
        assert "timeout-minutes" in job, name
        needed = job.get("needs", [])
        assert {needed} <= jobs(path).keys() if isinstance(needed, str) else set(needed) <= jobs(path).keys(), name
        for step in job["steps"]:
            assert re.fullmatch(r"[\w-]+/[\w-]+@(release/)?v\d+", step.get("uses", "a/b@v1")), step
            assert "${{" not in step.get("run", ""), "values of events reach a shell through env: alone"


def test_hosted_runs_do_all_that_the_script_of_the_project_does_on_every_python() -> None:
    script = set(re.findall(r"^make ([a-z-]+)", (ROOT / ".ci" / "run").read_text(), flags=re.MULTILINE))
    path = ROOT / ".github" / "workflows" / "ci.yml"
    hosted = {target for command in commands(path) for target in re.findall(r"\bmake ([a-z-]+)", command)}
    assert script <= hosted
    pythons = {found for each in PROJECT["classifiers"] for found in re.findall(r"Python :: (3\.\d+)$", each)}
    assert set(jobs(path)["test"]["strategy"]["matrix"]["python"]) == pythons


def test_forms_of_issues_are_whole() -> None:
    forms = [path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml"]
    assert len(forms) == 3
    for path in forms:
        form = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert {"name", "description", "body"} <= form.keys(), path.name
        assert len({field["id"] for field in form["body"]}) == len(form["body"]), path.name


def release_problems(folder: Path, tag: str, repository: str) -> list[str]:
    found = importlib.util.spec_from_file_location("check_release", ROOT / ".ci" / "check_release.py")
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return list(module.problems(tag, repository, folder))


def test_a_release_is_refused_until_everything_names_its_version(tmp_path: Path) -> None:
    for name in ("src/penstock/version.py", "CHANGELOG.md", "CITATION.cff", "pyproject.toml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    link = "https://example.org/owner/name"
    (tmp_path / "src/penstock/version.py").write_text('__version__ = "9.8.7"\n')
    found = release_problems(tmp_path, "v9.8.6", link)
    assert [said.split()[0] for said in found] == ["The", "CHANGELOG.md", "CITATION.cff", "pyproject.toml"]
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## 9.8.7 - 2030-01-02\n")
    (tmp_path / "CITATION.cff").write_text("cff-version: 1.2.0\nversion: 9.8.7\n")
    (tmp_path / "pyproject.toml").write_text(f'[project]\nurls = {{ Repository = "{link}" }}\n')
    assert release_problems(tmp_path, "v9.8.7", link) == []


def test_the_citation_names_the_version() -> None:
    import penstock as ps

    assert yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["version"] == ps.__version__


def required() -> dict[str, set[str]]:
    """Return the packages that Penstock and its extras for users install, with what brings them."""
    brought: dict[str, set[str]] = {}
    extras = {f"penstock[{name}]": found for name, found in PROJECT["optional-dependencies"].items()}
    for origin, found in {"penstock": PROJECT["dependencies"], **extras}.items():
        if origin.removeprefix("penstock[").rstrip("]") not in DEVELOPMENT:
            for requirement in found:
                brought.setdefault(re.match(r"[\w.-]+", requirement)[0], set()).add(origin)  # type: ignore[index]
    return brought


def licenses() -> dict[str, tuple[str, set[str]]]:
    page = (ROOT / "docs" / "third-party.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[([\w.-]+)\]\(https://\S+\)[^|]*\| ([^|]+) \| ([^|]+) \|$", page, flags=re.MULTILINE)
    return {name: (license_.strip("* "), set(origin.split(", "))) for name, license_, origin in rows}


def test_every_dependency_is_named_with_its_license() -> None:
    assert {name: origin for name, (_, origin) in licenses().items()} == required()


def stated_license(name: str) -> str | None:
    """Return what an installed package says of its license; None where it is not installed."""
    try:
        about = metadata(name)
    except PackageNotFoundError:
        return None
    said = [about.get("License-Expression"), (about.get("License") or "")[:200], *about.get_all("Classifier", [])]
    return " ".join(each for each in said if each)


def test_a_license_is_the_one_that_the_package_states() -> None:
    words = {"NCSA": "NCSA|University of Illinois", "PSF": "Python Software Foundation|PSF|matplotlib"}
    stated = {name: said for name in licenses() if (said := stated_license(name))}
    assert {"numpy", "jax", "scikit-learn"} <= stated.keys()
    families = {name: re.split(r"[- ]", licenses()[name][0])[0] for name in stated}
    assert {
        name: said
        for name, said in stated.items()
        if not re.search(words.get(families[name], families[name]), said, flags=re.IGNORECASE)
    } == {}


def test_copyleft_is_said_where_users_meet_it() -> None:
    for name in ("README.md", "docs/text.md", "docs/third-party.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert re.search(r"gensim[^.]*LGPL-2\.1", text) or "gensim is under the GNU Lesser" in text, name
    assert [name for name, (license_, _) in licenses().items() if "GPL" in license_ or "MPL" in license_] == ["gensim"]
