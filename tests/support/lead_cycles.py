"""One partition of leads, processed without Kafka: each record, and each timer, is a cycle of its own."""

from __future__ import annotations

from lead_qualifier.engine import ProcessorContext, Record
from lead_qualifier.qualification.rules import Rules
from lead_qualifier.services.worker.lead_processor import LeadProcessor
from tests.support.lead_application import lead_application


class LeadCycles:
    """`entries` is the state after all cycles that were committed; `rules` may be replaced between two."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.processor = LeadProcessor(topic_prefix="", source="/test", rules=lambda: self.rules)
        self.application = lead_application(self.processor)
        self.entries: dict[bytes, bytes] = {}

    def take(self, record: Record, now_ms: int = 0) -> ProcessorContext:
        """Process a record, and commit what follows."""
        context = self.begin(now_ms)
        context.record = record
        self.processor.process(record, context)
        self.commit(context)
        return context

    def wake(self, key: bytes, now_ms: int) -> ProcessorContext:
        """Let the key's timer fire, and commit what follows."""
        context = self.begin(now_ms)
        self.processor.on_timer(key, context)
        self.commit(context)
        return context

    def begin(self, now_ms: int = 0) -> ProcessorContext:
        self.processor.begin()
        return ProcessorContext(self.application, 0, self.entries, now_ms=now_ms)

    def commit(self, context: ProcessorContext) -> None:
        for change in context.changes():
            if change["value"] is None:
                self.entries.pop(change["key"], None)
            else:
                self.entries[change["key"]] = change["value"]
