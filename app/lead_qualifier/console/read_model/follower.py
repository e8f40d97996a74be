"""Reads the topics and keeps the projection up to date, in a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import structlog
from confluent_kafka import KafkaException
from sqlalchemy.exc import SQLAlchemyError

from lead_qualifier.client.errors import ClientError
from lead_qualifier.console.read_model.database import UnusableDatabase, failure
from lead_qualifier.console.read_model.processes import UsedOtherwise
from lead_qualifier.console.read_model.projection import Overtaken, Projection
from lead_qualifier.console.read_model.projectors import ProjectedTopics
from lead_qualifier.console.read_model.rebuilding import lost_records, reason_to_rebuild, recreated_topics
from lead_qualifier.console.read_model.standing import Phase, Standing
from lead_qualifier.kafka.acls import Grant, check_rights
from lead_qualifier.kafka.admin import Admin
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import KafkaClientError, NotAllowed, TopicMissing
from lead_qualifier.kafka.reader import PartitionTail
from lead_qualifier.kafka.records import PartitionId, Record
from lead_qualifier.messages.plausible_time import has_time
from lead_qualifier.messages.topics import LEAD_STATE
from lead_qualifier.wording.on_pages import IN_ENGLISH_ON_PAGES

log = structlog.get_logger(__name__)

_POLL_SECONDS = 0.2
_CHECK_SECONDS = 2.0
_RETRY_SECONDS = 2.0
#: How often it looks for topics that were missing, and remembers that it has caught up.
_REMEMBER_SECONDS = 30.0
#: How often it lets other processes see that it is there.
_STAY_SECONDS = 10.0
_ANSWER_SECONDS = 10.0
_DELETE_RETENTION = "delete.retention.ms"


class Follower:
    """Follows the topics until it is stopped. While Kafka or the database is away, it says so and tries again."""

    def __init__(
        self,
        connection: Connection,
        topics: ProjectedTopics,
        projection: Projection,
        *,
        rights: Sequence[Grant] = (),
    ) -> None:
        """`rights`: what it needs, to name what is missing."""
        self._connection = connection
        self._rights = tuple(rights)
        self._topics = topics
        self._projection = projection
        self._admin = Admin(connection.confluent(), timeout=_ANSWER_SECONDS)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="projection", daemon=True)
        self._standing = Standing()
        # There is always something new where much happens: it has caught up when it is where these ends were.
        self._goal: Mapping[PartitionId, int] = {}
        self._goal_ms = self._remembered_ms = self._stayed_ms = 0

    @property
    def standing(self) -> Standing:
        """How the projection stands now."""
        if not self._thread.is_alive() and not self._stop.is_set() and self._standing.problem is None:
            return replace(self._standing, problem="the projection has stopped: restart the console")
        return self._standing

    @property
    def is_running(self) -> bool:
        """Whether it follows, or tries to."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the transaction that is going on."""
        self._stop.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        self._keep_following()
        try:
            self._projection.leave()
        except SQLAlchemyError as error:
            log.info("projection_not_left", reason=failure(error))  # others wait for a minute

    def _keep_following(self) -> None:
        while not self._stop.is_set():
            try:
                self._follow()
            except Overtaken:
                log.info("projection_overtaken")
            except UnusableDatabase as error:
                self._standing = replace(self._standing, problem=str(error))
                log.error("projection_refused", reason=str(error))
                return
            except UsedOtherwise as error:
                self._fail(str(error), database_away=False)
            except (KafkaException, KafkaClientError, ClientError) as error:
                self._fail(_in_words(self._missing_rights(error) or error), database_away=self._database_is_away())
            except SQLAlchemyError as error:
                self._fail(failure(error), database_away=True)

    def _missing_rights(self, error: Exception) -> NotAllowed | None:
        """Asked for, because the broker names one topic at best, and not what it refuses."""
        if not isinstance(error, NotAllowed):
            return None
        try:
            check_rights(self._connection, self._rights, timeout=_ANSWER_SECONDS)
        except NotAllowed as missing:
            return missing
        except KafkaException:
            log.debug("rights_unknown")
        return None

    def _database_is_away(self) -> bool:
        """Asked for while Kafka is away, when nothing else asks the database."""
        try:
            self._projection.stored()
        except SQLAlchemyError:
            return True
        except (UnusableDatabase, UsedOtherwise):
            return False  # which is said once Kafka is back
        return False

    def _fail(self, problem: str, *, database_away: bool) -> None:
        if problem != self._standing.problem:
            log.warning("projection_waits", reason=problem)
        self._standing = replace(self._standing, problem=problem, database_away=database_away)
        self._stop.wait(_RETRY_SECONDS)

    # -- one connection

    def _follow(self) -> None:
        """Until it is stopped. Raises what may be tried again, and UnusableDatabase."""
        partitions = self._partitions()
        next_offsets = self._begin(partitions)
        of_events = {one: offset for one, offset in next_offsets.items() if one[0] in self._topics.after_leads}
        of_causes = {one: offset for one, offset in next_offsets.items() if one not in of_events}
        with PartitionTail(self._connection, of_causes) as causes, PartitionTail(self._connection, of_events) as events:
            records = _CausesFirst(causes, events, self._topics, self._projection, self._admin)
            checked = 0.0
            looked = time.monotonic()
            while not self._stop.is_set():
                now = time.monotonic()
                if now >= checked + _CHECK_SECONDS:
                    self._check(records.next)
                    checked = now
                projected = records.read_on(_POLL_SECONDS)
                self._standing = replace(self._standing, projected=self._standing.projected + projected)
                if now >= looked + _REMEMBER_SECONDS:
                    looked = now
                    if len(self._partitions()) > len(partitions):
                        return  # a topic is new, or has more partitions

    def _partitions(self) -> list[PartitionId]:
        """Of all topics that exist. Raises TopicMissing for those that workers create."""
        found: list[PartitionId] = []
        for topic in self._topics.all:
            try:
                found += self._admin.partitions(topic)
            except TopicMissing:
                if topic in self._topics.required:
                    raise
        return found

    def _begin(self, partitions: Sequence[PartitionId]) -> dict[PartitionId, int]:
        """The offsets to read from. Begins again where it must, and joins partitions that are new."""
        now_ms = _now_ms()
        topic_ids = self._admin.topic_ids(self._topics.all)  # first: of a topic that is created again, offsets follow
        first, ends = self._admin.first(partitions), self._admin.ends(partitions)
        stored = self._projection.stored()
        reason = reason_to_rebuild(
            stored,
            lead_state=self._topics.lead_state,
            topic_ids=topic_ids,
            first=first,
            ends=ends,
            tombstones_kept=self._tombstones_kept(),
            now_ms=now_ms,
        )
        rebuilds = self._standing.rebuilds
        whole = stored is not None and stored.complete and reason is None
        phase = Phase.FOLLOWING if whole else Phase.REBUILDING
        if not whole:  # said first: what keeps it from beginning keeps the data from being complete
            self._standing = replace(self._standing, phase=phase, reason=reason)
        if stored is None or reason is not None:
            log.info("projection_begins_again", reason=reason)
            recreated = set() if stored is None else recreated_topics(stored.topic_ids, topic_ids)
            lost = [one for one, offset in first.items() if offset or one[0] in recreated]
            self._projection.begin_again(stored, topic_ids, first, self._held_from_ms(lost, now_ms))
            next_offsets = dict(first)
            rebuilds += 1
        else:
            lost = [one for one, offset in first.items() if offset > stored.next.get(one, 0)]
            next_offsets = self._projection.go_on(stored, topic_ids, first, self._held_from_ms(lost, now_ms))
        total = sum(ends[one] - next_offsets[one] for one in partitions)
        self._standing = Standing(
            phase=phase,
            behind=total,
            total=total,
            reason=reason,
            caught_up_ms=stored.caught_up_ms if whole and stored is not None else now_ms,
            rebuilds=rebuilds,
            projected=self._standing.projected,
        )
        self._goal, self._goal_ms = ends, now_ms
        return next_offsets

    def _held_from_ms(self, lost: Sequence[PartitionId], now_ms: int) -> dict[PartitionId, int]:
        """From which time on partitions that have lost records have all: from their first record, or from now on."""
        of_events = [one for one in lost if one[0] in self._topics.lead_events]
        times = self._admin.first_times(of_events)
        known = {one: time_ms for one, time_ms in times.items() if has_time(time_ms)}
        return {one: min(now_ms, known.get(one, now_ms)) for one in of_events}

    def _tombstones_kept(self) -> timedelta:
        state = self._topics.lead_state
        try:
            kept = self._admin.topic_configs([state])[state][_DELETE_RETENTION]
        except (NotAllowed, KeyError):
            kept = LEAD_STATE.config()[_DELETE_RETENTION]
        return timedelta(milliseconds=int(kept))

    def _check(self, next_offsets: Mapping[PartitionId, int]) -> None:
        """Look how far behind it is, and whether the topics are still the same. Raises Overtaken to begin again."""
        now_ms = _now_ms()
        ends = self._admin.ends(list(next_offsets))
        ids = self._admin.topic_ids(self._topics.all)
        stored = self._projection.stored()
        if stored is None or lost_records(stored.topic_ids, next_offsets, topic_ids=ids, ends=ends) is not None:
            raise Overtaken
        if now_ms >= self._stayed_ms + 1000 * _STAY_SECONDS:
            self._projection.stay()
            self._stayed_ms = now_ms
        behind = sum(max(0, ends[one] - offset) for one, offset in next_offsets.items())
        if all(next_offsets[one] >= end for one, end in self._goal.items()):
            first_time = self._standing.phase is not Phase.FOLLOWING
            if first_time or now_ms >= self._remembered_ms + 1000 * _REMEMBER_SECONDS:
                self._projection.caught_up(self._goal_ms)
                kept = [one for one in next_offsets if one[0] in self._topics.dead_letters]
                self._projection.expire(self._admin.first(kept))
                self._remembered_ms = now_ms
            if first_time:
                log.info("projection_caught_up", records=self._standing.total)
                self._standing = replace(self._standing, phase=Phase.FOLLOWING, reason=None)
            self._standing = replace(self._standing, caught_up_ms=self._goal_ms)
            self._goal, self._goal_ms = ends, now_ms
        read = max(0, self._standing.total - behind)
        self._standing = replace(self._standing, behind=behind, read=read, problem=None, database_away=False)


