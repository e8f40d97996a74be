"""Says in the place of sales whether a lead is accepted, where no CRM does."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from lead_qualifier.client.decoding import decode_event
from lead_qualifier.console.access.people import Person
from lead_qualifier.console.api.assignments import Assignments
from lead_qualifier.console.api.commands import wait_until_shown
from lead_qualifier.console.api.errors import InvalidParameter, LeadNotFound
from lead_qualifier.console.api.events import Events
from lead_qualifier.console.api.sales_forms import SalesAnswer, SalesAnswered
from lead_qualifier.console.read_model.reader import Reader
from lead_qualifier.console.read_model.rule_entries import RulesReader
from lead_qualifier.messages.errors import BadMessage
from lead_qualifier.messages.topics import LEAD_SALES_RESPONSE
from lead_qualifier.wording.sentences import Wording

log = structlog.get_logger(__name__)


class SalesAnswers:
    """Sends `lead-sales-response`, as a CRM does."""

    def __init__(
        self,
        reader: Reader,
        rules: RulesReader,
        assignments: Assignments,
        events: Events,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._reader = reader
        self._rules = rules
        self._assignments = assignments
        self._events = events
        self._clock = clock

    def reasons(self) -> list[str]:
        """Reasons of a rejection that live models treat differently."""
        live = (one.published for one in self._rules.rulebook().models if one.status == "live" and one.published)
        rules = (model.on_rejection for model in live if model.on_rejection is not None)
        return sorted({reason for rule in rules for reason in rule.reasons})

    def send(
        self, person: Person, lead_id: str, answer: SalesAnswer, wording: Wording, *, event_id: str | None = None
    ) -> SalesAnswered:
        """Send it for a person, and wait until the lead's timeline shows it, a few seconds at most.

        `event_id`: the same id twice is one answer; None: a new one. Raises LeadNotFound, InvalidParameter, and what
        Events.deliver raises.
        """
        assignment = self._assignments.explain(lead_id, wording)  # raises LeadNotFound
        said = SalesAnswered(
            event_id=event_id or str(uuid.uuid4()),
            lead_id=lead_id,
            response=answer.response,
            reason=answer.reason,
            seller_id=assignment.owner_id if assignment.owner_kind == "seller" else None,
            qualification_model_id=answer.qualification_model_id,
            occurred_at=self._clock(),
        )
        value = said.model_dump_json(exclude_none=True).encode()
        try:
            record = self._events.check(LEAD_SALES_RESPONSE, value)
        except BadMessage as bad:
            raise InvalidParameter(bad.reason, parameter=bad.field) from None
        self._events.deliver([record])
        wait_until_shown(lambda: self._is_shown(lead_id, said.event_id))
        log.info("sales_answered", event_id=said.event_id, subject=person.subject)
        return said

    def _is_shown(self, lead_id: str, event_id: str) -> bool:
        held = self._reader.lead(lead_id)
        if held is None:
            raise LeadNotFound  # it was erased meanwhile
        mine = (one for one in held.events if one.topic.endswith(LEAD_SALES_RESPONSE.name))
        told = (decode_event(one.value) for one in mine)
        return any(one is not None and one.get("event_id") == event_id for one in told)
