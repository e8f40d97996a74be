"""What an endpoint's answer means for the event that was sent, in the words of the consumer kit."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from lead_qualifier.consumer import EndpointGone, PermanentFailure, RetryLater
from lead_qualifier.http.client import Answer
from lead_qualifier.http.retry_after import retry_after
from lead_qualifier.sinks.errors import EndpointBusy, EndpointUnavailable

Delivered = Literal["delivered", "nothing_to_do", "filtered", "overruled"]
"""What sending an event came to if it did not fail. overruled: somebody has changed the row since, and that stands."""

_PASSING = {
    409: "it handles another request of this event",
    425: "it does not take early data",
}


def raise_for_status(
    answer: Answer,
    now: datetime,
    *,
    detail: str = "",
    redirected: str = "set url to the new address",
    refused: str = "the endpoint refuses the event",
) -> None:
    """Returns if the endpoint has accepted the event: the status is 2xx. The body does not matter.

    `detail` follows the status in every reason. Raises RetryLater, PermanentFailure, EndpointGone.
    """
    status = answer.status
    if 200 <= status < 300:
        return
    reason = f"HTTP {status}{detail}"
    wait = retry_after(answer.headers.get("retry-after"), now)
    if 300 <= status < 400:
        raise EndpointUnavailable(None, f"{reason}: redirects are not followed, {redirected}")
    if status == 410:
        raise EndpointGone(f"{reason}: the endpoint accepts no more events")
    if status == 429:
        raise EndpointBusy(wait, f"{reason}: too many requests")
    if status in _PASSING:
        raise RetryLater(wait, f"{reason}: {_PASSING[status]}")
    if status == 408:
        raise EndpointUnavailable(wait, f"{reason}: the endpoint waited too long for the request")
    if 400 <= status < 500:
        raise PermanentFailure(f"{reason}: {refused}")
    raise EndpointUnavailable(wait, reason)
