"""Archives that are no zip are told by content first, by name where that says nothing."""

import bz2
import gzip
import lzma
import tarfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Fate, SkipError
from shared.records import HEAD_BYTES
from shared.sources.files import check_no_other_archive, other_archive
from tests.archive_cases.others import OTHERS, tar_of
from tests.archive_cases.pictures import RED
from tests.archive_cases.zips import Part, zip_of


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("name", ["a", "a.png", "a.txt", "a.tar.gz"])
def test_each_kind_is_told_by_its_first_bytes(name: str, kind: str) -> None:
    assert kind in other_archive(name, OTHERS[kind][:HEAD_BYTES])


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_tar_of_every_form_is_told(form: int) -> None:
    assert other_archive("a", tar_of(RED, form)[:HEAD_BYTES]) == "a tar archive"


@pytest.mark.parametrize("content", [b"", RED])
@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_nothing_packed_is_told_too(pack: Callable[[bytes], bytes], content: bytes) -> None:
    assert other_archive("a", pack(content)[:HEAD_BYTES]).startswith("packed with")


@pytest.mark.parametrize(
    "name",
    [
        *("a.7z", "b/A.RAR", "a.tar", "a.tgz", "a.tar.gz", "a.tbz2", "a.txz", "a.bz2", "a.xz"),
        *("a.zst", "a.cbr", "a.cb7", "a.lzh", "a.iso"),
    ],
)
def test_a_name_counts_where_the_bytes_say_nothing(name: str) -> None:
    assert other_archive(name, b"?").endswith(" file")


@pytest.mark.parametrize("head", [b"", RED[:HEAD_BYTES], zip_of(Part("a", RED))[:HEAD_BYTES]])
@pytest.mark.parametrize("name", ["a", "a.png", "a.zip", "a.cbz", "7z", ".7z", "a.7z.txt", "tar"])
def test_others_are_none(name: str, head: bytes) -> None:
    assert other_archive(name, head) == ""
    check_no_other_archive(name, head)


def test_the_reason_says_what_it_is_and_what_is_read() -> None:
    with pytest.raises(SkipError) as caught:
        check_no_other_archive("a", OTHERS["7z"])
    assert caught.value.fate is Fate.UNSUPPORTED_ARCHIVE
    assert caught.value.reason == "a 7z archive; zip is read"


@given(st.text(max_size=20), st.binary(max_size=HEAD_BYTES))
def test_any_name_and_content_has_an_answer(name: str, head: bytes) -> None:
    assert isinstance(other_archive(name, head), str)
