"""How many leads a model would have qualified on each day, replayed from the scores that are still on their topic.

Earlier states of leads are not stored. Each lead counts as open and never qualified when the history begins; one that
is closed or merged now counts as that from the CRM's last update, and attributes count as they are now. A stored score
whose event has expired counts as there from the beginning. Erased leads are left out. Holds run and scores expire by
the time of the events, where workers go by the clock. Only scores evaluate a lead: nobody enters an audience or takes a
fast track.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import groupby

from lead_qualifier.client.preview import as_if_live
from lead_qualifier.messages.decode import ChangedScore
from lead_qualifier.qualification.decide import Outcome, end_hold, evaluate
from lead_qualifier.qualification.lead_fields import OPEN, QUALIFIED
from lead_qualifier.qualification.leads import Lead, Qualification, Score, Trigger, record_score
from lead_qualifier.qualification.models import QualificationModel
from lead_qualifier.qualification.rules import Rules
from lead_qualifier.qualification.utc import from_microseconds, to_microseconds

#: Well within what Python's time can hold: scores may be dated at its ends, in any zone, and a hold comes on top.
_FIRST, _LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
_TRIGGER = Trigger("replay", "lead-score-changed", 0, 0)


class DayByDay:
    """Takes scores in the order of their topic, then replays them lead by lead as the worker would.

    `now`: where the replay ends. `leads`: the stored state of each, by key; `decode` reads one.
    """

    def __init__(
        self,
        definition: QualificationModel,
        rules: Rules,
        now: datetime,
        leads: Mapping[bytes, bytes],
        decode: Callable[[bytes], Lead],
    ) -> None:
        self._model, self._rules = as_if_live(definition, rules)
        self._now = now
        self._leads = leads
        self._decode = decode
        self._names = self._model.scoring_models
        self._name_numbers = {name: number for number, name in enumerate(self._names)}
        self._keys: dict[bytes, int] = {}
        self._grade_numbers: dict[str | None, int] = {}
        # Columns: 30 bytes an event instead of an object of ten times that.
        self._of, self._scoring, self._values, self._times = array("L"), array("H"), array("d"), array("q")
        self._grades = array("L")

    @property
    def events(self) -> int:
        """How many scores of the model's scoring models there were."""
        return len(self._of)

    def add(self, key: bytes, score: ChangedScore) -> None:
        """Take a score of the lead `key`, unless the model does not use it or the lead is not known."""
        name = self._name_numbers.get(score.scoring_model_id)
        if name is None or key not in self._leads:
            return
        self._of.append(self._keys.setdefault(key, len(self._keys)))
        self._scoring.append(name)
        self._values.append(score.score)
        self._times.append(to_microseconds(min(max(score.occurred_at, _FIRST), _LAST)))
        self._grades.append(self._grade_numbers.setdefault(score.grade, len(self._grade_numbers)))

    def result(self) -> Counter[date]:
        """How many leads would have qualified, by the UTC day of the event that would have triggered it."""
        days: Counter[date] = Counter()
        of, keys = self._of, tuple(self._keys)
        in_order = sorted(range(len(of)), key=of.__getitem__)  # stable: of one lead in the order of the topic
        for lead, events in groupby(in_order, key=of.__getitem__):
            self._replay(self._decode(self._leads[keys[lead]]), list(events), days)
        return days

    def _replay(self, held: Lead, events: Sequence[int], days: Counter[date]) -> None:
        scoring, values, times, grades = self._scoring, self._values, self._times, tuple(self._grade_numbers)
        seen = {self._names[scoring[event]] for event in events}
        before = {name: score for name, score in held.scores.items() if name not in seen}
        lead = Lead(
            known=held.known,
            owner_id=held.owner_id,
            contact_id=held.contact_id,
            attributes=held.attributes,
            scores=before,
        )
        earlier: Counter[date] = Counter()  # what these scores would trigger lies before the history
        self._evaluate(lead, _FIRST, earlier)
        self._end_hold(lead, _LAST, earlier)
        closed = held.status != OPEN or held.status_reason == QUALIFIED
        for event in events:
            at = from_microseconds(times[event])
            if closed and held.changed_at is not None and at >= held.changed_at:
                lead.status, lead.status_reason = held.status, held.status_reason
            if held.merged_at is not None and at >= held.merged_at:
                lead.merged_into = held.merged_into
            self._end_hold(lead, at, days)
            before = lead.scores.copy()
            if record_score(lead, self._names[scoring[event]], values[event], at, grades[self._grades[event]]):
                self._evaluate(lead, at, days, before)
        self._end_hold(lead, self._now, days)

    def _evaluate(
        self, lead: Lead, at: datetime, days: Counter[date], before: Mapping[str, Score] | None = None
    ) -> None:
        now_ms = to_microseconds(at) / 1000
        outcome = evaluate(
            lead, self._model, self._rules, at, now_ms=now_ms, origin="live", trigger=_TRIGGER, before=before
        )
        _count(outcome, at, days)

    def _end_hold(self, lead: Lead, now: datetime, days: Counter[date]) -> None:
        hold = lead.holds.get(self._model.id)
        if hold is not None and hold.due <= now:
            _count(end_hold(lead, self._model.id, self._rules, hold.due), hold.due, days)


def _count(outcome: Outcome | Qualification | None, at: datetime, days: Counter[date]) -> None:
    if isinstance(outcome, Qualification):
        days[at.date()] += 1
