"""Runs a preview over the topics of an installation. It only reads, and without a consumer group."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum

from lead_qualifier.client.decoding import decode_or_none
from lead_qualifier.client.leads import decode_lead, read_all
from lead_qualifier.client.preview import Preview, Previewer, as_if_live
from lead_qualifier.client.preview_by_day import DayByDay
from lead_qualifier.client.what_if import Thresholds
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.kafka.records import bad_header_name
from lead_qualifier.messages.decode import decode_score
from lead_qualifier.messages.errors import BadMessage
from lead_qualifier.messages.plausible_time import DEFAULT_TOLERANCE, PlausibleTime, has_time
from lead_qualifier.messages.topics import LEAD_SCORE_CHANGED
from lead_qualifier.qualification.leads import forget_implausible_times
from lead_qualifier.qualification.merging import holds_nothing, is_erased
from lead_qualifier.qualification.models import QualificationModel
from lead_qualifier.qualification.rules import RuledModel, Rules
from lead_qualifier.qualification.utc import from_milliseconds, to_milliseconds

_REPORT_EVERY = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Qualifications per day. `since`: the time of the oldest record on the topic; None if it is empty."""

    since: datetime | None
    each: tuple[tuple[date, int | None], ...]
    """Every day asked for, and how many leads would have qualified.

    None if the topic holds nothing from that day, and no later record is dated back to it.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Previewed:
    """A preview, and what it leaves out.

    `model`: as publishing would make it; `not_live`: the scoring models that it names and that are not live.
    `unprocessed`: input records not processed by any worker yet. `unreadable`: leads whose stored state cannot be read.
    """

    at: datetime
    model: RuledModel
    not_live: tuple[str, ...]
    lead_management: bool
    near: float
    preview: Preview
    days: Days | None
    unprocessed: int
    unreadable: int


def preview(
    connection: Connection,
    definition: QualificationModel,
    rules: Rules,
    *,
    topic_prefix: str,
    state_prefix: str,
    near: float,
    sample: int,
    days: int,
    what_if: Thresholds,
    progress: Callable[[str], None],
    time_tolerance: timedelta = DEFAULT_TOLERANCE,
) -> Previewed:
    """What the model would do now, with other thresholds (`what_if`), and in the last `days` days (0: no history).

    `progress` gets lines that say how far it is. Raises NoSuchCriterion, TopicMissing, ReadIncomplete,
    UnreadableState, NotAllowed, KafkaException.
    """
    at = datetime.now(UTC)
    previewer = Previewer(definition, rules, at, near=near, sample=sample, what_if=what_if)
    reader = TopicReader(connection)
    stored, unprocessed = read_all(reader, topic_prefix=topic_prefix, state_prefix=state_prefix, progress=progress)
    leads = stored.values
    times = PlausibleTime(time_tolerance)
    latest = times.latest(to_milliseconds(at))
    unreadable, erased = [], []
    for number, (key, value) in enumerate(leads.items()):
        if not number % _REPORT_EVERY:
            progress(f"{number:,} of {len(leads):,} leads evaluated")
        match add_stored(previewer, key, value, latest):
            case StoredAs.ERASED:
                erased.append(key)
            case StoredAs.UNREADABLE:
                unreadable.append(key)
    for key in (*unreadable, *erased):
        del leads[key]
    model, then = as_if_live(definition, rules)
    replay = DayByDay(definition, rules, at, leads, decode_lead)
    return Previewed(
        at=at,
        model=model,
        not_live=then.degraded(model),
        lead_management=rules.lead_management,
        near=near,
        preview=previewer.result(),
        days=_days(reader, replay, topic_prefix, at, days, progress, times) if days else None,
        unprocessed=unprocessed,
        unreadable=len(unreadable),
    )


class StoredAs(Enum):
    """What is stored about a lead."""

    HELD = "held"
    ERASED = "erased"
    UNREADABLE = "unreadable"


def add_stored(previewer: Previewer, key: bytes, value: bytes, latest: datetime) -> StoredAs:
    """Count a lead as `lead-state` has it, if it is held. `latest`: later times are taken for unknown."""
    lead = decode_or_none(decode_lead, value)
    if lead is not None and not holds_nothing(lead):
        forget_implausible_times(lead, latest)
        previewer.add(key, lead)
        return StoredAs.HELD
    # Any JSON object reads as a lead, since what is unknown is ignored.
    return StoredAs.ERASED if lead is not None and is_erased(lead) else StoredAs.UNREADABLE


def _days(  # noqa: PLR0917  each is independent
    reader: TopicReader,
    replay: DayByDay,
    prefix: str,
    now: datetime,
    days: int,
    progress: Callable[[str], None],
    times: PlausibleTime,
) -> Days:
    oldest: int | None = None
    for number, record in enumerate(reader.read_topic(LEAD_SCORE_CHANGED.full_name(prefix))):
        if not number % _REPORT_EVERY:
            progress(f"{number:,} scores read")
        at = record.timestamp_ms
        if has_time(at) and (oldest is None or at < oldest):
            oldest = at
        key, headers = record.key, record.headers
        if headers and bad_header_name(headers) is not None:
            continue  # a dead letter for the worker
        try:
            score = decode_score(key, record.value, headers)
            times.check(score.occurred_at, at, to_milliseconds(now))
        except BadMessage:
            continue  # likewise
        assert key is not None  # else it is no score
        replay.add(key, score)
    progress("replaying the days")
    since = None if oldest is None else from_milliseconds(oldest)
    qualified = replay.result()
    asked = [now.date() - timedelta(days=back) for back in reversed(range(days))]
    known = {day for day in asked if qualified[day] or (since is not None and day >= since.date())}
    return Days(since=since, each=tuple((day, qualified[day] if day in known else None) for day in asked))
