"""The addresses of a server, and what each reads and answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from penstock.serving.bodies import read_body
from penstock.serving.messages import Answer, Request, json_answer
from penstock.serving.openapi import document, page
from penstock.serving.problems import RequestError
from penstock.serving.quick import StepReader
from penstock.serving.service import Service
from penstock.serving.sessions import OPTIONS, read_level, read_options
from penstock.serving.steps import MEANT, STEP, Row, read_row
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

_Answering = Callable[[Request], Awaitable[Answer]]

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
        self._reader = StepReader()
        self._whole: dict[str, dict[str, _Answering]] = {}
        self._patterns: dict[tuple[str, str], dict[str, _Answering]] = {}  # what stands before and behind the braces
        for method, path, answer in reversed(self.table()):  # a longer address stands behind its beginning
            first, braces, last = path.partition("{")
            ends = first, last.partition("}")[2]
            methods = self._patterns.setdefault(ends, {}) if braces else self._whole.setdefault(path, {})
            methods |= dict.fromkeys(("GET", "HEAD") if method == "GET" else (method,), answer)

    def table(self) -> list[tuple[str, str, _Answering]]:
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

    def find(self, method: str, path: str) -> tuple[_Answering, str]:
        """Return what answers a request, and the part of its path that stands where the address has a name in braces.

        Parameters
        ----------
        method, path
            Those of the request; HEAD is answered as GET is.

        Raises
        ------
        RequestError
            404 for another address; 405 for another method.
        """
        value, methods = "", self._whole.get(path)
        if methods is None:
            for (first, last), fitting in self._patterns.items():
                if path.startswith(first) and path.endswith(last):
                    value = path[len(first) : len(path) - len(last)]
                    if value and "/" not in value:
                        methods = fitting
                        break
        if methods is None:
            paths = ", ".join(dict.fromkeys(path for _, path, _ in self.table()))
            raise RequestError(404, f"there is no such address; there are {paths}.")
        answer = methods.get(method)
        if answer is None:
            allowed = ", ".join(sorted(methods))
            raise RequestError(405, f"the method is not allowed here; allowed: {allowed}.", {"Allow": allowed})
        return answer, value

    async def health(self, request: Request) -> Answer:
        """Say that the process lives."""
        return json_answer({"status": "ok"})

    async def readiness(self, request: Request) -> Answer:
        """Say whether requests are answered at once."""
        ready = self.service.ready
        return json_answer({"status": "ready" if ready else "not ready"}, 200 if ready else 503)

    async def metrics(self, request: Request) -> Answer:
        """Give all figures in the text form of Prometheus."""
        text, kind = self.service.metrics.text()
        return Answer(200, text, ((b"content-type", kind.encode()),))

    async def openapi(self, request: Request) -> Answer:
        """Describe all addresses as OpenAPI."""
        return json_answer(document())

    async def docs(self, request: Request) -> Answer:
        """Describe all addresses as a page."""
        return Answer(200, page().encode(), ((b"content-type", b"text/html; charset=utf-8"),))

    async def models(self, request: Request) -> Answer:
        """List the models."""
        return json_answer({"models": [served.about() for served in self.service.models.by_name.values()]})

    async def model(self, request: Request) -> Answer:
        """Describe a model."""
        return json_answer(self.service.models.find(request.value).about())

    async def forecast(self, request: Request) -> Answer:
        """Forecast after the rows that the model keeps, or after later ones, as JSON or CSV."""
        served = self.service.models.find(request.value)
        body = await read_body(request, self.service.limits)
        columns, most = served.model.kind_.columns, self.service.limits.rows
        kind = media_type(request.header(b"content-type"), (JSON, CSV)) if body else JSON
        if kind == CSV:
            given = request.parameter("level")
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
        return json_answer(answer)

    async def create_session(self, request: Request) -> Answer:
        """Begin a session."""
        self.service.require_ready()
        body = await self._object(request, ("model", *OPTIONS))
        served = self.service.models.find(body.get("model"))
        options = read_options(body)

        def create() -> dict[str, Any]:
            return self.service.sessions.create(served, options).about()

        about = await self.service.worker.do(create)
        return json_answer(about, 201, {"Location": f"/v1/sessions/{about['session']}"})

    async def session(self, request: Request) -> Answer:
        """Describe a session."""
        self.service.require_ready()
        return json_answer(await self.service.worker.do(partial(self._about, request.value)))

    async def delete_session(self, request: Request) -> Answer:
        """End a session."""
        self.service.require_ready()
        await self.service.worker.do(partial(self.service.sessions.delete, request.value))
        return Answer(204, b"")

    async def step(self, request: Request) -> Answer:
        """Take one row of a session, and forecast after it."""
        self.service.require_ready()
        media_type(request.header(b"content-type"), (JSON,))
        body = await read_body(request, self.service.limits)
        plain = self._reader.one(body)
        if plain is None:
            row = read_row(read_object(body, STEP, MEANT))
        else:
            row = Row(plain.t, plain.y, None, {}, None, plain.step, False)
        name = request.value
        return json_answer(await self._do([name], partial(self.service.sessions.step, name, row)))

    async def steps(self, request: Request) -> Answer:
        """Take rows of many sessions at once."""
        self.service.require_ready()
        media_type(request.header(b"content-type"), (JSON,))
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
            work = partial(self.service.sessions.steps_together, plain)
            return json_answer({"answers": await self._do([row.session for row in plain], work)})
        rows = []
        for place, each in enumerate(given):
            row = read_row(each, f"steps[{place}]", ("session",))
            if not isinstance(each.get("session"), str):
                raise RequestError(422, f"steps[{place}] has no 'session', the name of one.")
            rows.append((each["session"], row))
        work = partial(self.service.sessions.steps, rows)
        return json_answer({"answers": await self._do([name for name, _ in rows], work)})

    def _do(self, names: list[str], work: Callable[[], Any]) -> Awaitable[Any]:
        """Take steps of sessions, in this thread where that takes less time than to wake the other."""
        quick = len(names) <= _QUICK and self.service.sessions.are_quick(names)
        return self.service.worker.do(work, quick=quick)

    def _about(self, id: str) -> dict[str, Any]:
        return self.service.sessions.find(id).about()

    async def _object(self, request: Request, allowed: tuple[str, ...]) -> dict[str, Any]:
        media_type(request.header(b"content-type"), (JSON,))
        return read_object(await read_body(request, self.service.limits), allowed)
