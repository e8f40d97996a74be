"""What Prometheus reads of the console: requests by route, commands by outcome, and how the projection stands."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from lead_qualifier.console.metrics import ConsoleMetrics
from lead_qualifier.console.read_model.standing import Phase, Standing
from tests.support.console_server import ConsoleServer
from tests.support.promtool import promtool


def figures(metrics: ConsoleMetrics, prefix: str) -> dict[str, float]:
    return {
        " ".join([one.name.removeprefix("lead_qualifier_"), *one.labels.values()]): one.value
        for family in text_string_to_metric_families(metrics.render().decode())
        for one in family.samples
        if one.name.startswith(f"lead_qualifier_{prefix}") and not one.name.endswith(("_bucket", "_sum", "_created"))
    }


def watched(standing: Standing) -> ConsoleMetrics:
    metrics = ConsoleMetrics()
    metrics.watch(lambda: standing, sessions=lambda: 2)
    return metrics


def test_requests_are_counted_by_the_template_of_their_route_and_never_by_an_id(tmp_path: Path) -> None:
    metrics = ConsoleMetrics()
    server = ConsoleServer(tmp_path)
    transport = httpx.ASGITransport(metrics.counting(server.application))

    async def ask() -> None:
        async with httpx.AsyncClient(transport=transport, base_url=server.address, follow_redirects=False) as client:
            await client.get("/api/v1/leads/L-1001")
            await client.get(server.link)
            for path in ("/api/v1/leads/L-1001", "/api/v1/leads/L-none", "/lead?id=L-1001", "/nowhere"):
                await client.get(path)
            await client.post("/leads")
            for made_up in ("ZZ0", "ZZ1"):
                await client.request(made_up, "/nowhere")

    asyncio.run(ask())
    assert figures(metrics, "console_requests") == {
        "console_requests_total GET none 401": 1,
        "console_requests_total GET /enter 303": 1,
        "console_requests_total GET /api/v1/leads/{lead_id} 200": 1,
        "console_requests_total GET /api/v1/leads/{lead_id} 404": 1,
        "console_requests_total GET /lead 200": 1,
        "console_requests_total GET none 404": 1,
        "console_requests_total POST none 403": 1,
        "console_requests_total other none 403": 2,
    }
    counted = figures(metrics, "console_request_seconds")
    assert counted["console_request_seconds_count /api/v1/leads/{lead_id}"] == 2


def test_commands_are_counted_by_their_outcome() -> None:
    metrics = ConsoleMetrics()
    for outcome in ("accepted", "refused", "accepted"):
        metrics.command(outcome)
    assert figures(metrics, "console_commands") == {
        "console_commands_total accepted": 2,
        "console_commands_total refused": 1,
    }


def test_the_projection_is_shown_while_it_follows_and_while_it_rebuilds() -> None:
    following = watched(Standing(phase=Phase.FOLLOWING, rebuilds=1, projected=42))
    assert figures(following, "proj") == {
        "projection_lag_records": 0,
        "projection_lag_seconds": 0,
        "projection_rebuilds_total": 1,
        "projected_records_total": 42,
    }
    assert figures(following, "console_sessions") == {"console_sessions": 2}
    assert figures(following, "database") == {"database_connected": 1}
    rebuilding = watched(Standing(phase=Phase.REBUILDING, read=25, total=100, behind=75, database_away=True))
    assert figures(rebuilding, "projection_rebuild_progress") == {"projection_rebuild_progress": 0.25}
    assert figures(rebuilding, "projection_lag_records") == {"projection_lag_records": 75}
    assert figures(rebuilding, "projection_lag_seconds")["projection_lag_seconds"] > 1e9  # never
    assert figures(rebuilding, "database") == {"database_connected": 0}


def test_prometheus_finds_nothing_to_complain_about() -> None:
    metrics = watched(Standing(phase=Phase.REBUILDING))
    metrics.command("accepted")
    assert promtool("check", "metrics", given=metrics.render().decode()) == ""
