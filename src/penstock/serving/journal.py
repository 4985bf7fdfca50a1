"""A file that lines of JSON are added to: what was committed survives the process, and a torn end is cut off."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from penstock.errors import DataError
from penstock.files import write_whole

__all__ = ["Journal"]


class Journal:
    """Records in the order in which they were appended; each line holds its checksum.

    Parameters
    ----------
    path
        The file; it is made where there is none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._waiting: list[bytes] = []
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self.size = os.fstat(self._file).st_size

    def read(self) -> Iterator[dict[str, Any]]:
        """Give all records; a last line that is torn was never committed, and is cut off.

        Raises
        ------
        DataError
            Where a line before the last is damaged.
        """
        place = 0
        with self.path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                record = _read(line)
                if record is None:
                    if lines.read(1):
                        raise DataError(
                            f"{str(self.path)!r} is damaged in line {number}; move the folder away to begin without "
                            "its sessions, or bring a copy back."
                        )
                    break
                place += len(line)
                yield record
        os.ftruncate(self._file, place)
        self.size = place

    def append(self, record: dict[str, Any]) -> None:
        """Take a record that the next commit writes."""
        self._waiting.append(_line(record))

    def commit(self) -> None:
        """Write what was appended, and wait until the disk has it; where that fails, the next commit tries again.

        Raises
        ------
        OSError
            Where it cannot be written.
        """
        if not self._waiting:
            return
        data = b"".join(self._waiting)
        try:
            done = 0
            while done < len(data):
                done += os.pwrite(self._file, data[done:], self.size + done)
            os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, self.size)
            raise
        self.size += len(data)
        self._waiting.clear()

    def replace(self, records: list[dict[str, Any]]) -> None:
        """Write these records in place of all others, whole or not at all."""
        write_whole(self.path, b"".join(map(_line, records)))
        os.close(self._file)
        self._file = os.open(self.path, os.O_RDWR)
        self.size = os.fstat(self._file).st_size
        self._waiting.clear()

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def _line(record: dict[str, Any]) -> bytes:
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _read(line: bytes) -> dict[str, Any] | None:
    if not line.endswith(b"\n") or line[:8] != b"%08x" % zlib.crc32(line[9:-1]):
        return None
    found: dict[str, Any] = json.loads(line[9:-1])
    return found
