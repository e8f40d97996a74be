"""Suggesting the nearest known name for an unknown one."""

from __future__ import annotations

from time import process_time

import pytest

from lead_qualifier.messages.nearest import Nearest

MANY = [f"seller-{number:05}" for number in range(50_000)]


@pytest.mark.parametrize(
    ("known", "name", "nearest"),
    [
        (["anna", "bert"], "ana", "anna"),
        (["anna", "bert"], "zacharias", None),
        (MANY, "seler-04711", "seller-04711"),
        (MANY, "seller-04711x", "seller-04711"),
        (MANY, "eller-04711", "seller-04711"),
        (MANY, "customer", None),
        (MANY, "seller-" * 50, None),
        ([], "anna", None),
    ],
)
def test_the_nearest_is_found_where_one_is_near(known: list[str], name: str, nearest: str | None) -> None:
    assert Nearest(known).to(name) == nearest


def test_where_none_is_near_a_few_are_listed_and_many_counted() -> None:
    assert Nearest([]).advice("x") == "there are none yet"
    assert Nearest(["b", "a"]).advice("x") == "there are a, b"
    assert Nearest(MANY).advice("x") == "none of the 50,000 known names is similar"


def test_only_the_first_questions_are_answered() -> None:
    nearest = Nearest(MANY)
    begun = process_time()
    answers = [nearest.to(f"seler-{number:05}") for number in range(50_000)]
    assert answers[:10] == MANY[:10]
    assert not any(answers[10:])
    assert process_time() - begun < 2
