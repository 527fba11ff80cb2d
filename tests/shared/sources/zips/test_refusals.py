"""Reasons say what was found, what is allowed and what to do; harmless comes before harmful."""

from typing import Any

import pytest

from shared.errors import Fate, SkipError
from shared.records import MEBIBYTE
from shared.sources.zips.directory import Entry
from shared.sources.zips.refusals import check_entry

PLAIN = Entry("1.png", "1.png", b"1.png", 3, 0, 8, 0, 0, 10, 10, 0, 99, overlaps=False, sound=True)


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
