"""Merges in any order, and with messages that cross: what a survivor holds does not depend on it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from lead_qualifier.qualification import merging
from lead_qualifier.qualification.decide import decide
from lead_qualifier.qualification.leads import Lead, Mark, Qualification, Score, mark, record_score
from lead_qualifier.qualification.merging import LeadTransfer
from lead_qualifier.qualification.rules import Rules
from tests.support.examples import examples
from tests.unit.qualification.given import minute, model, rules

LEADS = "ABCDE"
#: Qualifies on one score, and only once: whoever gets it twice was let through by a merge.
ONCE = rules(model("once", criteria={"engagement": 50.0}, policy="never"))


@dataclass(frozen=True)
class Scored:
    lead_id: str
    scoring_model: str
    value: float
    at: int


@dataclass(frozen=True)
class Merged:
    loser_id: str
    survivor_id: str
    at: int


@dataclass(frozen=True)
class Erased:
    lead_id: str
    at: int


Event = Scored | Merged | Erased


@dataclass
class World:
    """Leads in places of their own, and what is on its way between them: for each survivor in its order."""

    current: Rules = ONCE
    leads: dict[str, Lead] = field(default_factory=lambda: defaultdict(Lead))
    on_their_way: dict[str, list[LeadTransfer]] = field(default_factory=lambda: defaultdict(list))
    sent: int = 0
    qualified: list[str] = field(default_factory=list)

    def happens(self, event: Event) -> None:
        match event:
            case Scored(lead_id, scoring_model, value, at):
                lead = self.leads[lead_id]
                if not record_score(lead, scoring_model, value, minute(at)):
                    return
                if lead.merged_into is not None:
                    self.send(lead.merged_into, merging.score_of(lead, lead_id, scoring_model, f"s{at}", at))
                for ruled in self.current.naming(scoring_model):
                    decision = decide(lead, ruled, self.current, minute(at))
                    if isinstance(decision, Qualification):
                        mark(lead, decision, f"s{at}")
                        self.qualified.append(lead_id)
            case Merged(loser_id, survivor_id, at):
                lead = self.leads[loser_id]
                if merging.merge(lead, survivor_id, minute(at)):
                    self.send(survivor_id, merging.all_of(lead, loser_id, f"m{at}", at))
            case Erased(lead_id, at):
                self.leads[lead_id] = merging.erased(self.leads[lead_id], at, at_ms=at, until_ms=1_000)

    def send(self, to: str, handover: LeadTransfer | None) -> None:
        if handover is not None:
            self.on_their_way[to].append(handover)
            self.sent += 1
            assert self.sent < 10_000, "it goes round in circles"

    def arrives(self, lead_id: str) -> None:
        """The next hand-over to this lead."""
        handover = self.on_their_way[lead_id].pop(0)
        lead = self.leads[lead_id]
        assert handover.begun_ms is not None
        if merging.is_of_before(lead, handover.begun_ms):
            merging.remember(lead, handover)
        else:
            merging.take_over(lead, handover)
        following = merging.passed_on(lead, lead_id, handover)
        if following is not None:
            assert lead.merged_into is not None
            self.send(lead.merged_into, following)

    def waiting(self) -> list[str]:
        return sorted(lead_id for lead_id, handovers in self.on_their_way.items() if handovers)


@st.composite
def events(draw: st.DrawFn) -> list[Event]:
    """Scores and merges, chains and circles included. No two scores of one scoring model are of equal time."""
    found: list[Event] = []
    for at in range(draw(st.integers(4, 14))):
        lead_id = draw(st.sampled_from(LEADS))
        if draw(st.booleans()):
            name = draw(st.sampled_from(["engagement", "demographic"]))
            found.append(Scored(lead_id, name, draw(st.sampled_from([10.0, 60.0, 90.0])), at))
        else:
            found.append(Merged(lead_id, draw(st.sampled_from(LEADS.replace(lead_id, ""))), at))
    return found


def played(happenings: list[Event], data: st.DataObject, current: Rules = ONCE) -> World:
    """All that happens and all that follows, hand-overs arriving whenever it pleases them."""
    world = World(current)
    for event in happenings:
        world.happens(event)
        some_arrive(world, data)
    while world.waiting():
        world.arrives(data.draw(st.sampled_from(world.waiting())))
    return world


def some_arrive(world: World, data: st.DataObject) -> None:
    while waiting := world.waiting():
        if data.draw(st.booleans()):
            return
        world.arrives(data.draw(st.sampled_from(waiting)))


def follow(world: World, lead_id: str) -> list[str]:
    """The lead and all those into which it was merged, one after the other, until none or a circle."""
    way = [lead_id]
    while (following := world.leads[way[-1]].merged_into) is not None and following not in way:
        way.append(following)
    return way


def shuffled(draw: st.DataObject, happenings: list[Event]) -> list[Event]:
    return draw.draw(st.permutations(happenings))


@given(events(), st.data())
@examples(150)
def test_the_order_of_scores_merges_and_hand_overs_does_not_matter_for_the_scores_held(
    happenings: list[Event], data: st.DataObject
) -> None:
    """With the merges that hold in the end only: one that is overruled may or may not have handed something over."""
    last = {event.loser_id: event for event in happenings if isinstance(event, Merged)}
    happenings = [event for event in happenings if not isinstance(event, Merged) or last[event.loser_id] is event]
    one = played(happenings, data)
    other = played(shuffled(data, happenings), data)
    for lead_id in LEADS:
        assert one.leads[lead_id].merged_into == other.leads[lead_id].merged_into
        assert one.leads[lead_id].scores == other.leads[lead_id].scores


@given(events(), st.data())
@examples(150)
def test_whoever_a_lead_was_merged_into_holds_no_older_score_and_no_less_of_a_mark(
    happenings: list[Event], data: st.DataObject
) -> None:
    world = played(happenings, data)
    for lead_id in LEADS:
        lead = world.leads[lead_id]
        for following in follow(world, lead_id)[1:]:
            survivor = world.leads[following]
            for name, score in lead.scores.items():
                assert survivor.scores[name].at >= score.at
            for name, held in lead.marks.items():
                assert survivor.marks[name].number >= held.number
                assert survivor.marks[name].at >= held.at
                assert held.cleared or not survivor.marks[name].cleared


@given(events(), st.data())
@examples(150)
def test_nobody_qualifies_once_a_mark_has_come_over_and_no_merged_lead_ever(
    happenings: list[Event], data: st.DataObject
) -> None:
    world = World()
    for event in happenings:
        marked = {lead_id for lead_id in LEADS if world.leads[lead_id].marks}
        merged = {lead_id for lead_id in LEADS if world.leads[lead_id].merged_into}
        before = len(world.qualified)
        world.happens(event)
        assert not {*world.qualified[before:]} & (marked | merged)
        some_arrive(world, data)


@given(st.permutations(LEADS), st.data())
@examples(60)
def test_a_chain_of_any_length_and_a_circle_come_to_an_end(leads: list[str], data: st.DataObject) -> None:
    circle = data.draw(st.booleans())
    pairs = list(zip(leads, leads[1:] + leads[:1] if circle else leads[1:], strict=False))
    merges: list[Event] = [Merged(loser, survivor, 20 + n) for n, (loser, survivor) in enumerate(pairs)]
    scores: list[Event] = [Scored(lead_id, "engagement", 10.0 + n, n) for n, lead_id in enumerate(leads)]
    world = played(shuffled(data, [*scores, *merges]), data)
    newest = Score(10.0 + len(leads) - 1, minute(len(leads) - 1))
    assert world.leads[leads[-1]].scores["engagement"] == newest
    if circle:  # each has heard of all
        assert {world.leads[lead_id].scores["engagement"] for lead_id in leads} == {newest}


@given(events(), st.data())
@examples(150)
def test_of_an_erased_lead_nothing_comes_back_from_before_in_any_number_of_steps(
    happenings: list[Event], data: st.DataObject
) -> None:
    at = len(happenings)
    erased = data.draw(st.sampled_from(LEADS))
    world = World()
    for event in happenings:
        world.happens(event)
        some_arrive(world, data)
    world.happens(Erased(erased, at))
    while world.waiting():
        world.arrives(data.draw(st.sampled_from(world.waiting())))
    assert merging.holds_nothing(world.leads[erased])
    assert not merging.forget(world.leads[erased])


@given(st.permutations("ABC"), st.sets(st.sampled_from("ABC"), min_size=1), st.data())
@examples(150)
def test_one_person_qualifies_once_however_the_crm_merges_and_deletes_its_leads(
    leads: list[str], deleted: set[str], data: st.DataObject
) -> None:
    """A chain of three, some of them deleted, in any order; then each of them is scored."""
    first, middle, last = leads
    world = World()
    world.happens(Scored(first, "engagement", 90.0, 0))
    merged = [Merged(first, middle, 1), Merged(middle, last, 2)]
    ends: list[Event] = [*merged, *(Erased(lead_id, 3) for lead_id in sorted(deleted - {last}))]
    for event in data.draw(st.permutations(ends)):
        world.happens(event)
        some_arrive(world, data)
    while world.waiting():
        world.arrives(data.draw(st.sampled_from(world.waiting())))
    for at, lead_id in enumerate([*leads, last], 4):
        world.happens(Scored(lead_id, "engagement", 80.0 + at, at))
    assert world.qualified == [first]


marks = st.builds(
    Mark,
    version=st.integers(1, 3),
    number=st.integers(1, 3),
    at=st.integers(0, 3).map(minute),
    trigger=st.sampled_from("ab"),
    cleared=st.booleans(),
    dropped=st.booleans(),
)


@given(marks, marks, marks)
def test_uniting_marks_depends_on_no_order_and_does_nothing_the_second_time(one: Mark, two: Mark, three: Mark) -> None:
    united = merging.united
    assert united(one, one) == one
    assert united(one, two) == united(two, one)
    assert united(united(one, two), three) == united(one, united(two, three))
