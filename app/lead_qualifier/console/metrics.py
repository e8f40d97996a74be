"""Prometheus metrics of the console; no label carries anything about a lead or a person."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from lead_qualifier.console.access.asgi import Application, Message, Receive, Scope, Send
from lead_qualifier.console.api.resources import PREFIX
from lead_qualifier.console.read_model.standing import Standing
from lead_qualifier.services.process_metrics import add_process_metrics

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
#: The route of requests that no route matches, or that were refused before one was looked for.
_NO_ROUTE = "none"

#: All others count as `other`, because clients can make them up.
_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


class ConsoleMetrics:
    """Counts requests and commands; what the projection says of itself is read when scraped."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        add_process_metrics(self.registry)
        self._requests = Counter(
            "lead_qualifier_console_requests",
            "Requests answered, by the template of the route.",
            ["route", "method", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "lead_qualifier_console_request_seconds",
            "Time until the answer to a request began.",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._commands = Counter(
            "lead_qualifier_console_commands",
            "Commands sent, by outcome: accepted, refused, no_answer, broker_unavailable, ...",
            ["outcome"],
            registry=self.registry,
        )

    def watch(self, standing: Callable[[], Standing], *, sessions: Callable[[], int]) -> None:
        """Show how the projection stands, and how many sessions are open, from now on."""
        self._standing, self._sessions = standing, sessions
        self.registry.register(self)

    def command(self, outcome: str) -> None:
        """A command was sent, with this outcome."""
        self._commands.labels(outcome).inc()

    def counting(self, application: Application) -> Application:
        """The application, with its requests counted."""

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            began = time.monotonic()

            async def sent(message: Message) -> None:
                if message["type"] == "http.response.start":
                    route = _route_of(scope)
                    method = scope["method"] if scope["method"] in _METHODS else "other"
                    self._requests.labels(route, method, message["status"]).inc()
                    self._seconds.labels(route).observe(time.monotonic() - began)
                await send(message)

            await application(scope, receive, sent)

        return counted

    def render(self) -> bytes:
        """The text that Prometheus scrapes."""
        return generate_latest(self.registry)

    def collect(self) -> Iterable[Metric]:
        """Called by prometheus-client."""
        now = self._standing()
        yield GaugeMetricFamily(
            "lead_qualifier_projection_lag_records", "Records that are not projected yet.", value=now.behind
        )
        yield GaugeMetricFamily(
            "lead_qualifier_projection_lag_seconds",
            "Age of what the console shows; 0 if that is all there is.",
            value=now.seconds_behind(round(time.time() * 1000)),
        )
        progress = GaugeMetricFamily(
            "lead_qualifier_projection_rebuild_progress", "Share of a rebuild that is done, while there is one."
        )
        if now.progress is not None:
            progress.add_metric([], now.progress)
        yield progress
        yield CounterMetricFamily(
            "lead_qualifier_projection_rebuilds", "Rebuilds that this process has begun.", value=now.rebuilds
        )
        yield CounterMetricFamily(
            "lead_qualifier_projected_records", "Records that this process has projected.", value=now.projected
        )
        yield GaugeMetricFamily(
            "lead_qualifier_database_connected",
            "1 while the database answers, otherwise 0.",
            value=not now.database_away,
        )
        yield GaugeMetricFamily(
            "lead_qualifier_console_sessions",
            "Sessions that are open, in all processes that share the database.",
            value=self._sessions(),
        )


def _route_of(scope: Scope) -> str:
    """The template of its route. Whether an included route itself names the prefix depends on FastAPI's release."""
    path = getattr(scope.get("route"), "path", None)
    if path is None:
        return _NO_ROUTE
    return PREFIX + path if scope["path"].startswith(f"{PREFIX}/") and not path.startswith(PREFIX) else str(path)
