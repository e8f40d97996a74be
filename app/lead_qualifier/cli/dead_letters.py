"""`dead-letters`: what could not be read, and sending it back once the reason is gone."""

from __future__ import annotations

import base64
import heapq
import itertools
import re
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from lead_qualifier.cli.exit_codes import ExitCode, Refused
from lead_qualifier.cli.options import Json, Yes, command_group
from lead_qualifier.cli.screen import agreed, busy, fail, moment, note, say, show_json, warn
from lead_qualifier.cli.session import Session, open_session
from lead_qualifier.client.dead_letters import DeadLetter, DeadLetters, Filter, ReplayPlan, ReplayStatus
from lead_qualifier.messages.topics import DOWNSTREAM_DEAD_LETTERS, LEAD_DEAD_LETTERS

dead_letters = command_group("List records that could not be processed, and send them back.")

Topic = Annotated[str | None, typer.Option("--topic", metavar="NAME", help="Only dead letters from this topic.")]
Reason = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="Only dead letters whose reason contains this text.")
]
Key = Annotated[
    str | None, typer.Option("--key", metavar="KEY", help="Only dead letters with this key, such as a lead's id.")
]
Limit = Annotated[int, typer.Option("--limit", "-n", min=0, metavar="N", help="Only the newest N; 0 for all.")]
Downstream = Annotated[
    bool, typer.Option("--downstream", help="Dead letters of the downstream services, instead of the workers.")
]

_LEFT_OUT = {
    ReplayStatus.REPLAYED: "left out, because they were sent back before",
    ReplayStatus.UNKNOWN: "left out, because their topic no longer shows whether they were sent back before (--again "
    "sends them)",
    ReplayStatus.TRUNCATED: "cannot be sent back, because they were too large to be kept whole",
    ReplayStatus.TOPIC_MISSING: "came from topics that no longer exist",
    ReplayStatus.OTHER_TOPIC: "name a topic that is not an input of this installation ({topics}) and are not sent back",
}
_EXCERPT = 90
_NAMED = 10


@dead_letters.command("list")
def list_letters(
    *,
    topic: Topic = None,
    reason: Reason = None,
    key: Key = None,
    limit: Limit = 20,
    downstream: Downstream = False,
    as_json: Json = False,
) -> None:
    """List the dead letters, oldest first.

    For each: where it came from, and why it could not be processed. The PARTITION:OFFSET at the start of each is its
    name for `dead-letters replay`.
    """
    session = open_session()
    with busy("reading the dead letters"):
        count, letters = _newest(_letters(session, downstream), Filter(topic=topic, reason=reason, key=key), limit)
    if as_json:
        show_json([_as_json(letter) for letter in letters])
        return
    if not letters:
        say("no dead letters" if topic is reason is key is None else "no matching dead letters")
        return
    for letter in letters:
        _show(letter)
    if len(letters) < count:
        note(f"the newest {len(letters)} of {count:,}; --limit 0 shows all")


@dead_letters.command()
def replay(
    places: Annotated[
        list[str] | None,
        typer.Argument(metavar="PARTITION:OFFSET", help="The dead letters, as `dead-letters list` names them."),
    ] = None,
    *,
    topic: Topic = None,
    reason: Reason = None,
    key: Key = None,
    everything: Annotated[bool, typer.Option("--all", help="All dead letters.")] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Include dead letters that were, or may have been, sent back before.")
    ] = False,
    downstream: Downstream = False,
    yes: Yes = False,
) -> None:
    """Send dead letters back to where they came from.

    Each is sent at most once, with its key, value and headers. Choose them by name, by filter, or all. They go only to
    inputs of this installation, whatever a dead letter claims. Each gets the header dl_replayed_from; the next replay
    finds it in the origin topic and leaves the dead letter out. A record that still cannot be processed becomes a dead
    letter again. A header whose name was not UTF-8 is sent in its escaped form (dl_header_...), so that the record can
    be read.
    """
    chosen = _chosen(places or [], topic, reason, key, everything)
    session = open_session()
    letters = _letters(session, downstream)
    with busy("reading the dead letters, and what was sent back before"):
        found = list(letters.find(chosen))
        plan = letters.plan(found, again=again)
    unknown = chosen.ids - {letter.id for letter in found}
    if unknown:
        raise Refused(
            f"no such dead letter: {', '.join(sorted(unknown))} (lead-qualifier dead-letters list shows them)"
        )
    _tell(plan)
    pending = plan[ReplayStatus.PENDING]
    if not pending:
        say("nothing to send back")
        return
    counts = Counter(letter.topic for letter in pending)
    what = ", ".join(f"{count:,} to {name}" for name, count in sorted(counts.items()))
    if not yes and not agreed(f"Send back {what}?"):
        raise Refused("nothing was sent back")
    sent: list[DeadLetter] = []
    failed = letters.send_back(pending, sent.append)
    say(f"{len(sent):,} sent back")
    if failed:
        fail("; ".join(f"{name}: {why}" for name, why in failed))
        raise typer.Exit(ExitCode.REFUSED)


