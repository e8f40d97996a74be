"""Writes what was decided about a lead to its row in Dataverse: updates only, no row is ever made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from lead_qualifier.consumer import Event
from lead_qualifier.sinks.answers import Again, Answer, Done, Never, NoAnswer, Verdict
from lead_qualifier.sinks.dataverse.answers import judge
from lead_qualifier.sinks.dataverse.changes import OWNER, Mapping, Unfit, changed_since, changes_of, row_of
from lead_qualifier.sinks.dataverse.form import ConcurrentChanges
from lead_qualifier.sinks.dataverse.token import NoToken, Tokens
from lead_qualifier.sinks.http import HttpClient

_READS = 5
_HEADERS = {"Accept": "application/json", "OData-MaxVersion": "4.0", "OData-Version": "4.0"}


def _now() -> datetime:
    return datetime.now(UTC)


class DataverseSender:
    """Sends one event a call; several threads may call. Sending one again changes nothing more."""

    def __init__(
        self,
        api: str,
        tokens: Tokens,
        client: HttpClient,
        mapping: Mapping,
        *,
        concurrent_changes: ConcurrentChanges,
        now: Callable[[], datetime] = _now,
    ) -> None:
        """`api`: such as https://contoso.crm4.dynamics.com/api/data/v9.2."""
        self._api = api
        self._tokens = tokens
        self._client = client
        self._mapping = mapping
        self._concurrent_changes = concurrent_changes
        self._now = now

    def __call__(self, event: Event) -> Verdict:
        """What became of it. Raises NoAnswer."""
        try:
            columns = changes_of(event, self._mapping)
            if not columns:
                return Done("nothing_to_do")
            row = row_of(event.lead_id, self._mapping)
        except Unfit as error:
            return Never(str(error))
        try:
            if self._concurrent_changes != "overwrite":
                return self._update_what_was_read(event, row, columns)
            return judge(self._patch(row, columns, "*"), self._now())
        except NoToken as error:
            return Again(str(error), error.wait)

    def who_am_i(self) -> Answer:
        """Try the way: get a token and ask who we are. Raises NoToken, NoAnswer."""
        return self._ask("GET", "WhoAmI", {})

    def _update_what_was_read(self, event: Event, row: str, columns: dict[str, Any]) -> Verdict:
        names = ",".join(("statecode", *(name for name in columns if not name.endswith("@odata.bind"))))
        for _ in range(_READS):
            answer = self._ask("GET", f"{row}?$select={names},_ownerid_value", {})
            if answer.status != 200:
                return judge(answer, self._now())
            found = _row(answer)
            if found is None:
                raise NoAnswer("what Dataverse answered is not a row")
            if found.get("statecode") != 0 and event.topic == "lead-recycled":
                return Done("overruled")  # who closes a lead that was rejected leaves nothing to take back
            if found.get("statecode") != 0:
                return Never("the lead is closed in Dataverse (qualified or disqualified), and so read-only")
            differing = {name: value for name, value in columns.items() if not _holds(found, name, value)}
            if not differing:
                return Done()
            if self._concurrent_changes == "people_first":
                changed = changed_since(event, found, self._mapping)
                differing = {name: value for name, value in differing.items() if name not in changed}
                if not differing:
                    return Done("overruled")
            answer = self._patch(row, differing, found["@odata.etag"])
            if answer.status != 412:
                return judge(answer, self._now())
        return Again(f"HTTP 412: others changed the row {_READS} times meanwhile", fault=False)

    def _patch(self, row: str, columns: dict[str, Any], version: str) -> Answer:
        """`version` is an ETag, or * for whatever there is; without it Dataverse would make a row that is not there."""
        headers = {"Content-Type": "application/json", "If-Match": version}
        return self._ask("PATCH", row, headers, msgspec.json.encode(columns))

    def _ask(self, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> Answer:
        """A token that has expired or was taken back is had anew, once."""
        token = self._tokens.token()
        answer = self._send(method, path, headers, body, token)
        if answer.status == 401:
            answer = self._send(method, path, headers, body, self._tokens.token(refused=token))
        return answer

    def _send(self, method: str, path: str, headers: dict[str, str], body: bytes | None, token: str) -> Answer:
        complete = _HEADERS | headers | {"Authorization": f"Bearer {token}"}
        return self._client.send(method, f"{self._api}/{path}", complete, body)


def _row(answer: Answer) -> dict[str, Any] | None:
    try:
        found = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    etag = found.get("@odata.etag") if isinstance(found, dict) else None
    usable = answer.complete and isinstance(etag, str) and etag.isascii() and etag.isprintable()
    return found if usable else None


def _holds(row: dict[str, Any], name: str, value: Any) -> bool:
    if name == OWNER:
        return str(value).endswith(f"({row.get('_ownerid_value')})")
    return name in row and row[name] == value