class _CausesFirst:
    """Takes records, and applies what is about leads only after the records that caused it.

    A worker writes a lead's state and its events in one transaction, but each topic is read at its own pace. So events
    that were read wait until the state of leads has been applied up to where it ended at that moment.
    """

    def __init__(
        self,
        causes: PartitionTail,
        events: PartitionTail,
        topics: ProjectedTopics,
        projection: Projection,
        admin: Admin,
    ) -> None:
        self.next = causes.position | events.position
        """By partition the offset of the next record to apply."""
        self._causes = causes
        self._events = events
        self._states = [one for one in causes.position if one[0] == topics.lead_state]
        self._projection = projection
        self._admin = admin
        self._pending: list[Record] = []
        self._pending_until: dict[PartitionId, int] = {}
        self._barrier: dict[PartitionId, int] = {}

    def read_on(self, seconds: float) -> int:
        """Read on for at most that long without a record, and apply what was read. Returns how many offsets."""
        moved = self._apply(self._causes.take(0 if self._is_due() else seconds), self._causes.position)
        if not self._pending:
            self._pending = self._events.take(0)  # without waiting: a state comes with every event
            self._pending_until = dict(self._events.position)
            self._barrier = self._admin.ends(self._states) if self._pending else {}
        if self._is_due():
            moved += self._apply(self._pending, self._pending_until)
            self._pending, self._pending_until = [], {}
        return moved

    def _is_due(self) -> bool:
        position = self._causes.position
        return bool(self._pending_until) and all(position[one] >= end for one, end in self._barrier.items())

    def _apply(self, records: Sequence[Record], position: Mapping[PartitionId, int]) -> int:
        moved = {one: offset for one, offset in position.items() if offset > self.next[one]}
        if not moved:
            return 0
        count = sum(offset - self.next[one] for one, offset in moved.items())
        self._projection.apply(records, before=self.next, after=moved)
        self.next.update(moved)
        return count


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _in_words(error: Exception) -> str:
    if isinstance(error, KafkaException) and not isinstance(error, KafkaClientError):
        return f"Kafka: {error.args[0].str() if error.args else error}"
    return IN_ENGLISH_ON_PAGES.failure(error)
