"""Nested archives on disk: no trace of them, and a full disk is nobody's picture."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Fate, RunError, SkipError
from shared.records import Limits, Member
from shared.sources.zips import nested
from shared.sources.zips.contents import located
from shared.sources.zips.directory import load_directory
from shared.sources.zips.end_record import end_of
from shared.sources.zips.members import iter_members
from tests.archive_cases.pictures import RED
from tests.archive_cases.zips import DEFLATED, Part, zip_of

INNER = zip_of(Part("1.png", RED))
NESTED = zip_of(Part("in.zip", INNER, DEFLATED))


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of its own, used from the first byte on."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setattr(nested, "MAX_MEMORY_BYTES", 1)
    return folder


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "a.zip"
    path.write_bytes(NESTED)
    return path


def test_nothing_is_to_be_seen_while_it_is_read(temporary: Path, archive: Path) -> None:
    for _ in iter_members(archive, Limits()):
        assert list(temporary.iterdir()) == []


def test_folder_that_cannot_be_written_ends_the_run(temporary: Path, archive: Path) -> None:
    temporary.rmdir()
    with pytest.raises(RunError, match=r"temporary folder.*TMPDIR"):
        list(iter_members(archive, Limits()))


def test_small_archive_stays_in_memory(
    temporary: Path, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary.rmdir()
    monkeypatch.setattr(nested, "MAX_MEMORY_BYTES", 1000)
    assert len(list(iter_members(archive, Limits()))) == 2


def test_what_is_stored_is_read_where_it_lies(temporary: Path, archive: Path) -> None:
    temporary.rmdir()
    archive.write_bytes(zip_of(Part("in.zip", zip_of(Part("in.zip", INNER))), Part("2.png", RED)))
    contents = [one.read() for one in iter_members(archive, Limits()) if isinstance(one, Member)]
    assert contents == [RED, RED]


@given(st.binary(max_size=50), st.integers(0, 60), st.integers(0, 60))
def test_a_place_in_a_file_reads_like_a_file_of_its_own(
    content: bytes, offset: int, n_bytes: int
) -> None:
    whole = zip_of(Part("in.zip", content), Part("behind", b"x" * 99))
    file = io.BytesIO(whole)
    entry = load_directory(file, end_of(file), 1000).entry(0)
    found, expected = nested.seekable(located(file, entry)), io.BytesIO(content)
    for one in (found, expected):
        one.seek(offset)
    assert found.read(n_bytes) == expected.read(n_bytes)
    assert found.seek(0, io.SEEK_END) == len(content)
    found.close()
    assert not file.closed


def test_source_that_fails_is_the_inputs_fault() -> None:
    def failing() -> Iterator[bytes]:
        yield b"some"
        raise SkipError(Fate.CRC, "")

    with pytest.raises(SkipError):
        nested.spooled(failing())
