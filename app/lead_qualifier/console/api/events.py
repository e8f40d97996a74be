"""Events in: CloudEvents over HTTP for every public input, sent to Kafka as their senders would."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from http import HTTPStatus
from types import MappingProxyType
from typing import Protocol

from lead_qualifier.client.inbound.checking import Checks, EventTooLarge, InboundRecord, erasure_of
from lead_qualifier.client.inbound.json_lines import line_of
from lead_qualifier.client.inbound.sending import NotSent, Position
from lead_qualifier.console.access.people import Permission, Person
from lead_qualifier.console.access.permissions import check
from lead_qualifier.console.api.commands import BrokerAway, BrokerRefused, broker_problems
from lead_qualifier.console.api.errors import InvalidParameter
from lead_qualifier.console.api.event_forms import EventResult, EventsAccepted
from lead_qualifier.console.errors import ApiError
from lead_qualifier.kafka.errors import TopicMissing
from lead_qualifier.messages.errors import BadMessage
from lead_qualifier.messages.http_cloud_events import HttpEvent, Mode, UnsupportedMode, events_in, mode_of
from lead_qualifier.messages.topics import LEAD_SALES_RESPONSE, SCORING_MODEL_CHANGED, Topic

MOST_EVENTS = 1_000
MOST_BYTES = 8 << 20
"""The most events, and the largest body (bytes), of a request."""
RETRY_SECONDS = 5
_REQUESTS_AT_ONCE = 16
#: Only so many wrong events get their line: each search begins at the start of the text.
_MOST_LINES = 20
#: A step of a path with this many digits or more is a name, not an index.
_LONGEST_NUMBER = 10
#: Routes of these topics' own take another permission. Sending an event to them takes it, too.
OF_ROUTES: Mapping[Topic, Permission] = MappingProxyType(
    {SCORING_MODEL_CHANGED: Permission.SET_SCORING_MODELS, LEAD_SALES_RESPONSE: Permission.ANSWER_FOR_SALES}
)


class UnsupportedMediaType(ApiError):
    """The request is in no mode of CloudEvents."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    code = "unsupported_media_type"


class RequestTooLarge(ApiError):
    """The request, or an event in it, is too large."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "too_large"

    def __init__(self) -> None:
        super().__init__(
            f"A request may have {MOST_EVENTS:,} events and {MOST_BYTES >> 20} MiB at most: send several requests."
        )


class TooManyRequests(ApiError):
    """Others are sending events."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "too_many_requests"

    def __init__(self) -> None:
        super().__init__(f"{_REQUESTS_AT_ONCE} requests with events are being answered: send this one again later.")


