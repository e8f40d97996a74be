"""The criteria of a qualification as the table holds them: the scores apart from the rest, which many share."""

from __future__ import annotations

import sys
from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import nan
from typing import Any

import msgspec

from lead_qualifier.client.model_history import CriterionStood, ModelHistory


class _Asked(msgspec.Struct, frozen=True, array_like=True, gc=False):
    scoring_model_id: str
    threshold: float | None
    grade: str | None


_decode = msgspec.json.Decoder(tuple[_Asked, ...]).decode


def pack(criteria: Iterable[CriterionStood]) -> tuple[bytes, bytes]:
    """What was asked, and the scores; NaN: none."""
    asked, scores = [], []
    for one in criteria:
        asked.append(_Asked(one.scoring_model_id, one.threshold, one.grade))
        scores.append(nan if one.score is None else one.score)
    return msgspec.json.encode(asked), packed("d", scores)


def packed(typecode: str, numbers: Iterable[float]) -> bytes:
    """Numbers as arrays have them, the lowest byte first."""
    return _lowest_first(array(typecode, numbers)).tobytes()


def unpacked(typecode: str, parts: Iterable[bytes]) -> array[Any]:
    """The numbers of all parts."""
    found: array[Any] = array(typecode)
    found.frombytes(b"".join(parts))
    return _lowest_first(found)


def _lowest_first(numbers: array[Any]) -> array[Any]:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def add_criteria(
    history: ModelHistory, versions: Sequence[int], criteria: Sequence[bytes], scores: Sequence[bytes]
) -> None:
    """Add them to a history that has none. `versions`: of the model, by qualification like the others."""
    places: defaultdict[tuple[int, bytes], list[int]] = defaultdict(list)
    for index, shape in enumerate(zip(versions, criteria, strict=True)):
        places[shape].append(index)
    for (version, asked), indexes in places.items():
        of_all = _decode(asked)
        numbers = unpacked("d", map(scores.__getitem__, indexes))
        seen = set()
        for place, one in enumerate(of_all):
            name = one.scoring_model_id
            is_first = (name, one.threshold is None) not in seen  # a model may name a scoring model in several groups
            seen.add((name, one.threshold is None))
            if one.threshold is None:
                grades = history.grades.setdefault(name, array("l", [0]) * len(versions))
                grade = history.grade_names.number(one.grade)
                for index in indexes if is_first else ():
                    grades[index] = grade
                continue
            history.thresholds[name] = max((version, one.threshold), history.thresholds.get(name, (0, 0.0)))
            held = history.scores.setdefault(name, array("d", [nan]) * len(versions))
            for index, score in zip(indexes, numbers[place :: len(of_all)], strict=True) if is_first else ():
                held[index] = score
