"""A folder takes the pictures that it shares with the one before from there, unread."""

import os
from datetime import datetime
from pathlib import Path

import pytest

from shared.hashing import content_digest
from shared.results.folder import STORE_FOLDER, Placed, ResultsFolder

CONTENT = b"pixels"
DIGEST = content_digest(CONTENT)


def made(
    output: Path, minute: int, *, before: Path | None = None, links: bool = True, read: bool = True
) -> Path:
    """A results folder with one picture, which is taken from the folder before or ``read``."""
    started = datetime(2023, 1, 21, 0, minute)  # noqa: DTZ001 - the user's own time
    with ResultsFolder(output, started, links=links, before=before) as folder:
        if not folder.take(DIGEST, len(CONTENT)):
            assert read, "it was to be taken"
        content = None if not read else CONTENT
        folder.place(Placed(content, DIGEST, "1.png", "a.zip!/1.png"), ["svm/cat/0.3"])
        folder.seal("these archives")
        return folder.finish()


def picture(folder: Path) -> Path:
    return folder / "svm/cat/0.3/1.png"


def stored(folder: Path) -> Path:
    return folder / STORE_FOLDER / DIGEST.hex()


def is_taken(output: Path, before: Path) -> bool:
    started = datetime(2024, 1, 1)  # noqa: DTZ001 - the user's own time
    with ResultsFolder(output, started, links=True, before=before) as folder:
        return folder.take(DIGEST, len(CONTENT))


def test_both_show_one_file(tmp_path: Path) -> None:
    first = made(tmp_path, 1)
    second = made(tmp_path, 2, before=first, read=False)
    assert picture(first).samefile(picture(second))
    assert picture(second).read_bytes() == CONTENT


def test_it_outlives_the_folder_that_it_was_taken_from(tmp_path: Path) -> None:
    first = made(tmp_path, 1)
    second = made(tmp_path, 2, before=first, read=False)
    picture(first).unlink()
    stored(first).unlink()
    assert is_taken(tmp_path, second)


def test_what_the_folder_before_lacks_is_not_had(tmp_path: Path) -> None:
    first = made(tmp_path, 1)
    stored(first).unlink()
    assert not is_taken(tmp_path, first)


def test_a_file_that_was_written_to_is_not_taken(tmp_path: Path) -> None:
    first = made(tmp_path, 1)
    picture(first).write_bytes(CONTENT[::-1])
    status = (first / ".made_from").stat()
    os.utime(picture(first), ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert not is_taken(tmp_path, first)


def test_a_file_of_another_size_is_not_taken(tmp_path: Path) -> None:
    first = made(tmp_path, 1)
    status = picture(first).stat()
    picture(first).write_bytes(CONTENT + b"!")
    os.utime(picture(first), ns=(status.st_atime_ns, status.st_mtime_ns))
    assert not is_taken(tmp_path, first)


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    first = made(tmp_path, 1)
    aside = tmp_path / "aside"
    aside.write_bytes(CONTENT)
    status = (first / ".made_from").stat()
    os.utime(aside, ns=(status.st_atime_ns, status.st_mtime_ns - 1))
    stored(first).unlink()
    stored(first).symlink_to(aside)
    assert not is_taken(tmp_path, first)


@pytest.mark.parametrize("name", [STORE_FOLDER, ".made_from"])
def test_from_a_folder_that_is_not_whole_nothing_is_taken(tmp_path: Path, name: str) -> None:
    first = made(tmp_path, 1)
    (first / name).rename(first / "aside")
    assert not is_taken(tmp_path, first)


def test_where_entries_are_copies_nothing_is_kept_or_taken(tmp_path: Path) -> None:
    first = made(tmp_path, 1, links=False)
    assert not stored(first).exists()
    second = made(tmp_path, 2, links=False, before=made(tmp_path, 3))
    assert picture(second).stat().st_nlink == 1


def test_a_file_with_all_links_that_it_can_have_is_read_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = made(tmp_path, 1)
    link = os.link

    def limited(source: str, target: str) -> None:
        if str(first) in source:
            raise OSError(31, "Too many links")
        link(source, target)

    monkeypatch.setattr(os, "link", limited)
    second = made(tmp_path, 2, before=first)
    assert not picture(first).samefile(picture(second))
