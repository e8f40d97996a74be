"""A preview of a qualification model over the projected leads.

It reads them from the database rather than from Kafka: they are there already, in the order of their ids, so that they
can be read part by part and never all at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from lead_qualifier.client.preview import Previewer, as_if_live
from lead_qualifier.client.preview_reader import Previewed, StoredAs, add_stored
from lead_qualifier.client.what_if import Thresholds
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.tables import has_tables, leads
from lead_qualifier.messages.plausible_time import PlausibleTime
from lead_qualifier.qualification.models import QualificationModel
from lead_qualifier.qualification.rules import Rules
from lead_qualifier.qualification.utc import to_milliseconds

_AT_ONCE = 5_000


def preview_leads(
    database: Database,
    definition: QualificationModel,
    rules: Rules,
    *,
    near: float,
    sample: int,
    what_if: Thresholds,
    time_tolerance: timedelta,
    progress: Callable[[int, int], None],
) -> Previewed:
    """What the model would do now. Each lead counts once, as it is when it is read.

    `progress` gets how many leads were read, and about how many there are. Parameters as of `client.preview_reader`.
    Raises NoSuchCriterion.
    """
    at = datetime.now(UTC)
    previewer = Previewer(definition, rules, at, near=near, sample=sample, what_if=what_if)
    latest = PlausibleTime(time_tolerance).latest(to_milliseconds(at))
    stored: Counter[StoredAs] = Counter()
    total = _count(database)
    last = b""
    while True:
        progress(stored.total(), total)
        some = _leads_after(database, last)
        for key, value in some:
            stored[add_stored(previewer, key, value, latest)] += 1
        if len(some) < _AT_ONCE:
            break
        last = some[-1][0]
    model, then = as_if_live(definition, rules)
    return Previewed(
        at=at,
        model=model,
        not_live=then.degraded(model),
        lead_management=rules.lead_management,
        near=near,
        preview=previewer.result(),
        days=None,
        unprocessed=0,
        unreadable=stored[StoredAs.UNREADABLE],
    )


def still_held(database: Database, lead_ids: Sequence[str]) -> frozenset[str]:
    """Those of these leads that have not been erased."""
    keys = {one.encode(): one for one in lead_ids}
    with database.snapshot() as connection:
        if not has_tables(connection):
            return frozenset()
        found = connection.execute(select(leads.c.lead_id).where(leads.c.lead_id.in_(list(keys)))).scalars()
        return frozenset(keys[one] for one in found)


def _count(database: Database) -> int:
    with database.snapshot() as connection:
        if not has_tables(connection):
            return 0
        return connection.execute(select(func.count()).select_from(leads)).scalar() or 0


def _leads_after(database: Database, lead_id: bytes) -> list[tuple[bytes, bytes]]:
    """A snapshot for each part: a long one would keep SQLite from overwriting what was erased."""
    found = select(leads.c.lead_id, leads.c.value).where(leads.c.lead_id > lead_id)
    with database.snapshot() as connection:
        if not has_tables(connection):
            return []
        rows = connection.execute(found.order_by(leads.c.lead_id).limit(_AT_ONCE)).all()
    return [(row.lead_id, row.value) for row in rows]
