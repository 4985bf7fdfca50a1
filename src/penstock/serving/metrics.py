"""Counts and times of a server in the text form of Prometheus."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate
from typing import Any

from penstock.extras import library

__all__ = ["Metrics"]

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class _Route:
    """Requests of one route: how often each status was answered, and in how many seconds."""

    def __init__(self) -> None:
        self.statuses: dict[int, int] = {}
        self.slots = [0] * (len(_SECONDS) + 1)
        self.seconds = 0.0


class Metrics:
    """What a server counts, in a registry of its own.

    What every request and step counts are plain numbers, which become figures when they are asked for.

    Parameters
    ----------
    sessions
        Gives the number of sessions now.
    steps
        Steps of sessions that were taken, by model; whoever takes them counts them there.

    Attributes
    ----------
    routes
        Requests by route.
    forecasts
        Batch forecasts that were answered, by model.
    reloads
        Times that a model file was read again, by model and outcome.
    """

    def __init__(self, sessions: Callable[[], int], steps: Mapping[str, int]) -> None:
        client = library("prometheus_client", "serve", "penstock serve")
        self._client, self._registry = client, client.CollectorRegistry()
        self._core, self._sessions = library("prometheus_client.core", "serve", "penstock serve"), sessions
        more = {"namespace": "penstock", "registry": self._registry}
        counter: Any = client.Counter
        self.routes: dict[str, _Route] = {}
        self._steps = steps
        self.forecasts = counter("forecasts", "Batch forecasts that were answered.", ["model"], **more)
        self.reloads = counter("reloads", "Times that a model file was read again.", ["model", "outcome"], **more)
        client.ProcessCollector(registry=self._registry)
        self._registry.register(self)

    def count(self, route: str, status: int, seconds: float) -> None:
        """Count a request, and how long it took."""
        found = self.routes.get(route)
        if found is None:
            found = self.routes[route] = _Route()
        found.statuses[status] = found.statuses.get(status, 0) + 1
        found.slots[bisect_left(_SECONDS, seconds)] += 1
        found.seconds += seconds

    def collect(self) -> Iterator[Any]:
        """Give the figures of requests, steps and sessions, as the registry asks for them."""
        requests = self._core.CounterMetricFamily("penstock_requests", "Requests.", labels=["route", "status"])
        seconds = self._core.HistogramMetricFamily(
            "penstock_request_seconds", "Seconds from request to answer.", labels=["route"]
        )
        bounds = [*(str(bound) for bound in _SECONDS), "+Inf"]
        for route, found in self.routes.items():
            for status, number in found.statuses.items():
                requests.add_metric([route, str(status)], number)
            buckets = list(zip(bounds, accumulate(found.slots), strict=True))
            seconds.add_metric([route], buckets, found.seconds)
        steps = self._core.CounterMetricFamily("penstock_steps", "Steps of sessions that were taken.", labels=["model"])
        for model, number in list(self._steps.items()):
            steps.add_metric([model], number)
        yield from (requests, seconds, steps)
        yield self._core.GaugeMetricFamily("penstock_sessions", "Sessions now.", self._sessions())

    def text(self) -> tuple[bytes, str]:
        """Return all figures, and their media type."""
        return self._client.generate_latest(self._registry), self._client.CONTENT_TYPE_LATEST
