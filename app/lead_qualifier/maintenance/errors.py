"""Why maintenance is refused."""

from __future__ import annotations

from collections.abc import Sequence


class MaintenanceError(Exception):
    """Base class of this package's exceptions: nothing was changed, and the message says why and what to do."""


class ProcessesRunning(MaintenanceError):
    """The state of a consumer group may change only while none of its processes runs."""

    def __init__(self, group_id: str, hosts: Sequence[str]) -> None:
        """`hosts`: that of each process."""
        self.group_id = group_id
        self.hosts = tuple(hosts)
        where = ", ".join(sorted(set(hosts)))
        super().__init__(f"{len(hosts)} processes of {group_id} run ({where}): stop all of them first")


class CannotRepartition(MaintenanceError):
    """Nothing was copied."""


class CannotRebuild(MaintenanceError):
    """There is not enough to rebuild from."""
