"""Writes decisions about a lead to its row in Dataverse. It only updates, and never creates a row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from lead_qualifier.consumer import Event, PermanentFailure, RetryLater
from lead_qualifier.http.blocking_client import BlockingHttpClient
from lead_qualifier.http.client import Answer
from lead_qualifier.http.errors import NoAnswer
from lead_qualifier.http.oauth import AccessTokens
from lead_qualifier.sinks.answers import Delivered
from lead_qualifier.sinks.dataverse.answers import check
from lead_qualifier.sinks.dataverse.changes import OWNER, Mapping, changed_since, changes_of, row_of
from lead_qualifier.sinks.dataverse.form import ConcurrentChanges

_READS = 5
_HEADERS = {"Accept": "application/json", "OData-MaxVersion": "4.0", "OData-Version": "4.0"}


def _now() -> datetime:
    return datetime.now(UTC)


class DataverseSender:
    """Sends one event per call. Several threads may call it. Sending an event again changes nothing more."""

    def __init__(
        self,
        api: str,
        tokens: AccessTokens,
        client: BlockingHttpClient,
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

    def __call__(self, event: Event) -> Delivered:
        """Update the lead's row. Raises NoAnswer, NoToken, RetryLater, PermanentFailure."""
        columns = changes_of(event, self._mapping)
        if not columns:
            return "nothing_to_do"
        row = row_of(event.lead_id, self._mapping)
        if self._concurrent_changes != "overwrite":
            return self._read_and_update(event, row, columns)
        check(self._patch(event, row, columns, "*"), self._now())
        return "delivered"

    def who_am_i(self) -> Answer:
        """Test the connection: get a token and ask who we are. Raises NoToken, NoAnswer."""
        return self._ask("GET", "WhoAmI", {})

    def _read_and_update(self, event: Event, row: str, columns: dict[str, Any]) -> Delivered:
        names = ",".join(("statecode", *(name for name in columns if not name.endswith("@odata.bind"))))
        for _ in range(_READS):
            answer = self._ask("GET", f"{row}?$select={names},_ownerid_value", event.trace)
            check(answer, self._now())
            found = _row(answer)
            if found is None:
                raise NoAnswer("Dataverse's answer is not a row")
            if found.get("statecode") != 0 and event.topic == "lead-recycled":
                return "overruled"  # a rejected lead that was closed since has nothing to take back
            if found.get("statecode") != 0:
                raise PermanentFailure("the lead is closed in Dataverse (qualified or disqualified), so read-only")
            differing = {name: value for name, value in columns.items() if not _holds(found, name, value)}
            if not differing:
                return "delivered"
            if self._concurrent_changes == "people_first":
                changed = changed_since(event, found, self._mapping)
                differing = {name: value for name, value in differing.items() if name not in changed}
                if not differing:
                    return "overruled"
            answer = self._patch(event, row, differing, found["@odata.etag"])
            if answer.status != 412:
                check(answer, self._now())
                return "delivered"
        raise RetryLater(None, f"HTTP 412: others changed the row {_READS} times in the meantime")

    def _patch(self, event: Event, row: str, columns: dict[str, Any], version: str) -> Answer:
        """`version` is an ETag, or * for any; without it Dataverse would create a row that does not exist."""
        headers = {"Content-Type": "application/json", "If-Match": version, **event.trace}
        return self._ask("PATCH", row, headers, msgspec.json.encode(columns))

    def _ask(self, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> Answer:
        """A token that has expired or was revoked is replaced once."""
        token = self._client.run(self._tokens.token())
        answer = self._send(method, path, headers, body, token)
        if answer.status == 401:
            answer = self._send(method, path, headers, body, self._client.run(self._tokens.token(refused=token)))
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