class TopicNotThere(ApiError):
    """The topic of the events does not exist."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "topic_missing"

    def __init__(self, error: TopicMissing) -> None:
        super().__init__(f"The topic {error.topic} does not exist: start the service that reads it first.")


class EventsNotAccepted(ApiError):
    """Not all events were accepted. `results`: what became of each."""

    def __init__(self, message: str, *, status: HTTPStatus, code: str, results: Sequence[EventResult]) -> None:
        self.status = status
        self.code = code
        self.results = list(results)
        super().__init__(message)


class Sender(Protocol):
    """Sends records, as InboundSender does."""

    def send(self, records: Sequence[InboundRecord]) -> list[Position | NotSent]:
        """What became of each."""


class Events:
    """Takes events in. Any thread may use it."""

    def __init__(self, sender: Sender, *, time_tolerance: timedelta) -> None:
        """`time_tolerance`: how far ahead of now an event may be dated."""
        self._sender = sender
        self._time_tolerance = time_tolerance
        self._room = threading.BoundedSemaphore(_REQUESTS_AT_ONCE)

    def accept(self, person: Person, headers: Mapping[str, str], body: bytes) -> EventsAccepted:
        """Send the events of a person's request, all or, where one is wrong, none. `headers`: by lowercase names.

        Raises UnsupportedMediaType, RequestTooLarge, TooManyRequests, EventsNotAccepted, NotAllowed, and what `send`
        does.
        """
        try:
            mode = mode_of(headers)
        except UnsupportedMode as error:
            raise UnsupportedMediaType(str(error)) from None
        with self._admitted():
            events = _events(mode, headers, body)
            records = self._records(mode, body, events)
            for topic in {record.topic for record in records} & OF_ROUTES.keys():
                check(person, OF_ROUTES[topic], f"To send {topic.name} also")
            outcomes = self.send(records)
        return EventsAccepted(events=_delivered(events, outcomes))

    def erase(self, lead_id: str) -> EventsAccepted:
        """Erase a lead. Raises InvalidParameter, EventsNotAccepted, and what `send` does."""
        try:
            record = erasure_of(lead_id)
        except BadMessage as bad:
            raise InvalidParameter(bad.reason, parameter=bad.field) from None
        return self.deliver([record])

    def check(self, topic: Topic, value: bytes) -> InboundRecord:
        """The record with this value. Raises BadMessage."""
        return Checks(self._time_tolerance).record(topic, value)

    def deliver(self, records: Sequence[InboundRecord]) -> EventsAccepted:
        """Send records that were checked. Raises EventsNotAccepted, and what `send` does."""
        return EventsAccepted(events=_delivered([None] * len(records), self.send(records)))

    def send(self, records: Sequence[InboundRecord]) -> list[Position | NotSent]:
        """What became of each record. Raises BrokerAway, BrokerRefused, TopicNotThere if none was sent."""
        with broker_problems():
            try:
                return self._sender.send(records)
            except TopicMissing as error:
                raise TopicNotThere(error) from error

    @contextmanager
    def _admitted(self) -> Iterator[None]:
        if not self._room.acquire(blocking=False):
            raise TooManyRequests
        try:
            yield
        finally:
            self._room.release()

    def _records(self, mode: Mode, body: bytes, events: Sequence[HttpEvent | BadMessage]) -> list[InboundRecord]:
        """Raises EventsNotAccepted if an event is wrong."""
        checks = Checks(self._time_tolerance)
        records: list[InboundRecord] = []
        faults: dict[int, BadMessage] = {}
        for number, event in enumerate(events):
            try:
                if isinstance(event, BadMessage):
                    raise event
                records.append(checks.record_of(event))
            except BadMessage as bad:
                faults[number] = bad
        if faults:
            raise _invalid(mode, body, events, faults)
        return records


def _events(mode: Mode, headers: Mapping[str, str], body: bytes) -> list[HttpEvent | BadMessage]:
    try:
        events = events_in(mode, headers, body, most=MOST_EVENTS)
    except BadMessage as bad:
        raise _invalid(mode, body, [bad], {0: bad}) from None
    if len(events) > MOST_EVENTS:
        raise RequestTooLarge
    return events


def _invalid(
    mode: Mode, body: bytes, events: Sequence[HttpEvent | BadMessage], faults: Mapping[int, BadMessage]
) -> EventsNotAccepted:
    text = body.decode(errors="replace")
    located = set(sorted(faults)[:_MOST_LINES])
    results = [
        EventResult(event=number, id=_id(event), status="not_sent")
        if number not in faults
        else _fault(mode, text, number, _id(event), faults[number], with_line=number in located)
        for number, event in enumerate(events)
    ]
    too_large = all(isinstance(fault, EventTooLarge) for fault in faults.values())
    one = len(faults) == 1
    return EventsNotAccepted(
        f"Nothing was sent, because {len(faults)} of {len(events)} events {'is' if one else 'are'} wrong: correct "
        f"{'it' if one else 'them'}, and send all of them again.",
        status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE if too_large else HTTPStatus.UNPROCESSABLE_ENTITY,
        code="too_large" if too_large else "invalid_events",
        results=results,
    )


def _fault(
    mode: Mode, text: str, number: int, event_id: str | None, bad: BadMessage, *, with_line: bool
) -> EventResult:
    steps = [_step(one) for one in bad.field.split(".") if one]
    place: str | None
    if mode is Mode.BINARY and steps[:1] != ["data"]:
        place, line = f"ce-{bad.field}" if bad.field else "$", None
    else:
        steps = steps[1:] if mode is Mode.BINARY else [number, *steps] if mode is Mode.BATCH else steps
        place = "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
        line = line_of(text, steps) if with_line else None
    return EventResult(event=number, id=event_id, status="invalid", path=place, line=line, detail=bad.reason)


def _step(text: str) -> str | int:
    return int(text) if text.isdecimal() and len(text) < _LONGEST_NUMBER else text


def _id(event: HttpEvent | BadMessage | None) -> str | None:
    return event.attributes["id"] if isinstance(event, HttpEvent) else None


def _delivered(
    events: Sequence[HttpEvent | BadMessage | None], outcomes: Sequence[Position | NotSent]
) -> list[EventResult]:
    """Raises EventsNotAccepted if the broker does not have every event."""
    results = [_result(number, event, outcomes[number]) for number, event in enumerate(events)]
    if all(one.status == "accepted" for one in results):
        return results
    refused = any(one.status == "refused" for one in results)
    count = sum(one.status == "accepted" for one in results)
    raise EventsNotAccepted(
        f"The broker has {count} of {len(results)} events: send all of them again. Those that it has change nothing "
        "if they come twice.",
        status=HTTPStatus.SERVICE_UNAVAILABLE,
        code=BrokerRefused.code if refused else BrokerAway.code,
        results=results,
    )


def _result(number: int, event: HttpEvent | BadMessage | None, outcome: Position | NotSent) -> EventResult:
    event_id = _id(event)
    if isinstance(outcome, Position):
        return EventResult(
            event=number,
            id=event_id,
            status="accepted",
            topic=outcome.topic,
            partition=outcome.partition,
            offset=outcome.offset,
        )
    if outcome.refused is not None:
        return EventResult(event=number, id=event_id, status="refused", detail=outcome.refused)
    return EventResult(event=number, id=event_id, status="not_sent", detail="the broker did not answer")
