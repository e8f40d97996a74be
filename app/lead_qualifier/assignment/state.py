"""What assignment stores, each under its own key: leads, sellers, definitions, counters and the next alarm."""

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
"""How a seller departed: set to inactive, or deleted."""


class Owner(Struct, frozen=True):
    """Who owns a lead. `kind`: seller, team or queue."""

    kind: str
    id: str


class HeldLead(Struct, tag="lead", omit_defaults=True, kw_only=True):
    """A lead that was qualified and is neither closed nor erased.

    `waits`: its place among all waiting leads, 0 if it does not wait. `routed`: the revision of the rules by which it
    was routed to where it waits, 0 if it must be routed again. `counted`: it takes capacity of its owner, a seller.
    `lead_changed_offset`: records of lead-changed below this offset were known when it qualified.
    `code`, `definition`, `version`, `segment`, `rule`: the newest decision, `number` in the order of all; 0: none yet.
    `left_by`: the last seller who departed while owning it. `left_at`: when it was taken from that seller.
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
        """Since when its age counts towards the definition's `max_age`."""
        return self.qualified_at if self.left_at is None else max(self.qualified_at, self.left_at)


class HeldSeller(Struct, tag="seller", omit_defaults=True, kw_only=True):
    """A seller. `assigned`: leads that take capacity; `last`: number of the newest decision for this seller, 0: none.

    `maximum` None: no limit. `work_hours` None: always at work. `gone`: deleted, but stored while leads are assigned.
    `departure`: number of the newest decision when the seller became inactive or left; 0: has not departed.
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
        """How the seller departed; None: has not."""
        return "left" if self.gone else None if self.active else "inactive"

    @property
    def left(self) -> float:
        """Remaining capacity; negative if exceeded."""
        return float("inf") if self.maximum is None else self.maximum - self.assigned


class HeldDefinition(Struct, tag="definition", frozen=True):
    """A definition with its lifecycle."""

    entry: Entry


class Counters(Struct, tag="counters", omit_defaults=True):
    """`decisions` and `waited`: the last numbers given. `revision`: rises when the live definitions change.

    `unfinished`: not every lead that the last change may help has been attempted yet.
    """

    decisions: int = 0
    waited: int = 0
    revision: int = 1
    unfinished: bool = False


class Alarm(Struct, tag="alarm", frozen=True):
    """Waiting leads must be attempted again at this time, in milliseconds since 1970."""

    due: int


State = HeldLead | HeldSeller | HeldDefinition | Counters | Alarm

encode_state = msgspec.json.Encoder().encode
decode_state = msgspec.json.Decoder(State).decode


class Store(Protocol):
    """A key-value store; a ProcessorContext of the engine is one."""

    def get(self, key: bytes) -> Any:
        """The state under this key, or None."""

    def put(self, key: bytes, state: Any) -> None:
        """Store it."""

    def delete(self, key: bytes) -> None:
        """Remove it."""


class Records:
    """Leads, sellers and counters in a store, by their ids. `store` is set for each record of the queue."""

    store: Store

    def lead(self, lead_id: str) -> HeldLead | None:
        """The lead, or None."""
        held: HeldLead | None = self.store.get(LEAD + lead_id.encode())
        return held

    def put_lead(self, lead_id: str, held: HeldLead) -> None:
        """Store the lead."""
        self.store.put(LEAD + lead_id.encode(), held)

    def delete_lead(self, lead_id: str) -> None:
        """Remove the lead."""
        self.store.delete(LEAD + lead_id.encode())

    def put_seller(self, held: HeldSeller) -> None:
        """Store the seller."""
        self.store.put(SELLER + held.id.encode(), held)

    def put_counters(self, counters: Counters) -> None:
        """Store the counters."""
        self.store.put(COUNTERS, counters)
