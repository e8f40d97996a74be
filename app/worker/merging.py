"""Merges and hand-overs as records: what a merged lead hands over, what its survivor takes, what an erase undoes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from app.contracts.decode import decode_lead_merged
from app.contracts.plausible_time import PlausibleTime
from app.contracts.topics import LEAD_HANDOVERS
from app.engine import Record, Rejected, Unit
from app.qualification import merging
from app.qualification.holds import follow_scores
from app.qualification.implausible import forget_implausible_times, plausible_handover
from app.qualification.leads import Lead
from app.qualification.merging import Handover
from app.qualification.rules import Rules

#: Header of a hand-over without value: which record of lead-changed erased the lead, by its offset.
ERASURE = "erasure"

_encode: Callable[[Handover], bytes] = msgspec.json.Encoder().encode
_decode: Callable[[bytes], Handover] = msgspec.json.Decoder(Handover).decode


class Merging:
    """Part of the decider of leads. Counted per cycle: ("lead_merged", result) and ("handover", result)."""

    def __init__(self, *, topic_prefix: str, times: PlausibleTime) -> None:
        self._times = times
        self._topic = LEAD_HANDOVERS.full_name(topic_prefix)

    def merge(self, record: Record, unit: Unit) -> None:
        """Decide a lead-merged, where the loser is held. Raises BadMessage."""
        message = decode_lead_merged(record.key, record.value, record.headers)
        self._times.check(message.occurred_at, record.timestamp, unit.now_ms)
        key = message.lead_id.encode()
        lead = unit.get(key) or Lead()
        forget_implausible_times(lead, self._times.latest(unit.now_ms))
        repeated = merging.is_repeated(lead, message.survivor_id, message.occurred_at)
        if not merging.merge(lead, message.survivor_id, message.occurred_at):
            unit.counts["lead_merged", "stale"] += 1
            return
        unit.put(key, lead)
        unit.counts["lead_merged", "applied"] += 1
        # Marks that went over a second time would close again what the CRM has re-opened at the survivor since.
        handover = None if repeated else merging.all_of(lead, message.lead_id, message.event_id)
        if handover is not None:
            self._send(message.survivor_id, handover, unit)

    def scored(self, lead: Lead, lead_id: str, scoring_model_id: str, event_id: str, unit: Unit) -> None:
        """A merged lead got a score that is not stale: it goes over, too."""
        assert lead.merged_into is not None
        self._send(lead.merged_into, merging.score_of(lead, lead_id, scoring_model_id, event_id), unit)

    def take_over(self, record: Record, unit: Unit, rules: Rules) -> None:
        """Decide a record of lead-handovers, where the survivor is held. Raises Rejected for what is none of ours."""
        key = record.key
        lead_id = _lead_id(key)
        assert key is not None
        lead = unit.get(key) or Lead()
        if record.value is None:
            self._erasure_has_come(lead, key, record, unit)
            return
        handover = _handover(record.value)
        latest = self._times.latest(unit.now_ms)
        handover = plausible_handover(handover, latest)
        forget_implausible_times(lead, latest)
        if merging.is_erased(lead):
            unit.counts["handover", "dropped"] += 1
            return
        concerned = {one.id: one for name in merging.take_over(lead, handover) for one in rules.naming(name)}
        # A mark may come to scores that are below the criteria already.
        concerned |= {model_id: rules.models[model_id] for model_id in handover.marks if model_id in rules.models}
        for model in concerned.values():
            if model.remembers:
                follow_scores(lead, model, rules)
        unit.put(key, lead)
        unit.counts["handover", "taken_over"] += 1
        following = merging.passed_on(lead, lead_id, handover)
        if following is not None:
            assert lead.merged_into is not None
            self._send(lead.merged_into, following, unit)

    def erase(self, key: bytes, record: Record, unit: Unit) -> None:
        """Erase a lead. Hand-overs to it that were written before may yet be read: they are dropped until what is
        written now, behind them, has come.
        """
        unit.holds(key)  # refuses a key that does not belong here; erased even if what is stored cannot be read
        unit.put(key, merging.erased(record.offset))
        unit.emit(self._topic, key, None, [(ERASURE, str(record.offset).encode())])

    def _erasure_has_come(self, lead: Lead, key: bytes, record: Record, unit: Unit) -> None:
        erasure = erasure_of(record.headers)
        if erasure is None or not merging.erasure_is_over(lead, erasure):
            return  # erased again since, or none of ours
        if merging.holds_nothing(lead):
            unit.delete(key)
        else:
            unit.put(key, lead)

    def _send(self, survivor_id: str, handover: Handover, unit: Unit) -> None:
        unit.emit(self._topic, survivor_id.encode(), _encode(handover), [])
        unit.counts["handover", "sent"] += 1


def erasure_of(headers: Any) -> int | None:
    """Offset in lead-changed of the record whose erasure a hand-over without value ends. None: it does not say."""
    offsets = [content for name, content in headers or () if name == ERASURE]
    return int(offsets[-1]) if offsets and offsets[-1] is not None and offsets[-1].isdigit() else None


def _lead_id(key: bytes | None) -> str:
    try:
        lead_id = (key or b"").decode()
    except UnicodeDecodeError:
        lead_id = ""
    if not lead_id:
        raise Rejected("the record's key is no lead's id: only workers may write to this topic")
    return lead_id


def _handover(value: bytes) -> Handover:
    try:
        return _decode(value)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Rejected(f"this is no hand-over ({error}): only workers may write to this topic") from None
