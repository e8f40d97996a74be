"""A made-up export of leads: the columns of a public data set for lead scoring, 9,240 rows with two scores."""

from __future__ import annotations

import csv
import random
import uuid
from collections.abc import Iterator
from pathlib import Path

COLUMNS = (
    "Prospect ID",
    "Lead Number",
    "Lead Origin",
    "Lead Source",
    "Do Not Email",
    "Converted",
    "TotalVisits",
    "Total Time Spent on Website",
    "Page Views Per Visit",
    "Last Activity",
    "Country",
    "Specialization",
    "City",
    "Activity Index",
    "Profile Index",
    "Activity Score",
    "Profile Score",
    "Last Notable Activity",
)
ROWS = 9_240
MAP = """\
file:
  empty: [Select]
lead_id: Lead Number
status: {column: Converted, values: {"0": open, "1": qualified}}
attributes:
  country: Country
  origin: Lead Origin
  do_not_email: {column: Do Not Email, type: boolean}
  visits: {column: TotalVisits, type: number}
scores:
  activity: Activity Score
  profile: Profile Score
"""


def rows(count: int = ROWS, seed: int = 5) -> Iterator[dict[str, object]]:
    """Rows with the gaps of the real one: about half have no scores, and `Select` means that nobody chose anything."""
    rng = random.Random(seed)
    for number in range(count):
        scored = rng.random() < 0.55
        converted = rng.random() < 0.385
        yield dict(
            zip(
                COLUMNS,
                (
                    uuid.UUID(int=rng.getrandbits(128)),
                    579_533 + 9 * number,
                    rng.choice(("API", "Landing Page Submission", "Lead Add Form")),
                    rng.choice(("Google", "Direct Traffic", "Olark Chat", "Organic Search", "")),
                    rng.choice(("No", "No", "No", "Yes")),
                    int(converted),
                    rng.choice(("", 0, 2, 3, 5, 8)),
                    rng.randrange(2_273),
                    rng.choice(("", 1.0, 1.33, 2.5, 5.0)),
                    rng.choice(("Email Opened", "Page Visited on Website", 'Modified, "manually"')),
                    rng.choice(("India", "United States", "")),
                    rng.choice(("Select", "Finance Management", "Media\nand Advertising")),
                    rng.choice(("Mumbai", "Select", "Thane & Outskirts")),
                    "02.Medium" if scored else "",
                    "02.Medium" if scored else "",
                    rng.randrange(7, 19) if scored else "",
                    rng.randrange(11, 21) if scored else "",
                    rng.choice(("Modified", "Email Opened")),
                ),
                strict=True,
            )
        )


def write(
    path: Path, count: int = ROWS, *, encoding: str = "utf-8-sig", separator: str = ","
) -> list[dict[str, object]]:
    """Write the export, and return its rows."""
    written = list(rows(count))
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, delimiter=separator)
        writer.writeheader()
        writer.writerows(written)
    return written
