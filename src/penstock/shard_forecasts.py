"""Forecasts of shards: a Parquet file for each file of rows, written whole, and not made anew where it is there."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from penstock.argument_types import checked_path, described
from penstock.data.shards import Shards
from penstock.errors import DataError, OptionError, named
from penstock.files import write_whole
from penstock.progress import counted

__all__ = ["ahead_of", "forecast_files"]

_ABOUT = b"penstock"  # the entry of a Parquet file that says what its forecasts were made of


def forecast_files(
    shards: Shards,
    out: Any,
    forecast: Callable[[Any, int], Any],
    made_of: str,
    label: str,
    ahead: Shards | None = None,
) -> list[Path]:
    """Forecast every file of some shards, and write each answer to a file of the same name.

    Parameters
    ----------
    shards
        The files.
    out
        Folder of the forecasts, made where it is not there.
    forecast
        Makes a frame of forecasts of the frame of a file, and its place.
    made_of
        What makes the forecasts: a file of others is not taken for one of these.
    label
        What forecasts, for the progress bar.
    ahead
        Files of the rows that follow, at the same places.

    Returns
    -------
    The files that hold the forecasts.

    Raises
    ------
    DataError
        Where a file cannot be used, or two hold rows of one series.
    OptionError
        Where the folder holds something else.
    """
    if not out:
        raise OptionError("forecasts of shards are written file by file; say where: predict(shards, out='folder').")
    folder = checked_path(out)
    if folder.exists() and not folder.is_dir():
        raise OptionError(f"out={str(folder)!r} is a file; give the name of a folder.")
    if any(path.parent.resolve() == folder.resolve() for path in shards.files):
        raise OptionError(f"out={str(folder)!r} is the folder of the shards, which it would replace; give another one.")
    shards.require_whole()
    written = [folder / path.name for path in shards.files]
    abouts = [_about(shards, place, made_of, ahead) for place in range(len(shards))]
    waiting = [place for place, path in enumerate(written) if not _done(path, abouts[place])]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OptionError(f"the folder {str(folder)!r} cannot be made: {error.strerror}.") from None
    with counted("files", len(shards), label) as advance:
        for _ in range(len(shards) - len(waiting)):
            advance()
        for place, frame in shards.frames(waiting):
            with shards.naming_file(place):
                answer = forecast(frame, place)
            _write(written[place], answer, abouts[place])
            advance()
    return written


def ahead_of(shards: Shards, future: Any) -> Shards:
    """Return the files of the rows that follow those of some shards, in their order.

    Parameters
    ----------
    shards
        The files of the rows.
    future
        Shards of the rows that follow, whose files have the same names.

    Raises
    ------
    OptionError
        Where it is something else.
    DataError
        Where a file is missing.
    """
    if not isinstance(future, Shards):
        raise OptionError(f"future={described(future)}; the rows that follow shards are shards, too: ps.Shards(files).")
    found = {path.name: path for path in future.files}
    if absent := [path.name for path in shards.files if path.name not in found]:
        raise DataError(f"the rows that follow those of {named(absent, 3)} are missing; give a file of the same name.")
    columns = future.columns
    return Shards(
        [found[path.name] for path in shards.files], id=columns.id, time=columns.time, target=columns.target,
        past=columns.past, known=columns.known, static=columns.static,
    )  # fmt: skip


def _about(shards: Shards, place: int, made_of: str, ahead: Shards | None) -> dict[str, Any]:
    """Say what forecasts of a file are made of."""
    rows = [shards.signature(place)] + ([] if ahead is None else [ahead.signature(place)])
    return {"made of": made_of, "rows": [list(each) for each in rows]}


def _done(path: Path, about: dict[str, Any]) -> bool:
    """Say whether a file holds these forecasts; refuse one that holds something else."""
    from pyarrow.parquet import read_schema

    if not path.exists():
        return False
    try:
        held = json.loads((read_schema(path).metadata or {})[_ABOUT])
        same = held["made of"] == about["made of"]
    except (OSError, ValueError, KeyError, TypeError):
        raise OptionError(
            f"{str(path)!r} is there already, and holds no forecasts of shards; give another folder."
        ) from None
    if not same:
        raise OptionError(
            f"{str(path)!r} holds forecasts of another model, or with other options; delete it, or give another folder."
        )
    return bool(held["rows"] == about["rows"])


def _write(path: Path, answer: Any, about: dict[str, Any]) -> None:
    """Write forecasts whole, with what they were made of."""
    import pyarrow
    from pyarrow import parquet

    table = pyarrow.Table.from_pandas(answer, preserve_index=False)
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), _ABOUT: json.dumps(about).encode()})
    buffer = io.BytesIO()
    parquet.write_table(table, buffer)
    write_whole(path, buffer.getvalue())
