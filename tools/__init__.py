"""Generators of schemas, documentation and references. Not shipped."""
