"""What one server takes on: bytes, rows, sessions, requests and seconds."""

from __future__ import annotations

from dataclasses import dataclass, fields

from penstock.errors import OptionError

__all__ = ["Limits"]


@dataclass(frozen=True)
class Limits:
    """Bounds of what a server takes on; what lies beyond is refused with its status.

    Attributes
    ----------
    body
        Bytes of the body of a request (413).
    rows
        Rows, or steps, of a request (413).
    sessions
        Sessions at once (429).
    waiting
        Requests at once that wait for the models (503).
    connections
        Connections at once (503).
    timeout
        Seconds to receive a request (408), and to compute its answer (504).
    idle
        Seconds without a step after which a session is deleted; 0: never.
    """

    body: int = 1_000_000
    rows: int = 100_000
    sessions: int = 1_000
    waiting: int = 256
    connections: int = 1_000
    timeout: float = 30.0
    idle: float = 86_400.0

    def __post_init__(self) -> None:
        """Refuse limits under which nothing could be served."""
        for field in fields(self):
            value = getattr(self, field.name)
            if not value > 0 and not (field.name == "idle" and value == 0):
                least = "0 or more" if field.name == "idle" else "more than 0"
                raise OptionError(f"the limit {field.name}={value} is not allowed; allowed: {least}.")
