"""Extra fields: found by tag, passed over where they are broken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.sources.zips.listing import extra_field, unicode_path, widened
from tests.archive_cases import zips

TOP = 0xFFFFFFFF


def test_field_is_found_behind_others() -> None:
    extra = zips.extra_field(1, b"one") + zips.extra_field(2, b"") + zips.extra_field(3, b"three")
    assert [extra_field(extra, tag) for tag in (1, 2, 3, 4)] == [b"one", b"", b"three", None]


@given(st.binary(max_size=40), st.integers(0, 0xFFFF))
def test_any_bytes_are_looked_through(extra: bytes, tag: int) -> None:
    found = extra_field(extra, tag)
    assert found is None or found in extra


def test_only_saturated_numbers_are_widened() -> None:
    extra = zips.zip64_numbers(2**40, 2**41)
    assert widened(extra, (TOP, 5, TOP)) == (2**40, 5, 2**41)
    assert widened(b"", (1, 2, 3)) == (1, 2, 3)


@pytest.mark.parametrize("extra", [b"", zips.zip64_numbers(1), zips.extra_field(1, b"1234567")])
def test_missing_wide_number_is_told(extra: bytes) -> None:
    with pytest.raises(ValueError, match="ZIP64"):
        widened(extra, (TOP, TOP, 0))


@pytest.mark.parametrize(
    ("extra", "text"),
    [
        (zips.unicode_path(b"?.png", "猫.png"), "猫.png"),
        (zips.unicode_path(b"!.png", "猫.png"), None),
        (zips.unicode_path(b"?.png", "猫.png").replace(b"\x01", b"\x02"), None),
        (zips.unicode_path(b"?.png", "a")[:-1] + b"\xff", None),
        (b"", None),
    ],
    ids=["good", "of another name", "other version", "no utf-8", "none"],
)
def test_unicode_name_counts_only_if_it_is_of_this_name(extra: bytes, text: str | None) -> None:
    assert unicode_path(extra, b"?.png") == text
