"""Leads, as workers store them, with the words by which they are found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select

from lead_qualifier.client.decoding import decode_or_none
from lead_qualifier.client.leads import decode_lead, is_only_erased
from lead_qualifier.client.reported_events import reported
from lead_qualifier.console.read_model import dead_letters, erasures, qualifications
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.fates import reopen
from lead_qualifier.console.read_model.merges import forget_merges, hold_merges
from lead_qualifier.console.read_model.names import name_of, words_in
from lead_qualifier.console.read_model.projector import in_parts
from lead_qualifier.console.read_model.ranking import rank_of
from lead_qualifier.console.read_model.score_counts import Place, add_counts, places_of
from lead_qualifier.console.read_model.tables import assignment_leads, events, leads, words
from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY
from lead_qualifier.kafka.records import Record
from lead_qualifier.qualification.leads import Lead

_UNREADABLE = Lead(status="")


class LeadStates:
    """Applies `lead-state`. All rows of an erased lead go, its events and its assignment included."""

    def __init__(
        self,
        database: Database,
        topic: str,
        *,
        name_attributes: Sequence[str],
        on_erased: Callable[[], None],
    ) -> None:
        """`name_attributes`: the attributes that make a lead's name. `on_erased`: called before what is new is held."""
        self.topics = (topic,)
        self._database = database
        self._name_attributes = tuple(name_attributes)
        self._on_erased = on_erased

    def apply(self, connection: Connection, records: Sequence[Record]) -> bool:
        """Whether it erased something."""
        newest: dict[bytes, tuple[Lead, bytes]] = {}
        gone: set[bytes] = set()
        erased_ms: dict[bytes, int] = {}
        for record in records:
            key, value = record.key, record.value
            if not key or key == CHECKPOINT_KEY:
                continue
            lead = None if value is None else _lead(value)
            is_gone = lead is None or is_only_erased(lead)
            if lead is not None and lead.erased is not None:
                erased_ms[key] = max(lead.erased.at_ms, erased_ms.get(key, 0))
            elif is_gone:
                erased_ms[key] = max(record.timestamp_ms, erased_ms.get(key, 0))
            if lead is None or value is None or is_gone:
                gone.add(key)
                newest.pop(key, None)
            else:
                newest[key] = lead, value
        counts: Counter[Place] = Counter()
        erased = self._erase(connection, gone, counts)
        if erased:
            self._on_erased()
        erasures.remember(connection, self._database, erased_ms)
        self._hold(connection, newest, counts)
        add_counts(self._database, connection, counts)
        return erased

    def _hold(self, connection: Connection, held: Mapping[bytes, tuple[Lead, bytes]], counts: Counter[Place]) -> None:
        # In the order of the keys, which is the one of the table.
        rows = {key: self._row(key, *held[key]) for key in sorted(held)}
        names: dict[bytes, bytes] = {}
        before: dict[bytes, Lead] = {}
        before_ms: dict[bytes, int] = {}
        for some in in_parts(list(rows)):
            columns = select(leads.c.lead_id, leads.c.name, leads.c.erased_ms, leads.c.value)
            for one in connection.execute(columns.where(leads.c.lead_id.in_(some))):
                names[one.lead_id], before_ms[one.lead_id] = one.name, one.erased_ms
                before[one.lead_id] = was = _lead(one.value)
                counts.subtract(places_of(was))
        remembered_ms = erasures.remembered(connection, rows)
        for key, row in rows.items():  # the state itself forgets it sooner than topics do what was before
            row["erased_ms"] = max(before_ms.get(key, 0), remembered_ms.get(key, 0))
        for lead, _ in held.values():
            counts.update(places_of(lead))
        self._database.upsert(connection, leads, list(rows.values()))
        renamed = [key for key, row in rows.items() if names.get(key, b"") != row["name"]]
        _forget_words(connection, {key: names[key] for key in renamed if key in names})
        if spelt := [one for key in renamed for one in _words_of(key, rows[key]["name"])]:
            connection.execute(insert(words), spelt)
        self._reopen_fates(connection, before, held)
        until_ms = {key: row["erased_ms"] for key, row in rows.items() if row["erased_ms"] > before_ms.get(key, 0)}
        if until_ms:
            old = [{"key": key, "until": at_ms} for key, at_ms in until_ms.items()]
            for table in (events, assignment_leads):
                of_before = (table.c.lead_id == bindparam("key"), table.c.timestamp_ms <= bindparam("until"))
                connection.execute(delete(table).where(*of_before), old)
            qualifications.forget(connection, self._database, until_ms)
            dead_letters.forget(connection, until_ms)

    def _reopen_fates(
        self, connection: Connection, before: Mapping[bytes, Lead], held: Mapping[bytes, tuple[Lead, bytes]]
    ) -> None:
        """Of leads that reports count otherwise now. `before`: those that were held."""
        none = Lead()
        changed = [key for key, (lead, _) in held.items() if key not in before or not _count_alike(before[key], lead)]
        survivors = {key: held[key][0].merged_into for key in changed}
        moved = {key: into for key, into in survivors.items() if into != before.get(key, none).merged_into}
        reopen(connection, changed)
        if moved:
            hold_merges(self._database, connection, moved)
            reopen(connection, changed)  # with those that they are merged with now

    def _erase(self, connection: Connection, gone: Collection[bytes], counts: Counter[Place]) -> bool:
        """Whether there was anything. Subtracts removed leads from `counts`."""
        qualifications.forget(connection, self._database, dict.fromkeys(gone))
        count = dead_letters.forget(connection, dict.fromkeys(gone))
        for some in in_parts(list(gone)):
            columns = select(leads.c.lead_id, leads.c.name, leads.c.value)
            found = connection.execute(columns.where(leads.c.lead_id.in_(some))).all()
            for one in found:
                counts.subtract(places_of(_lead(one.value)))
            _forget_words(connection, {one.lead_id: one.name for one in found})
            forget_merges(connection, some)
            for table in (events, assignment_leads, leads):
                count += connection.execute(delete(table).where(table.c.lead_id.in_(some))).rowcount
        return count > 0

    def _row(self, key: bytes, lead: Lead, value: bytes) -> dict[str, Any]:
        return {
            "lead_id": key,
            "rank": rank_of(lead),
            "status": lead.status.encode(),
            "owner_id": None if lead.owner_id is None else lead.owner_id.encode(),
            "name": name_of(lead.attributes, self._name_attributes).encode(errors="replace"),
            "value": value,
        }


def _words_of(key: bytes, name: bytes) -> Iterator[dict[str, bytes]]:
    """The rows by which a lead is found."""
    for word in words_in(name.decode()):
        yield {"word": word.encode(), "lead_id": key}


def _forget_words(connection: Connection, names: Mapping[bytes, bytes]) -> None:
    """By the names that are held: an index of these rows by lead would cost as much as they do."""
    if rows := [{"of": one["lead_id"], "spelt": one["word"]} for item in names.items() for one in _words_of(*item)]:
        connection.execute(
            delete(words).where(words.c.word == bindparam("spelt"), words.c.lead_id == bindparam("of")), rows
        )


def _count_alike(before: Lead, now: Lead) -> bool:
    return (before is _UNREADABLE) is (now is _UNREADABLE) and reported(before) == reported(now)


def _lead(value: bytes) -> Lead:
    """The lead; one that cannot be read is held without anything to find it by, and shown as that."""
    return decode_or_none(decode_lead, value) or _UNREADABLE
