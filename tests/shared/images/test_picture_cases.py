"""Each picture of the case table has exactly its fate."""

import pytest

from shared.errors import SkipError
from shared.fates import Fate
from shared.images import check_is_picture, open_picture
from shared.records import Limits
from tests.picture_cases.cases import CASES, Case


def fate_and_reason(name: str, content: bytes) -> tuple[Fate, str]:
    try:
        check_is_picture(name, content[:64])
        open_picture(content, Limits())
    except SkipError as error:
        return error.fate, error.reason
    return Fate.SCORED, ""


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name}-{case.fate}")
def test_case_has_its_fate(case: Case) -> None:
    fate, reason = fate_and_reason(case.name, case.build())
    assert fate is case.fate, reason


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.fate.is_problem],
    ids=lambda case: f"{case.name}-{case.fate}",
)
def test_problem_has_a_short_plain_reason(case: Case) -> None:
    _, reason = fate_and_reason(case.name, case.build())
    assert 0 < len(reason) < 150
    assert reason.isprintable()
    assert " at 0x" not in reason
