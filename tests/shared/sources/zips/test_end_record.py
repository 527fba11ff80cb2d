"""The end record: found in junk, refused where readers would disagree."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Fate, SkipError
from shared.sources.zips.end_record import End, end_of
from tests.archive_cases.pictures import RED
from tests.archive_cases.zips import Ending, Ending64, Part, zip_of

ARCHIVE = zip_of(Part("1.png", RED), Part("2.png", RED))
JUNK = st.binary(max_size=200).filter(lambda junk: b"PK" not in junk)


def end(content: bytes) -> End:
    return end_of(io.BytesIO(content))


def test_end_tells_where_the_directory_is() -> None:
    found = end(ARCHIVE)
    assert ARCHIVE[found.start : found.start + found.size] == ARCHIVE[found.start : -22]
    assert (found.n_entries, found.shift) == (2, 0)


@given(JUNK, JUNK)
def test_junk_around_only_shifts(before: bytes, after: bytes) -> None:
    found, plain = end(before + ARCHIVE + after), end(ARCHIVE)
    assert (found.start, found.shift) == (plain.start + len(before), len(before))
    assert found.size == plain.size


@given(st.integers(1, len(ARCHIVE) - 1))
def test_no_cut_archive_passes(n_bytes: int) -> None:
    with pytest.raises(SkipError) as caught:
        end(ARCHIVE[:n_bytes])
    assert caught.value.fate in (Fate.TRUNCATED, Fate.NOT_A_ZIP)


@given(st.integers(0, len(ARCHIVE) - 23))
def test_no_archive_with_a_byte_missing_passes(place: int) -> None:
    with pytest.raises(SkipError) as caught:
        end(ARCHIVE[:place] + ARCHIVE[place + 1 :])
    assert caught.value.fate is Fate.TRUNCATED


@pytest.mark.parametrize(
    "narrow",
    [Ending(), Ending(0xFFFF), Ending(size=0xFFFFFFFF), Ending(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)],
)
def test_zip64_end_may_repeat_or_replace_the_numbers(narrow: Ending) -> None:
    content = zip_of(Part("1.png", RED), ending=Ending64(narrow=narrow))
    assert end(content).n_entries == 1


@pytest.mark.parametrize("narrow", [Ending(2), Ending(size=9), Ending(offset=9)])
def test_zip64_end_that_disagrees_is_refused(narrow: Ending) -> None:
    with pytest.raises(SkipError, match="disagree"):
        end(zip_of(Part("1.png", RED), ending=Ending64(narrow=narrow)))


def test_a_comment_full_of_ends_is_looked_through() -> None:
    comment = b"PK\x05\x06" * 16_000
    assert end(zip_of(Part("1.png", RED), ending=Ending(comment=comment))).n_entries == 1
