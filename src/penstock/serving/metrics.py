"""Counts and times of a server in the text form of Prometheus."""

from __future__ import annotations

from typing import Any

from penstock.extras import library

__all__ = ["Metrics"]

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """What a server counts, in a registry of its own.

    Attributes
    ----------
    requests
        Requests by route and status.
    seconds
        Seconds from a request to its answer, by route.
    steps
        Steps of sessions that were taken, by model.
    forecasts
        Batch forecasts that were answered, by model.
    sessions
        Sessions now.
    reloads
        Times that a model file was read again, by model and outcome.
    """

    def __init__(self) -> None:
        client = library("prometheus_client", "serve", "penstock serve")
        self._client, self._registry = client, client.CollectorRegistry()
        more = {"namespace": "penstock", "registry": self._registry}
        counter: Any = client.Counter
        self.requests = counter("requests", "Requests.", ["route", "status"], **more)
        self.seconds = client.Histogram(
            "request_seconds", "Seconds from request to answer.", ["route"], buckets=_SECONDS, **more
        )
        self.steps = counter("steps", "Steps of sessions that were taken.", ["model"], **more)
        self.forecasts = counter("forecasts", "Batch forecasts that were answered.", ["model"], **more)
        self.sessions = client.Gauge("sessions", "Sessions now.", **more)
        self.reloads = counter("reloads", "Times that a model file was read again.", ["model", "outcome"], **more)
        self._by_route: dict[tuple[str, int], tuple[Any, Any]] = {}
        self._by_model: dict[str, Any] = {}
        client.ProcessCollector(registry=self._registry)

    def count(self, route: str, status: int, seconds: float) -> None:
        """Count a request, and how long it took."""
        found = self._by_route.get((route, status))
        if found is None:
            found = self.requests.labels(route, str(status)), self.seconds.labels(route)
            self._by_route[route, status] = found
        found[0].inc()
        found[1].observe(seconds)

    def count_steps(self, model: str, number: int) -> None:
        """Count steps that were taken."""
        if model not in self._by_model:
            self._by_model[model] = self.steps.labels(model)
        self._by_model[model].inc(number)

    def text(self) -> tuple[bytes, str]:
        """Return all figures, and their media type."""
        return self._client.generate_latest(self._registry), self._client.CONTENT_TYPE_LATEST
