"""A short run over damaged archives; `tests.fuzz.archives` is the long one."""

from shared.errors import Fate
from tests.fuzz.archives import run


def test_damaged_archives_end_as_fates() -> None:
    fates = run(400)
    assert fates[Fate.SCORED] > 50
    assert len(fates) > 10
