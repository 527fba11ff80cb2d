"""Every archive case ends as its table says, within bounds."""

from pathlib import Path

import pytest

from tests.archive_cases import CASES, Case, fates_of


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_member_has_the_fate_of_its_case(case: Case, tmp_path: Path) -> None:
    path = tmp_path / case.file_name
    path.write_bytes(case.build())
    assert fates_of(path) == dict(case.fates)


def test_cases_have_names_of_their_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
