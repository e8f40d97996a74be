"""A command and its result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Literal, Protocol, TypeVar

from lead_qualifier.definitions.codes import Code
from lead_qualifier.qualification.finding import Finding

Action = Literal["apply", "publish", "shadow", "stop", "delete"]


class Keyed(Protocol):
    """Something stored."""

    @property
    def key(self) -> str:
        """The key it is stored under."""


class Entry(Keyed, Protocol):
    """What is kept about something that commands change."""

    @property
    def revision(self) -> int:
        """The revision of its last change."""


E = TypeVar("E", bound=Entry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What every command carries. `id`: what it is about.

    `expected_revision`: that of the entry as the issuer saw it, 0 if there was none; None: not to be checked.
    `offset`: where the command's record stands in its topic; a sweep names it as its trigger.
    """

    id: str
    command_id: str
    issued_by: str
    issued_at: datetime
    expected_revision: int | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionCommand(Command):
    """A command on a definition.

    `definition`: of an apply, as people write it. `draft`: apply a draft although the definition is live. `replace`:
    publish that draft in place of what runs. `enabled`: of shadow.
    """

    action: Action
    definition: object = None
    draft: bool = False
    replace: bool = False
    enabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision(Generic[E]):
    """What is decided on a command. `entry`: as it is changed, None if it is not.

    `definition`: what an apply or a publish made the draft or the new version, as people write it. `warnings`: what to
    know although the command was accepted.
    """

    code: Code
    finding: Finding
    entry: E | None = None
    warnings: tuple[Finding, ...] = ()
    definition: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult(Generic[E]):
    """The answer to a command, and what is to be stored because of it.

    `code` is the kind's own word on its topics. `revision` and `version` are those of the entry afterwards, 0 where
    there is none. `entry`: as it was changed, for those who decide by it; None if it was not. `stored`: all that is to
    be stored, each under its `key`. `repeated`: the command had been decided before.
    """

    accepted: bool
    code: str
    message: str
    warnings: tuple[str, ...] = ()
    entry: E | None = None
    stored: tuple[Any, ...] = ()
    definition: Mapping[str, Any] | None = None
    version: int = 0
    revision: int = 0
    repeated: bool = False
