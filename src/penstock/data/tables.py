"""Tables on disk: CSV and Parquet into a frame, with every fault of the file told in words."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.errors import DataError, nearest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_table"]

# What pandas and the decompressors raise where a file is damaged, cut off, or not what its name says.
_DAMAGE = (OSError, ValueError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a CSV (``.csv``, also ``.csv.gz`` or ``.csv.xz``) or Parquet file into a pandas frame.

    Raises
    ------
    DataError
        Where the file does not exist, is empty, is not UTF-8 (with the position of the first wrong byte), or cannot be
        read as what its name says.
    """
    import pandas as pd

    path = Path(path)
    if path.is_dir():
        raise DataError(f"{str(path)!r} is a folder; a CSV or Parquet file is needed.")
    if not path.exists():
        beside = sorted(p.name for p in path.parent.glob("*") if p.is_file()) if path.parent.is_dir() else []
        hint = f" Here, {nearest(path.name, beside)}" if beside else ""
        raise DataError(f"the file {str(path)!r} does not exist.{hint}")
    kind = "".join(path.suffixes[-2:] if path.suffix in (".gz", ".xz", ".zip", ".bz2") else path.suffixes[-1:]).lower()
    if path.stat().st_size == 0:
        raise DataError(f"the file {str(path)!r} is empty (0 bytes).")
    try:
        if kind in (".parquet", ".pq"):
            table = pd.read_parquet(path)
            return table.reset_index() if any(name is not None for name in table.index.names) else table
        if kind.startswith((".csv", ".txt")):
            table = pd.read_csv(path, na_values=["."])  # '.' is how FRED writes a missing value
            if len(table.columns) == 1 and (mark := next((m for m in ";\t|" if m in str(table.columns[0])), None)):
                raise DataError(f"{str(path)!r} seems to part its columns by {mark!r}; write it with commas.")
            return table
    except DataError:
        raise
    except ImportError as error:
        raise DataError(f"{str(path)!r} is Parquet, which needs pyarrow: pip install 'penstock[parquet]'.") from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"{str(path)!r} is not UTF-8{_first_wrong_byte(path)}; save it as UTF-8, "
            "for example: iconv -f latin1 -t utf-8."
        ) from error
    except _DAMAGE as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{str(path)!r} cannot be read as {kind.lstrip('.')}: {reason}") from error
    raise DataError(f"{str(path)!r} ends in {kind!r}; allowed: .csv (plain or .gz, .xz, .bz2, .zip), .parquet.")


def _first_wrong_byte(path: Path) -> str:
    content = path.read_bytes()
    try:
        content.decode()
    except UnicodeDecodeError as error:
        return f" (byte 0x{content[error.start]:02x} at position {error.start})"
    return ""  # a compressed file: its own bytes say nothing
