"""Who orders a command, and what makes it one."""

from __future__ import annotations

from dataclasses import dataclass

from lead_qualifier.wording.sentences import Wording


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What every command takes.

    `issued_by`: its author, for the audit trail. `wording`: the language of refusals. `expected_revision`: that of what
    it is about, as the person saw it, 0 if there was none; None: any. `command_id`: the same id twice is one command;
    None: a new one.
    """

    issued_by: str
    wording: Wording
    expected_revision: int | None = None
    command_id: str | None = None
