"""The application journeys: events about leads in, requests to enter journeys out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
from typing_extensions import override

from lead_qualifier.definitions.entries import Published
from lead_qualifier.downstream.cause import Cause
from lead_qualifier.downstream.lead_follower import LeadEvent
from lead_qualifier.downstream.rule_based_processor import RuleBasedProcessor
from lead_qualifier.engine import ProcessorContext, Timer, timers_in
from lead_qualifier.journeys.deciding import JourneyOutcome, LeadState, enter
from lead_qualifier.journeys.journey import Journey, journey_of
from lead_qualifier.journeys.requests import entry_request
from lead_qualifier.messages.topics import JOURNEY_ENTRY_REQUESTED

encode_state = msgspec.json.Encoder().encode
decode_state = msgspec.json.Decoder(LeadState).decode

#: Marks a lead with a waiting entry among encoded ones; a match in some text does no harm.
_WAITS = b'"waiting":'


class JourneyProcessor(RuleBasedProcessor[Journey, LeadState]):
    """Counts ("journey", journey id, outcome) per cycle."""

    @override
    def read_definition(self, published: Published) -> Journey:
        """The journey of a published definition."""
        return journey_of(published.definition, published.version)

    @override
    def new_state(self) -> LeadState:
        """The state of a lead that has none yet."""
        return LeadState()

    @override
    def on_event(self, key: bytes, state: LeadState, event: LeadEvent, context: ProcessorContext) -> None:
        """Decide every journey that the event triggers."""
        model_id = None if event.qualified is None else event.qualified.model_id
        for journey in self.live.values():
            if journey.triggered_by(event.changed, model_id):
                self._enter(key, state, journey, event.cause, context)

    @override
    def on_merged(self, key: bytes, state: LeadState, cause: Cause, context: ProcessorContext) -> None:
        """Drop entries that wait."""
        for journey_id in state.waiting:
            context.counts["journey", journey_id, JourneyOutcome.LEAD_MERGED.value] += 1
        state.waiting.clear()

    @override
    def lead_timers(self, entries: Mapping[bytes, bytes]) -> Iterator[Timer]:
        """When waiting entries are due."""
        return timers_in(entries, _WAITS, decode_state, lambda state: [one.due_ms for one in state.waiting.values()])

    @override
    def on_due(self, key: bytes, state: LeadState, context: ProcessorContext) -> None:
        """Decide the lead's entries that are due."""
        for journey_id, waiting in sorted(state.waiting.items()):
            if waiting.due_ms > context.now_ms:
                continue
            journey = self.live.get(journey_id)
            if journey is None:
                del state.waiting[journey_id]
                context.counts["journey", journey_id, JourneyOutcome.NOT_LIVE.value] += 1
            else:
                self._enter(key, state, journey, waiting.cause, context, waited=True)
            context.put(key, state)

    def _enter(  # noqa: PLR0917  an entry is made of all six
        self,
        key: bytes,
        state: LeadState,
        journey: Journey,
        cause: Cause,
        context: ProcessorContext,
        waited: bool = False,
    ) -> None:
        outcome = enter(state, journey, context.now_ms, cause, waited=waited)
        context.counts["journey", journey.id, outcome.value] += 1
        if outcome is JourneyOutcome.REQUESTED:
            request = entry_request(key.decode(), state, journey, cause)
            self.emit(JOURNEY_ENTRY_REQUESTED, key, request, context, cause.trigger)
        elif (waiting := state.waiting.get(journey.id)) is not None:
            context.schedule(key, waiting.due_ms)
