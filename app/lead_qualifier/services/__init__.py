"""Processes that host services: what they consist of (`topology`), how they are wired, started, watched and stopped."""
