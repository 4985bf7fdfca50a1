"""A spawned worker: it reads messages from its input and writes an answer to each.

A message is a list of parts: their number, their lengths, and the parts, each length as eight bytes. The first names
what is asked: ``report``, ``put`` (a hash and its content), or ``run`` (a job and the hashes of what it reads).
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import BinaryIO

from penstock.engines import job

__all__ = ["main", "read_message", "write_message"]


def write_message(file: BinaryIO, parts: Sequence[bytes]) -> None:
    """Write a message.

    Parameters
    ----------
    file
        Where to.
    parts
        Its parts.

    Examples
    --------
    >>> import io
    >>> file = io.BytesIO()
    >>> write_message(file, [b"put", b"content"])
    >>> read_message(io.BytesIO(file.getvalue()))
    [b'put', b'content']
    """
    numbers = [len(parts), *map(len, parts)]
    file.write(b"".join(number.to_bytes(8, "little") for number in numbers))
    for part in parts:
        file.write(part)
    file.flush()


def read_message(file: BinaryIO) -> list[bytes] | None:
    """Read what :func:`write_message` wrote.

    Parameters
    ----------
    file
        Where from.

    Returns
    -------
    Its parts; None where the other side has ended.
    """
    head = file.read(8)
    if len(head) < 8:
        return None
    count = int.from_bytes(head, "little")
    lengths = file.read(8 * count)
    if len(lengths) < 8 * count:
        return None
    parts = []
    for place in range(count):
        size = int.from_bytes(lengths[8 * place : 8 * place + 8], "little")
        part = file.read(size)
        if len(part) < size:
            return None
        parts.append(part)
    return parts


def main() -> None:
    """Do jobs until the input ends; end at once where it ends during a job, for nobody waits for the answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the calling process ends its workers
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no answer
    job.prepare()
    messages: queue.SimpleQueue[list[bytes] | None] = queue.SimpleQueue()
    busy = threading.Event()

    def listen() -> None:
        while (message := read_message(source)) is not None:
            messages.put(message)
        if busy.is_set():
            os._exit(1)
        messages.put(None)

    threading.Thread(target=listen, daemon=True).start()
    held: dict[bytes, bytes] = {}
    try:
        while (message := messages.get()) is not None:
            busy.set()
            asked, *parts = message
            if asked == b"put":
                held[parts[0]] = parts[1]
            elif asked == b"forget":
                held.pop(parts[0], None)
            else:
                answer = job.report() if asked == b"report" else job.run(parts[0], *(held[key] for key in parts[1:]))
                with suppress(BrokenPipeError):
                    write_message(sink, [answer])
            busy.clear()
    except Exception:  # the calling process reads what is printed; the thread that listens would abort a usual end
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


if __name__ == "__main__":
    main()
