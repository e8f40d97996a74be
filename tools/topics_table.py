"""docs/reference/topics.md, written from the catalogues of topics: `python -m tools.topics_table` (`make docs`)."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path

from lead_qualifier.messages import topics
from lead_qualifier.messages.topics import Cleanup, Partitions, Topic
from tools.topic_users import readers_of, writers_of

_SCHEMAS = Path(__file__).parents[1] / "schemas"
_HEAD = """\
# Topics and messages

<!-- Written by `make docs` from app/lead_qualifier/messages: change it there. -->

Every message has a JSON Schema with examples, and [asyncapi.yaml](../../schemas/asyncapi.yaml) describes all of them
(AsyncAPI 3). Messages change only by adding optional fields, so ignore fields that you do not know.

- **What you send** can be plain JSON or a CloudEvent (binary or structured mode). JSON with the framing of a Schema
  Registry is read with `LEAD_QUALIFIER_SCHEMA_REGISTRY_FRAMING=read`.
- **What you receive** is a CloudEvent in binary mode: attributes in `ce_` headers, JSON as the value. Absent fields are
  omitted, never null. Read with `isolation.level=read_committed`.
- **Keys** are the plain id, not JSON. In Kafka Connect use `StringConverter` for keys, and
  `value.converter.schemas.enable=false`.
- **Partitioning** is that of Java clients (murmur2). librdkafka needs `partitioner=murmur2_random`.
- **Names** have the prefix `LEAD_QUALIFIER_TOPIC_PREFIX` in front, without a separator.

Partitions: *N* is `LEAD_QUALIFIER_PARTITIONS`, the same for every topic keyed by lead; *1* keeps one total order.
"""


def document() -> str:
    """The whole page, Markdown."""
    return "\n".join(
        [
            _HEAD,
            *_section("Qualification", topics.QUALIFICATION_TOPICS),
            *_section("Downstream services", topics.DOWNSTREAM_TOPICS),
        ]
    )


def _section(title: str, catalogue: Iterable[Topic]) -> Iterator[str]:
    yield f"## {title}\n"
    yield "| topic | what it carries | key | partitions | kept | written by | read by |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for topic in catalogue:
        count = "N" if topic.partitions is Partitions.BY_LEAD else "1"
        cells = (_linked(topic.name), topic.purpose, topic.key.replace("<", "&lt;"), count, _kept(topic))
        yield f"| {' | '.join((*cells, ', '.join(writers_of(topic)), ', '.join(readers_of(topic))))} |"
    yield ""


def _linked(name: str) -> str:
    for file in (f"{name}.schema.json", f"{name}.headers.schema.json"):
        if (_SCHEMAS / file).exists():
            return f"[`{name}`](../../schemas/{file})"
    return f"`{name}`"


def _kept(topic: Topic) -> str:
    if topic.cleanup is Cleanup.COMPACT or topic.retention is None:
        return "newest per key"
    return f"{topic.retention // timedelta(days=1)} days"


if __name__ == "__main__":
    sys.stdout.write(document())
