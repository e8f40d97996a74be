"""Posts events to the URL of a webhook."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lead_qualifier.consumer import Event
from lead_qualifier.sinks.answers import Answer, Done, Verdict, judge
from lead_qualifier.sinks.forms import required
from lead_qualifier.sinks.http import HttpClient
from lead_qualifier.sinks.signing import PREFIX, key_of
from lead_qualifier.sinks.webhook.message import Mode, message, ping, signed


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where events go and how. Secrets do not show in its repr."""

    url: str
    mode: Mode
    keys: Secrets
    headers: Secrets
    models: frozenset[str]
    source: str


class Secrets(tuple[Any, ...]):
    """Values that no log may show."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} hidden>"


def target(form: Mapping[str, Any], *, source: str) -> Target:
    """What a file, without problems, and the environment say. Raises MissingSecret."""
    what = f"the secret to sign with, {PREFIX} and base64 of 24 to 64 bytes"
    keys = [
        required(field, form[field], what, key_of) for field in ("secret_env", "previous_secret_env") if field in form
    ]
    further = dict(form.get("headers", {}))
    for name, variable in form.get("headers_env", {}).items():
        further[name] = required(f"headers_env.{name}", variable, "the value of that header", _header_value)
    return Target(
        url=form["url"],
        mode=form.get("mode", "binary"),
        keys=Secrets(keys),
        headers=Secrets(further.items()),
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
    """Sends one event a call; several threads may call."""

    def __init__(self, where: Target, client: HttpClient, now: Callable[[], datetime] = _now) -> None:
        self._target = where
        self._client = client
        self._now = now

    def __call__(self, event: Event) -> Verdict:
        """What became of it. Raises NoAnswer."""
        if self._left_out(event):
            return Done("filtered")
        headers, body = message(event, self._target.mode, source=self._target.source)
        return judge(self._post(headers, body), self._now())

    def ping(self) -> Answer:
        """Try the way with an event of type lead-qualifier.ping. Raises NoAnswer."""
        return self._post(*ping(self._now(), self._target.mode, source=self._target.source))

    def _left_out(self, event: Event) -> bool:
        model = event.data.get("qualification_model_id")
        return bool(self._target.models) and model is not None and model not in self._target.models

    def _post(self, headers: dict[str, str], body: bytes) -> Answer:
        ready = signed(headers, body, self._keys, self._now())
        return self._client.send("POST", self._target.url, dict(self._target.headers) | ready, body)

    @property
    def _keys(self) -> Sequence[bytes]:
        return self._target.keys
