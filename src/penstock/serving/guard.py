"""What surrounds every request: who asks, errors in words, times, counts, and one line in the log."""

from __future__ import annotations

import logging
import time
from typing import Any

from penstock.serving.access import Access
from penstock.serving.logs import event, place_of
from penstock.serving.messages import Answer, Request, json_answer
from penstock.serving.metrics import Metrics
from penstock.serving.problems import ClientGoneError, problem_of
from penstock.serving.routes import Routes

__all__ = ["OPEN", "Guard"]

OPEN = ("/healthz", "/readyz", "/openapi.json", "/docs")
"""Addresses that are answered to anybody."""

_GONE = 499  # status in the log and in the figures where nobody waited for the answer


class Guard:
    """The ASGI application of a server: every request passes here, and is answered by its route.

    Parameters
    ----------
    routes
        The addresses.
    access
        Who is let in.
    metrics
        Where requests are counted.
    log_requests
        Whether each request is a line in the log.
    """

    def __init__(self, routes: Routes, access: Access, metrics: Metrics, *, log_requests: bool) -> None:
        self.routes, self.access, self.metrics, self.log_requests = routes, access, metrics, log_requests

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request, or start and end with the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        start, route = time.perf_counter(), "none"
        path, method = scope["path"], scope["method"]
        try:
            headers = dict(scope["headers"])
            if path not in OPEN:
                self.access.check(headers)
            answering, value = self.routes.find(method, path)
            route = answering.__name__
            answer = await answering(Request(value, headers, scope["query_string"], receive))
        except ClientGoneError:
            self._count(route, method, _GONE, start)
            return
        except Exception as error:
            answer = _refusal(error)
        status, body, headed = answer
        if status != 204:  # which has no body
            headed = (*headed, (b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": status, "headers": headed})
        await send({"type": "http.response.body", "body": body})
        self._count(route, method, status, start)

    def _count(self, route: str, method: str, status: int, start: float) -> None:
        seconds = time.perf_counter() - start
        self.metrics.count(route, status, seconds)
        if self.log_requests:
            event("request", route=route, method=method, status=status, ms=round(1e3 * seconds, 3))

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        await self.routes.service.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.routes.service.close()
        await send({"type": "lifespan.shutdown.complete"})


def _refusal(error: Exception) -> Answer:
    problem = problem_of(error)
    if problem.status == 500:
        event("failure", logging.ERROR, **place_of(error))
    return json_answer({"status": problem.status, "error": problem.message}, problem.status, problem.headers)