def _chosen(places: Sequence[str], topic: str | None, reason: str | None, key: str | None, everything: bool) -> Filter:
    for place in places:
        if not re.fullmatch(r"\d+:\d+", place):
            raise typer.BadParameter(f"{place} is not PARTITION:OFFSET, such as 3:17")
    if not (places or everything or topic or reason or key):
        raise typer.BadParameter("choose dead letters by PARTITION:OFFSET, --topic, --reason, --key, or --all")
    return Filter(topic=topic, reason=reason, key=key, ids=frozenset(places))


def _tell(plan: ReplayPlan) -> None:
    for status, why in _LEFT_OUT.items():
        if letters := plan[status]:
            topics = ", ".join(sorted({letter.topic for letter in letters})[:_NAMED])
            tell = note if status is ReplayStatus.REPLAYED else warn
            tell(f"{len(letters):,} {why.format(topics=topics)}: {_names(letters)}")


def _names(letters: Sequence[DeadLetter]) -> str:
    names = [letter.id for letter in letters]
    return ", ".join(names[:_NAMED]) + (" ..." if len(names) > _NAMED else "")


def _letters(session: Session, downstream: bool) -> DeadLetters:
    topic = DOWNSTREAM_DEAD_LETTERS if downstream else LEAD_DEAD_LETTERS
    return DeadLetters(session.connection, topic_prefix=session.prefix, topic=topic)


def _newest(among: DeadLetters, wanted: Filter, limit: int) -> tuple[int, list[DeadLetter]]:
    """How many there are, and the newest of them, oldest first."""
    count = itertools.count()
    found = (letter for letter, _ in zip(among.find(wanted), count, strict=False))
    newest = sorted(found, key=_age) if limit == 0 else heapq.nlargest(limit, found, key=_age)[::-1]
    return next(count), newest


def _age(letter: DeadLetter) -> tuple[Any, ...]:
    return (letter.at, letter.partition, letter.offset)


def _show(letter: DeadLetter) -> None:
    key = "no key" if letter.key is None else f"key {_excerpt(letter.key)}"
    partition, offset = letter.topic_partition, letter.topic_offset
    place = "at an unknown position" if partition is None or offset is None else f"{partition}:{offset}"
    origin = f"{letter.topic or 'no topic'} {place}"
    say(f"{letter.id}  {moment(letter.at)}  from {origin}, {key}")
    say(f"  {letter.reason}")
    say(f"  {_value(letter.value)}")


def _value(value: bytes | None) -> str:
    if value is None:
        return "no value"
    return _excerpt(value) if value else "empty value"


def _excerpt(content: bytes) -> str:
    text = content[: 4 * _EXCERPT].decode(errors="replace")
    text = "".join(char if char.isprintable() else "·" for char in text)
    return text if len(text) <= _EXCERPT and len(content) <= 4 * _EXCERPT else text[:_EXCERPT] + "…"


def _as_json(letter: DeadLetter) -> dict[str, Any]:
    place = {"topic_partition": letter.topic_partition, "topic_offset": letter.topic_offset}
    shown: dict[str, Any] = {
        "letter": letter.id,
        "partition": letter.partition,
        "offset": letter.offset,
        "at": letter.at,
        "topic": letter.topic,
        **{name: number for name, number in place.items() if number is not None},
        "reason": letter.reason,
        "headers": [{"name": name, **_bytes("value", content)} for name, content in letter.headers],
    }
    return shown | _bytes("key", letter.key) | _bytes("value", letter.value)


def _bytes(name: str, content: bytes | None) -> dict[str, str]:
    """As text where it is text, else in base64; absent where there is none."""
    if content is None:
        return {}
    try:
        return {name: content.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(content).decode()}
