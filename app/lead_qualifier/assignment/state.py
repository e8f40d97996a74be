"""What assignment keeps, each under a key of its own: leads, sellers, definitions, and its counters."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Protocol

import msgspec
from msgspec import Struct, field

from lead_qualifier.definitions.entries import Entry
from lead_qualifier.qualification.utc import Moment

COUNTERS = b"counters"
ALARM = b"alarm"
LEAD = b"lead/"
SELLER = b"seller/"
DEFINITION = b"definition/"


Departed = Literal["inactive", "left"]
"""How a seller departed: made inactive, or deleted."""


class Owner(Struct, frozen=True):
    """Who has a lead. `kind`: seller, team or queue."""

    kind: str
    id: str


class HeldLead(Struct, tag="lead", omit_defaults=True, kw_only=True):
    """A lead that was qualified and is neither closed nor erased.

    `waits`: its place among those that wait, 0 if it does not. `routed`: the revision of the rules by which it came to
    wait where it waits, 0 if it is to be routed anew. `counted`: it takes capacity of its owner, a seller.
    `lead_changed_offset`: all of lead-changed before it was known when it qualified.
    `code`, `definition`, `version`, `segment`, `rule`: the newest decision, `number` in the order of all; 0: none yet.
    `left_by`: the last seller who departed while they had it. `left_at`: when it was taken from them.
    """

    model_id: str
    qualified_at: Moment
    lead_changed_offset: int | None = None
    own: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    waits: int = 0
    routed: int = 0
    code: int = 0
    number: int = 0
    definition: str | None = None
    version: int = 0
    segment: str | None = None
    rule: str | None = None
    owner: Owner | None = None
    counted: bool = False
    left_by: str | None = None
    left_at: Moment | None = None

    @property
    def aging_since(self) -> datetime:
        """When the time began in which it must be assigned."""
        return self.qualified_at if self.left_at is None else max(self.qualified_at, self.left_at)


class HeldSeller(Struct, tag="seller", omit_defaults=True, kw_only=True):
    """A seller. `assigned`: leads that take capacity; `last`: number of the newest decision for this seller, 0: none.

    `maximum` None: as many as come. `work_hours` None: always at work. `gone`: left, kept for what is still assigned.
    `departure`: number of the newest decision when they became inactive or left; 0: they are there.
    """

    id: str
    changed_at: Moment
    name: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    time_zone: str = "UTC"
    work_hours: dict[str, list[list[str]]] | None = None
    days_off: list[str] = field(default_factory=list)
    maximum: int | None = None
    available: bool = True
    active: bool = True
    gone: bool = False
    assigned: int = 0
    last: int = 0
    departure: int = 0

    @property
    def departed(self) -> Departed | None:
        """How they departed; None: they are there."""
        return "left" if self.gone else None if self.active else "inactive"

    @property
    def left(self) -> float:
        """Capacity left: below 0 if overrun."""
        return float("inf") if self.maximum is None else self.maximum - self.assigned


class HeldDefinition(Struct, tag="definition", frozen=True):
    """A definition with its life."""

    entry: Entry


class Counters(Struct, tag="counters", omit_defaults=True):
    """`decisions` and `waited`: the last numbers given. `revision`: rises when what runs changes.

    `unfinished`: those that wait have not all been looked at since the last change.
    """

    decisions: int = 0
    waited: int = 0
    revision: int = 1
    unfinished: bool = False


class Alarm(Struct, tag="alarm", frozen=True):
    """Those that wait are to be looked at again at this time, in milliseconds since 1970."""

    due: int


State = HeldLead | HeldSeller | HeldDefinition | Counters | Alarm

encode_state = msgspec.json.Encoder().encode
decode_state = msgspec.json.Decoder(State).decode


class Store(Protocol):
    """Where it is kept; a ProcessorContext of the engine is one."""

    def get(self, key: bytes) -> Any:
        """The state under this key, or None."""

    def put(self, key: bytes, state: Any) -> None:
        """Keep it."""

    def delete(self, key: bytes) -> None:
        """Forget it."""
