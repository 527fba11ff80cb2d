import struct

import pytest

from shared.errors import Fate, SkipError
from shared.pictures import opening
from shared.pictures.opening import (
    CountedReader,
    check_before_decoding,
    check_before_opening,
    open_picture,
)
from shared.records import Limits
from tests.picture_cases import builders


def test_reader_gives_the_content() -> None:
    reader = CountedReader(b"abcdef")
    assert (reader.read(2), reader.read(), reader.ran_out) == (b"ab", b"cdef", False)


def test_reader_notes_a_short_header() -> None:
    reader = CountedReader(b"abcdef")
    reader.read(8)
    assert reader.ran_out


def test_the_rest_of_a_file_in_one_block_is_not_short() -> None:
    reader = CountedReader(b"abcdef")
    reader.read(CountedReader.BLOCK_BYTES)
    assert not reader.ran_out


def test_nothing_left_is_short() -> None:
    reader = CountedReader(b"")
    reader.read(CountedReader.BLOCK_BYTES)
    assert reader.ran_out


def test_a_picture_in_very_many_pieces_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MAX_READS", 1_000)
    chunks = builders.png(builders.chunk(b"aaAa", b"") * 1_000)
    with pytest.raises(SkipError, match="1,000 pieces") as caught:
        open_picture(chunks, Limits())
    assert caught.value.fate is Fate.TOO_LARGE


def test_scans_of_a_small_jpeg_may_be_many() -> None:
    content = builders.many_scans(600)
    check_before_decoding("JPEG", content, 1.0)
    with pytest.raises(SkipError, match="606 scans, allowed 100"):
        check_before_decoding("JPEG", content, 50.0)


def test_scans_are_not_counted_in_other_data() -> None:
    film = b"\xff\xda\xff\xda" * 10_000
    check_before_decoding("JPEG", builders.encoded(builders.image(), "JPEG") + film, 50.0)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("is_big", [False, True])
def test_numbers_of_a_tag_are_counted_in_each_kind_of_tiff(order: str, is_big: bool) -> None:
    mark = b"II" if order == "<" else b"MM"
    if is_big:
        head = mark + struct.pack(f"{order}HHHQ", 43, 8, 0, 16) + struct.pack(f"{order}Q", 1)
        content = head + struct.pack(f"{order}HHQQ", 273, 4, 300_000, 0)
    else:
        head = mark + struct.pack(f"{order}HL", 42, 8) + struct.pack(f"{order}H", 1)
        content = head + struct.pack(f"{order}HHLL", 273, 4, 300_000, 0)
    with pytest.raises(SkipError, match="300,000 numbers"):
        check_before_opening("TIFF", content)


def test_bytes_of_a_tag_may_be_many() -> None:
    profile = builders.tiff([(34675, 7, 3_000_000, 500)])
    check_before_opening("TIFF", profile)


def test_directories_that_name_each_other_come_to_an_end() -> None:
    loop = builders.tiff([(34665, 4, 1, 8)] * 3)
    check_before_opening("TIFF", loop)


@pytest.mark.parametrize("length", range(0, 60, 3))
def test_a_cut_tiff_is_left_to_pillow(length: int) -> None:
    check_before_opening("TIFF", builders.grey_tiff()[:length])
