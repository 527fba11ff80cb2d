"""Thumbnails on the disk: found by what they show, so many bytes of them, the oldest go."""

import os
from pathlib import Path

import pytest

from shared.records import JPEG, WEBP, SmallPicture
from shared.replacing import UNFINISHED
from shared.results.thumbnails import HIDDEN_FOLDER, ThumbnailFolder


@pytest.fixture
def folder(tmp_path: Path) -> ThumbnailFolder:
    return ThumbnailFolder.of(tmp_path)


def digest(number: int) -> bytes:
    return bytes([number]) * 32


def only_file(folder: ThumbnailFolder) -> Path:
    [file] = (path for path in folder.path.rglob("*") if path.is_file())
    return file


@pytest.mark.parametrize("media_type", [JPEG, WEBP])
def test_what_is_kept_is_found(folder: ThumbnailFolder, media_type: str) -> None:
    assert not folder.has(digest(1), 256)
    folder.keep(digest(1), 256, SmallPicture(b"one", media_type))
    assert folder.has(digest(1), 256)
    assert folder.find(digest(1), 256) == SmallPicture(b"one", media_type)


def test_another_picture_and_another_size_are_not(folder: ThumbnailFolder) -> None:
    folder.keep(digest(1), 256, SmallPicture(b"one", JPEG))
    assert folder.find(digest(2), 256) is None
    assert folder.find(digest(1), 1024) is None


def test_they_lie_hidden_in_the_output_folder(folder: ThumbnailFolder, tmp_path: Path) -> None:
    folder.keep(digest(1), 256, SmallPicture(b"one", JPEG))
    assert [path.name for path in tmp_path.iterdir()] == [HIDDEN_FOLDER]
    assert HIDDEN_FOLDER.startswith(".")


def test_a_folder_that_is_not_there_takes_nothing(folder: ThumbnailFolder) -> None:
    assert folder.n_bytes() == 0
    folder.forget_oldest()
    assert not folder.path.exists()


def test_the_oldest_go_until_there_is_some_room(tmp_path: Path) -> None:
    folder = ThumbnailFolder(tmp_path, max_bytes=50)
    for number in range(10):
        folder.keep(digest(number), 256, SmallPicture(b"0123456789", JPEG))
        for path in tmp_path.rglob("*.jpg"):
            os.utime(path, ns=(0, path.stat().st_mtime_ns - 10**9))
    assert folder.n_bytes() == 100
    folder.forget_oldest()
    assert folder.n_bytes() == 40
    assert [n for n in range(10) if folder.has(digest(n), 256)] == [6, 7, 8, 9]


def test_what_a_killed_process_left_is_none_and_makes_way(folder: ThumbnailFolder) -> None:
    folder.keep(digest(1), 256, SmallPicture(b"one", JPEG))
    file = only_file(folder)
    left = file.rename(file.with_name(UNFINISHED + file.name))
    assert not folder.has(digest(1), 256)
    assert folder.find(digest(1), 256) is None
    assert folder.n_bytes() == 3
    folder.keep(digest(1), 256, SmallPicture(b"one", JPEG))
    assert not left.exists()
    assert only_file(folder) == file


def test_a_link_in_the_place_of_one_is_not_followed(
    folder: ThumbnailFolder, tmp_path: Path
) -> None:
    folder.keep(digest(1), 256, SmallPicture(b"one", JPEG))
    file = only_file(folder)
    secret = tmp_path / "secret"
    secret.write_text("secret")
    file.unlink()
    file.symlink_to(secret)
    assert folder.find(digest(1), 256) is None
    folder.keep(digest(1), 256, SmallPicture(b"two", JPEG))
    assert secret.read_text() == "secret"


def test_an_empty_file_is_none_and_is_replaced(folder: ThumbnailFolder) -> None:
    folder.keep(digest(1), 256, SmallPicture(b"one", JPEG))
    only_file(folder).write_bytes(b"")
    assert folder.find(digest(1), 256) is None
    folder.keep(digest(1), 256, SmallPicture(b"one", JPEG))
    assert folder.find(digest(1), 256) == SmallPicture(b"one", JPEG)


def test_a_strangers_file_is_not_counted_and_stays(tmp_path: Path) -> None:
    strangers = tmp_path / "photos" / "2019" / "wedding.jpg"
    strangers.parent.mkdir(parents=True)
    strangers.write_bytes(b"0123456789")
    (tmp_path / "thumbnails").symlink_to(strangers.parent.parent)
    folder = ThumbnailFolder(tmp_path / "thumbnails", max_bytes=1)
    folder.keep(digest(1), 256, SmallPicture(b"one", JPEG))
    assert folder.n_bytes() == 3
    folder.forget_oldest()
    assert folder.n_bytes() == 0
    assert strangers.exists()


def test_a_folder_that_may_not_be_read_hides_no_other(
    folder: ThumbnailFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        folder.keep(digest(number), 256, SmallPicture(b"one", JPEG))
    inner = list(folder.path.iterdir())
    read = os.scandir

    def scandir(path: "Path | os.DirEntry[str]") -> object:
        if os.fspath(path) in map(os.fspath, inner[:-1]):
            raise PermissionError(path)
        return read(path)

    monkeypatch.setattr(os, "scandir", scandir)
    n_left = sum(1 for path in inner[-1].iterdir())
    assert folder.n_bytes() == 3 * n_left


def test_what_hinders_a_run_is_told(folder: ThumbnailFolder) -> None:
    assert folder.obstacle() is None
    folder.keep(digest(1), 256, SmallPicture(b"one", JPEG))
    assert "GiB of them are in" in str(ThumbnailFolder(folder.path, 3).obstacle())
    assert ThumbnailFolder(folder.path, 4).obstacle() is None
    assert "is no folder" in str(ThumbnailFolder(only_file(folder)).obstacle())
