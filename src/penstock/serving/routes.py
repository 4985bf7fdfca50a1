"""The addresses of a server, and what each reads and answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from penstock.extras import library
from penstock.serving.bodies import read_body
from penstock.serving.guard import json_bytes
from penstock.serving.openapi import document, page
from penstock.serving.problems import RequestError
from penstock.serving.quick import StepReader
from penstock.serving.service import Service
from penstock.serving.sessions import OPTIONS, read_level, read_options
from penstock.serving.steps import STEP, Row, read_row
from penstock.serving.tables import (
    CSV,
    JSON,
    frame_of_csv,
    frame_of_rows,
    kind_of,
    media_type,
    read_object,
)

__all__ = ["Routes"]

_QUICK = 2_000  # steps of some microseconds that are taken between two looks at the sockets
_STEP = "/v1/sessions/", "/step"

_FORECAST = ("rows", "future", "level")


class Routes:
    """The answers of a service over HTTP.

    Parameters
    ----------
    service
        The models and sessions.
    """

    def __init__(self, service: Service) -> None:
        self.service = service
        self._response = library("starlette.responses", "serve", "penstock serve").Response
        self._reader = StepReader()

    def table(self) -> list[tuple[str, str, Callable[[Any], Awaitable[Any]]]]:
        """Return all addresses: method, path, and what answers."""
        return [
            ("GET", "/healthz", self.health),
            ("GET", "/readyz", self.readiness),
            ("GET", "/metrics", self.metrics),
            ("GET", "/openapi.json", self.openapi),
            ("GET", "/docs", self.docs),
            ("GET", "/v1/models", self.models),
            ("GET", "/v1/models/{name}", self.model),
            ("POST", "/v1/models/{name}/forecast", self.forecast),
            ("POST", "/v1/sessions", self.create_session),
            ("GET", "/v1/sessions/{id}", self.session),
            ("DELETE", "/v1/sessions/{id}", self.delete_session),
            ("POST", "/v1/sessions/{id}/step", self.step),
            ("POST", "/v1/steps", self.steps),
        ]

    def app(self) -> Any:
        """Make the application: the router of Starlette, whose errors come through."""
        routing = library("starlette.routing", "serve", "penstock serve")
        refused = library("starlette.exceptions", "serve", "penstock serve").HTTPException

        @asynccontextmanager
        async def lifespan(app: Any) -> AsyncIterator[None]:
            await self.service.start()
            yield
            await self.service.close()

        request_of = library("starlette.requests", "serve", "penstock serve").Request
        routes = [routing.Route(path, answer, methods=[method]) for method, path, answer in self.table()]
        router = routing.Router(routes, redirect_slashes=False, lifespan=lifespan)

        async def app(scope: Any, receive: Any, send: Any) -> None:
            path, first, last = scope.get("path", ""), *_STEP
            if path == "/v1/steps" or (path.startswith(first) and path.endswith(last)):
                name, answer = path[len(first) : -len(last)], self.steps if path == "/v1/steps" else self.step
                if scope.get("method") == "POST" and "/" not in name:  # most requests: past the router
                    scope["path_params"], scope["endpoint"] = {"id": name}, answer
                    await (await answer(request_of(scope, receive)))(scope, receive, send)
                    return
            scope["app"] = self  # with it the router raises what it would answer itself
            try:
                await router(scope, receive, send)
            except refused as error:
                raise self._refusal(error.status_code, scope, routes) from None

        return app

    def _refusal(self, status: int, scope: Any, routes: list[Any]) -> RequestError:
        if status == 405:
            fitting = [route for route in routes if route.matches(scope)[0].value]
            allowed = ", ".join(sorted({method for route in fitting for method in route.methods}))
            return RequestError(405, f"the method is not allowed here; allowed: {allowed}.", {"Allow": allowed})
        paths = ", ".join(dict.fromkeys(path for _, path, _ in self.table()))
        return RequestError(status, f"there is no such address; there are {paths}.")

    async def health(self, request: Any) -> Any:
        """Say that the process lives."""
        return self._json({"status": "ok"})

    async def readiness(self, request: Any) -> Any:
        """Say whether requests are answered at once."""
        ready = self.service.ready
        return self._json({"status": "ready" if ready else "not ready"}, 200 if ready else 503)

    async def metrics(self, request: Any) -> Any:
        """Give all figures in the text form of Prometheus."""
        text, kind = self.service.metrics.text()
        return self._response(text, media_type=kind)

    async def openapi(self, request: Any) -> Any:
        """Describe all addresses as OpenAPI."""
        return self._json(document())

    async def docs(self, request: Any) -> Any:
        """Describe all addresses as a page."""
        return self._response(page(), media_type="text/html")

    async def models(self, request: Any) -> Any:
        """List the models."""
        return self._json({"models": [served.about() for served in self.service.models.by_name.values()]})

    async def model(self, request: Any) -> Any:
        """Describe a model."""
        return self._json(self.service.models.find(request.path_params["name"]).about())

    async def forecast(self, request: Any) -> Any:
        """Forecast after the rows that the model keeps, or after later ones, as JSON or CSV."""
        served = self.service.models.find(request.path_params["name"])
        body = await read_body(request, self.service.limits)
        columns, most = served.model.kind_.columns, self.service.limits.rows
        kind = media_type(request.headers.get("content-type", ""), (JSON, CSV)) if body else JSON
        if kind == CSV:
            given = request.query_params.get("level", "")
            try:
                level = [float(each) for each in given.split(",") if each]
            except ValueError:
                raise RequestError(422, f"?level={given[:80]} is no list of numbers, such as ?level=80,95.") from None
            work = partial(served.forecast, partial(frame_of_csv, body, served.model.kind_, most), None, level)
        else:
            asked = read_object(body, _FORECAST) if body else {}
            level = read_level(asked["level"]) if asked.get("level") is not None else []
            rows, future = (
                None if asked.get(name) is None else frame_of_rows(asked[name], columns, most, name)
                for name in ("rows", "future")
            )
            work = partial(served.forecast, rows, future, level)
        answer = await self.service.compute(work)
        self.service.metrics.forecasts.labels(served.name).inc()
        return self._json(answer)

    async def create_session(self, request: Any) -> Any:
        """Begin a session."""
        self.service.require_ready()
        body = await self._object(request, ("model", *OPTIONS))
        served = self.service.models.find(body.get("model"))
        options = read_options(body)

        def create() -> dict[str, Any]:
            return self.service.sessions.create(served, options).about()

        about = await self.service.worker.do(create)
        return self._json(about, 201, {"Location": f"/v1/sessions/{about['session']}"})

    async def session(self, request: Any) -> Any:
        """Describe a session."""
        self.service.require_ready()
        return self._json(await self.service.worker.do(partial(self._about, request.path_params["id"])))

    async def delete_session(self, request: Any) -> Any:
        """End a session."""
        self.service.require_ready()
        await self.service.worker.do(partial(self.service.sessions.delete, request.path_params["id"]))
        return self._response(status_code=204)

    async def step(self, request: Any) -> Any:
        """Take one row of a session, and forecast after it."""
        self.service.require_ready()
        media_type(request.headers.get("content-type", ""), (JSON,))
        body = await read_body(request, self.service.limits)
        plain = self._reader.one(body)
        if plain is None:
            row = read_row(read_object(body, STEP))
        else:
            row = Row(plain.t, plain.y, None, {}, None, plain.step, False)
        name = request.path_params["id"]
        return self._json(await self._do([name])(partial(self._step, name, row)))

    async def steps(self, request: Any) -> Any:
        """Take rows of many sessions at once."""
        self.service.require_ready()
        media_type(request.headers.get("content-type", ""), (JSON,))
        body = await read_body(request, self.service.limits)
        plain = self._reader.many(body)
        given = read_object(body, ("steps",)).get("steps") if plain is None else plain
        if not isinstance(given, list):
            raise RequestError(
                422, f"'steps' is {kind_of(given)}; a list of steps, each with its 'session', is needed."
            )
        if len(given) > self.service.limits.rows:
            raise RequestError(413, f"the request has {len(given):,} steps; allowed: {self.service.limits.rows:,}.")
        if plain is not None:
            work = partial(self._steps, self.service.sessions.steps_together, plain)
            return self._json({"answers": await self._do([row.session for row in plain])(work)})
        rows = []
        for place, each in enumerate(given):
            row = read_row(each, f"steps[{place}]", ("session",))
            if not isinstance(each.get("session"), str):
                raise RequestError(422, f"steps[{place}] has no 'session', the name of one.")
            rows.append((each["session"], row))
        work = partial(self._steps, self.service.sessions.steps, rows)
        return self._json({"answers": await self._do([name for name, _ in rows])(work)})

    def _do(self, names: list[str]) -> Callable[[Any], Awaitable[Any]]:
        """Return how steps of sessions are taken: here, where that takes less time than to wake the thread."""
        quick = len(names) <= _QUICK and self.service.sessions.are_quick(names)
        return self.service.worker.do_at_once if quick else self.service.worker.do

    def _about(self, id: str) -> dict[str, Any]:
        return self.service.sessions.find(id).about()

    def _step(self, id: str, row: Any) -> dict[str, Any]:
        answer = self.service.sessions.step(id, row)
        self.service.metrics.count_steps(self.service.sessions.by_id[id].served.name, 1)
        return answer

    def _steps(self, take: Callable[[Any], list[dict[str, Any]]], rows: list[Any]) -> list[dict[str, Any]]:
        answers, sessions = take(rows), self.service.sessions.by_id
        taken = Counter([sessions[answer["session"]].served.name for answer in answers if "error" not in answer])
        for name, number in taken.items():
            self.service.metrics.count_steps(name, number)
        return answers

    async def _object(self, request: Any, allowed: tuple[str, ...]) -> dict[str, Any]:
        media_type(request.headers.get("content-type", ""), (JSON,))
        return read_object(await read_body(request, self.service.limits), allowed)

    def _json(self, content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Any:
        return self._response(json_bytes(content), status, headers, JSON)
