"""A Dataverse as far as the sink knows one: tokens, rows with versions, and its refusals."""

from __future__ import annotations

import itertools
import json
import re
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from tests.support.http_endpoint import Endpoint, Raw, Reply, Request

_ROW = re.compile(r"^/api/data/v9\.2/leads\(([^)]*)\)")


class Organisation:
    """`rows` by what stands between the brackets. `instead` may answer first, for faults."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.versions: dict[str, int] = {}
        self.valid: set[str] = set()
        self.tokens_given = 0
        self.expires_in = 3600
        self.instead: Callable[[Request], Reply | Raw | None] = lambda _: None
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self.endpoint = Endpoint(self.answer)

    def add(self, name: str, **columns: Any) -> None:
        self.rows[name] = {"statecode": 0, "statuscode": 1, "msdyncrm_salesready": False, **columns}
        self.versions[name] = next(self._numbers)

    def changed_by_others(self, name: str, **columns: Any) -> None:
        self.rows[name] |= columns
        self.versions[name] = next(self._numbers)

    def expire_tokens(self) -> None:
        self.valid.clear()

    def answer(self, request: Request) -> Reply | Raw:
        with self._lock:
            if (other := self.instead(request)) is not None:
                return other
            if request.path == "/token":
                return self._token(request)
            if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.valid:
                return Reply(401)
            if request.path == "/api/data/v9.2/WhoAmI":
                return Reply(200, body=b'{"UserId":"x"}')
            found = _ROW.match(request.path)
            return self._row(request, found[1]) if found else Reply(400)

    def requests(self, method: str) -> list[Request]:
        return [one for one in self.endpoint.requests if one.method == method and one.path != "/token"]

    def _token(self, request: Request) -> Reply:
        form = parse_qs(request.body.decode())
        if form != {
            "grant_type": ["client_credentials"],
            "client_id": ["app"],
            "client_secret": ["s3cret&more"],
            "scope": [f"{self.endpoint.url}/.default"],
        }:
            return Reply(400, body=b'{"error":"invalid_client","error_description":"AADSTS7000215"}')
        self.tokens_given += 1
        token = f"token-{self.tokens_given}"
        self.valid = {token}
        return Reply(200, body=json.dumps({"access_token": token, "expires_in": self.expires_in}).encode())

    def _row(self, request: Request, name: str) -> Reply:
        if request.method == "PATCH" and "if-match" not in request.headers:
            return Reply(201)  # it would make a row: no test may see that
        if name not in self.rows:
            return Reply(404, body=b'{"error":{"code":"0x80040217","message":"Entity with Id x Does Not Exist"}}')
        etag = f'W/"{self.versions[name]}"'
        if request.method == "GET":
            return Reply(200, body=json.dumps({"@odata.etag": etag, **self.rows[name]}).encode())
        if request.headers["if-match"] not in {"*", etag}:
            return Reply(412, body=b'{"error":{"code":"0x80060882","message":"version"}}')
        self.changed_by_others(name, **request.json())
        return Reply(204)
