"""noida-db, a small server that speaks Kafka's protocol and comes with pip: the last resort where nothing else runs.

It keeps its data in memory and saves it to its folder. Its consumer groups stall when several workers come and go, so
it is for one worker only, and no test relies on it.
"""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

from typing_extensions import override

from lead_qualifier.demo.broker.errors import NotAvailable
from lead_qualifier.demo.broker.local_broker import LocalBroker


class LocalNoida(LocalBroker):
    """One noida-db that serves Kafka only, on the loopback address."""

    name = "noida-db"
    description = "noida-db, an embedded stand-in for Kafka, for one worker only"
    workers_limit = 1

    def __init__(self, folder: Path) -> None:
        """`folder` keeps the data. Raises NotAvailable where noida-db has no program for this machine."""
        super().__init__(folder, ports=1)
        try:
            with as_file(files("noida_db").joinpath("noida-db")) as program:
                self._program = program
        except ModuleNotFoundError:
            raise NotAvailable("noida-db is not installed: pip install 'lead-qualifier[demo]'") from None
        if not self._program.is_file():
            raise NotAvailable(f"noida-db has no program for this machine ({self._program})")

    @override
    def _prepare(self) -> None:
        # pip does not mark it as a program; its own start script does the same.
        if not self._program.stat().st_mode & 0o100:
            self._program.chmod(0o755)

    @override
    def _command(self) -> list[str]:
        ports = ["--kafka-port", str(self.ports[0])]
        return [str(self._program), "start", "--only", "kafka", *ports, "--data-dir", str(self.folder / "data")]
