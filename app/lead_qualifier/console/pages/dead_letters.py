"""The pages of dead letters: the list, one of them, and sending some back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from lead_qualifier.console.api.dead_letter_forms import SendBack, Status
from lead_qualifier.console.api.dead_letter_routes import Operator, Viewer, sent_back, shown
from lead_qualifier.console.api.dead_letters import SOURCES, DeadLetterQuery, DeadLetterQueue
from lead_qualifier.console.pages.rendering import Pages, address
from lead_qualifier.console.pages.terms import marked as _

ADDRESS = "/dead-letters"
ONE = "/dead-letter"
_ON_A_PAGE = 50
#: What a form sends for a field that was left empty.
_EMPTY = ""

SOURCE_TERMS = {
    "lead-dead-letters": _("Workers"),
    "downstream-dead-letters": _("Downstream services, sinks and consumers"),
}
OUTCOME_TERMS: dict[str, str] = {
    "sent": _("sent back"),
    "replayed": _("left out, because they were sent back before"),
    "unknown": _("left out, because nobody knows whether they were sent back before"),
    "truncated": _("cannot be sent back, because they were too large to be kept whole"),
    "topic_missing": _("came from a topic that no longer exists"),
    "other_topic": _("name a topic that is not an input of this installation, and are not sent back"),
    "not_delivered": _("were not taken by the broker"),
    "not_found": _("are no longer held"),
}


def dead_letter_pages(queue: DeadLetterQueue, pages: Pages) -> APIRouter:
    """All of them."""
    router = APIRouter()

    @router.get(ADDRESS)
    def find(
        *,  # every field of the form
        request: Request,
        _person: Viewer,
        source: str = _EMPTY,
        topic: str = _EMPTY,
        reason: str = _EMPTY,
        key: str = _EMPTY,
        cursor: str = _EMPTY,
        outcome: Annotated[Sequence[str], Query(max_length=len(OUTCOME_TERMS))] = (),
    ) -> Response:
        searched: dict[str, Any] = {"source": source, "topic": topic, "reason": reason, "key": key}
        query = DeadLetterQuery(
            source=source if source in SOURCES else None,
            topic=topic.strip() or None,
            reason=reason.strip() or None,
            key=key or None,
        )
        found = queue.search(query, cursor=cursor or None, limit=_ON_A_PAGE)
        return pages.page(
            request,
            "dead_letters.html",
            found=found,
            searched=searched,
            sources=SOURCE_TERMS,
            is_first=not cursor,
            outcomes=_outcomes(outcome),
            nothing_chosen="none" in outcome,
        )

    @router.get(ONE)
    def show(request: Request, person: Viewer, id: str, reveal: bool = False) -> Response:  # noqa: A002  parameters of the address
        return pages.page(request, "dead_letter.html", letter=shown(queue, person, id, reveal=reveal))

    @router.post(f"{ADDRESS}/replay")
    def replay(
        person: Operator,
        id: Annotated[list[str], Form(max_length=100)] = [],  # noqa: A002, B006  the field's name; FastAPI copies it
        again: Annotated[bool, Form()] = False,
    ) -> Response:
        if not id:
            return RedirectResponse(address(ADDRESS, outcome="none"), status_code=303)
        sent = sent_back(queue, person, SendBack(ids=id, again=again))
        counts = Counter(one.status for one in sent.dead_letters)
        told = "&".join(f"outcome={status}.{count}" for status, count in sorted(counts.items()))
        return RedirectResponse(f"{ADDRESS}?{told}", status_code=303)

    return router


def _outcomes(told: Sequence[str]) -> list[tuple[int, str]]:
    """How many, and what became of them, from an address."""
    outcomes = []
    for one in told:
        status, _dot, count = one.partition(".")
        if status in get_args(Status) and count.isdecimal() and len(count) < 4:
            outcomes.append((int(count), OUTCOME_TERMS[status]))
    return outcomes
