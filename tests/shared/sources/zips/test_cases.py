"""Every archive case ends as its table says; damaged ones end too, `make fuzz` makes more."""

from pathlib import Path

import pytest

from shared.errors import Fate
from tests.archive_cases import CASES, Case, fates_of
from tests.fuzz.archives import run


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_member_has_the_fate_of_its_case(case: Case, tmp_path: Path) -> None:
    path = tmp_path / case.file_name
    path.write_bytes(case.build())
    assert fates_of(path) == dict(case.fates)


def test_cases_have_names_of_their_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


def test_damaged_archives_end_as_fates() -> None:
    fates = run(400)
    assert fates[Fate.SCORED] > 50
    assert len(fates) > 10
