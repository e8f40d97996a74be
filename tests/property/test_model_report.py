"""The report on a model equals what a plain count over the same history says, whatever the history is."""

from __future__ import annotations

import math
from collections import Counter
from functools import partial
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from lead_qualifier.client.model_history import CriterionStood, HeldLead, ModelHistory, Standing
from lead_qualifier.client.model_report import Counts, ModelReport, model_report
from lead_qualifier.client.qualification_fates import Step
from tests.support.examples import examples

LEADS = ("a", "b", "c", "d")
OWNED = {"assigned", "assigned_manually"}
STEPS = ("qualified", "assigned", "accepted", "converted")


class Qualified(NamedTuple):
    lead: str
    version: int
    number: int
    score: int | None
    occurred: int
    written: int
    fast: bool
    known: int


class Decided(NamedTuple):
    lead: str
    at: int
    result: str


class Answered(NamedTuple):
    lead: str
    at: int
    accepted: bool
    reason: str | None


class Held(NamedTuple):
    standing: Standing
    changed: int
    number: int
    merged_into: str | None
    erased_at: int | None


class History(NamedTuple):
    qualified: list[Qualified]
    held: dict[str, Held]
    decided: list[Decided]
    answered: list[Answered]
    recycled: list[tuple[str, int]]


Place = tuple[int, int, int]
"""Of a qualification, when it was written, when it occurred, and its index."""

moments = st.integers(0, 30)
leads = st.sampled_from(LEADS)


@st.composite
def histories(draw: st.DrawFn) -> History:
    held = {}
    for index, lead in enumerate(LEADS):
        later = LEADS[index + 1 :]  # so that merges form no circle
        if draw(st.integers(0, 5)):
            held[lead] = Held(
                draw(st.sampled_from(Standing)),
                draw(moments),
                draw(st.integers(0, 3)),
                draw(st.sampled_from([None, *later])),
                draw(st.sampled_from([None, None, 5])),
            )
    return History(
        draw(
            st.lists(
                st.builds(
                    Qualified,
                    leads,
                    st.integers(1, 3),
                    st.integers(1, 3),
                    st.sampled_from([None, 70, 74, 75, 90]),
                    moments,
                    moments,
                    st.booleans(),
                    st.integers(-1, 9),
                ),
                max_size=6,
            )
        ),
        held,
        draw(
            st.lists(
                st.builds(Decided, leads, moments, st.sampled_from(["assigned", "assigned_manually", "no_capacity"])),
                max_size=6,
                unique_by=lambda one: one.at,
            )
        ),
        draw(
            st.lists(
                st.builds(Answered, leads, moments, st.booleans(), st.sampled_from([None, "budget", "spam"])),
                max_size=6,
            )
        ),
        draw(st.lists(st.tuples(leads, moments), max_size=3)),
    )


def filled(told: History) -> ModelHistory:
    history = ModelHistory()
    for one in told.qualified:
        history.qualified(
            one.lead.encode(),
            one.version,
            one.number,
            [CriterionStood("engagement", 70, one.score)],
            occurred=one.occurred,
            written=one.written,
            fast_track=one.fast,
            known_until=one.known,
        )
    done: set[bytes] = set()
    while missing := history.leads.keys() - done:
        for key in sorted(missing):
            if (held := told.held.get(key.decode())) is not None:
                into = None if held.merged_into is None else held.merged_into.encode()
                history.holds(key, HeldLead(held.standing, held.changed, held.number, into, held.erased_at))
        done |= missing
    for decided in told.decided:
        if decided.lead.encode() in history.leads:
            history.decided(decided.lead.encode(), decided.at, decided.result)
    for answer in told.answered:
        if answer.lead.encode() in history.leads:
            history.answered(answer.lead.encode(), answer.at, accepted=answer.accepted, reason=answer.reason)
    for lead, at in told.recycled:
        if lead.encode() in history.leads:
            history.recycled(lead.encode(), at)
    return history


def followed(told: History) -> set[str]:
    """The leads that qualified, and those that they were merged into."""
    found = {one.lead for one in told.qualified}
    while (
        more := {into for one in found if one in told.held and (into := told.held[one].merged_into) is not None} - found
    ):
        found |= more
    return found


def survivor(told: History, lead: str) -> str:
    held = told.held.get(lead)
    return lead if held is None or held.merged_into is None else survivor(told, held.merged_into)


def erased(told: History, one: Qualified) -> bool:
    last = told.held.get(survivor(told, one.lead))
    if last is None or last.standing is Standing.ERASED:
        return True
    if survivor(told, one.lead) != one.lead:
        return False
    return one.number > last.number or (last.erased_at is not None and one.known <= last.erased_at)


def is_about(told: History, own: Place, same: list[Place], at: int) -> bool:
    """Whether what happened then is about this one of the qualifications of a lead."""
    earlier = [other for other in same if told.qualified[other[2]].occurred < at]
    return bool(earlier) and max(earlier, key=lambda other: (told.qualified[other[2]].occurred, other)) == own


