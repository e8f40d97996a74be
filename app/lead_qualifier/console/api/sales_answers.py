"""Says in the place of sales whether a lead is accepted, where no CRM does."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus

import structlog
from pydantic import ValidationError

from lead_qualifier.client.decoding import decode_event
from lead_qualifier.console.access.people import Person
from lead_qualifier.console.api.assignments import Assignments
from lead_qualifier.console.api.commands import wait_until_shown
from lead_qualifier.console.api.errors import InvalidParameter
from lead_qualifier.console.api.events import Events
from lead_qualifier.console.api.leads import held_lead
from lead_qualifier.console.api.recent_answers import RecentAnswers
from lead_qualifier.console.api.sales_forms import SalesAnswer, SalesAnswered
from lead_qualifier.console.errors import ApiError
from lead_qualifier.console.read_model.reader import Reader
from lead_qualifier.console.read_model.rule_entries import RulesReader
from lead_qualifier.messages.errors import BadMessage
from lead_qualifier.messages.topics import LEAD_SALES_RESPONSE
from lead_qualifier.wording.sentences import Wording

log = structlog.get_logger(__name__)


class KeyUsed(ApiError):
    """The id of an answer is that of another answer about the same lead."""

    status = HTTPStatus.CONFLICT
    code = "idempotency_key_used"

    def __init__(self) -> None:
        super().__init__("Another answer about this lead had this Idempotency-Key: send this one with a new one.")


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
        self._recent = RecentAnswers()

    def reasons(self) -> list[str]:
        """Reasons of a rejection that live models treat differently."""
        live = (one.published for one in self._rules.rulebook().models if one.status == "live" and one.published)
        rules = (model.on_rejection for model in live if model.on_rejection is not None)
        return sorted({reason for rule in rules for reason in rule.reasons})

    def send(
        self, person: Person, lead_id: str, answer: SalesAnswer, wording: Wording, *, event_id: str | None = None
    ) -> SalesAnswered:
        """Send it for a person, and wait until the lead's timeline shows it, a few seconds at most.

        `event_id`: the same id twice is one answer; None: a new one. Raises LeadNotFound, LeadUnreadable,
        InvalidParameter, KeyUsed, and what Events.deliver raises.
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
        with self._recent.alone(lead_id, said.event_id) as recent:
            before = recent.sent or self._shown(lead_id, said.event_id)
            if before is None:
                # An earlier try may have reached the broker. The same event is sent again, with the time that it had:
                # with a later time it would count as another answer.
                if recent.tried is not None and _is_same(recent.tried, said):
                    said = recent.tried
                recent.tried = said
                self._deliver(said)
                log.info("sales_answered", event_id=said.event_id, subject=person.subject)
            elif _is_same(before, said):
                said = before
            else:
                raise KeyUsed
            recent.sent = said
        wait_until_shown(lambda: self._shown(lead_id, said.event_id) is not None)
        return said

    def _deliver(self, said: SalesAnswered) -> None:
        try:
            record = self._events.check(LEAD_SALES_RESPONSE, said.model_dump_json(exclude_none=True).encode())
        except BadMessage as bad:
            raise InvalidParameter(bad.reason, parameter=bad.field) from None
        self._events.deliver([record])

    def _shown(self, lead_id: str, event_id: str) -> SalesAnswered | None:
        """The answer with this id on the lead's timeline. Raises LeadNotFound (it was erased), LeadUnreadable."""
        held = held_lead(self._reader, lead_id)
        mine = (one for one in held.events if one.topic.endswith(LEAD_SALES_RESPONSE.name))
        told = (decode_event(one.value) for one in mine)
        return next((_answered(one) for one in told if one is not None and one.get("event_id") == event_id), None)


def _answered(event: dict[str, object]) -> SalesAnswered | None:
    """The answer in an event; None for an event of another form, since others write to the topic, too."""
    try:
        return SalesAnswered.model_validate(event)
    except ValidationError:
        return None


def _is_same(one: SalesAnswered, other: SalesAnswered) -> bool:
    """Whether they say the same; their times and sellers may differ."""
    return all(getattr(one, name) == getattr(other, name) for name in SalesAnswer.model_fields)
