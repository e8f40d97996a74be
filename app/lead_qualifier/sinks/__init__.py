"""Sinks: send our events to HTTP endpoints of other systems."""
