"""Refuse a release whose tag, version, changelog, citation and links do not agree.

Usage: check_release.py TAG REPOSITORY, such as v0.2.0 https://github.com/OWNER/NAME
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def problems(tag: str, repository: str, root: Path = ROOT) -> Iterator[str]:
    """Give every reason not to publish, in sentences."""
    version = re.findall(r'__version__ = "(.*)"', (root / "src/penstock/version.py").read_text(encoding="utf-8"))[0]
    if tag != f"v{version}":
        yield f"The tag is {tag}, but src/penstock/version.py says {version}; tag v{version}, or change the version."
    heading = rf"^## \[?{re.escape(version)}\]? [-–] \d{{4}}-\d\d-\d\d$"
    if not re.search(heading, (root / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE):
        yield f"CHANGELOG.md has no dated section of {version}; write '## {version} - YYYY-MM-DD'."
    cited = re.findall(r"^version: (.*)$", (root / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE)
    if cited != [version]:
        yield f"CITATION.cff says version {', '.join(cited) or 'nothing'}; write {version}."
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    link = project.get("urls", {}).get("Repository")
    if link != repository:
        yield f"pyproject.toml says Repository = {link!r} in [project.urls], but this is {repository!r}."


if __name__ == "__main__":
    sys.exit("\n".join(problems(*sys.argv[1:])) or 0)
