"""Identity is the same everywhere: users hold metadata that was hashed by other tools."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from shared.hashing import content_digest, pixel_hash, pixel_hash_of_strips


def test_the_pixel_hash_is_blake2b_of_64_bytes() -> None:
    # RFC 7693, appendix A
    assert pixel_hash(b"abc") == (
        "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
        "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"
    )


@given(st.lists(st.binary()))
def test_the_pixel_hash_does_not_depend_on_the_strips(strips: list[bytes]) -> None:
    assert pixel_hash_of_strips(strips) == pixel_hash(b"".join(strips))


@given(st.binary())
def test_a_file_is_known_by_what_sha256sum_prints(content: bytes) -> None:
    assert content_digest(content).hex() == hashlib.sha256(content).hexdigest()
