"""One model, one file: a zip of JSON and safetensors, with checksums; no pickle.

The zip holds ``manifest.json`` (format, library version, SHA-256 of the other two), ``model.json`` (description,
options, columns) and ``arrays.safetensors`` (weights, scalers, the rows a forecast starts from). A file may come from a
stranger: what it declares is checked before it is inflated, and what it holds before it is built.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import numpy as safetensors

from penstock.argument_types import checked_path
from penstock.errors import ModelFileError, OptionError
from penstock.files import write_whole
from penstock.stored_arrays import read_arrays
from penstock.strict_json import strict_json
from penstock.version import __version__

__all__ = ["FORMAT", "read_model", "write_model"]

FORMAT = 2
"""Number of the file format; files of every earlier format still load."""

# What zipfile raises where bytes are missing or wrong: bad records, bad streams, unknown methods, flags of encryption.
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, NotImplementedError, RuntimeError)

Arrays = dict[str, NDArray[Any]]


class _Limit(NamedTuple):
    """What a part of a file may hold once it is inflated: so many bytes, or so many times its own in the file."""

    size: int
    ratio: int


_LIMITS = {
    "manifest.json": _Limit(1 << 16, 1),
    "model.json": _Limit(1 << 24, 8),
    "arrays.safetensors": _Limit(1 << 26, 20),
}
_DIRECTORY = 1 << 12  # bytes of the zip's directory, which has three entries


def write_model(path: str | Path, description: dict[str, Any], arrays: Arrays, *, compress: bool = True) -> None:
    """Write a model file whole, or leave the old one as it was."""
    try:
        text = json.dumps(description, indent=1, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise OptionError(f"the model holds a number that no model file can hold: {error}.") from None
    parts = {
        "model.json": text.encode(),
        "arrays.safetensors": safetensors.save({name: np.ascontiguousarray(a) for name, a in arrays.items()}),
    }
    manifest = {
        "format": FORMAT,
        "penstock": __version__,
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in parts.items()},
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {"manifest.json": json.dumps(manifest, indent=1).encode(), **parts}.items():
            limit = _LIMITS[name]
            large = compress and len(content) > limit.size and len(content) > limit.ratio * len(zlib.compress(content))
            method = zipfile.ZIP_STORED if large or not compress else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name), content, method)
    write_whole(path, buffer.getvalue())


def read_model(path: str | Path, max_bytes: int | None = None) -> tuple[dict[str, Any], Arrays]:
    """Read a model file back, or say why it cannot be trusted.

    Parameters
    ----------
    path
        The model file.
    max_bytes
        Most bytes that the file may hold once it is inflated; None: 64 MiB, or 20 times those of the file if that is
        more.

    Raises
    ------
    ModelFileError
        Where the file is missing, truncated, altered, of a newer format, larger than is allowed, or no model file.
    """
    path = checked_path(path)
    if max_bytes is not None and (isinstance(max_bytes, bool) or not isinstance(max_bytes, int) or max_bytes < 1):
        raise OptionError(f"max_bytes={max_bytes!r} is not allowed; allowed: a whole number of bytes, or None.")
    if not path.is_file():
        raise ModelFileError(f"there is no model file {str(path)!r}; give the path that was given to save().")
    try:
        _check_directory(path)
        with zipfile.ZipFile(path) as archive:
            entries = _entries(path, archive, max_bytes)
            manifest = strict_json(archive.read(entries["manifest.json"]))
            number = manifest["format"]
            if type(number) is not int or number > FORMAT:
                raise ModelFileError(
                    f"{path.name!r} has the format {str(number)[:40]}, written by penstock "
                    f"{str(manifest.get('penstock', '?'))[:40]}; this is penstock {__version__}, which reads formats "
                    f"up to {FORMAT}: upgrade with pip install -U penstock."
                )
            parts = {name: archive.read(entries[name]) for name in ("model.json", "arrays.safetensors")}
            for name, content in parts.items():
                if hashlib.sha256(content).hexdigest() != manifest["sha256"][name]:
                    raise ModelFileError(f"{path.name!r} was altered: {name} in it does not match its checksum.")
        return strict_json(parts["model.json"]), read_arrays(parts["arrays.safetensors"])
    except ModelFileError:
        raise
    except _DAMAGE as error:
        raise ModelFileError(
            f"{path.name!r} ({path.stat().st_size} bytes) is truncated, damaged or no model file: {error}."
        ) from error
    except (KeyError, TypeError, ValueError, MemoryError) as error:
        raise ModelFileError(f"{path.name!r} is a zip but no whole model file: {error}.") from error


def _check_directory(path: Path) -> None:
    """Refuse a zip whose directory is longer than that of a model file, before it is read."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(size - 98, 0))
        end = file.read(98)
    if len(end) < 22 or end[-22:-18] != b"PK\5\6":
        raise zipfile.BadZipFile("it does not end as a zip of a model does")
    count, length = struct.unpack("<HL", end[-12:-6])
    if len(end) == 98 and end[-42:-38] == b"PK\6\7":  # beyond 4 GiB: the numbers stand in a record before
        count, length = struct.unpack("<QQ", end[32:48])
    if count > 16 or length > _DIRECTORY:
        raise zipfile.BadZipFile(f"its directory names {count:,} parts in {length:,} bytes; a model has three")


def _entries(path: Path, archive: zipfile.ZipFile, max_bytes: int | None) -> dict[str, zipfile.ZipInfo]:
    """Return the three parts of a model file, whose declared sizes are allowed."""
    names = sorted(each.filename for each in archive.infolist())
    if len(names) > len(set(names)):
        raise ValueError("a part stands twice in it")
    if not {*_LIMITS} <= {*names}:
        raise ValueError(f"it lacks {', '.join(sorted({*_LIMITS} - {*names}))}")
    if {*names} > {*_LIMITS}:
        raise ValueError(f"it holds more than a model: {', '.join(sorted({*names} - {*_LIMITS}))[:200]}")
    entries = {each.filename: each for each in archive.infolist()}
    for name, limit in _LIMITS.items():
        held, most = entries[name].file_size, max(limit.size, limit.ratio * entries[name].compress_size)
        if entries[name].compress_size > path.stat().st_size:
            raise ValueError(f"{name} in it claims to be longer than the file")
        if max_bytes is None and held > most:
            raise ModelFileError(
                f"{path.name!r} would inflate {name} from {entries[name].compress_size:,} to {held:,} bytes; allowed: "
                f"{most:,}. If you trust the file: load(path, max_bytes={held + (1 << 20)})."
            )
    total = sum(each.file_size for each in entries.values())
    if max_bytes is not None and total > max_bytes:
        raise ModelFileError(
            f"{path.name!r} would inflate to {total:,} bytes; allowed: max_bytes={max_bytes:,}. If you trust the file: "
            f"load(path, max_bytes={total})."
        )
    return entries
