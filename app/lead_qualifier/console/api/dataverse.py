"""Dataverse's webhook: changes, merges and deletions of leads in Dynamics 365, sent to Kafka as the CRM would."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus

import structlog

from lead_qualifier.client.inbound.checking import InboundRecord
from lead_qualifier.client.inbound.dataverse.context import SIZE_EXCEEDED, read_context
from lead_qualifier.client.inbound.dataverse.conversion import Conversion, NothingMapped
from lead_qualifier.console.api.event_forms import EventsAccepted
from lead_qualifier.console.api.events import Events
from lead_qualifier.console.errors import ApiError
from lead_qualifier.messages.errors import BadMessage

MOST_BYTES = 1 << 20
"""The largest context (bytes): Dataverse strips those above 256 KB."""

log = structlog.get_logger(__name__)


class NotConfigured(ApiError):
    """There is no webhook key."""

    status = HTTPStatus.NOT_FOUND
    code = "not_configured"

    def __init__(self) -> None:
        super().__init__("This console takes no webhooks: set LEAD_QUALIFIER_DATAVERSE_WEBHOOK_KEY.")


class WrongKey(ApiError):
    """The request does not carry the webhook key."""

    status = HTTPStatus.UNAUTHORIZED
    code = "wrong_key"

    def __init__(self) -> None:
        super().__init__(
            "The webhook's key is missing or wrong: register the webhook with WebhookKey, or with HttpHeader and the "
            "key X-Webhook-Key, and LEAD_QUALIFIER_DATAVERSE_WEBHOOK_KEY as the value."
        )


class ContextTooLarge(ApiError):
    """The context is too large, or Dataverse has left out what it is about because it was."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "too_large"

    def __init__(self) -> None:
        super().__init__(
            "The context is above 256 KB, so Dataverse has left out what changed: select only the columns that the "
            "mapping names, in the step's filtering attributes and images. Then change the row again."
        )


class InvalidContext(ApiError):
    """The context cannot be converted. The message says why and what to do, but is not to be logged: it may quote."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "invalid_context"


class Dataverse:
    """Takes execution contexts in. Any thread may use it."""

    def __init__(self, events: Events, conversion: Conversion, *, key: str | None) -> None:
        """`key`: what the requests must carry; None or empty: none is taken."""
        self._events = events
        self._conversion = conversion
        self._key = key

    def check_key(self, *given: str | None) -> None:
        """Raises NotConfigured, and WrongKey if none of these is the key."""
        if not self._key:
            raise NotConfigured
        expected = self._key.encode()
        if not any(hmac.compare_digest((one or "").encode(), expected) for one in given):
            raise WrongKey

    def accept(self, headers: Mapping[str, str], body: bytes) -> EventsAccepted:
        """Send what a context says of a lead. `headers`: by lowercase names.

        Raises ContextTooLarge, InvalidContext, EventsNotAccepted, BrokerAway, BrokerRefused, TopicNotThere.
        """
        try:
            records = self._records(body, stripped=SIZE_EXCEEDED in headers)
        except NothingMapped:
            return EventsAccepted(events=[])
        except ApiError as error:
            log.warning("dataverse_context_refused", code=error.code)
            raise
        return self._events.deliver(records)

    def _records(self, body: bytes, *, stripped: bool) -> list[InboundRecord]:
        try:
            context = read_context(body, now=datetime.now(UTC))
            if stripped and context.message != "Delete":  # whose row is named outside of what is left out
                raise ContextTooLarge
            return self._conversion.records_of(context)
        except BadMessage as bad:
            raise InvalidContext(bad.reason, parameter=bad.field or None) from None
