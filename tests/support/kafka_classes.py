"""An archive of Kafka's classes as Java has read them: with it, brokers of the tests start at half the price."""

from __future__ import annotations

import fcntl
import os
import tempfile
from hashlib import sha256
from pathlib import Path

from typing_extensions import override

from lead_qualifier.demo.broker.java import cache_folder
from lead_qualifier.demo.broker.local_kafka import LocalKafka

_OPTIONS = "JDK_JAVA_OPTIONS"


def share_classes(java: Path, libs: Path) -> None:
    """Have every Java that this process starts from now on use the archive, which is made once for each Java and Kafka.

    Java takes none that does not fit, and does without.
    """
    program = java.resolve()
    made_for = f"{program} {program.stat().st_mtime_ns} {libs} {libs.stat().st_mtime_ns}"
    archive = cache_folder() / f"kafka-classes-{sha256(made_for.encode()).hexdigest()[:12]}.jsa"
    option = f"-XX:SharedArchiveFile={archive}"
    options = os.environ.get(_OPTIONS, "").split()
    if option in options:
        return
    with archive.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of the processes that share the tests, one makes it
        if not archive.exists():
            _make(archive, java, libs)
    os.environ[_OPTIONS] = " ".join([*options, option])


def _make(archive: Path, java: Path, libs: Path) -> None:
    new = archive.with_suffix(".new")
    with tempfile.TemporaryDirectory() as folder:
        broker = _ArchivingKafka(Path(folder), java=java, libs=libs)
        broker.archive = new
        with broker:
            pass
    new.rename(archive)  # one whose making was interrupted is never taken for a whole one


class _ArchivingKafka(LocalKafka):
    """Writes what it has read of its classes when it stops."""

    archive: Path

    @override
    def _command(self) -> list[str]:
        java, *rest = super()._command()
        return [java, f"-XX:ArchiveClassesAtExit={self.archive}", *rest]
