"""A short run of the fuzzer; `make fuzz` makes a long one."""

from shared.errors import Fate
from tests.fuzz import pictures
from tests.fuzz.mutations import mutations


def test_every_damaged_picture_has_a_fate() -> None:
    fates = pictures.run(600)
    assert fates.total() == 600
    assert set(fates) >= {Fate.SCORED, Fate.CORRUPT, Fate.TRUNCATED, Fate.TOO_LARGE}


def test_damage_is_the_same_every_time() -> None:
    data = bytes(range(256))
    assert mutations(data, 5) == mutations(data, 5) != data
