"""What a results folder takes is told before it is there, and is near to what it takes then."""

import os
from pathlib import Path

import pytest

from shared.results import room
from shared.results.room import BLOCK_BYTES, Layout, Room, ShownFile, can_link, no_room, room_of

LINKS = Layout(links=True, n_entries=3, n_classifiers=3, n_tags=2)
COPIES = Layout(links=False, n_entries=3, n_classifiers=3, n_tags=2)


def content(n_blocks: float, n_pictures: int = 1, digest: bytes = b"") -> ShownFile:
    return ShownFile(digest, int(n_blocks * BLOCK_BYTES), n_pictures)


def aside(layout: Layout, *contents: ShownFile) -> int:
    """Bytes beside those of the pictures themselves."""
    empty = [ShownFile(one.digest, 0, one.n_pictures) for one in contents]
    return room_of(empty, layout).n_bytes


def test_links_take_the_bytes_of_one_file_in_whole_blocks() -> None:
    found = room_of([content(1.5, n_pictures=2)], LINKS)
    assert (found.n_files, found.n_links) == (1, 6)
    assert found.n_bytes - aside(LINKS, content(1.5, n_pictures=2)) == 2 * BLOCK_BYTES


def test_a_link_takes_next_to_nothing() -> None:
    many = Layout(links=True, n_entries=1000, n_classifiers=3, n_tags=2)
    more = room_of([content(1)], many).n_bytes - room_of([content(1)], LINKS).n_bytes
    assert more == 997 * room.NAME_BYTES


def test_each_copy_takes_all_bytes_and_one_more_while_they_are_made() -> None:
    found = room_of([content(2, n_pictures=2)], COPIES)
    assert (found.n_files, found.n_links) == (6, 0)
    assert found.n_bytes - aside(COPIES, content(2, n_pictures=2)) == 7 * 2 * BLOCK_BYTES


def test_some_files_together_take_half_a_block_more_each() -> None:
    together = ShownFile(b"", 10 * BLOCK_BYTES, n_pictures=4, n_files=4)
    found = room_of([together], LINKS)
    assert found.n_files == 4
    assert found.n_bytes - aside(LINKS, *[content(0)] * 4) == 12 * BLOCK_BYTES


def test_what_two_parts_take_is_what_both_take() -> None:
    some, more = [content(1)], [content(3, n_pictures=5)]
    assert room_of(some, LINKS) + room_of(more, LINKS) == room_of(some + more, LINKS)
    assert (Room() + Room(is_at_most=True)).is_at_most


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Room(1, 1, 1_240_000), "1 file, 1 link, 1.2 MB"),
        (Room(2000, 120_000, 598_000_000), "2,000 files, 120,000 links, 598 MB"),
        (Room(6, 0, 10**10), "6 files, 10.0 GB"),
        (Room(9, 9, 0, n_shared=7), "9 files (7 of them there already), 9 links, 0.0 MB"),
        (Room(9, 0, 10**7, is_at_most=True), "at most 9 files, 10 MB"),
    ],
)
def test_it_is_said_in_words(found: Room, words: str) -> None:
    assert found.words() == words


def test_a_disk_without_room_is_told_with_what_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "free_bytes", lambda _: 3_000_000)
    error = no_room(tmp_path, Room(1, 2, 5_000_000))
    assert str(error) == (
        f"{tmp_path}: the results folder takes 1 file, 2 links, 5.0 MB, "
        "and the disk has 3.0 MB left. "
        "Make room, choose another --output, or ask for less: --results_min_score, --results=none."
    )


def test_of_a_folder_that_is_not_there_the_disk_is_that_of_the_one_above(tmp_path: Path) -> None:
    assert room.free_bytes(tmp_path / "a" / "b") == pytest.approx(
        room.free_bytes(tmp_path), rel=0.01
    )


def test_trying_whether_links_can_be_made_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert can_link(tmp_path)

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    assert not can_link(tmp_path)
    assert list(tmp_path.iterdir()) == []
