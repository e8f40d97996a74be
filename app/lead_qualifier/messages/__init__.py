"""Public messages: what the topics carry, reading and writing it, and the documents in `schemas/`."""
