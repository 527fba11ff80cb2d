"""Archives, folders and object storage give the same two streams; nothing found is passed over."""

import os
import pickle
from pathlib import Path

import pytest

from shared.errors import Fate, RunError, SkipError
from shared.records import Container, EntryKey, Limits
from shared.sources.source import (
    ArchiveSource,
    FolderSource,
    ObjectSource,
    Source,
    archive_source,
    dataset_source,
)
from tests.archive_cases.others import OTHERS
from tests.worlds import png, zipped

LIMITS = Limits()
IS_ROOT = os.geteuid() == 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An archive and a loose file, and the same one folder deeper."""
    folder = tmp_path / "in"
    for path in (folder, folder / "x"):
        path.mkdir()
        (path / "a.zip").write_bytes(zipped({f"{i}.png": png(i) for i in range(4)}))
        (path / "loose.png").write_bytes(png(9))
    return folder


def archive_files(folder: Path) -> ArchiveSource:
    return ArchiveSource(folder, folder / "output")


def containers(source: Source) -> list[Container]:
    return [one for one in source.iter_found() if isinstance(one, Container)]


def left_alone(source: Source) -> list[str]:
    return [str(one) for one in source.iter_found() if not isinstance(one, Container)]


def entries(
    source: Source, location: Path, after: EntryKey = (), only: range | None = None
) -> list[EntryKey]:
    return [one.place.entry for one in source.iter_members(str(location), LIMITS, after, only)]


class TestArchives:
    def test_those_at_any_depth_are_found_sorted(self, folder: Path) -> None:
        found = [one.location for one in containers(archive_files(folder))]
        assert found == [str(folder / "a.zip"), str(folder / "x" / "a.zip")]

    def test_loose_files_are_told_by_their_paths(self, folder: Path) -> None:
        expected = [str(folder / "loose.png"), str(folder / "x" / "loose.png")]
        assert left_alone(archive_files(folder)) == expected

    def test_one_archive_can_be_named(self, folder: Path) -> None:
        [one] = containers(archive_files(folder / "a.zip"))
        assert (one.location, one.n_entries) == (str(folder / "a.zip"), 4)

    def test_an_archive_of_another_name_is_told_by_its_content(self, folder: Path) -> None:
        (folder / "a.zip").rename(folder / "b.dat")
        assert [Path(one.location).name for one in containers(archive_files(folder))] == [
            "b.dat",
            "a.zip",
        ]

    @pytest.mark.parametrize(
        ("name", "content"),
        [("b.7z", OTHERS["7z"]), ("b", OTHERS["RAR"]), ("b.rar", b""), ("b.dat", OTHERS["tar"])],
    )
    def test_an_archive_of_another_kind_is_a_container_with_a_fate(
        self, folder: Path, name: str, content: bytes
    ) -> None:
        (folder / name).write_bytes(content)
        source = archive_files(folder)
        assert [Path(one.location).name for one in containers(source)] == ["a.zip", name, "a.zip"]
        with pytest.raises(SkipError) as caught:
            entries(source, folder / name)
        assert caught.value.fate is Fate.UNSUPPORTED_ARCHIVE

    def test_what_is_only_called_an_archive_is_a_container_too(self, folder: Path) -> None:
        (folder / "b.cbz").write_bytes(b"<html>")
        assert len(containers(archive_files(folder))) == 3

    def test_the_output_is_not_looked_at(self, folder: Path) -> None:
        assert len(containers(ArchiveSource(folder, folder / "x"))) == 1

    @pytest.mark.parametrize("kind", [ArchiveSource, FolderSource])
    def test_a_directory_that_is_not_there_ends_the_run(
        self, tmp_path: Path, kind: type[ArchiveSource | FolderSource]
    ) -> None:
        with pytest.raises(RunError) as caught:
            list(kind(tmp_path / "none", tmp_path / "output").iter_found())
        assert caught.value.where == str(tmp_path / "none")

    @pytest.mark.parametrize("name", ["gone.zip", "gone.7z"])
    def test_a_link_called_an_archive_that_leads_nowhere_is_a_container_with_a_fate(
        self, folder: Path, name: str
    ) -> None:
        (folder / name).symlink_to(folder / "nothing")
        source = archive_files(folder)
        lost = containers(source)[1]
        assert lost.address.endswith(name)
        with pytest.raises(SkipError) as caught:
            entries(source, Path(lost.location))
        assert caught.value.fate.is_problem

    def test_a_link_to_a_folder_is_a_container_with_a_fate(self, folder: Path) -> None:
        (folder / "elsewhere").symlink_to(folder / "x")
        source = archive_files(folder)
        (linked,) = (c for c in containers(source) if c.address == str(folder / "elsewhere"))
        with pytest.raises(SkipError, match="Name that folder") as caught:
            entries(source, Path(linked.location))
        assert caught.value.fate is Fate.NOT_REGULAR

    def test_a_link_of_another_name_that_leads_nowhere_is_left_alone(self, folder: Path) -> None:
        (folder / "gone.png").symlink_to(folder / "nothing")
        assert str(folder / "gone.png") in left_alone(archive_files(folder))

    @pytest.mark.skipif(IS_ROOT, reason="root may read every folder")
    @pytest.mark.parametrize("kind", [ArchiveSource, FolderSource])
    def test_a_folder_that_cannot_be_read_is_a_container_with_a_fate(
        self, folder: Path, kind: type[ArchiveSource | FolderSource]
    ) -> None:
        (folder / "x").chmod(0)
        source = kind(folder, folder / "output")
        try:
            lost = containers(source)[-1]
            with pytest.raises(SkipError) as caught:
                entries(source, Path(lost.location))
        finally:
            (folder / "x").chmod(0o700)
        assert (lost.address, caught.value.fate) == (str(folder / "x"), Fate.UNREADABLE)


class TestFolders:
    @pytest.fixture
    def source(self, folder: Path) -> FolderSource:
        for i in range(4):
            (folder / "x" / f"{i}.png").write_bytes(png(i))
        return FolderSource(folder, folder / "output")

    def test_every_folder_is_a_container(self, source: FolderSource, folder: Path) -> None:
        assert [one.location for one in containers(source)] == [str(folder), str(folder / "x")]

    def test_nothing_is_left_alone(self, source: FolderSource) -> None:
        assert left_alone(source) == []

    def test_the_output_is_not_looked_at(self, folder: Path) -> None:
        assert len(containers(FolderSource(folder, folder / "x"))) == 1

    def test_a_file_ends_the_run(self, folder: Path) -> None:
        with pytest.raises(RunError, match="a folder is needed") as caught:
            list(FolderSource(folder / "loose.png", folder).iter_found())
        assert caught.value.remedy.startswith("Name the folder")

    def test_its_own_files_alone_are_members(self, source: FolderSource, folder: Path) -> None:
        names = [one.place.name for one in source.iter_members(str(folder), LIMITS)]
        assert names == ["a.zip", "loose.png"]


@pytest.fixture(params=["archive", "folder"])
def five(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Source, Path]:
    """A source, and the location of a container of five members."""
    pictures = {f"{i}.png": png(i) for i in range(5)}
    if request.param == "archive":
        path = tmp_path / "a.zip"
        path.write_bytes(zipped(pictures))
        return ArchiveSource(tmp_path, tmp_path / "output"), path
    for name, content in pictures.items():
        (tmp_path / name).write_bytes(content)
    return FolderSource(tmp_path, tmp_path / "output"), tmp_path


class TestMembers:
    def test_slices_make_up_the_whole(self, five: tuple[Source, Path]) -> None:
        slices = [entries(*five, only=range(i, i + 2)) for i in range(0, 6, 2)]
        assert slices == [[(0,), (1,)], [(2,), (3,)], [(4,)]]

    def test_an_endless_slice_ends_with_the_container(self, five: tuple[Source, Path]) -> None:
        assert entries(*five, only=range(3, 2**62)) == [(3,), (4,)]

    @pytest.mark.parametrize("done", range(-1, 5))
    @pytest.mark.parametrize("only", [None, range(1, 4), range(5), range(4, 2**62)])
    def test_a_slice_goes_on_after_what_is_done(
        self, five: tuple[Source, Path], done: int, only: range | None
    ) -> None:
        after = (done,) if done >= 0 else ()
        allowed = only or range(5)
        assert entries(*five, after, only) == [(i,) for i in range(done + 1, 5) if i in allowed]

    def test_a_source_can_be_sent_to_a_worker(self, five: tuple[Source, Path]) -> None:
        source, location = five
        sent = pickle.loads(pickle.dumps(source))
        assert entries(sent, location) == entries(source, location)


class TestChoosing:
    def test_stage_4_reads_a_path_as_files(self, folder: Path) -> None:
        source = archive_source(folder / "x" / "..", folder / "output")
        assert source == ArchiveSource(folder, folder / "output")

    def test_stage_1_reads_a_folder_as_loose_files(self, folder: Path) -> None:
        assert dataset_source(folder, folder) == FolderSource(folder, folder)

    @pytest.mark.parametrize("name", ["a.zip", "none"])
    def test_stage_1_reads_anything_else_as_an_archive(self, folder: Path, name: str) -> None:
        assert dataset_source(folder / name, folder) == ArchiveSource(folder / name, folder)


class TestObjects:
    @pytest.fixture(autouse=True)
    def installed(self) -> None:
        pytest.importorskip("fsspec")

    def test_stage_4_reads_a_url_as_objects(self, folder: Path) -> None:
        source = archive_source(f"file://{folder}", folder / "output")
        assert isinstance(source, ObjectSource)

    def test_a_protocol_that_nobody_speaks_ends_the_run(self, folder: Path) -> None:
        with pytest.raises(RunError):
            archive_source("nosuch://bucket", folder)

    def test_objects_are_found_as_the_files_that_they_are(self, folder: Path) -> None:
        source = archive_source(f"file://{folder}", folder / "output")
        found = [one.location.removeprefix(str(source.directory)) for one in containers(source)]
        assert [name.lstrip("/") for name in found] == ["a.zip", "x/a.zip"]
        assert [Path(one).name for one in left_alone(source)] == ["loose.png", "loose.png"]

    def test_objects_have_the_members_of_the_file(self, folder: Path) -> None:
        source = archive_source(f"file://{folder}", folder / "output")
        first = containers(source)[0]
        members = source.iter_members(first.location, LIMITS, (0,), range(3))
        assert [one.place.entry for one in members] == [(1,), (2,)]


@pytest.mark.parametrize("kind", [ArchiveSource, FolderSource])
def test_what_is_not_there_ends_the_run_with_a_remedy(
    kind: type[ArchiveSource | FolderSource], tmp_path: Path
) -> None:
    with pytest.raises(RunError, match="no such file or folder") as caught:
        list(kind(tmp_path / "nodir", tmp_path).iter_found())
    assert caught.value.remedy
