"""Posts events to the URL of a webhook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from typing_extensions import override

from lead_qualifier.consumer import Event
from lead_qualifier.http.blocking_client import BlockingHttpClient
from lead_qualifier.http.client import Answer
from lead_qualifier.sinks.answers import Delivered, raise_for_status
from lead_qualifier.sinks.forms import required
from lead_qualifier.sinks.signing import PREFIX, key_of
from lead_qualifier.sinks.webhook.message import Mode, message, ping, signed


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where and how events are sent. Its repr shows no secrets."""

    url: str
    mode: Mode
    keys: Secrets
    headers: Secrets
    models: frozenset[str]
    source: str


class Secrets(tuple[Any, ...]):
    """Values that must not appear in logs."""

    __slots__ = ()

    @override
    def __repr__(self) -> str:
        return f"<{len(self)} hidden>"


def target(form: Mapping[str, Any], *, source: str) -> Target:
    """The target that a valid file and the environment describe. Raises MissingSecret."""
    what = f"the secret to sign with, {PREFIX} and base64 of 24 to 64 bytes"
    keys = [
        required(field, form[field], what, key_of) for field in ("secret_env", "previous_secret_env") if field in form
    ]
    more_headers = dict(form.get("headers", {}))
    for name, variable in form.get("headers_env", {}).items():
        more_headers[name] = required(f"headers_env.{name}", variable, "the value of that header", _header_value)
    return Target(
        url=form["url"],
        mode=form.get("mode", "binary"),
        keys=Secrets(keys),
        headers=Secrets(more_headers.items()),
        models=frozenset(form.get("qualification_models", ())),
        source=source,
    )


def _header_value(text: str) -> str:
    if not text.isascii() or not text.isprintable():
        raise ValueError("must be printable ASCII")
    return text


def _now() -> datetime:
    return datetime.now(UTC)


class WebhookSender:
    """Sends one event per call. Several threads may call it."""

    def __init__(self, destination: Target, client: BlockingHttpClient, now: Callable[[], datetime] = _now) -> None:
        self._target = destination
        self._client = client
        self._now = now

    def __call__(self, event: Event) -> Delivered:
        """Send the event. Raises NoAnswer, RetryLater, PermanentFailure, EndpointGone."""
        if self._is_filtered(event):
            return "filtered"
        headers, body = message(event, self._target.mode, source=self._target.source)
        raise_for_status(self._post(headers, body), self._now())
        return "delivered"

    def ping(self) -> Answer:
        """Test the connection with an event of type lead-qualifier.ping. Raises NoAnswer."""
        return self._post(*ping(self._now(), self._target.mode, source=self._target.source))

    def _is_filtered(self, event: Event) -> bool:
        model = event.data.get("qualification_model_id")
        return bool(self._target.models) and model is not None and model not in self._target.models

    def _post(self, headers: dict[str, str], body: bytes) -> Answer:
        complete = dict(self._target.headers) | signed(headers, body, self._target.keys, self._now())
        return self._client.send("POST", self._target.url, complete, body)
