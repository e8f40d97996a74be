"""What to type next, in a second terminal: commands that work there as they stand."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from lead_qualifier.demo.broker.finder import Broker
from lead_qualifier.demo.broker.kinds import BrokerKind
from lead_qualifier.demo.broker.local_broker import shown_path
from lead_qualifier.demo.provisioning import OTHER_MODEL, OWN_SCORES
from lead_qualifier.settings import Settings, variable_of

_MATTERS = ("application_id", "topic_prefix", "partitions", "unknown_leads", "data_dir")
_SECRET = ("PASSWORD", "SECRET")
#: How those begin that name a lead, at their end.
EXPLAIN = "explain "


class Hints:
    """Commands for a second terminal in the same folder."""

    def __init__(self, broker: Broker) -> None:
        self.program = program()
        self._broker = broker

    def environment(self) -> list[str]:
        """What must be set there first, because it is set in this terminal's environment."""
        names = [variable_of(field) for field in _MATTERS]
        if self._broker.kind is BrokerKind.GIVEN:
            names += [name for name in map(variable_of, Settings.model_fields) if name.startswith("KAFKA_")]
        return [f"export {name}={_shown(name)}" for name in names if name in os.environ]

    def commands(self, lead_id: str | None) -> list[tuple[str, str]]:
        """(what it does, the command). `lead_id`: a lead to explain, if one is known already."""
        other = shlex.quote(str(shown_path(OTHER_MODEL)))
        lead = shlex.quote(lead_id or "L-00001")
        commands = [
            (EXPLAIN + "a lead", f"{self.program} lead show {lead}"),
            (EXPLAIN + "who got it", f"{self.program} assignment explain {lead}"),
            (
                "publish another model",
                f"{self.program} model apply {other} && {self.program} model publish {OTHER_MODEL.stem}",
            ),
            ("feed your own file", f"{self.program} feed {shlex.quote(str(shown_path(OWN_SCORES)))}"),
            ("list invalid records", f"{self.program} dead-letters list"),
        ]
        if self._broker.workers_limit != 1:
            commands.append(("add a second worker", f"{self.program} worker --web-port 0"))
        return commands


def program() -> str:
    """How this program is called from the working directory."""
    started = Path(sys.argv[0]).absolute()
    if started.name == "lead-qualifier" and started.exists():
        return shlex.quote(str(shown_path(started)))
    return f"{shlex.quote(str(shown_path(Path(sys.executable))))} -m lead_qualifier"


def _shown(name: str) -> str:
    return "..." if any(word in name for word in _SECRET) else shlex.quote(os.environ[name])
