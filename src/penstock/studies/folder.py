"""A folder of results: every study asked for, under both protocols, with an index page above."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from penstock.errors import DataError, PenstockError
from penstock.files import write_json, write_whole
from penstock.report.svg import standalone
from penstock.studies.result import StudyResult
from penstock.studies.study import Request, Study
from penstock.studies.summary import index_page

__all__ = ["read_results", "run_all", "write_result"]


def run_all(
    studies: Iterable[Study],
    request: Request,
    folder: Path,
    protocols: Iterable[str],
    told: Callable[[str], None] = lambda line: None,
    *,
    editions: Sequence[int] = (),
    missing: bool = False,
) -> list[str]:
    """Run studies in every edition and protocol into a folder; give the names of those that could not run.

    Each result is written as it comes: a page, a file of JSON, its pictures. The index page tells of all results that
    the folder holds, so that one study can be run again by itself.

    Parameters
    ----------
    studies
        What to run.
    request
        Members, seed and epochs; protocol and edition are set here.
    folder
        Where to write; made if it is not there.
    protocols
        The protocols to run, among those that each study has.
    told
        Is given a line of progress at a time.
    editions
        The editions to run; left out: all that a study has.
    missing
        Whether to run only what the folder holds no result of.
    """
    folder.mkdir(parents=True, exist_ok=True)
    failed = {}
    for study in studies:
        for edition in editions or study.editions:
            for protocol in [each for each in study.protocols if each in protocols]:
                name = f"{study.name}, edition {edition}, {protocol} protocol"
                begin = time.perf_counter()
                try:
                    asked = study.completed(replace(request, edition=edition, protocol=protocol))
                    if missing and (folder / f"{asked.stem(study.name)}.html").exists():  # written last of all
                        told(f"{name}: there already.")
                        continue
                    result = study.run(asked)
                except PenstockError as error:
                    failed[name] = str(error)
                    told(f"{name}: {error}")
                    continue
                seconds = time.perf_counter() - begin
                write_result(result, folder, seconds)
                told(f"{name}: {seconds:,.0f} s. {result.verdict[0] if result.verdict else ''}")
                write_whole(folder / "index.html", index_page(read_results(folder), failed).html())
    write_whole(folder / "index.html", index_page(read_results(folder), failed).html())
    return list(failed)


def write_result(result: StudyResult, folder: Path, seconds: float) -> None:
    """Write a result into a folder: ``STEM.html``, ``STEM.json``, and its pictures in ``pictures``."""
    path, content = folder / f"{result.stem}.json", {**result.to_json(), "seconds": round(seconds, 1), "pictures": []}
    write_json(path, content)  # the work is safe, whatever becomes of the pictures
    (folder / "pictures").mkdir(exist_ok=True)
    for number, picture in enumerate(result.pictures(), start=1):
        name = f"pictures/{result.stem}-{number}.svg"
        write_whole(folder / name, standalone(picture))
        content["pictures"].append({"title": picture.title, "caption": picture.caption, "file": name})
    write_json(path, content)
    result.report(folder / f"{result.stem}.html")


def read_results(folder: Path) -> dict[str, dict[str, Any]]:
    """Read the results of a folder by the names of their files."""
    results = {}
    for path in sorted(folder.glob("*.json")):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            results[path.stem] = {**content, "study": content["study"]}
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{str(path)!r} is no result of a study; take it out of the folder.") from error
    return results
