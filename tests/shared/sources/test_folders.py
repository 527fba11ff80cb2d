"""Directories as streams: order, links, litter, limits, and names of any bytes."""

import os
import socket
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from shared.errors import Fate, SkipError
from shared.records import HEAD_BYTES, Limits, Member, Skipped
from shared.sources.folders import folder_container, iter_files, iter_folder_members, iter_folders

LIMITS = Limits(max_member_bytes=100)
CHANGES: dict[str, Callable[[Path], object]] = {
    "add": lambda file: file.with_name("3.png").touch(),
    "remove": Path.unlink,
    "rename": lambda file: file.rename(file.with_name("0.png")),
    "touch": lambda file: os.utime(file, ns=(1, 1)),
    "grow": lambda file: file.write_bytes(b"longer than before"),
}


def tree(folder: Path, *paths: str) -> Path:
    for path in paths:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(path.encode("utf-8", "surrogateescape"))
    return folder


def shown(found: Iterable[Path | Skipped], root: Path) -> list[str]:
    return [
        f"{one.fate} {Path(one.place.address).relative_to(root)}"
        if isinstance(one, Skipped)
        else str(one.relative_to(root))
        for one in found
    ]


def members(folder: Path, **options: tuple[int, ...]) -> dict[str, Member | Skipped]:
    return {one.place.address: one for one in iter_folder_members(folder, LIMITS, **options)}


def fate(found: Member | Skipped) -> Fate | None:
    return found.fate if isinstance(found, Skipped) else None


def unlistable(path: Path) -> Path:
    """A folder whose listing fails, even for root: there is no folder there."""
    return path / "gone"


