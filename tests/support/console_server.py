"""The console's application on a port of this machine, with data of the test's own in place of Kafka."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Self

import httpx
import uvicorn
from confluent_kafka import KafkaError, KafkaException
from fastapi import FastAPI

from lead_qualifier.client.inbound.checking import InboundRecord
from lead_qualifier.client.inbound.dataverse.conversion import Conversion
from lead_qualifier.client.inbound.sending import NotSent, Position
from lead_qualifier.client.lead_import.ready_maps import ready_map
from lead_qualifier.console.access.configuration import access_of, link_access
from lead_qualifier.console.access.guard import Guard
from lead_qualifier.console.access.people import Person, Role
from lead_qualifier.console.access.sessions import Sessions
from lead_qualifier.console.api.dataverse import Dataverse
from lead_qualifier.console.api.events import Events
from lead_qualifier.console.api.resources import resources_of
from lead_qualifier.console.app import create_application
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.lead_events import LeadEvents
from lead_qualifier.console.read_model.projection import Projection
from lead_qualifier.console.read_model.standing import Phase, Standing
from lead_qualifier.console.run import listen
from lead_qualifier.console.server import Server
from lead_qualifier.kafka.records import Record
from lead_qualifier.settings import Settings
from tests.support.console_dead_letters import FakeLetters, dead_letters
from tests.support.console_records import (
    NAMES,
    RESPONSES,
    TOPICS,
    RecordLog,
    minutes,
    project,
    projected,
    sqlite_url,
    world_log,
)
from tests.support.console_worker import DecidingClient, DecidingWorker

WEBHOOK_KEY = "the key of the webhook"
#: What the overview takes for now.
NOW = minutes(90)


class FakeTopics:
    """Takes the records of events, in place of a broker, and projects what sales says of leads.

    `away`: as if none answered, after so many records.
    """

    def __init__(self, database: Database | None = None) -> None:
        self._database = database
        self.records: list[InboundRecord] = []
        self.away: int | None = None

    def send(self, records: Sequence[InboundRecord]) -> list[Position | NotSent]:
        if self.away == 0:
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))
        taken = records[: self.away]
        self.records += taken
        told = [
            Record(RESPONSES, 0, 1000 + len(self.records) + number, int(time.time() * 1000), one.key, one.value, ())
            for number, one in enumerate(taken)
            if one.topic.name == RESPONSES
        ]
        if self._database is not None and told:
            with self._database.transaction() as connection:
                LeadEvents(RESPONSES).apply(connection, told)
        return [
            Position(one.topic.name, 0, number) if number < len(taken) else NotSent(None)
            for number, one in enumerate(records)
        ]


class ConsoleServer:
    """Serves what `world()` has. `standing` is what the projection says of itself; `worker` decides commands."""

    def __init__(
        self,
        folder: Path,
        *,
        url: str | None = None,
        roles: Iterable[Role] = Role,
        settings: Settings | None = None,
        second_person: bool = False,
    ) -> None:
        """`roles`: of whoever opens the link. `settings`: with an identity provider, in place of the link."""
        self.log = world_log()
        letters = RecordLog()
        dead_letters(letters)
        self.letters = FakeLetters(letters.records)
        self.log.records += letters.records
        self.database = projected(url or sqlite_url(folder), self.log.records)
        self.standing = Standing(phase=Phase.FOLLOWING)
        self._listener = listen("127.0.0.1", 0)
        port = self._listener.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        if settings is None:
            person = Person("U-4", "Erika Beispiel", frozenset(roles))
            self.access = link_access(Sessions(self.database), port=port, person=person)
        else:
            self.access = access_of(settings, self.database, port=port)
        self.topics = FakeTopics(self.database)
        events = Events(self.topics, time_tolerance=timedelta(hours=1))
        self.worker = DecidingWorker(self.database, self.log.records)
        self.resources = resources_of(
            self.database,
            standing=lambda: self.standing,
            client=DecidingClient(self.worker),
            announce=self.worker.announce,
            events=events,
            letters=self.letters,
            dataverse=Dataverse(
                events, Conversion(ready_map("dynamics-365"), time_tolerance=timedelta(hours=1)), key=WEBHOOK_KEY
            ),
            clock=lambda: NOW,
            second_person=second_person,
        )
        self.leads = self.resources.leads
        self.application = create_application(self.resources, self.access)
        config = uvicorn.Config(self.application, log_config=None, access_log=False)
        self._server = Server(config, on_shutdown=self.resources.live.close)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listener]}, daemon=True)

    @property
    def guarded(self) -> FastAPI:
        """The application that the guard protects."""
        assert isinstance(self.application, Guard)
        assert isinstance(self.application._application, FastAPI)
        return self.application._application

    def project(self) -> None:
        """Project what has been written to `log` since."""
        project(Projection(self.database, TOPICS, name_attributes=NAMES), self.log.records)

    @property
    def link(self) -> str:
        assert self.access.link is not None
        return f"{self.address}/enter?key={self.access.link.key}"

    @contextmanager
    def client(self, person: Person | None = None) -> Iterator[httpx.Client]:
        """A client that may change things: of a person who is signed in; None: that has opened the link."""
        with httpx.Client(base_url=self.address, timeout=60) as client:
            if person is None:
                assert client.get(self.link).status_code == 303
            else:
                client.cookies.set(self.access.cookie.name, self.access.sessions.open(person))
            client.headers["X-CSRF-Token"] = client.get("/api/v1/session").json()["csrf_token"]
            yield client

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._listener.close()
        self.database.close()
