"""The journeys application: what happens to leads in, requests to enter journeys out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from lead_qualifier.definitions.entries import Published
from lead_qualifier.downstream.cause import Cause
from lead_qualifier.downstream.lead_follower import LeadEvent
from lead_qualifier.downstream.lead_processor import LeadProcessor
from lead_qualifier.engine import ProcessorContext, Timer, timers_in
from lead_qualifier.journeys.deciding import LeadState, Outcome, enter
from lead_qualifier.journeys.journey import Journey, journey_of
from lead_qualifier.journeys.requests import entry_request
from lead_qualifier.messages.downstream_topics import JOURNEY_ENTRY_REQUESTED

encode_state = msgspec.json.Encoder().encode
decode_state = msgspec.json.Decoder(LeadState).decode

#: How a lead with a waiting entry is told among encoded ones; it may stand in a text too, which does no harm.
_WAITS = b'"waiting":'


class JourneyProcessor(LeadProcessor[Journey, LeadState]):
    """Counted per cycle: ("journey", journey id, outcome)."""

    def read(self, published: Published) -> Journey:
        """Read a published definition."""
        return journey_of(published.definition, published.version)

    def new(self) -> LeadState:
        """A lead of which nothing is held."""
        return LeadState()

    def happened(self, key: bytes, state: LeadState, what: LeadEvent, context: ProcessorContext) -> None:
        """Triggers of both kinds may be meant."""
        model_id = None if what.qualified is None else what.qualified.model_id
        for journey in self.live.values():
            if journey.triggered_by(what.changed, model_id):
                self._enter(key, state, journey, what.cause, context)

    def merged(self, key: bytes, state: LeadState, cause: Cause, context: ProcessorContext) -> None:
        """Whatever waited for the lead is over."""
        for journey_id in state.waiting:
            context.counts["journey", journey_id, Outcome.LEAD_MERGED.value] += 1
        state.waiting.clear()

    def waits(self, entries: Mapping[bytes, bytes]) -> Iterator[Timer]:
        """The entries that wait, found among the states."""
        return timers_in(entries, _WAITS, decode_state, lambda state: [one.due_ms for one in state.waiting.values()])

    def woken(self, key: bytes, state: LeadState, context: ProcessorContext) -> None:
        """Decide the entries of a lead whose time has come."""
        for journey_id, waiting in sorted(state.waiting.items()):
            if waiting.due_ms > context.now_ms:
                continue
            journey = self.live.get(journey_id)
            if journey is None:
                del state.waiting[journey_id]
                context.counts["journey", journey_id, Outcome.NOT_LIVE.value] += 1
            else:
                self._enter(key, state, journey, waiting.cause, context, waited=True)
            context.put(key, state)

    def _enter(  # noqa: PLR0917  all six are what an entry is
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
        if outcome is Outcome.REQUESTED:
            self.emit(JOURNEY_ENTRY_REQUESTED, key, entry_request(key.decode(), state, journey, cause), context)
        elif (waiting := state.waiting.get(journey.id)) is not None:
            context.schedule(key, waiting.due_ms)
