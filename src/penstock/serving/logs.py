"""Logs as lines of JSON: what happened and how long it took, never what was sent."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

__all__ = ["LOG", "JsonLines", "event", "place_of", "set_up_logs"]

LOG = logging.getLogger("penstock.serving")


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON; of an exception, its class and place alone: messages hold data."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"time": moment, "level": record.levelname.lower(), "event": str(record.msg)}
        if record.name != LOG.name:  # of the HTTP server: a sentence without what was sent
            line |= {"event": record.name, "message": record.getMessage()}
        line |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[1] is not None:
            line |= place_of(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


def place_of(error: BaseException) -> dict[str, str]:
    """Return the class of an error and where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    found = {"class": type(error).__name__}
    return {**found, "at": f"{frames[-1].filename}:{frames[-1].lineno}"} if frames else found


def event(name: str, level: int = logging.INFO, **fields: Any) -> None:
    """Log an event.

    Parameters
    ----------
    name
        What happened.
    level
        Level of the module logging.
    **fields
        Figures and names that say more; nothing that a client sent.
    """
    if LOG.isEnabledFor(level):
        LOG.log(level, name, extra={"fields": fields})


def set_up_logs() -> None:
    """Write the logs of this server and of uvicorn to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for logger, level in ((LOG, logging.INFO), (logging.getLogger("uvicorn"), logging.WARNING)):
        logger.handlers[:] = [handler]
        logger.setLevel(level)
        logger.propagate = False
