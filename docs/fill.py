"""Fill the pages of docs/ from docs/results, so that no figure on them is written by hand.

python docs/fill.py                      fill the pages from docs/results
python docs/fill.py build/studies        first take the results (and the pictures that pages show) of a run
python docs/fill.py --check              fail where a page and the results disagree
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from penstock.studies.folder import read_results
from penstock.studies.markdown import fill, pictures_of

DOCS = Path(__file__).resolve().parent
RESULTS = DOCS / "results"
PICTURES = DOCS / "pictures"


def main(arguments: list[str]) -> int:
    """Fill or check every page; give the exit status."""
    check = "--check" in arguments
    for folder in map(Path, (each for each in arguments if each != "--check")):
        _take(folder)
    results = read_results(RESULTS)
    stale = []
    for path in sorted([*DOCS.rglob("*.md"), DOCS.parent / "README.md"]):
        page = path.read_text(encoding="utf-8")
        filled = fill(page, results, os.path.relpath(PICTURES, path.parent))
        if filled != page:
            stale.append(path)
            if not check:
                path.write_text(filled, encoding="utf-8")
    for path in stale:
        print(f"{'differs from the results' if check else 'filled'}: {path.relative_to(DOCS.parent)}")
    return int(check and bool(stale))


def _take(folder: Path) -> None:
    """Copy the results of a run, and those of its pictures that a page shows."""
    RESULTS.mkdir(exist_ok=True)
    PICTURES.mkdir(exist_ok=True)
    for path in folder.glob("*.json"):
        shutil.copy(path, RESULTS)
    for page in DOCS.rglob("*.md"):
        for name, number in pictures_of(page.read_text(encoding="utf-8")):
            picture = folder / "pictures" / f"{name}-{number}.svg"
            if picture.exists():
                shutil.copy(picture, PICTURES)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
