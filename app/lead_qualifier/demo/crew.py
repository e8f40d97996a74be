"""The processes of the demo: worker, producer, and what lies behind the qualified leads."""

from __future__ import annotations

from typing import Self

from lead_qualifier.demo.children import Child
from lead_qualifier.settings import Settings

_PRODUCER_STOP_SECONDS = 8.0
_WORKER_STOP_SECONDS = 15.0


class Crew:
    """Worker, producer and downstream services. The first two start while the broker does, and import meanwhile."""

    def __init__(self, settings: Settings) -> None:
        self._folder = (settings.data_dir / "demo").absolute()
        self.worker = self._child("lead_qualifier", "worker.log")
        self.producer = self._child("lead_qualifier.demo.producer", "producer.log")
        self.services: Child | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def another_worker(self) -> None:
        """In place of one that has ended."""
        self.worker.stop(1)
        self.worker = self._child("lead_qualifier", "worker.log")

    def begin_services(self, arguments: list[str], environment: dict[str, str]) -> None:
        """The downstream services, later than the others: the first qualified lead need not wait for them."""
        self.services = self._child("lead_qualifier", "downstream.log")
        self.services.begin(arguments, environment)

    def stop(self) -> None:
        """End all, the producer first, so that the others finish what there is."""
        self.producer.stop(_PRODUCER_STOP_SECONDS)
        self.worker.stop(_WORKER_STOP_SECONDS)
        if self.services is not None:
            self.services.stop(_WORKER_STOP_SECONDS)

    def kill(self) -> None:
        """End all at once."""
        self.producer.kill()
        self.worker.kill()
        if self.services is not None:
            self.services.kill()

    def _child(self, module: str, log: str) -> Child:
        return Child(module, log=self._folder / log)
