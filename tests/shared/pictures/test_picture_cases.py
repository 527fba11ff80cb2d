"""Each picture of the case table has exactly its fate; damaged ones have one as well."""

from functools import cache

import pytest

from shared.errors import Fate, SkipError
from shared.pictures.kinds import check_is_picture
from shared.pictures.opening import open_picture
from shared.records import HEAD_BYTES, Limits
from tests.fuzz import pictures
from tests.fuzz.mutations import mutations
from tests.picture_cases.cases import CASES, Case


@cache
def outcome(case: Case) -> tuple[Fate, str]:
    content = case.build()
    try:
        check_is_picture(case.name, content[:HEAD_BYTES])
        open_picture(content, Limits())
    except SkipError as error:
        return error.fate, error.reason
    return Fate.SCORED, ""


def title(case: Case) -> str:
    return f"{case.name}-{case.fate}"


@pytest.mark.parametrize("case", CASES, ids=title)
def test_case_has_its_fate(case: Case) -> None:
    fate, reason = outcome(case)
    assert fate is case.fate, reason


@pytest.mark.parametrize("case", [c for c in CASES if c.fate.is_problem], ids=title)
def test_problem_has_a_short_plain_reason(case: Case) -> None:
    _, reason = outcome(case)
    assert 0 < len(reason) < 150
    assert reason.isprintable()
    assert " at 0x" not in reason


def test_every_damaged_picture_has_a_fate() -> None:
    fates = pictures.run(600)
    assert fates.total() == 600
    assert set(fates) >= {Fate.SCORED, Fate.CORRUPT, Fate.TRUNCATED, Fate.TOO_LARGE}


def test_damage_is_the_same_every_time() -> None:
    data = bytes(range(256))
    assert mutations(data, 5) == mutations(data, 5) != data