class TestFiles:
    def test_come_folder_by_folder_and_sorted(self, tmp_path: Path) -> None:
        tree(tmp_path, "b.zip", "a/z.zip", "c/d/1.zip", "c/2.zip", "A.zip")
        found = shown(iter_files(tmp_path, None), tmp_path)
        assert found == ["A.zip", "b.zip", "a/z.zip", "c/2.zip", "c/d/1.zip"]

    def test_output_folder_is_not_entered(self, tmp_path: Path) -> None:
        tree(tmp_path, "1.zip", "output/2.zip")
        (tmp_path / "link").symlink_to(tmp_path / "output")
        assert shown(iter_files(tmp_path, tmp_path / "link"), tmp_path)[0] == "1.zip"
        assert "output/2.zip" not in shown(iter_files(tmp_path, tmp_path / "link"), tmp_path)

    def test_output_folder_itself_can_be_searched(self, tmp_path: Path) -> None:
        tree(tmp_path, "1.zip")
        assert shown(iter_files(tmp_path, tmp_path), tmp_path) == ["1.zip"]

    def test_output_folder_need_not_exist(self, tmp_path: Path) -> None:
        tree(tmp_path, "a/1.zip")
        assert shown(iter_files(tmp_path, tmp_path / "none"), tmp_path) == ["a/1.zip"]

    def test_link_to_file_is_followed_and_to_folder_is_not(self, tmp_path: Path) -> None:
        tree(tmp_path, "a/1.zip")
        (tmp_path / "file").symlink_to(tmp_path / "a/1.zip")
        (tmp_path / "loop").symlink_to(tmp_path)
        found = shown(iter_files(tmp_path, None), tmp_path)
        assert found == ["file", "not_regular loop", "a/1.zip"]

    def test_what_is_no_plain_file_is_told(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.zip")
        (tmp_path / "dangling.zip").symlink_to("nowhere")
        (tmp_path / "circle.zip").symlink_to("circle.zip")
        found = shown(iter_files(tmp_path, None), tmp_path)
        names = ("circle.zip", "dangling.zip", "pipe.zip")
        assert found == [f"not_regular {name}" for name in names]

    def test_litter_is_passed_over(self, tmp_path: Path) -> None:
        tree(tmp_path, "._1.zip", ".DS_Store", "__MACOSX/1.zip", "@eaDir/a/1.zip", "1.zip")
        assert shown(iter_files(tmp_path, None), tmp_path) == ["1.zip"]

    def test_folder_that_cannot_be_read_is_told(self, tmp_path: Path) -> None:
        (found,) = iter_files(unlistable(tmp_path), None)
        assert isinstance(found, Skipped)
        assert (found.fate, found.place.entry) == (Fate.UNREADABLE, ())

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    def test_forbidden_folder_costs_only_itself(self, tmp_path: Path) -> None:
        tree(tmp_path, "a/1.zip", "b/2.zip")
        (tmp_path / "a").chmod(0)
        assert shown(iter_files(tmp_path, None), tmp_path) == ["corrupt a", "b/2.zip"]
        (tmp_path / "a").chmod(0o700)

    def test_deep_tree_is_walked(self, tmp_path: Path) -> None:
        deep = "d/" * 300 + "1.zip"
        tree(tmp_path, deep)
        assert shown(iter_files(tmp_path, None), tmp_path) == [deep]


class TestFolders:
    def test_only_those_that_hold_files_come(self, tmp_path: Path) -> None:
        tree(tmp_path, "b/1.png", "a/c/2.png")
        (tmp_path / "empty").mkdir()
        assert shown(iter_folders(tmp_path, None), tmp_path) == ["a/c", "b"]

    def test_output_folder_is_not_entered(self, tmp_path: Path) -> None:
        tree(tmp_path, "1.png", "output/x/2.png")
        assert shown(iter_folders(tmp_path, tmp_path / "output"), tmp_path) == ["."]

    def test_folder_that_cannot_be_read_is_told(self, tmp_path: Path) -> None:
        (found,) = iter_folders(unlistable(tmp_path), None)
        assert isinstance(found, Skipped)
        assert "No such file" in found.reason


class TestContainer:
    def test_unchanged_folder_keeps_its_stamp(self, tmp_path: Path) -> None:
        tree(tmp_path, "1.png", "2.png")
        assert folder_container(tmp_path) == folder_container(tmp_path)
        assert folder_container(tmp_path).n_entries == 2

    @pytest.mark.parametrize("change", CHANGES)
    def test_changed_folder_has_another_stamp(self, tmp_path: Path, change: str) -> None:
        file = tree(tmp_path, "1.png", "2.png") / "1.png"
        before = folder_container(tmp_path).stamp
        CHANGES[change](file)
        assert folder_container(tmp_path).stamp != before

    def test_inner_folder_is_no_part_of_it(self, tmp_path: Path) -> None:
        tree(tmp_path, "1.png", "a/2.png")
        before = folder_container(tmp_path)
        tree(tmp_path, "a/3.png", "b/4.png")
        assert folder_container(tmp_path) == before

    def test_unreadable_folder_has_a_stamp_too(self, tmp_path: Path) -> None:
        found = folder_container(unlistable(tmp_path))
        assert (found.n_entries, len(found.stamp)) == (0, 32)
        assert found.stamp != folder_container(tmp_path).stamp

    def test_relative_path_has_an_absolute_address(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert folder_container(Path("a/../b")).address == str(tmp_path / "b")


class TestMembers:
    def test_are_the_files_of_the_folder_in_order(self, tmp_path: Path) -> None:
        tree(tmp_path, "b.png", "a.png", "c/d.png")
        first, second = members(tmp_path).values()
        assert isinstance(first, Member)
        assert (first.place.entry, first.place.address, first.place.parent, first.place.name) == (
            (0,),
            f"{tmp_path}/a.png",
            str(tmp_path),
            "a.png",
        )
        assert second.place.entry == (1,)

    def test_give_head_and_content(self, tmp_path: Path) -> None:
        content = bytes(range(256)) * 3
        (tmp_path / "1.png").write_bytes(content)
        for member in iter_folder_members(tmp_path, Limits()):
            assert isinstance(member, Member)
            assert (member.size, member.head) == (len(content), content[:HEAD_BYTES])
            assert member.read() == member.read() == content

    def test_resume_after_an_entry(self, tmp_path: Path) -> None:
        tree(tmp_path, "a", "b", "c")
        assert [Path(a).name for a in members(tmp_path, start_after=(1,))] == ["c"]

    def test_litter_is_ignored_and_counted(self, tmp_path: Path) -> None:
        tree(tmp_path, "1.png", "._1.png", "@eaDir/thumb.png")
        found = {Path(a).name: fate(one) for a, one in members(tmp_path).items()}
        assert found == {"1.png": None, "._1.png": Fate.IGNORED}
        (inner,) = members(tmp_path / "@eaDir").values()
        assert fate(inner) is Fate.IGNORED

    def test_too_large_file_is_not_read(self, tmp_path: Path) -> None:
        (tmp_path / "big.png").write_bytes(bytes(101))
        (found,) = members(tmp_path).values()
        assert isinstance(found, Skipped)
        assert found.fate is Fate.TOO_LARGE
        assert "--max_member_mb" in found.reason

    def test_what_is_no_plain_file_is_told_and_never_opened(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "1-pipe")
        (tmp_path / "2-link").symlink_to("nowhere")
        (tmp_path / "3-folder").symlink_to(tmp_path)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(os.path.relpath(tmp_path / "4-socket"))
            found = [fate(one) for one in members(tmp_path).values()]
        special = Fate.NOT_REGULAR
        assert found == [special] * 4

    def test_names_that_are_not_utf8_can_be_read_and_stored(self, tmp_path: Path) -> None:
        tree(tmp_path, os.fsdecode(b"\xff.png"), "\\udcff.png")
        found = list(iter_folder_members(tmp_path, LIMITS))
        assert [one.place.address.removeprefix(f"{tmp_path}/") for one in found] == [
            "\\x5cudcff.png",
            "\\udcff.png",
        ]

    def test_content_of_odd_names_is_theirs(self, tmp_path: Path) -> None:
        tree(tmp_path, os.fsdecode(b"\xff.png"))
        for member in iter_folder_members(tmp_path, LIMITS):
            assert isinstance(member, Member)
            assert member.read() == b"\xff.png"

    def test_file_that_grows_meanwhile_is_told(self, tmp_path: Path) -> None:
        file = tree(tmp_path, "1.png") / "1.png"
        for member in iter_folder_members(tmp_path, LIMITS):
            file.write_bytes(bytes(1000))
            assert isinstance(member, Member)
            with pytest.raises(SkipError) as caught:
                member.read()
            assert caught.value.fate is Fate.SIZE_MISMATCH

    def test_folder_that_is_gone_is_refused_as_a_whole(self, tmp_path: Path) -> None:
        with pytest.raises(SkipError) as caught:
            next(iter_folder_members(unlistable(tmp_path), LIMITS))
        assert caught.value.fate is Fate.UNREADABLE

    def test_folder_of_a_trailing_mark_is_no_archive(self, tmp_path: Path) -> None:
        folder = tree(tmp_path / "wow!", "1.png")
        (found,) = iter_folder_members(folder, LIMITS)
        assert found.place.address == f"{tmp_path}/wow%21/1.png"


class TestSlices:
    """The slices of a folder that has not changed for a while share one listing."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return tree(tmp_path / "a", "1.png", "2.png")

    def names(self, folder: Path) -> list[str]:
        return [one.place.name for one in iter_folder_members(folder, LIMITS)]

    def test_it_is_listed_once(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        os.utime(folder, (1e9, 1e9))
        first = self.names(folder)
        monkeypatch.delattr(os, "scandir")
        assert self.names(folder) == first == ["1.png", "2.png"]

    @pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
    def test_every_change_is_seen(self, folder: Path, change: Callable[[Path], object]) -> None:
        os.utime(folder, (1e9, 1e9))
        self.names(folder)
        change(folder / "2.png")
        assert self.names(folder) == sorted(path.name for path in folder.iterdir())

    def test_a_change_within_one_step_of_the_clock_is_seen_too(self, folder: Path) -> None:
        status = folder.stat()
        self.names(folder)
        (folder / "3.png").touch()
        os.utime(folder, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert self.names(folder) == ["1.png", "2.png", "3.png"]
