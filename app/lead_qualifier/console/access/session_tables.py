"""The table of sessions. It is no part of the projection, and outlives its rebuilds."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, MetaData, Table, Text

from lead_qualifier.console.read_model.tables import SESSIONS

metadata = MetaData()
sessions = Table(
    SESSIONS,
    metadata,
    Column("token", Text, primary_key=True),  # its digest, with which nobody can sign in
    Column("subject", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("roles", Text, nullable=False),  # separated by spaces
    Column("csrf_token", Text, nullable=False),
    Column("opened_at", BigInteger, nullable=False),  # seconds since 1970, as is the next
    Column("used_at", BigInteger, nullable=False),
)
