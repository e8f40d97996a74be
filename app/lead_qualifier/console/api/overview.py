"""The overview: what is live, what qualifies, and what is wrong."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from lead_qualifier.client.rulebook import Rulebook
from lead_qualifier.console.api.forms import sentence
from lead_qualifier.console.api.health import health_of
from lead_qualifier.console.api.overview_forms import LiveModel, Overview, Qualification, QualifiedByModel, Week
from lead_qualifier.console.api.qualifications import model_name, qualifications_of
from lead_qualifier.console.read_model.dead_letters import DeadLetterReader
from lead_qualifier.console.read_model.qualification_reader import (
    HeldQualification,
    QualificationReader,
    QualifiedOnDay,
    day_of,
)
from lead_qualifier.console.read_model.rule_entries import RulesReader
from lead_qualifier.console.read_model.standing import Standing
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.qualification.utc import to_milliseconds
from lead_qualifier.wording.sentences import Wording

WEEKS = 12
NEWEST = 10
#: For how long what was read serves everybody who asks.
_FRESH_SECONDS = 1.0
#: The time between two announcements, so that they can be heard to their end.
_ANNOUNCE_SECONDS = 15.0
_NEW = timedelta(days=1)
_MOST_DEAD_LETTERS = 1000
_FIRST_MONDAY = date(1969, 12, 29)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What the projection says at one moment, in no language."""

    at: datetime
    rulebook: Rulebook
    daily: tuple[QualifiedOnDay, ...]
    complete_from: datetime | None
    """Earlier qualifications may be missing. None: nothing is missing."""
    newest: tuple[HeldQualification, ...]
    announced: HeldQualification | None
    """The one of the newest that is announced to people who do not see the page: seldom another one."""
    new_dead_letters: int
    """Those of the last 24 hours, counted up to `_MOST_DEAD_LETTERS`."""
    standing: Standing


class Overviews:
    """What API and pages ask for an overview. However many ask, the projection is read once a second at most."""

    def __init__(
        self,
        rules: RulesReader,
        qualifications: QualificationReader,
        dead_letters: DeadLetterReader,
        standing: Callable[[], Standing],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._rules = rules
        self._qualifications = qualifications
        self._dead_letters = dead_letters
        self._standing = standing
        self._clock = clock
        self._looking = threading.Lock()
        self._looked: Looked | None = None
        self._looked_at = self._announced_at = -math.inf

    def show(self, wording: Wording) -> Overview:
        """The overview as it is now."""
        return overview_of(self.look(), wording)

    def look(self, *, again: bool = False) -> Looked:
        """What the projection says now. `again`: at this moment, rather than a second ago."""
        with self._looking:
            begun = time.monotonic()
            if again or self._looked is None or begun >= self._looked_at + _FRESH_SECONDS:
                now = self._clock()
                newest = tuple(self._qualifications.newest(limit=NEWEST))
                self._looked = Looked(
                    at=now,
                    rulebook=self._rules.rulebook(),
                    daily=tuple(self._qualifications.daily(_first_day(_week_of(day_of(now)) - WEEKS + 1))),
                    complete_from=self._qualifications.complete_from(),
                    newest=newest,
                    announced=self._announce(newest, begun),
                    new_dead_letters=self._dead_letters.count_since(
                        to_milliseconds(now - _NEW), most=_MOST_DEAD_LETTERS
                    ),
                    standing=self._standing(),
                )
                self._looked_at = begun
            return self._looked

    @property
    def owes_announcement(self) -> bool:
        """Whether the newest qualification is not announced yet, and may be now."""
        looked = self._looked
        if looked is None or looked.announced == next(iter(looked.newest), None):
            return False
        return time.monotonic() >= self._announced_at + _ANNOUNCE_SECONDS

    def _announce(self, newest: Sequence[HeldQualification], now: float) -> HeldQualification | None:
        if not newest:
            return None
        if self._looked is None:
            return newest[0]  # of a page that is opened, nothing is announced
        announced = self._looked.announced
        if announced == newest[0] or (announced in newest and now < self._announced_at + _ANNOUNCE_SECONDS):
            return announced
        self._announced_at = now
        return newest[0]


def announced_of(looked: Looked, wording: Wording) -> Qualification | None:
    """The qualification that is announced."""
    found = () if looked.announced is None else (looked.announced,)
    return next(qualifications_of(found, looked.rulebook, wording), None)


def overview_of(looked: Looked, wording: Wording) -> Overview:
    """It in the words of a language."""
    today = day_of(looked.at)
    week = _week_of(today)
    by_day = {(one.day, one.model_id): one.count for one in looked.daily}
    by_week: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for one in looked.daily:
        by_week[_week_of(one.day)][one.model_id] += one.count
    return Overview(
        at=looked.at,
        lead_management=looked.rulebook.lead_management,
        models=[
            LiveModel(
                qualification_model_id=one.id,
                name=model_name(looked.rulebook, one.id),
                version=one.version,
                published_at=one.published_at,
                degraded=list(looked.rulebook.rules.degraded(one)),
                qualified_today=by_day.get((today, one.id), 0),
                qualified_this_week=by_week[week][one.id],
            )
            for one in looked.rulebook.rules.models.values()
            if one.live
        ],
        qualified_today=sum(count for (day, _), count in by_day.items() if day == today),
        complete_from=looked.complete_from,
        weeks=[_week(number, by_week[number], looked) for number in range(week - WEEKS + 1, week + 1)],
        newest=list(qualifications_of(looked.newest, looked.rulebook, wording)),
        warnings=[sentence(finding, wording) for finding in _warnings(looked)],
        health=health_of(looked.standing),
    )


def _warnings(looked: Looked) -> Iterator[Finding]:
    rulebook, rules = looked.rulebook, looked.rulebook.rules
    live = [one for one in rules.models.values() if one.live]
    if not rules.lead_management:
        yield Finding("lead_management_is_off")
    elif not live:
        yield Finding("no_live_model")
    for one in live:
        if lacking := rules.degraded(one):
            yield Finding("model_degraded", model=model_name(rulebook, one.id), scoring_models=lacking)
    if looked.new_dead_letters >= _MOST_DEAD_LETTERS:
        yield Finding("many_dead_letters", count=_MOST_DEAD_LETTERS)
    elif looked.new_dead_letters:
        yield Finding("new_dead_letters", count=looked.new_dead_letters)


def _week(number: int, counts: Mapping[str, int], looked: Looked) -> Week:
    monday, begun = _FIRST_MONDAY + timedelta(weeks=number), looked.complete_from
    return Week(
        monday=monday,
        complete=begun is None or begun <= datetime.combine(monday, datetime.min.time(), UTC),
        qualified=sum(counts.values()),
        models=[
            QualifiedByModel(qualification_model_id=one, name=model_name(looked.rulebook, one), qualified=count)
            for one, count in sorted(counts.items())
        ],
    )


def _week_of(day: int) -> int:
    """The number of the day's week. Weeks begin on Monday; 1970 began on a Thursday."""
    return (day + 3) // 7


def _first_day(week: int) -> int:
    return week * 7 - 3
