"""The routes of dead letters."""

from __future__ import annotations

from typing import Annotated, Literal

import structlog
from fastapi import APIRouter, Body, Query, Response

from lead_qualifier.console.access.errors import NotAllowed
from lead_qualifier.console.access.people import Permission, Person
from lead_qualifier.console.access.permissions import allowed
from lead_qualifier.console.api.dead_letter_forms import DeadLetterDetails, DeadLetterList, SendBack, SentBack
from lead_qualifier.console.api.dead_letters import MOST_LETTERS, DeadLetterQuery, DeadLetterQueue
from lead_qualifier.console.api.parameters import LONGEST, Cursor, DeadLetterId
from lead_qualifier.console.api.responses import answer

log = structlog.get_logger(__name__)

Source = Literal["lead-dead-letters", "downstream-dead-letters"]
Operator = Annotated[Person, allowed(Permission.OPERATE)]
Viewer = Annotated[Person, allowed(Permission.VIEW)]


def dead_letter_routes(queue: DeadLetterQueue) -> APIRouter:
    """All of them."""
    router = APIRouter(dependencies=[allowed(Permission.VIEW)])

    @router.get(
        "/dead-letters", response_model=DeadLetterList, summary="List dead letters", operation_id="listDeadLetters"
    )
    def find(
        *,  # the parameters are the documentation
        source: Annotated[
            Source | None, Query(description="Of the workers, or of the downstream services. Default: both.")
        ] = None,
        topic: Annotated[
            str | None, Query(max_length=LONGEST, description="Where they came from.", examples=["lead-score-changed"])
        ] = None,
        reason: Annotated[
            str | None, Query(max_length=LONGEST, description="Text in the reason, in any case.", examples=["score"])
        ] = None,
        key: Annotated[str | None, Query(max_length=LONGEST, description="The key.", examples=["L-1001"])] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_LETTERS, description="The most dead letters to answer with.")] = 50,
        cursor: Cursor = None,
    ) -> Response:
        """Records that could not be handled, and why, the newest first. An erased lead has none."""
        query = DeadLetterQuery(source=source, topic=topic, reason=reason, key=key)
        return answer(queue.search(query, cursor=cursor, limit=limit))

    @router.get(
        "/dead-letters/{dead_letter_id}",
        response_model=DeadLetterDetails,
        summary="Show a dead letter",
        operation_id="showDeadLetter",
    )
    def show(
        person: Viewer,
        dead_letter_id: DeadLetterId,
        reveal: Annotated[
            bool, Query(description="Show what it holds, for the role operator only. That is logged.")
        ] = False,
    ) -> Response:
        """Where it came from, why, its headers and its value. What may be personal data is masked."""
        return answer(shown(queue, person, dead_letter_id, reveal=reveal))

    @router.post(
        "/dead-letters/replay",
        response_model=SentBack,
        summary="Send dead letters back",
        operation_id="replayDeadLetters",
    )
    def replay(person: Operator, wanted: Annotated[SendBack, Body()]) -> Response:
        """Each goes to where it came from, with its key, value and headers, and only to inputs of this installation.
        Those that were sent back before are left out. What still cannot be handled becomes a dead letter again.
        """
        return answer(sent_back(queue, person, wanted))

    return router


def shown(queue: DeadLetterQueue, person: Person, letter_id: str, *, reveal: bool) -> DeadLetterDetails:
    """A dead letter for a person. Raises NotAllowed to reveal it, and DeadLetterNotFound."""
    if reveal and not person.may(Permission.REVEAL_PERSONAL_DATA):
        raise NotAllowed("This takes the role operator: dead letters may hold personal data.")
    details = queue.show(letter_id, reveal=reveal)
    if reveal:
        log.info("dead_letter_revealed", dead_letter=details.id, subject=person.subject)
    return details


def sent_back(queue: DeadLetterQueue, person: Person, wanted: SendBack) -> SentBack:
    """Send dead letters back in the name of a person. Raises as DeadLetterQueue.send_back."""
    sent = queue.send_back(wanted.ids, again=wanted.again)
    count = sum(one.status == "sent" for one in sent.dead_letters)
    log.info("dead_letters_sent_back", count=count, asked=len(wanted.ids), subject=person.subject)
    return sent
