"""How many open leads have each score on each scoring model: kept with the leads, so that nobody counts a million."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import ROUND_FLOOR, Context

from sqlalchemy import Connection, bindparam, delete

from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.tables import score_counts
from lead_qualifier.qualification.decide import is_open
from lead_qualifier.qualification.leads import Lead

DIGITS = 4
"""Significant digits of a level: any threshold with at most so many is counted exactly."""
_CUT_OFF = Context(prec=DIGITS, rounding=ROUND_FLOOR)
_EXACT = float(10**DIGITS)

Place = tuple[bytes, float, bool]
"""What is counted: a scoring model, a level, and whether the CRM has reported the lead."""

ALL_LEADS = ""
"""No scoring model has this id: under it every open lead is counted, whatever its scores."""


def level_of(score: float) -> float:
    """The score, cut off to the next lower number of four significant digits, so that levels stay few."""
    if -_EXACT < score < _EXACT and score.is_integer():
        return score + 0.0  # no -0.0, which a database takes for another number
    return float(_CUT_OFF.create_decimal(repr(score)))  # as people write it: 70.1 is not cut off to 70.09


def places_of(lead: Lead) -> Iterator[Place]:
    """Where the lead counts: nowhere unless it is open, as in a preview."""
    if is_open(lead):
        yield ALL_LEADS.encode(), 0.0, lead.known
        for name, score in lead.scores.items():
            yield name.encode(errors="replace"), level_of(score.value), lead.known


def add_counts(database: Database, connection: Connection, changes: Mapping[Place, int]) -> None:
    """Change the counts; what nobody has any more goes."""
    rows = [
        {"scoring_model": name, "level": level, "known": known, "leads": change}
        for (name, level, known), change in changes.items()
        if change
    ]
    database.add(connection, score_counts, rows, score_counts.c.leads)
    fewer = [{"s": name, "l": level, "k": known} for (name, level, known), change in changes.items() if change < 0]
    if fewer:
        place = (
            score_counts.c.scoring_model == bindparam("s"),
            score_counts.c.level == bindparam("l"),
            score_counts.c.known == bindparam("k"),
        )
        connection.execute(delete(score_counts).where(*place, score_counts.c.leads == 0), fewer)
