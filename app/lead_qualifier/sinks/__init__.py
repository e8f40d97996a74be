"""Sinks: they carry our events out, each to an HTTP endpoint of others."""
