"""The AsyncAPI 3.0 document: the topics, their messages, and which of them this program sends and receives."""

from __future__ import annotations

from typing import Any

from lead_qualifier import __version__
from lead_qualifier.messages import topics
from lead_qualifier.messages.topics import ALL_TOPICS, Partitions, Topic
from lead_qualifier.services.topology import SERVICES
from tools.schemas.documents import DOCUMENTS, Document
from tools.schemas.examples import Examples
from tools.schemas.json_schemas import DIALECT, class_name
from tools.topic_users import readers_of, writers_of

_SCHEMA_FORMAT = "application/schema+json;version=draft-2020-12"
_ABOUT = """\
Live lead scores in, qualified leads out, exactly once.

Records are JSON in UTF-8; times are RFC 3339 with a time zone. In emitted records a missing value is an absent field,
never null. Readers must ignore fields they do not know: later versions only add fields, and only optional ones.

Records about leads are partitioned by murmur2 of the key, Java's default; producers on librdkafka must set
`partitioner=murmur2_random`. Read emitted records with `isolation.level=read_committed`. A configured prefix precedes
every topic name, without a separator.

Emitted events are CloudEvents 1.0 in binary mode. Events that are read may be plain JSON, or CloudEvents in binary or
structured mode.
"""
#: What the services read, and the command line: outcomes of commands and dead letters.
_READ_BY_US = frozenset(
    topic.name
    for service in SERVICES
    for topic in (*service.reads, *service.keeps, *service.audit_trails, service.dead_letters)
)
#: What the services write, and the command line: commands, and what an administrator may set right by hand.
_WRITTEN_BY_US = frozenset(
    topic.name for service in SERVICES for topic in (*service.keeps, *service.writes, service.dead_letters)
) | {
    topics.SCORING_MODEL_CHANGED.name,
    topics.QUALIFICATION_COMMANDS.name,
    topics.FEATURE_COMMANDS.name,
    topics.SELLER_CHANGED.name,
    *(topics.commands(kind).name for kind in topics.KINDS),
}


def asyncapi(examples: Examples) -> dict[str, Any]:
    """The document. It refers to the schemas by file name, in the same folder."""
    by_topic = {document.topic.name: document for document in DOCUMENTS if document.topic is not None}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "lead-qualifier",
            "version": __version__,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in ALL_TOPICS},
        "operations": _operations(),
        "components": {
            "messages": {topic.name: _message(topic, by_topic[topic.name], examples) for topic in ALL_TOPICS},
            "schemas": {"cloud-event-headers": _cloud_event_headers()},
        },
    }


def _channel(topic: Topic) -> dict[str, Any]:
    many = topic.partitions is Partitions.BY_LEAD
    count = "N partitions, the same N as every topic keyed by lead" if many else "One partition"
    binding: dict[str, Any] = {"topic": topic.name}
    if not many:
        binding["partitions"] = 1
    config = topic.config()
    binding["topicConfiguration"] = {
        name: int(value) if value.isdecimal() else [value] for name, value in config.items()
    }
    return {
        "address": topic.name,
        "title": topic.name,
        "description": (
            f"{topic.purpose} {count}; key: {topic.key}. "
            f"Written by {', '.join(writers_of(topic))}; read by {', '.join(readers_of(topic))}."
        ),
        "messages": {topic.name: {"$ref": f"#/components/messages/{topic.name}"}},
        "bindings": {"kafka": {**binding, "bindingVersion": "0.5.0"}},
    }


def _operations() -> dict[str, Any]:
    operations: dict[str, Any] = {}
    for topic in ALL_TOPICS:
        for action, ours in (("receive", _READ_BY_US), ("send", _WRITTEN_BY_US)):
            if topic.name in ours:
                operations[f"{action}-{topic.name}"] = {
                    "action": action,
                    "channel": {"$ref": f"#/channels/{topic.name}"},
                    "messages": [{"$ref": f"#/channels/{topic.name}/messages/{topic.name}"}],
                }
    return operations


def _message(topic: Topic, document: Document, examples: Examples) -> dict[str, Any]:
    message: dict[str, Any] = {"name": topic.name, "title": topic.name, "summary": topic.purpose}
    described = "headers" if document.name.endswith(".headers") else "payload"
    if described == "headers":
        message |= {
            "contentType": "application/octet-stream",
            "headers": _by_file(document),
            "payload": {
                "title": f"{class_name(topic.name)}Value",
                "description": "The bytes of the original record's value; none if it had none.",
            },
        }
    else:
        message |= {"contentType": "application/json", "payload": _by_file(document)}
        if topic.events:
            message["headers"] = {"$ref": "#/components/schemas/cloud-event-headers"}
    message["bindings"] = {"kafka": {"key": {"type": "string", "description": topic.key}, "bindingVersion": "0.5.0"}}
    message["examples"] = [
        {"name": example.name, "summary": example.summary, described: example.value}
        for example in examples[document.name]
    ]
    return message


def _by_file(document: Document) -> dict[str, Any]:
    # A plain reference: code generators name a type after the schema's title, and do not find it in a wrapper with a
    # schemaFormat. Each file names its dialect itself.
    return {"$ref": f"./{document.name}.schema.json"}


def _cloud_event_headers() -> dict[str, Any]:
    text = {"type": "string", "minLength": 1}
    return {
        "schemaFormat": _SCHEMA_FORMAT,
        "schema": {
            "$schema": DIALECT,
            "title": "cloud-event-headers",
            "description": "CloudEvents 1.0 in binary mode: always on emitted events, optional on those that are read.",
            "type": "object",
            "properties": {
                "ce_specversion": {"const": "1.0"},
                "ce_id": {**text, "description": "`event_id` or `command_id` of the value."},
                "ce_source": {**text, "description": "`/lead-qualifier/` followed by the application id."},
                "ce_type": {**text, "description": "`lead-qualifier.` followed by the topic's name without prefix."},
                "ce_time": {**text, "format": "date-time", "description": "When the event occurred."},
                "ce_subject": {**text, "description": "The record's key."},
                "content-type": {"const": "application/json"},
            },
        },
    }
