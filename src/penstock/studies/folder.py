"""A folder of results: every study asked for, under both protocols, with an index page above."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from penstock.errors import DataError, PenstockError, WriteError
from penstock.files import jsonable, write_json, write_whole
from penstock.report.svg import standalone
from penstock.studies.figures import Figure
from penstock.studies.result import StudyResult
from penstock.studies.study import Request, Study
from penstock.studies.summary import index_page

__all__ = ["read_results", "run_all", "write_result"]

_ROOM = 1 << 18  # bytes that a result takes at least, with its page and pictures


def run_all(
    studies: Iterable[Study],
    request: Request,
    folder: Path,
    protocols: Iterable[str],
    told: Callable[[str], None] = lambda line: None,
    *,
    editions: Sequence[int] = (),
    missing: bool = False,
    kept: Callable[[str, Request], AbstractContextManager[None]] = lambda name, asked: nullcontext(),
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
        Whether to run only what the folder holds no result of: with the same members, seed, epochs, data and options.
    kept
        Is given a study's name and its request, and returns the block that it runs in, which keeps what it trains.

    Returns
    -------
    The names of those that could not run or be written; the others go on.
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
                    if missing:
                        there = _held(folder, study.name, asked)
                        if there is None:
                            told(f"{name}: there already.")
                            continue
                        if there:
                            told(f"{name}: run again, for its result there has {there}.")
                    _require_room(folder)  # a full disk is told before the hours, and room may come back between
                    with kept(study.name, asked):
                        result = study.run(asked)
                    seconds = time.perf_counter() - begin
                    write_result(result, folder, seconds)
                except PenstockError as error:
                    failed[name] = str(error)
                    told(f"{name}: {error}")
                    continue
                told(f"{name}: {seconds:,.0f} s. {result.verdict[0] if result.verdict else ''}")
                with suppress(WriteError):  # written again at the end
                    _write_index(folder, failed)
    foreign = _write_index(folder, failed)
    if foreign:
        told(f"left out of the index, for they are no results of a study: {', '.join(foreign)}.")
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


def read_results(folder: Path, foreign: list[str] | None = None) -> dict[str, dict[str, Any]]:
    """Read the results of a folder by the names of their files.

    Parameters
    ----------
    folder
        Where they lie.
    foreign
        Is given the names of JSON files that are no results; None: such a file is an error.

    Raises
    ------
    DataError
        For a JSON file that is no result of a study, where `foreign` is None.
    """
    results = {}
    for path in sorted(folder.glob("*.json")):
        content = _read_result(path)
        if content is not None:
            results[path.stem] = content
        elif foreign is None:
            raise DataError(f"{str(path)!r} is no result of a study; take it out of the folder.")
        else:
            foreign.append(path.name)
    return results


def _read_result(path: Path) -> dict[str, Any] | None:
    """Read one result; None where the file does not hold one."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        texts = all(isinstance(content[key], str) for key in ("study", "title", "protocol"))
        lists = all(isinstance(content[key], list) for key in ("figures", "verdict", "tables"))
        for figure in content["figures"]:
            Figure(**figure)
        return content if texts and lists and isinstance(content["edition"], int) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _held(folder: Path, study: str, asked: Request) -> str | None:
    """Tell whether a folder holds a whole result of a completed request.

    Returns
    -------
    None where it does; what the result that is there was asked with instead; empty where there is none.
    """
    stem = asked.stem(study)
    found = _read_result(folder / f"{stem}.json")
    if found is None or not (folder / f"{stem}.html").exists():  # the page is written last of all
        return ""
    wanted = {
        "members": asked.members, "seed": asked.seed, "epochs": asked.epochs, "data": asked.data and str(asked.data),
    }  # fmt: skip
    options = json.loads(json.dumps(jsonable(asked.given)))
    held = {**options, **(found.get("options") or {})}  # an option that is newer than the result had its default
    differs = [f"{key} {found.get(key)}, not {value}" for key, value in wanted.items() if found.get(key) != value]
    differs += [
        f"{key} {held[key]}, not {options[key]}" for key in options if key in held and held[key] != options[key]
    ]
    return ", ".join(differs) or None


def _require_room(folder: Path) -> None:
    """Refuse a folder that does not take as much as a result, before the work."""
    probe = folder / "room.probe"
    write_whole(probe, b"\0" * _ROOM)
    probe.unlink()


def _write_index(folder: Path, failed: dict[str, str]) -> list[str]:
    """Write the index page of all results of a folder; give the names of the files that are none."""
    foreign: list[str] = []
    write_whole(folder / "index.html", index_page(read_results(folder, foreign), failed).html())
    return foreign
