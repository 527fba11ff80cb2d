"""One look at all entries: who lies on whom, what all unpack to, which numbers cannot be."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Fate, SkipError
from shared.records import MEBIBYTE
from shared.sources.zips.directory import Directory, Extents, load_directory, neighbours
from shared.sources.zips.end_record import End, end_of
from tests.archive_cases.pictures import BLUE, RED
from tests.archive_cases.zips import BZIP2, DEFLATED, ENCRYPTED, Part, zip64_numbers, zip_of

SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), max_size=8)


def directory(content: bytes) -> Directory:
    file = io.BytesIO(content)
    return load_directory(file, end_of(file), MEBIBYTE)


def placed(spans: list[tuple[int, int]]) -> Extents:
    starts, sizes = (np.array(column, np.int64) for column in zip(*spans, strict=True))
    return Extents(sizes, sizes, starts, sizes, np.ones(len(spans), np.bool_))


def test_entries_come_with_what_the_records_say() -> None:
    entry = directory(zip_of(Part("a.png", RED), Part("é/b.png", BLUE, DEFLATED))).entry(1)
    assert (entry.name, entry.spelled, entry.raw_name) == ("é/b.png", "é/b.png", "é/b.png".encode())
    assert (entry.method, entry.size, entry.overlaps, entry.sound) == (8, len(BLUE), False, True)


def test_each_entry_may_reach_to_the_next() -> None:
    content = zip_of(Part("a.png", RED), Part("b.png", RED))
    first, second = (directory(content).entry(n) for n in (0, 1))
    assert first.limit == second.offset
    assert second.limit == content.index(b"PK\x01\x02")


@given(SPANS.filter(bool))
def test_overlaps_are_those_of_any_pair(spans: list[tuple[int, int]]) -> None:
    _, overlaps = neighbours(placed(spans), directory=100)
    ends = [start + size for start, size in spans]
    expected = [
        any(spans[i][0] < ends[j] and spans[j][0] < ends[i] for j in range(len(spans)) if j != i)
        for i in range(len(spans))
    ]
    assert overlaps.tolist() == expected


@given(SPANS.filter(bool))
def test_limit_is_the_next_start(spans: list[tuple[int, int]]) -> None:
    limits, overlaps = neighbours(placed(spans), directory=100)
    for (start, _), limit, overlap in zip(spans, limits, overlaps, strict=True):
        if not overlap:
            assert limit == min((s for s, _ in spans if s > start), default=100)


def test_what_cannot_be_discredits_nobody() -> None:
    found = directory(zip_of(Part("a.png", RED), Part("b.png", RED, packed=2**31)))
    assert [found.entry(n).sound for n in (0, 1)] == [True, False]
    assert not found.entry(0).overlaps


def test_only_what_would_be_read_counts_as_unpacked() -> None:
    parts = (
        Part("a.png", RED),
        Part("b.png", RED, flags=ENCRYPTED),
        Part("c.png", RED, method=BZIP2),
        Part("d.png", RED, size=MEBIBYTE + 1),
        Part("e.png", RED, size=0xFFFFFFFF),
        Part("f.png", BLUE),
    )
    unpacked = directory(zip_of(*parts)).unpacked
    assert unpacked.tolist() == [len(RED)] * 5 + [len(RED) + len(BLUE)]


def test_wide_numbers_come_from_the_zip64_field() -> None:
    extra = zip64_numbers(len(RED), len(RED), 0)
    part = Part("a.png", RED, size=0xFFFFFFFF, packed=0xFFFFFFFF, offset=0xFFFFFFFF, extra=extra)
    entry = directory(zip_of(part)).entry(0)
    assert (entry.size, entry.packed, entry.offset, entry.sound) == (len(RED), len(RED), 0, True)


def test_a_directory_of_one_name_is_read_in_linear_time() -> None:
    record = Part("1.png").record(0) * 20_000
    content = Part("1.png").local() + record
    found = load_directory(
        io.BytesIO(content),
        End(len(Part("1.png").local()), len(record), 20_000, 0, exact=True),
        MEBIBYTE,
    )
    assert found.entry(19_999).spelled == "1.png#20000"


def test_a_directory_that_cannot_be_followed_is_refused() -> None:
    content = bytearray(zip_of(Part("a.png", RED), Part("b.png", RED)))
    content[content.index(b"PK\x01\x02") + 30] ^= 1
    with pytest.raises(SkipError) as caught:
        directory(bytes(content))
    assert caught.value.fate is Fate.CORRUPT
