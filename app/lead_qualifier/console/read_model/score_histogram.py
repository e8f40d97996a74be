"""Reads the counts of scores: a histogram, and how many open leads meet a threshold."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, func, select

from lead_qualifier.client.score_bands import Band, ScoreBands
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.score_counts import ALL_LEADS, level_of
from lead_qualifier.console.read_model.tables import has_tables, score_counts
from lead_qualifier.qualification.rules import UnknownLeads


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreHistogram:
    """The current scores of open leads on one scoring model.

    `open_leads`: all of them, `with_score`: those that have a score on it. `bands`: the lowest first. `whole`: whether
    all scores are whole numbers.
    """

    open_leads: int
    with_score: int
    bands: tuple[tuple[Band, int], ...]
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """How many open leads have a score that meets a threshold.

    `perhaps`: how many more may, because their scores agree with the threshold in the first four digits; 0 if the
    threshold has no more digits.
    """

    leads: int
    perhaps: int


class ScoreHistograms:
    """Reads the table, each time in one snapshot. It counts the leads of which a preview looks at the criteria."""

    def __init__(self, database: Database, *, unknown_leads: UnknownLeads) -> None:
        self._database = database
        self._counted = [] if unknown_leads == "open" else [score_counts.c.known.is_(True)]

    def of(self, scoring_model_id: str, *, cuts: tuple[float, ...] = (), most: int = 20) -> ScoreHistogram:
        """The scores on a model, in at most so many bands and those that outliers need. `cuts`: further edges."""
        level, leads = score_counts.c.level, func.sum(score_counts.c.leads)
        with self._database.snapshot() as connection:
            if not has_tables(connection):
                return ScoreHistogram(open_leads=0, with_score=0, bands=(), whole=True)
            held = connection.execute(
                select(level, leads).where(*self._on(scoring_model_id)).group_by(level).order_by(level)
            ).all()
            open_leads = self._sum(connection, *self._on(ALL_LEADS))
        levels, counts = [one[0] for one in held], [int(one[1]) for one in held]
        bands = ScoreBands(levels, counts=counts, cuts=cuts, most=most)
        return ScoreHistogram(
            open_leads=open_leads,
            with_score=sum(counts),
            bands=bands.counted(levels, counts=counts),
            whole=bands.whole,
        )

    def meeting(self, scoring_model_id: str, threshold: float) -> Meeting:
        """How many leads have a score of at least the threshold."""
        level = level_of(float(threshold))
        with self._database.snapshot() as connection:
            if not has_tables(connection):
                return Meeting(leads=0, perhaps=0)
            on = self._on(scoring_model_id)
            at_level = 0 if level == threshold else self._sum(connection, *on, score_counts.c.level == level)
            above = self._sum(connection, *on, score_counts.c.level >= threshold)
        return Meeting(leads=above, perhaps=at_level)

    def _on(self, scoring_model_id: str) -> list[ColumnElement[bool]]:
        return [score_counts.c.scoring_model == scoring_model_id.encode(errors="replace"), *self._counted]

    @staticmethod
    def _sum(connection: Connection, *where: ColumnElement[bool]) -> int:
        return int(connection.execute(select(func.sum(score_counts.c.leads)).where(*where)).scalar() or 0)
