"""The process: it follows Kafka in a thread, and serves the API and the pages until it is stopped."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import structlog
import uvicorn

from lead_qualifier.client.authorship import author_of_commands
from lead_qualifier.client.commands import CommandClient
from lead_qualifier.client.dead_letters import DeadLetters
from lead_qualifier.client.inbound.dataverse.conversion import Conversion
from lead_qualifier.client.inbound.sending import InboundSender
from lead_qualifier.client.lead_import.ready_maps import map_of
from lead_qualifier.client.scoring_models import announce
from lead_qualifier.console.access.access import Access
from lead_qualifier.console.access.configuration import access_of, check_access
from lead_qualifier.console.access.hosts import in_url
from lead_qualifier.console.api.dataverse import Dataverse
from lead_qualifier.console.api.events import Events
from lead_qualifier.console.api.resources import resources_of
from lead_qualifier.console.app import create_application
from lead_qualifier.console.health import ConsoleHealth
from lead_qualifier.console.metrics import ConsoleMetrics
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.follower import Follower
from lead_qualifier.console.read_model.projection import Projection
from lead_qualifier.console.read_model.projectors import ProjectedTopics
from lead_qualifier.console.server import Server
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.services.acls import console_reads, naming_of
from lead_qualifier.services.console_topology import CONSOLE
from lead_qualifier.settings import Approval, Settings

log = structlog.get_logger(__name__)

_FILE = "console.sqlite3"
_STOP_SECONDS = 5


def run_console(
    settings: Settings,
    connection: Connection,
    *,
    show_link: Callable[[str], None],
    listener: socket.socket | None = None,
    key: str | None = None,
) -> None:
    """Run until SIGTERM or SIGINT. `show_link` gets the address to open, once it answers.

    `listener`: listens already, in place of the settings' address; `key`: of a link that was made already.

    Raises InvalidSettings, UnusableDatabase, NoSuchMap, BadDefinitionFile, and OSError (port taken).
    """
    check_access(settings)
    settings.apply_to_decoding()
    database = Database(_database_url(settings))
    of_sessions = database.beside("sessions")
    topics = ProjectedTopics.of(CONSOLE, topic_prefix=settings.topic_prefix, state_prefix=settings.prefix_of_state)
    projection = Projection(database, topics, name_attributes=_name_attributes(settings))
    follower = Follower(connection, topics, projection, rights=console_reads(naming_of(settings)))
    author = author_of_commands(settings)
    sender = InboundSender(connection, topic_prefix=settings.topic_prefix)
    events = Events(sender, time_tolerance=settings.time_tolerance)
    metrics = ConsoleMetrics()
    resources = resources_of(
        database,
        standing=lambda: follower.standing,
        client=CommandClient(
            connection, topic_prefix=settings.topic_prefix, issued_by=author, timeout=settings.command_timeout
        ),
        announce=partial(
            announce,
            connection,
            topic_prefix=settings.topic_prefix,
            timeout=settings.command_timeout,
            time_tolerance=settings.time_tolerance,
        ),
        events=events,
        dataverse=_dataverse(settings, events),
        letters=lambda topic: DeadLetters(connection, topic_prefix=settings.topic_prefix, topic=topic),
        topic_prefix=settings.topic_prefix,
        unknown_leads=settings.unknown_leads.value,
        time_tolerance=settings.time_tolerance,
        on_outcome=metrics.command,
        second_person=settings.approval is Approval.SECOND_PERSON,
    )
    with listener or listen(settings.console_host, settings.console_port) as listening:
        _send_at_once(listening)
        port = listening.getsockname()[1]
        access = access_of(settings, of_sessions, port=port, key=key)
        metrics.watch(lambda: follower.standing, sessions=lambda: access.sessions.count)
        health = ConsoleHealth(follower, metrics, connection, host=settings.web_host)

        @asynccontextmanager
        async def running() -> AsyncIterator[None]:
            follower.start()
            web = await health.start(settings.web_port)
            log.info("console_started", port=port, web=f"http://{in_url(settings.web_host)}:{web}")
            show_link(_link(access, settings.console_host, port))
            yield
            await health.stop()
            follower.stop()
            resources.previews.close()
            sender.close()
            database.close()
            of_sessions.close()

        application = metrics.counting(create_application(resources, access, running=running))
        config = uvicorn.Config(
            application,
            lifespan="on",
            log_config=None,
            access_log=False,  # addresses hold ids of leads, and the key of the link
            server_header=False,
            proxy_headers=settings.console_proxies is not None,
            forwarded_allow_ips=settings.console_proxies,
            timeout_graceful_shutdown=_STOP_SECONDS,
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: sys.exit(0))  # uvicorn raises it again after a graceful stop
        Server(config, on_shutdown=resources.live.close).run(sockets=[listening])


def _database_url(settings: Settings) -> str:
    """The setting, else a file in the data folder."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return f"sqlite:///{(settings.data_dir / _FILE).absolute()}"


def _dataverse(settings: Settings, events: Events) -> Dataverse:
    """Raises NoSuchMap, BadDefinitionFile."""
    conversion = Conversion(map_of(settings.dataverse_mapping), time_tolerance=settings.time_tolerance)
    key = settings.dataverse_webhook_key
    return Dataverse(events, conversion, key=None if key is None else key.get_secret_value())


def _name_attributes(settings: Settings) -> tuple[str, ...]:
    return tuple(one.strip() for one in settings.console_name_attributes.split(","))


def listen(host: str, port: int) -> socket.socket:
    """A socket on which connections wait until the application runs. Raises OSError (port taken)."""
    listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    _send_at_once(listener)
    return listener


def _send_at_once(listener: socket.socket) -> None:
    """Set TCP_NODELAY on accepted connections; without it each response takes 40 ms longer.

    asyncio does so for sockets that it made itself.
    """
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _link(access: Access, host: str, port: int) -> str:
    """What to open: the address that people use, else a link for the person who started the console."""
    if access.link is None:
        return f"{access.hosts.url}/"
    return f"http://{in_url(host)}:{port}/enter?key={access.link.key}"
