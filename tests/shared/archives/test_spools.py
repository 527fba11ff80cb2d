"""Nested archives on disk: no trace of them, and a full disk is nobody's picture."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.archives import iter_members, spools
from shared.errors import RunError, SkipError
from shared.fates import Fate
from shared.records import Limits
from tests.archive_cases.pictures import RED
from tests.archive_cases.zips import Part, zip_of

NESTED = zip_of(Part("in.zip", zip_of(Part("1.png", RED))))


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of its own, used from the first byte on."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setattr(spools, "MAX_MEMORY_BYTES", 1)
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
    monkeypatch.setattr(spools, "MAX_MEMORY_BYTES", 1000)
    assert len(list(iter_members(archive, Limits()))) == 2


def test_source_that_fails_is_the_inputs_fault() -> None:
    def failing() -> Iterator[bytes]:
        yield b"some"
        raise SkipError(Fate.CRC, "")

    with pytest.raises(SkipError):
        spools.spooled(failing())
