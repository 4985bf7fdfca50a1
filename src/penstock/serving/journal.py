"""A file that lines of JSON are added to: what was committed survives the process, and a torn end is cut off."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from penstock.errors import DataError
from penstock.extras import library
from penstock.files import write_whole

__all__ = ["Journal"]


class Journal:
    """Records in the order in which they were appended; each line holds its checksum.

    What was committed is with the system, and survives the end of this process, however it comes. With `sync` it is on
    the disk, and survives that of the machine too.

    Parameters
    ----------
    path
        The file; it is made where there is none.
    sync
        Whether a commit waits until the disk has it; otherwise :meth:`flush` does.
    """

    def __init__(self, path: Path, *, sync: bool = True) -> None:
        self.path, self.sync = path, sync
        json = library("msgspec", "serve", "penstock serve").json
        self._encode, self._decode = json.Encoder().encode, json.Decoder().decode
        self._waiting: list[bytes] = []
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self.size = os.fstat(self._file).st_size
        self._flushed = self.size

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
                record = self._read(line)
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
        self._waiting.append(self._line(record))

    def commit(self) -> None:
        """Write what was appended; where that fails, the next commit tries again.

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
            if self.sync:
                os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, self.size)
            raise
        self.size += len(data)
        self._waiting.clear()

    def flush(self) -> None:
        """Wait until the disk has what was committed; another thread may go on committing."""
        size = self.size
        if self.sync or size == self._flushed:
            return
        file = os.dup(self._file)
        try:
            os.fsync(file)
        finally:
            os.close(file)
        self._flushed = size

    def replace(self, records: Iterable[dict[str, Any]]) -> None:
        """Write these records in place of all others, whole or not at all."""
        write_whole(self.path, b"".join(map(self._line, records)))
        os.close(self._file)
        self._file = os.open(self.path, os.O_RDWR)
        self._flushed = self.size = os.fstat(self._file).st_size
        self._waiting.clear()

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _line(self, record: dict[str, Any]) -> bytes:
        text: bytes = self._encode(record)
        return b"%08x %s\n" % (zlib.crc32(text), text)

    def _read(self, line: bytes) -> dict[str, Any] | None:
        if not line.endswith(b"\n") or line[:8] != b"%08x" % zlib.crc32(line[9:-1]):
            return None
        found: dict[str, Any] = self._decode(line[9:-1])
        return found
