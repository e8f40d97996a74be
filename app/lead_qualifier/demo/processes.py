"""The demo's processes: worker, producer and downstream services."""

from __future__ import annotations

from typing import Self

from lead_qualifier.demo.child_process import ChildProcess
from lead_qualifier.settings import Settings

_PRODUCER_STOP_SECONDS = 8.0
_WORKER_STOP_SECONDS = 15.0


class DemoProcesses:
    """Starts and stops them. Worker and producer start along with the broker, and import meanwhile."""

    def __init__(self, settings: Settings) -> None:
        self._folder = (settings.data_dir / "demo").absolute()
        self.worker = self._child("lead_qualifier", "worker.log")
        self.producer = self._child("lead_qualifier.demo.producer", "producer.log")
        self.services: ChildProcess | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def replace_worker(self) -> None:
        """Replace a worker that has ended."""
        self.worker.stop(1)
        self.worker = self._child("lead_qualifier", "worker.log")

    def begin_services(self, arguments: list[str], environment: dict[str, str]) -> None:
        """Start the downstream services, after the others: the first qualified lead does not need them."""
        self.services = self._child("lead_qualifier", "downstream.log")
        self.services.begin(arguments, environment)

    def stop(self) -> None:
        """Stop all, the producer first, so that the others finish their work."""
        self.producer.stop(_PRODUCER_STOP_SECONDS)
        self.worker.stop(_WORKER_STOP_SECONDS)
        if self.services is not None:
            self.services.stop(_WORKER_STOP_SECONDS)

    def kill(self) -> None:
        """Kill all."""
        self.producer.kill()
        self.worker.kill()
        if self.services is not None:
            self.services.kill()

    def _child(self, module: str, log: str) -> ChildProcess:
        return ChildProcess(module, log=self._folder / log)
