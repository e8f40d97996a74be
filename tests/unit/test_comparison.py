"""The comparison page: our cells name the tests that prove them, the others' cells the pages they are taken from."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "comparison.md"
TEXT = PAGE.read_text()
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in TEXT.splitlines() if line.startswith("|")]
HEAD, CELLS = ROWS[0], {row[0].strip("*"): row[1:] for row in ROWS[2:]}

OWN_LINK = re.compile(r"\[([^]]+)]\(([^)]+)\)")
"""Text and target of a link within the repository."""
PAGE_LINK = re.compile(r"\[[^]]+]\[([^]]+)]")
"""The name of a vendor's page, as it is used in a cell."""
PAGES = dict(re.findall(r"^\[([^]]+)]: (\S+)", TEXT, re.MULTILINE))
SAYS_NOTHING = ("not documented", "?")

VENDORS = {
    "Dynamics 365 Customer Insights - Journeys": ("https://learn.microsoft.com/",),
    "Marketo Engage": ("https://experienceleague.adobe.com/", "https://github.com/AdobeDocs/"),
    "HubSpot": ("https://knowledge.hubspot.com/", "https://developers.hubspot.com/"),
    "Account Engagement (Pardot)": ("https://help.salesforce.com/", "http://help.pardot.com/"),
    "Mautic": ("https://github.com/mautic/",),
    "Odoo CRM": ("https://github.com/odoo/",),
}
"""Where each vendor's own documentation lies."""


def functions(file: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.FunctionDef)}


@pytest.mark.docs
def test_every_row_tells_of_everybody() -> None:
    assert ["point", "lead-qualifier", *VENDORS] == HEAD
    assert len(CELLS) == len(ROWS) - 2, "a point stands there twice"
    assert {point: len(cells) for point, cells in CELLS.items()} == dict.fromkeys(CELLS, len(VENDORS) + 1)
    assert all(cell for cells in CELLS.values() for cell in cells)


@pytest.mark.docs
@pytest.mark.parametrize("point", CELLS)
def test_a_cell_of_ours_names_tests_that_exist(point: str) -> None:
    proofs = OWN_LINK.findall(CELLS[point][0])
    assert proofs, "names no test"
    for sentence, target in proofs:
        file = PAGE.parent / target
        assert file.is_file(), f"there is no {target}"
        assert file.name.startswith("test_"), f"{target} holds no tests"
        name = "test_" + sentence.replace(" ", "_")
        assert name in functions(file), f"{target} has no {name}"


@pytest.mark.docs
@pytest.mark.parametrize("point", CELLS)
def test_a_cell_of_others_names_their_own_documentation_or_claims_nothing(point: str) -> None:
    for (vendor, places), cell in zip(VENDORS.items(), CELLS[point][1:], strict=True):
        if cell in SAYS_NOTHING:
            continue
        assert re.match(r"(yes|partly|no): ", cell), f"{vendor}: says neither yes, partly nor no"
        links = PAGE_LINK.findall(cell)
        assert links, f"{vendor}: claims something without a link"
        for link in links:
            assert PAGES[link].startswith(places), f"{vendor}: {link} is not its own documentation"


@pytest.mark.docs
def test_every_link_of_the_page_leads_somewhere_and_every_page_is_used() -> None:
    assert set(PAGE_LINK.findall(TEXT)) == set(PAGES)
    assert [target for _, target in OWN_LINK.findall(TEXT) if not (PAGE.parent / target).exists()] == []