def foretold(told: History, since: int, answers_from: int) -> list[dict[str, Any]]:
    """What became of each qualification, looked up for each on its own."""
    found = []
    ours = followed(told)
    told = told._replace(
        decided=[one for one in told.decided if one.lead in ours],
        answered=[one for one in told.answered if one.lead in ours],
        recycled=[(lead, at) for lead, at in told.recycled if lead in ours],
    )
    for index, one in enumerate(told.qualified):
        if one.written < since:
            continue
        fate: dict[str, Any] = {"one": one, "lead": survivor(told, one.lead), "erased": erased(told, one)}
        found.append(fate)
        if fate["erased"]:
            continue
        lead = fate["lead"]
        same = [
            (other.written, other.occurred, number)
            for number, other in enumerate(told.qualified)
            if survivor(told, other.lead) == lead and not erased(told, other)
        ]
        own = (one.written, one.occurred, index)
        following = [other for other in same if other > own]
        any_erased = any(survivor(told, other.lead) == lead and erased(told, other) for other in told.qualified)
        begun = min(same)[0] if any_erased else -math.inf
        end = min(following)[0] if following else math.inf
        decisions = sorted(
            (event.at, event.result)
            for event in told.decided
            if survivor(told, event.lead) == lead and begun <= event.at < end
        )
        fate["result"] = decisions[-1][1] if decisions else None

        is_mine = partial(is_about, told, own, same)
        answers = [
            (event.at, number, event)
            for number, event in enumerate(told.answered)
            if survivor(told, event.lead) == lead and is_mine(event.at)
        ]
        answer = max(answers)[2] if answers else None
        fate["answer"] = answer
        fate["recycled"] = any(survivor(told, other) == lead and is_mine(at) for other, at in told.recycled)
        standing = Standing.OPEN if following else told.held[lead].standing
        fate["standing"] = standing
        if answer is None:
            fate["unanswered"] = (
                "requalified"
                if following
                else "closed"
                if standing is not Standing.OPEN
                else "waiting"
                if one.written >= answers_from
                else "unknown"
            )
        fate["times"] = {
            "qualified": one.written,
            "assigned": next((at for at, result in decisions if result in OWNED and at >= one.written), None),
            "accepted": answer.at if answer is not None and answer.accepted else None,
            "converted": told.held[lead].changed if standing is Standing.CONVERTED else None,
        }
    return found


def counted(fates: list[dict[str, Any]]) -> Counts:
    kept = [fate for fate in fates if not fate["erased"]]
    answers = [fate["answer"] for fate in kept if fate["answer"] is not None]
    why = Counter(fate.get("unanswered") for fate in kept)
    return Counts(
        qualified=len(fates),
        results=Counter(fate["result"] for fate in kept if fate["result"] is not None),
        accepted=sum(answer.accepted for answer in answers),
        rejected=Counter(answer.reason for answer in answers if not answer.accepted),
        recycled=sum(fate["recycled"] for fate in kept),
        waiting=why["waiting"],
        requalified=why["requalified"],
        closed=why["closed"],
        unknown=why["unknown"],
        converted=sum(fate["standing"] is Standing.CONVERTED for fate in kept),
        lost=sum(fate["standing"] is Standing.LOST for fate in kept),
        erased=len(fates) - len(kept),
    )


def lengths(fates: list[dict[str, Any]], step: Step) -> list[int]:
    begin, end = step.value.split("_to_")
    times = [fate["times"] for fate in fates if not fate["erased"]]
    pairs = [(one[begin], one[end]) for one in times if one[begin] is not None and one[end] is not None]
    return sorted(until - since for since, until in pairs if until >= since)


def check_durations(report: ModelReport, fates: list[dict[str, Any]]) -> None:
    for step in Step:
        expected = lengths(fates, step)
        found = report.durations.get(step)
        assert (found is None) == (not expected)
        if found is not None:
            assert found.count == len(expected)
            # at least half of them are at most the median, and at least half not below it
            assert sum(one / 1e6 <= found.median for one in expected) * 2 >= len(expected)
            assert sum(one / 1e6 < found.median for one in expected) * 2 < len(expected)
            assert sum(one / 1e6 <= found.p90 for one in expected) * 10 >= len(expected) * 9
            assert sum(one / 1e6 < found.p90 for one in expected) * 10 < len(expected) * 9


@given(histories(), st.sampled_from([0, 0, 10]), st.sampled_from([0, 15]))
@examples(600)
def test_a_report_is_what_a_plain_count_says(told: History, since: int, answers_from: int) -> None:
    report = model_report(filled(told), since=since, answers_from=answers_from)
    fates = foretold(told, since, answers_from)
    assert report.total == counted(fates)
    assert report.leads == len({fate["lead"] for fate in fates})
    assert [(one.version, one.counts) for one in report.versions] == [
        (version, counted([fate for fate in fates if fate["one"].version == version]))
        for version in sorted({fate["one"].version for fate in fates})
    ]
    assert report.fast_track == counted([fate for fate in fates if fate["one"].fast])
    scored = [fate for fate in fates if not fate["one"].fast]
    for score in report.scores:
        assert score.without == counted([fate for fate in scored if fate["one"].score is None])
        assert sum(counts.qualified for _, counts in score.bands) + score.without.qualified == len(scored)
        for band, counts in score.bands:
            assert counts == counted(
                [
                    fate
                    for fate in scored
                    if (value := fate["one"].score) is not None
                    and (band.start is None or band.start <= value)
                    and (band.below is None or value < band.below)
                ]
            )
    check_durations(report, fates)
    total = report.total
    unanswered = total.waiting + total.requalified + total.closed + total.unknown
    assert total.qualified == total.erased + total.accepted + total.rejected.total() + unanswered
