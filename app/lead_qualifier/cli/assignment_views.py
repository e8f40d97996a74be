"""Shows why a lead has its owner, or why it waits: as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from lead_qualifier.assignment.choosing import NO_CAPACITY
from lead_qualifier.assignment.decisions import Decision
from lead_qualifier.assignment.explaining import AssignmentStatus, Explained, RetryTrigger, unconfirmed
from lead_qualifier.assignment.results import AssignmentResult
from lead_qualifier.assignment.state import SELLER, Departed, HeldLead, HeldSeller
from lead_qualifier.cli.screen import moment
from lead_qualifier.client.assignment_lookup import AssignmentLookup
from lead_qualifier.wording.sentences import IN_ENGLISH

#: So many of the newest decisions are shown to people.
_SHOWN = 10


def lines(found: AssignmentLookup, explained: Explained | None) -> Iterator[str]:
    """For people."""
    if explained is None or found.held is None:
        _, why = found.absence
        yield f"{found.lead_id} {IN_ENGLISH.sentence(why)}"
    else:
        yield from _stands(found, found.held, explained)
        if explained.now is not None:
            yield from _waits(found, explained)
        yield from _decided(found, found.held)
    if found.unprocessed:
        yield ""
        yield (
            f"{found.unprocessed:,} records are not processed yet; some may be about this lead "
            "(lead-qualifier downstream assignment decides them)"
        )


def _stands(found: AssignmentLookup, held: HeldLead, explained: Explained) -> Iterator[str]:
    result = _result(explained.result)
    match explained.status:
        case AssignmentStatus.ASSIGNED if held.owner is not None:
            yield f"{found.lead_id}: assigned to {held.owner.kind} {held.owner.id} ({result})"
        case AssignmentStatus.WAITS:
            yield f"{found.lead_id}: waiting, place {explained.place:,} of {explained.waiting:,} ({result})"
        case _:
            yield f"{found.lead_id}: has no owner and is not waiting ({result})"
    yield f"  {IN_ENGLISH.sentence(explained.reason)}"
    if held.definition is not None:
        gone = "" if explained.live else ", which no longer runs"
        yield f"  by {_path(_names(held))}{gone}"
    values = [f"{name} {IN_ENGLISH.value(value)}" for name, value in (*held.own.items(), *held.attributes.items())]
    yield f"  qualified by {held.model_id} at {moment(held.qualified_at)}; {', '.join(values) or 'no other data'}"
    if explained.seller is not None:
        yield f"  it counts against the capacity of {explained.seller.id}: {_taken(explained.seller)}"
    if explained.departed is not None:
        yield f"  {_departed(held, explained.departed)}"
    if (other := unconfirmed(held)) is not None:
        yield f"  the CRM has not confirmed it yet: the last owner it named is {other}"


def _departed(held: HeldLead, how: Departed) -> str:
    word = {"inactive": "is inactive", "left": "has left"}[how]
    if held.owner is None:
        return f"its seller {held.left_by} {word}, so the lead is being reassigned (departed: reassign)"
    return (
        f"seller {held.owner.id} {word}; the lead stays with them until the CRM names another owner or an assignment "
        "with departed: reassign is published"
    )


def _waits(found: AssignmentLookup, explained: Explained) -> Iterator[str]:
    assert explained.now is not None
    yield ""
    if explained.now.owner is not None:
        yield f"next attempt: {explained.now.owner.kind} {explained.now.owner.id} gets it when its turn comes"
    else:
        yield f"an attempt now would give: {_result(explained.now.code)}"
    if considered := _considered_data(explained.now):
        yield f"  {_considered(considered, explained.now.more, found)}"
    yield ""
    yield "another attempt follows when"
    for one in explained.retried_by:
        at = explained.retry_at if one is RetryTrigger.WORK_HOURS_BEGIN else None
        yield f"  {IN_ENGLISH.sentence(one.when)}" + (f": next at {moment(at)}" if at is not None else "")
    if explained.too_old_at is not None:
        too_old = _result(AssignmentResult.OLDER_THAN_TIMEFRAME)
        yield f"no attempt after {moment(explained.too_old_at)}: it is too old then ({too_old})"


def _decided(found: AssignmentLookup, held: HeldLead) -> Iterator[str]:
    yield ""
    yield "decisions, newest last"
    older = len(found.decisions) - _SHOWN
    if older > 0:
        yield f"  {older:,} older decisions (--json shows all)"
    for event in found.decisions[-_SHOWN:]:
        owner = f": {event['owner']['kind']} {event['owner']['id']}" if "owner" in event else ""
        if "owner_departed" in event:
            owner += f" ({event['owner_departed']}; the lead stays)"
        before = f", previously {event['previous_owner_id']}" if "previous_owner_id" in event else ""
        at = moment(datetime.fromisoformat(event["decided_at"]))
        result = _result(AssignmentResult(event["result"]["code"]))
        yield f"  {at} number {event['decision_number']}: {result}{owner}{before}"
        if "assignment_id" in event:
            yield f"    by {_path(event)}"
        if event["considered"]:
            yield f"    {_considered(event['considered'], event.get('considered_more', 0))}"
        trigger = event["trigger"]
        where = f"{trigger['topic']}, partition {trigger['partition']}, offset {trigger['offset']}"
        yield f"    on event {trigger['event_id']} ({where})"
    if not any(event["decision_number"] == held.number for event in found.decisions):
        yield f"  the event of the newest decision, number {held.number}, is no longer kept"


def _result(result: AssignmentResult) -> str:
    return f"result {int(result)}, {result.word}"


def _names(held: HeldLead) -> dict[str, Any]:
    names = {
        "assignment_id": held.definition,
        "assignment_version": held.version,
        "segment": held.segment,
        "rule": held.rule,
    }
    return {name: value for name, value in names.items() if value}


def _path(names: Mapping[str, Any]) -> str:
    steps = [f"{names['assignment_id']} v{names['assignment_version']}"]
    steps += [f"{name} {names[name]}" for name in ("segment", "rule") if name in names]
    return ", ".join(steps)


def _considered(considered: list[dict[str, Any]], more: int, found: AssignmentLookup | None = None) -> str:
    """Sellers by why or why not; with `found` each that has no capacity left with what is taken."""
    by_why: dict[str, list[str]] = {}
    for one in considered:
        seller = None if found is None else found.entries.get(SELLER + one["seller_id"].encode())
        taken = f" ({_taken(seller)})" if isinstance(seller, HeldSeller) and one["why"] == NO_CAPACITY else ""
        by_why.setdefault(one["why"], []).append(one["seller_id"] + taken)
    told = [f"{why} {', '.join(sellers)}" for why, sellers in by_why.items()]
    return "; ".join([*told, *([f"and {more:,} more"] if more else [])])


def _taken(seller: HeldSeller) -> str:
    return f"{seller.assigned} taken" + (f" of {seller.maximum}" if seller.maximum is not None else ", no limit")


def as_data(found: AssignmentLookup, explained: Explained | None) -> dict[str, Any]:
    """For programs; what is absent is not so, or not known."""
    shown: dict[str, Any] = {"lead_id": found.lead_id, "undecided_records": found.unprocessed}
    if explained is None or found.held is None:
        standing, why = found.absence
        return shown | {"standing": standing, "reason": f"{found.lead_id} {IN_ENGLISH.sentence(why)}"}
    held = found.held
    shown |= {
        "standing": explained.status.value,
        "reason": IN_ENGLISH.sentence(explained.reason),
        "result": _result_data(explained.result),
        **_names(held),
        "assignment_runs": explained.live,
        "decision_number": held.number,
        "qualification_model_id": held.model_id,
        "qualified_at": held.qualified_at,
        "fields": held.own,
        "attributes": held.attributes,
    }
    if held.owner is not None:
        shown["owner"] = msgspec.to_builtins(held.owner)
    if explained.departed is not None:
        shown["owner_departed" if held.owner is not None else "previous_owner_departed"] = explained.departed
    if (other := unconfirmed(held)) is not None:
        shown["unconfirmed_crm_names"] = other
    if explained.now is not None:
        shown |= {
            "place": explained.place,
            "waiting": explained.waiting,
            "now": _now_data(explained.now),
            "tried_again_by": [one.value for one in explained.retried_by],
        }
        times = {"work_hours_begin_at": explained.retry_at, "too_old_at": explained.too_old_at}
        shown |= {name: at for name, at in times.items() if at is not None}
    return shown | {"decisions": list(found.decisions)}


def _now_data(now: Decision) -> dict[str, Any]:
    shown: dict[str, Any] = {"result": _result_data(now.code), "considered": _considered_data(now)}
    if now.owner is not None:
        shown["owner"] = msgspec.to_builtins(now.owner)
    return shown | ({"considered_more": now.more} if now.more else {})


def _considered_data(now: Decision) -> list[dict[str, Any]]:
    return [{"seller_id": seller, "why": why} for seller, why in now.considered]


def _result_data(result: AssignmentResult) -> dict[str, Any]:
    return {"code": int(result), "name": result.word}
