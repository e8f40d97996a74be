"""Merges and erasures of leads: what is transferred to the survivor of a merge, and what an erasure forgets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from lead_qualifier.engine import ProcessorContext, Record, Rejected
from lead_qualifier.messages.decode import ChangedScore
from lead_qualifier.messages.lead_messages import LeadMerged, LeadSalesResponse
from lead_qualifier.messages.plausible_time import PlausibleTime, near
from lead_qualifier.messages.topics import ERASURE_REMEMBERED, LEAD_HANDOVERS, LEAD_SALES_RESPONSE
from lead_qualifier.qualification import merging
from lead_qualifier.qualification.decide import follow_scores
from lead_qualifier.qualification.leads import Erased, Lead, Trigger, forget_implausible_times, mend_times
from lead_qualifier.qualification.merging import LeadTransfer, Response
from lead_qualifier.qualification.rules import Rules

_REMEMBERED_MS = ERASURE_REMEMBERED // timedelta(milliseconds=1)

_encode: Callable[[LeadTransfer], bytes] = msgspec.json.Encoder().encode
_decode: Callable[[bytes], LeadTransfer] = msgspec.json.Decoder(LeadTransfer).decode


class Merging:
    """Part of the processor of leads. Counts ("lead_merged", result) and ("handover", result)."""

    def __init__(self, *, topic_prefix: str, times: PlausibleTime) -> None:
        self._times = times
        self._topic = LEAD_HANDOVERS.full_name(topic_prefix)

    def merge(self, lead: Lead, message: LeadMerged, record: Record, context: ProcessorContext) -> None:
        """The lead was merged into another."""
        repeated = merging.is_repeated(lead, message["survivor_id"], message["occurred_at"])
        if not merging.merge(lead, message["survivor_id"], message["occurred_at"]):
            context.counts["lead_merged", "stale"] += 1
            return
        context.put(message["lead_id"].encode(), lead)
        context.counts["lead_merged", "applied"] += 1
        # Marks that are transferred a second time would close what the CRM has reopened at the survivor since.
        begun_ms = self._written_ms(record, context)
        transfer = None if repeated else merging.all_of(lead, message["lead_id"], message["event_id"], begun_ms)
        if transfer is not None:
            self._send(message["survivor_id"], transfer, context)

    def scored(self, lead: Lead, message: ChangedScore, record: Record, context: ProcessorContext) -> None:
        """A merged lead got a score that is not stale: transfer it, too."""
        assert lead.merged_into is not None
        assert record.key is not None
        begun_ms = self._written_ms(record, context)
        transfer = merging.score_of(lead, record.key.decode(), message.scoring_model_id, message.event_id, begun_ms)
        self._send(lead.merged_into, transfer, context)

    def responded(self, lead: Lead, message: LeadSalesResponse, record: Record, context: ProcessorContext) -> None:
        """Sales responded to a merged lead: the response is about its survivor."""
        assert lead.merged_into is not None
        transfer = LeadTransfer(
            event_id=message["event_id"],
            loser_id=message["lead_id"],
            response=response_of(message, record),
            begun_ms=self._written_ms(record, context),
        )
        self._send(lead.merged_into, transfer, context)

    def take_over(
        self,
        record: Record,
        context: ProcessorContext,
        rules: Rules,
        answer: Callable[[bytes, Lead, Response, ProcessorContext], None],
    ) -> None:
        """Process a record of lead-handovers at the survivor. Raises Rejected for one that no worker wrote.

        `answer` is called with a response of sales that has reached the lead that it is about.
        """
        key = record.key
        lead_id = _lead_id(key)
        assert key is not None
        if record.value is None:
            return  # older versions ended an erasure with it
        lead = context.get(key) or Lead()
        transfer = _transfer(record.value)
        if transfer.begun_ms is None:
            transfer = replace(transfer, begun_ms=self._written_ms(record, context))
        latest = self._times.latest(context.now_ms)
        mend_times(transfer.scores, transfer.marks, latest)
        forget_implausible_times(lead, latest)
        following = merging.passed_on(lead, lead_id, transfer)
        assert transfer.begun_ms is not None
        if merging.is_of_before(lead, transfer.begun_ms):
            context.counts["handover", "dropped"] += 1
            if merging.remember(lead, transfer):
                context.put(key, lead)
        else:
            as_of = self._times.written(record.timestamp_ms, context.now_ms)
            self._take_over(key, lead, transfer, context, rules, as_of)
            if transfer.response is not None and following is None:
                answer(key, lead, transfer.response, context)
        if following is not None:
            assert lead.merged_into is not None
            self._send(lead.merged_into, following, context)

    @staticmethod
    def _take_over(  # noqa: PLR0917  each is independent
        key: bytes, lead: Lead, transfer: LeadTransfer, context: ProcessorContext, rules: Rules, as_of: datetime
    ) -> None:
        context.counts["handover", "taken_over"] += 1
        if not transfer.scores and not transfer.marks:
            return
        before, marked = dict(lead.scores), set(lead.marks)
        concerned = {one.id: one for name in merging.take_over(lead, transfer) for one in rules.naming(name)}
        # a transferred mark may meet scores that are already below the criteria
        concerned |= {model_id: rules.models[model_id] for model_id in transfer.marks if model_id in rules.models}
        for model in concerned.values():
            if model.remembers:
                stood = [before] if model.id in marked else []
                stood += [transfer.scores] if model.id in transfer.marks else []
                follow_scores(lead, model, rules, as_of, *stood)
        context.put(key, lead)

    def erase(self, record: Record, context: ProcessorContext) -> None:
        """Erase a lead, and remember that for a while, so that a message on its way does not undo it."""
        key = record.key
        assert key is not None  # it equals the lead's id
        context.holds(key)  # raises Rejected for a key of another partition
        try:
            before = context.get(key) or Lead()
        except Rejected:
            before = Lead()  # its state cannot be read; it is erased all the same
        forget_implausible_times(before, self._times.latest(context.now_ms))
        at_ms, until_ms = self._written_ms(record, context), near(record.timestamp_ms, context.now_ms) + _REMEMBERED_MS
        context.put(key, merging.erased(before, record.offset, at_ms=at_ms, until_ms=until_ms))
        context.schedule(key, until_ms)

    def forget(self, key: bytes, lead: Lead, context: ProcessorContext) -> bool:
        """Forget that a lead was erased, if it is time. Returns False if nothing is left of the lead."""
        if lead.erased is None:  # an older version wrote it, without a time
            lead.erased = Erased(at_ms=context.now_ms, until_ms=context.now_ms + _REMEMBERED_MS)
            context.schedule(key, lead.erased.until_ms)
        elif lead.erased.until_ms > context.now_ms:
            return True
        elif not merging.forget(lead):
            context.delete(key)
            return False
        context.put(key, lead)
        return True

    def _written_ms(self, record: Record, context: ProcessorContext) -> int:
        return self._times.written_ms(record.timestamp_ms, context.now_ms)

    def _send(self, survivor_id: str, transfer: LeadTransfer, context: ProcessorContext) -> None:
        context.emit(self._topic, survivor_id.encode(), _encode(transfer), [])
        context.counts["handover", "sent"] += 1


def response_of(message: LeadSalesResponse, record: Record) -> Response:
    """The response of sales, with the record it comes from."""
    return Response(
        at=message["occurred_at"],
        accepted=message["response"] == "accepted",
        reason=message.get("reason"),
        model_id=message.get("qualification_model_id"),
        trigger=Trigger(message["event_id"], LEAD_SALES_RESPONSE.name, record.partition, record.offset),
    )


def place_of(record: Record | None) -> Trigger:
    """Stands for the record of a response in a transfer by an older version, which did not name it."""
    assert record is not None  # transfers are records
    event_id = f"{LEAD_HANDOVERS.name}/{record.partition}/{record.offset}"
    return Trigger(event_id, LEAD_HANDOVERS.name, record.partition, record.offset)


def _lead_id(key: bytes | None) -> str:
    try:
        lead_id = (key or b"").decode()
    except UnicodeDecodeError:
        lead_id = ""
    if not lead_id:
        raise Rejected("the record's key is no lead's id: only workers may write to this topic", "wrong_key")
    return lead_id


def _transfer(value: bytes) -> LeadTransfer:
    try:
        return _decode(value)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Rejected(f"this is no hand-over ({error}): only workers may write to this topic") from None
