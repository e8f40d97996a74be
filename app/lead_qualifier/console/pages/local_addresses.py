"""Addresses that people bring along, such as where to go after signing in."""

from __future__ import annotations


def is_local(address: str) -> bool:
    """Whether it is a path of the console: no other host, however browsers read it."""
    return address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
