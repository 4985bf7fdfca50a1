"""What surrounds every request: who asks, errors in words, times, counts, and one line in the log."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

from penstock.extras import library
from penstock.serving.access import Access
from penstock.serving.logs import event, place_of
from penstock.serving.metrics import Metrics
from penstock.serving.problems import RequestError, problem_of

__all__ = ["OPEN", "Guard", "json_bytes"]

_Asgi = Callable[[Any, Any, Any], Awaitable[None]]

OPEN = ("/healthz", "/readyz", "/openapi.json", "/docs")
"""Addresses that are answered to anybody."""


@cache
def _encoder() -> Callable[[Any], bytes]:
    encode: Callable[[Any], bytes] = library("msgspec", "serve", "penstock serve").json.Encoder().encode
    return encode


def json_bytes(content: Any) -> bytes:
    """Write JSON that any reader takes: UTF-8, null for NaN."""
    return _encoder()(content)


class Guard:
    """An ASGI application around another.

    Parameters
    ----------
    app
        The application with the routes.
    access
        Who is let in.
    metrics
        Where requests are counted.
    log_requests
        Whether each request is a line in the log.
    """

    def __init__(self, app: _Asgi, access: Access, metrics: Metrics, *, log_requests: bool) -> None:
        self.app, self.access, self.metrics, self.log_requests = app, access, metrics, log_requests

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, status = time.perf_counter(), 0

        async def note_status(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            if scope["path"] not in OPEN:
                self.access.check(dict(scope["headers"]))
            await self.app(scope, receive, note_status)
        except Exception as error:
            gone = type(error).__name__ == "ClientDisconnect"
            problem = RequestError(499, "the client went away.") if gone else problem_of(error)
            if problem.status == 500:
                event("failure", logging.ERROR, **place_of(error))
            if status or gone:  # the answer had begun, or nobody reads it
                status = status or problem.status
            else:
                status = problem.status
                await self._answer(problem, send)
        seconds = time.perf_counter() - start
        route = getattr(scope.get("endpoint"), "__name__", "none")
        self.metrics.count(route, status, seconds)
        if self.log_requests:
            event("request", route=route, method=scope["method"], status=status, ms=round(1e3 * seconds, 3))

    async def _answer(self, problem: RequestError, send: Any) -> None:
        body = json_bytes({"status": problem.status, "error": problem.message})
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), **problem.headers}
        listed = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": problem.status, "headers": listed})
        await send({"type": "http.response.body", "body": body})
