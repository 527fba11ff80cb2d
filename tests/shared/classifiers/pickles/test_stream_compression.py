"""What joblib compresses comes back; what unpacks to too much, or is something else, does not."""

import bz2
import gzip
import lzma
import os
import pickle
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.classifiers.pickles import stream
from shared.classifiers.pickles.stream import RefusedError, unpacked
from shared.names import printable
from shared.records import MEBIBYTE
from tests.shared.classifiers.samples import dumped

pytestmark = pytest.mark.slow

PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "zlib": zlib.compress,
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda content: lzma.compress(content, lzma.FORMAT_ALONE),
}
PICKLE = pickle.dumps(list(range(500)))


def test_a_plain_pickle_stays_as_it_is() -> None:
    assert unpacked(PICKLE) is PICKLE


@pytest.mark.parametrize("packing", PACKINGS)
def test_a_packed_pickle_is_unpacked(packing: str) -> None:
    assert unpacked(PACKINGS[packing](PICKLE)) == PICKLE


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("level", [1, 9])
def test_what_joblib_packs_is_unpacked(packing: str, level: int) -> None:
    plain = unpacked(dumped([1.5, "a"], compress=(packing, level)))
    assert pickle.loads(plain) == [1.5, "a"]


@pytest.mark.parametrize("level", range(10))
def test_every_level_of_zlib_is_told_by_its_first_bytes(level: int) -> None:
    assert unpacked(zlib.compress(PICKLE, level)) == PICKLE


@pytest.mark.parametrize("packing", PACKINGS)
def test_a_bomb_takes_little_memory(packing: str) -> None:
    bomb = PACKINGS[packing](bytes(64 * MEBIBYTE))
    tracemalloc.start()
    with pytest.raises(RefusedError, match="unpacks to more than 16777216 bytes"):
        unpacked(bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 48 * MEBIBYTE


def test_the_ratio_does_not_count_below_16_mebibytes() -> None:
    repeated = pickle.dumps(b"a" * 15 * MEBIBYTE)
    assert unpacked(zlib.compress(repeated)) == repeated


def test_much_that_is_hardly_packed_may_unpack_to_much() -> None:
    noise = pickle.dumps(os.urandom(MEBIBYTE) * 17)
    assert unpacked(zlib.compress(noise, 1)) == noise


def test_no_ratio_allows_more_than_the_most_of_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MAX_FILE_BYTES", 100)
    with pytest.raises(RefusedError, match="unpacks to more than 100 bytes"):
        unpacked(zlib.compress(PICKLE))


@given(st.sampled_from(sorted(PACKINGS)), st.integers(0), st.integers(0, 255))
@settings(max_examples=60, deadline=None)
def test_a_damaged_byte_is_refused_or_harmless(packing: str, position: int, value: int) -> None:
    content = bytearray(PACKINGS[packing](PICKLE))
    content[position % len(content)] = value
    try:
        unpacked(bytes(content))
    except RefusedError as error:
        reason = error.reason
        assert printable(reason) == reason


@pytest.mark.parametrize("start", [b"", b"\n\n", b"\xef\xbb\xbf", b"  \r\n"])
def test_a_web_page_is_known_behind_blanks(start: bytes) -> None:
    with pytest.raises(RefusedError, match="a web page"):
        unpacked(start + b"<html>")


def test_what_is_not_known_is_quoted() -> None:
    with pytest.raises(
        RefusedError, match=r"no pickle of protocol 2 to 5: it starts with b'R.x1bble'"
    ):
        unpacked(b"R\x1bble")
