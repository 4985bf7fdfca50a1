"""One model, one file: a zip of JSON and safetensors, with checksums; no pickle.

The zip holds ``manifest.json`` (format, library version, SHA-256 of the other two), ``model.json`` (description,
options, columns) and ``arrays.safetensors`` (weights, scalers, the rows a forecast starts from).
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors import numpy as safetensors

from penstock.errors import ModelFileError
from penstock.files import write_whole
from penstock.version import __version__

__all__ = ["FORMAT", "read_model", "write_model"]

FORMAT = 2
"""Number of the file format; files of every earlier format still load."""

# What zipfile raises where bytes are missing or wrong: bad records, bad streams, unknown methods, flags of encryption.
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, NotImplementedError, RuntimeError)

Arrays = dict[str, NDArray[Any]]


def write_model(path: str | Path, description: dict[str, Any], arrays: Arrays) -> None:
    """Write a model file whole, or leave the old one as it was."""
    parts = {
        "model.json": json.dumps(description, indent=1, ensure_ascii=False).encode(),
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
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    write_whole(path, buffer.getvalue())


def read_model(path: str | Path) -> tuple[dict[str, Any], Arrays]:
    """Read a model file back, or say why it cannot be trusted.

    Raises
    ------
    ModelFileError
        Where the file is missing, truncated, altered, of a newer format, or no model file.
    """
    path = Path(path)
    if not path.is_file():
        raise ModelFileError(f"there is no model file {str(path)!r}; give the path that was given to save().")
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = json.loads(archive.read("manifest.json"))
            number = manifest["format"]
            if not isinstance(number, int) or number > FORMAT:
                raise ModelFileError(
                    f"{path.name!r} has the format {number}, written by penstock {manifest.get('penstock', '?')}; this "
                    f"is penstock {__version__}, which reads formats up to {FORMAT}: upgrade with "
                    "pip install -U penstock."
                )
            parts = {name: archive.read(name) for name in ("model.json", "arrays.safetensors")}
            for name, content in parts.items():
                if hashlib.sha256(content).hexdigest() != manifest["sha256"][name]:
                    raise ModelFileError(f"{path.name!r} was altered: {name} in it does not match its checksum.")
        return json.loads(parts["model.json"]), safetensors.load(parts["arrays.safetensors"])
    except ModelFileError:
        raise
    except _DAMAGE as error:
        raise ModelFileError(
            f"{path.name!r} ({path.stat().st_size} bytes) is truncated, damaged or no model file: {error}."
        ) from error
    except (KeyError, TypeError, ValueError, SafetensorError) as error:
        raise ModelFileError(f"{path.name!r} is a zip but no whole model file: {error}.") from error
