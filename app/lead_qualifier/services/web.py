"""Health and metrics over HTTP, for probes and Prometheus."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry, Gauge

Check = Callable[[], tuple[bool, dict[str, Any]]]


def show_ready(ready: Check, registry: CollectorRegistry) -> None:
    """Add to the metrics what `/health/ready` answers."""
    gauge = Gauge("lead_qualifier_ready", "1 while the process is ready, otherwise 0.", registry=registry)
    gauge.set_function(lambda: float(ready()[0]))


class WebServer:
    """Serves `/health/live`, `/health/ready` (200, or 503 with the reason as JSON) and `/metrics`."""

    def __init__(self, *, host: str, port: int, live: Check, ready: Check, metrics: Callable[[], bytes]) -> None:
        """`metrics`: returns the text that Prometheus scrapes."""
        self._host = host
        self._port = port
        self._live = live
        self._ready = ready
        self._metrics = metrics
        self._runner: web.AppRunner | None = None

    async def start(self) -> int:
        """Listen; returns the port. Raises OSError if it is taken."""
        app = web.Application()
        app.router.add_get("/health/live", self._health(self._live))
        app.router.add_get("/health/ready", self._health(self._ready))
        app.router.add_get("/metrics", self._render)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Close the port."""
        if self._runner is not None:
            await self._runner.cleanup()

    @staticmethod
    def _health(check: Check) -> Callable[[web.Request], Any]:
        async def answer(_request: web.Request) -> web.Response:
            well, details = check()
            return web.json_response({"status": "ok" if well else "failing", **details}, status=200 if well else 503)

        return answer

    async def _render(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._metrics(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})
