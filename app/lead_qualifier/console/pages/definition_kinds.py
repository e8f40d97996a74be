"""The kinds of definition as pages call them, and what a new one begins with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lead_qualifier.console.pages.terms import marked as _


@dataclass(frozen=True, slots=True, kw_only=True)
class KindOfPages:
    """`name`: the word of the command line. `path`: of one definition's page; the list's is `list_path`.

    `begin`: the text that a new one begins with.
    """

    name: str
    list_path: str
    path: str
    title: str
    one: str
    new: str
    about: str
    begin: str

    @property
    def edit_path(self) -> str:
        """The page on which a definition is written."""
        return f"{self.path}/edit"

    @property
    def paths(self) -> Sequence[str]:
        """The pages below the list."""
        return (self.path, self.edit_path)


KINDS_OF_PAGES: tuple[KindOfPages, ...] = (
    KindOfPages(
        name="journey",
        list_path="/journeys",
        path="/journey",
        title=_("Journeys"),
        one=_("Journey"),
        new=_("New journey"),
        about=_("Which leads enter which journeys, when, and how often."),
        begin="id: welcome\nname: Welcome\ntrigger: {event: lead-qualified}\nreentry: {policy: never}\n",
    ),
    KindOfPages(
        name="assignment",
        list_path="/assignments",
        path="/assignment",
        title=_("Assignment"),
        one=_("Assignment"),
        new=_("New assignment"),
        about=_("Who gets which qualified leads."),
        begin=(
            "id: inside-sales\nname: Inside sales\nsegments:\n  - id: everyone\n    priority: 1\n    rules:\n"
            "      - id: german-speaking\n        sellers:\n          when: {attribute: language, equals: de}\n"
            "        distribute: load_balancing\n"
        ),
    ),
    KindOfPages(
        name="sequence",
        list_path="/sequences",
        path="/sequence",
        title=_("Sequences"),
        one=_("Sequence"),
        new=_("New sequence"),
        about=_("The steps that sales takes with leads."),
        begin=(
            "id: first-contact\nname: First contact\nconnect: {on: lead-assigned}\nsteps:\n"
            "  - {id: call, kind: phone_call, subject: Call the lead, due_within: 4h}\n"
            "  - {id: pause, kind: wait, for: 2d}\n"
            "  - {id: mail, kind: email, subject: Thank you for your time}\n"
        ),
    ),
    KindOfPages(
        name="follow-up",
        list_path="/follow-ups",
        path="/follow-up",
        title=_("Follow-up"),
        one=_("Follow-up"),
        new=_("New follow-up"),
        about=_("How soon sales must act on leads."),
        begin=(
            "id: react-fast\nname: React fast\nstages:\n"
            "  - {on: lead-assigned, within: 4h, repeat: {every: 24h, times: 3}}\n"
        ),
    ),
)
"""In the order in which people see them."""
