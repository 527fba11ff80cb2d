"""An entry's data: bounded pieces, every check, and nothing but what is declared.

Reasons say what was found, what is allowed and what to do; harmless comes before harmful.
"""

import contextlib
import io
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Fate, SkipError
from shared.records import HEAD_BYTES, MEBIBYTE
from shared.sources.files import CHUNK_BYTES
from shared.sources.zips.contents import Content, check_entry, located
from shared.sources.zips.directory import Entry, load_directory
from shared.sources.zips.end_record import end_of
from tests.archive_cases.pictures import RED
from tests.archive_cases.zips import DEFLATED, STORED, Part, deflate, zip_of

PLAIN = Entry("1.png", "1.png", b"1.png", 3, 0, 8, 0, 0, 10, 10, 0, 99, overlaps=False, sound=True)


def content_of(part: Part) -> Content:
    file = io.BytesIO(zip_of(part))
    return located(file, load_directory(file, end_of(file), 2**40).entry(0))


def fate_of(part: Part) -> Fate:
    with pytest.raises(SkipError) as caught:
        content_of(part).read()
    return caught.value.fate


@given(st.binary(max_size=3000), st.sampled_from([STORED, DEFLATED]))
def test_sound_content_comes_back(content: bytes, method: int) -> None:
    found = content_of(Part("x", content, method))
    assert (found.head(), found.read()) == (content[:HEAD_BYTES], content)


@pytest.mark.parametrize("method", [STORED, DEFLATED])
@pytest.mark.parametrize(
    "n_bytes", [CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES]
)
def test_pieces_are_bounded(method: int, n_bytes: int) -> None:
    pieces = list(content_of(Part("x", bytes(n_bytes), method)).iter_pieces())
    assert sum(map(len, pieces)) == n_bytes
    assert max(map(len, pieces)) <= CHUNK_BYTES


def test_bomb_is_stopped_at_its_first_piece_too_many() -> None:
    bomb = content_of(Part("x", bytes(40 * MEBIBYTE), DEFLATED, size=MEBIBYTE))
    seen: list[int] = []
    with pytest.raises(SkipError, match="more bytes"):
        seen.extend(len(piece) for piece in bomb.iter_pieces())
    assert sum(seen) <= 2 * CHUNK_BYTES


@given(st.integers(1, len(deflate(RED))))
def test_no_cut_stream_passes(n_bytes: int) -> None:
    part = Part("x", RED, DEFLATED, data=deflate(RED)[:-n_bytes])
    assert fate_of(part) in (Fate.TRUNCATED, Fate.CORRUPT)


@given(st.integers(0, 8 * len(RED) - 1), st.sampled_from([STORED, DEFLATED]))
def test_no_flipped_bit_passes(bit: int, method: int) -> None:
    data = bytearray(Part("x", RED, method).all_data)
    data[bit // 8 % len(data)] ^= 1 << bit % 8
    # There are bits that deflate does not look at: those behind its last block.
    with contextlib.suppress(SkipError):
        assert content_of(Part("x", RED, method, data=bytes(data))).read() == RED


def test_stream_of_nothing_before_its_content_still_has_a_head() -> None:
    empty_block = b"\0\0\0\xff\xff"
    data = empty_block * 5000 + deflate(RED)
    found = content_of(Part("x", RED, DEFLATED, data=data))
    assert (found.head(), found.read()) == (RED[:HEAD_BYTES], RED)


def test_reason_tells_found_and_declared() -> None:
    with pytest.raises(SkipError, match=r"unpacks to 3 bytes, declared as 1,000"):
        content_of(Part("x", b"abc", DEFLATED, size=1000)).read()


def test_name_beside_the_data_is_told_in_short() -> None:
    with pytest.raises(SkipError) as caught:
        content_of(Part("x", RED, local_name=b"\0" + b"y" * 5000))
    assert caught.value.fate is Fate.NAME_MISMATCH
    assert "\0" not in caught.value.reason
    assert len(caught.value.reason) < 300


def test_crc_is_that_of_the_whole() -> None:
    content = bytes(range(256)) * 8192
    assert zlib.crc32(content_of(Part("x", content)).read()) == zlib.crc32(content)


def refusal(**changes: Any) -> SkipError:
    with pytest.raises(SkipError) as caught:
        check_entry(PLAIN._replace(**changes), MEBIBYTE)
    return caught.value


def test_plain_entry_passes() -> None:
    check_entry(PLAIN, MEBIBYTE)


def test_too_large_tells_found_allowed_and_option() -> None:
    reason = refusal(size=5 * MEBIBYTE // 2).reason
    assert reason == "2.5 MiB, allowed 1.0. Raise it with --max_member_mb."


@pytest.mark.parametrize(
    ("method", "words"), [(12, "bzip2"), (14, "LZMA"), (93, "Zstandard"), (77, "method 77")]
)
def test_unsupported_method_is_named(method: int, words: str) -> None:
    assert words in refusal(method=method).reason


@pytest.mark.parametrize("broken", [{"flags": 1}, {"method": 12}, {"sound": False}])
def test_litter_is_ignored_however_broken_it_is(broken: dict[str, object]) -> None:
    error = refusal(name="__MACOSX/._1.png", **broken)
    assert (error.fate, error.reason) == (Fate.IGNORED, "")


def test_link_is_told_before_its_size() -> None:
    assert refusal(attributes=0xA1FF << 16, size=MEBIBYTE + 1).fate is Fate.NOT_REGULAR
