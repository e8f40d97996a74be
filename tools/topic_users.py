"""Who writes and reads each topic, in words: services, the console, and others."""

from __future__ import annotations

from collections.abc import Callable

from lead_qualifier.messages.topics import Topic
from lead_qualifier.services.console_topology import CONSOLE
from lead_qualifier.services.topology import DOWNSTREAM, WORKER, ServiceTopology


def writers_of(topic: Topic) -> tuple[str, ...]:
    """Who writes the topic."""
    services = _services_that(lambda one: topic in (*one.keeps, *one.writes, one.dead_letters))
    return (*services, *_console_if(topic in CONSOLE.writes), *topic.external_writers)


def readers_of(topic: Topic) -> tuple[str, ...]:
    """Who reads the topic."""
    services = _services_that(lambda one: topic in (*one.reads, *one.keeps))
    return (*services, *_console_if(topic in CONSOLE.reads), *topic.external_readers)


def _console_if(used: bool) -> tuple[str, ...]:
    return ("the console",) if used else ()


def _services_that(use: Callable[[ServiceTopology], bool]) -> tuple[str, ...]:
    worker = ("the worker",) if use(WORKER) else ()
    names = [name for name, service in DOWNSTREAM.items() if use(service)]
    if len(names) == len(DOWNSTREAM):
        return (*worker, "the downstream services")
    return (*worker, *(f"the {name} service" for name in names))
