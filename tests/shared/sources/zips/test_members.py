"""An archive as a stream: what zipfile says too, in order, lazily, and from any place on."""

import io
import zipfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Fate, SkipError
from shared.records import HEAD_BYTES, Limits, Member, Skipped
from shared.sources.zips import members
from shared.sources.zips.directory import Directory, load_directory
from shared.sources.zips.members import iter_members
from tests.archive_cases.pictures import BLUE, GREEN, RED
from tests.archive_cases.zips import DEFLATED, Part, zip_of

Written = Callable[[bytes], Path]
LIMITS = Limits()
NAME = st.text(st.characters(exclude_characters="/\\\0!#", codec="utf-8"), min_size=1, max_size=9)
SMALL = st.binary(max_size=300).filter(lambda content: not content.startswith(b"PK"))
CONTENT = SMALL | st.integers(0, 200_000).map(bytes)
METHOD = st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])

LAST = Part("last.png", GREEN)
INNERMOST = zip_of(Part("5.png", BLUE), Part("6.png", RED))
INNER = zip_of(Part("2.png", GREEN), Part("deep.zip", INNERMOST), Part("3.png", RED, crc=1))
NESTED = zip_of(
    Part("0.png", RED), Part("in.zip", INNER), Part("in.zip", INNER, DEFLATED), Part("7.png", BLUE)
)


class Row(NamedTuple):
    """What can be compared of a member: its reader apart."""

    entry: tuple[int, ...]
    address: str
    parent: str
    name: str
    fate: Fate | None
    detail: str | bytes


def row(found: Member | Skipped) -> Row:
    end = (found.fate, found.reason) if isinstance(found, Skipped) else (None, found.head)
    return Row(found.place.entry, found.place.address, found.place.parent, found.place.name, *end)


def walked(
    path: Path,
    limits: Limits = LIMITS,
    start_after: tuple[int, ...] = (),
    entries: range | None = None,
) -> list[Row]:
    return [row(found) for found in iter_members(path, limits, start_after, entries)]


def contents(path: Path) -> list[bytes]:
    return [found.read() for found in iter_members(path, LIMITS) if isinstance(found, Member)]


class Pipe(io.BytesIO):
    """A sink in which zipfile cannot go back, so that it writes sizes behind the data."""

    def tell(self) -> int:
        raise io.UnsupportedOperation


class TestAgainstZipfile:
    @given(st.dictionaries(NAME, st.tuples(CONTENT, METHOD), max_size=6))
    def test_same_names_and_contents(
        self, tmp_path_factory: pytest.TempPathFactory, files: dict[str, tuple[bytes, int]]
    ) -> None:
        path = tmp_path_factory.mktemp("zip") / "a.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, (content, method) in files.items():
                archive.writestr(f"x/n{name}.png", content, method)
        assert contents(path) == [content for content, _ in files.values()]
        assert [row.address for row in walked(path)] == [f"{path}!/x/n{name}.png" for name in files]

    @pytest.mark.parametrize("zip64", [False, True])
    def test_streamed_archive(self, written: Written, *, zip64: bool) -> None:
        sink = Pipe()
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in (("1.png", RED), ("2.png", b"x" * 100_000)):
                with archive.open(name, "w", force_zip64=zip64) as entry:
                    entry.write(content)
        assert contents(written(sink.getvalue())) == [RED, b"x" * 100_000]


class TestOrder:
    def test_members_come_as_the_directory_lists_them(self, written: Written) -> None:
        path = written(NESTED)
        names = [row.address.removeprefix(f"{path}!/") for row in walked(path)]
        inner = ["", "!/2.png", "!/deep.zip", "!/deep.zip!/5.png", "!/deep.zip!/6.png", "!/3.png"]
        assert names == [
            "0.png",
            *(f"in.zip{name}" for name in inner),
            *(f"in.zip#2{name}" for name in inner),
            "7.png",
        ]

    def test_entries_rise(self, written: Written) -> None:
        keys = [row.entry for row in walked(written(NESTED))]
        assert keys == sorted(keys)
        assert len(set(keys)) == len(keys) == 14

    def test_parent_is_the_archive_that_holds_the_member(self, written: Written) -> None:
        for found in iter_members(written(NESTED), LIMITS):
            assert (
                found.place.address
                == f"{found.place.parent}!/{found.place.address.rpartition('!/')[2]}"
            )

    def test_head_is_the_beginning_of_the_content(self, written: Written) -> None:
        for found in iter_members(written(NESTED), LIMITS):
            if isinstance(found, Member) and found.place.name != "3.png":
                assert found.head == found.read()[:HEAD_BYTES] == found.read()[:HEAD_BYTES]

    def test_relative_path_gives_absolute_addresses(
        self, written: Written, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = written(INNERMOST)
        (path.parent / "x").mkdir()
        monkeypatch.chdir(path.parent)
        assert walked(Path("x/../a.zip")) == walked(path)

    def test_archive_of_odd_name_is_read(self, tmp_path: Path) -> None:
        path = tmp_path / "\udcff!" / "\udcfe.zip"
        path.parent.mkdir()
        path.write_bytes(INNERMOST)
        address = walked(path)[0].address
        assert address == f"{tmp_path}/\\udcff%21/\\udcfe.zip!/5.png"


class TestResuming:
    def test_rest_is_the_same_after_every_entry(self, written: Written) -> None:
        path = written(NESTED)
        everything = walked(path)
        for place, row in enumerate(everything):
            assert walked(path, start_after=row.entry) == everything[place + 1 :]

    @pytest.mark.parametrize("size", [1, 2, 3])
    def test_slices_make_up_the_whole(self, written: Written, size: int) -> None:
        path = written(NESTED)
        starts = range(0, 6, size)
        rows = [row for n in starts for row in walked(path, entries=range(n, n + size))]
        assert rows == walked(path)

    def test_empty_slice_is_empty(self, written: Written) -> None:
        assert walked(written(NESTED), entries=range(2, 2)) == []

    def test_slice_can_be_resumed(self, written: Written) -> None:
        path = written(NESTED)
        rows = walked(path, start_after=(1, 1, 0), entries=range(1, 3))
        assert [row.entry for row in rows][:3] == [(1, 1, 1), (1, 2), (2,)]
        assert rows[-1].entry == (2, 2)

    def test_slice_behind_the_place_to_resume_at_is_whole(self, written: Written) -> None:
        path = written(NESTED)
        assert walked(path, start_after=(0,), entries=range(3, 4))[0].entry == (3,)

    def test_what_lies_before_is_not_read(self, written: Written) -> None:
        parts = [Part(f"{n}.png", RED) for n in range(9)]
        intact = zip_of(*parts)
        broken = b"\0" * len(b"".join(part.local() for part in parts[:7]))
        rows = walked(written(broken + intact[len(broken) :]), start_after=(6,))
        assert [row.name for row in rows] == ["7.png", "8.png"]

    def test_budget_of_the_top_archive_does_not_depend_on_the_slice(self, written: Written) -> None:
        path = written(zip_of(*(Part(f"{n}.png", RED) for n in range(9))))
        limits = Limits(max_unpacked_bytes=5 * len(RED))
        fates = [row.fate for row in walked(path, limits, entries=range(4, 6))]
        assert fates == [None, Fate.BUDGET]


class TestSharedBudget:
    """What is nested in one entry has a budget of its own, wherever reading starts."""

    LIMITS = Limits(max_entries=20)

    @pytest.fixture
    def path(self, written: Written) -> Path:
        seven = zip_of(*(Part(f"{n}.txt") for n in range(7)))
        inner = zip_of(*(Part(f"{name}.zip", seven) for name in "abc"))
        return written(zip_of(Part("in.zip", inner), Part("more.zip", inner), LAST))

    def test_is_spent_within_an_entry_alone(self, path: Path) -> None:
        refused = [row.entry for row in walked(path, self.LIMITS) if row.fate is Fate.BUDGET]
        assert refused == [(0, 2), (1, 2)]

    def test_is_the_same_after_every_entry(self, path: Path) -> None:
        everything = walked(path, self.LIMITS)
        for place, row in enumerate(everything):
            rest = walked(path, self.LIMITS, start_after=row.entry)
            assert rest == everything[place + 1 :]

    def test_is_the_same_in_every_slice(self, path: Path) -> None:
        rows = [row for n in range(3) for row in walked(path, self.LIMITS, (), range(n, n + 1))]
        assert rows == walked(path, self.LIMITS)


class TestLaziness:
    def test_nothing_is_unpacked_before_it_is_asked_for(self, written: Written) -> None:
        found = iter_members(written(zip_of(Part("1.png", RED, crc=1), LAST)), LIMITS)
        assert isinstance(next(found), Member)
        assert isinstance(next(found), Member)

    def test_archive_is_closed_with_its_stream(self, written: Written) -> None:
        found = iter_members(written(NESTED), LIMITS)
        first = next(found)
        assert isinstance(first, Member)
        assert isinstance(found, Generator)
        found.close()
        with pytest.raises(ValueError, match="closed file"):
            first.read()

    def test_reader_of_a_member_may_stop_and_start_again(self, written: Written) -> None:
        for found in iter_members(written(zip_of(Part("1.png", RED, crc=1))), LIMITS):
            assert isinstance(found, Member)
            for _ in range(2):
                with pytest.raises(SkipError):
                    found.read()


class TestRefusal:
    def test_comes_before_anything_is_yielded(self, written: Written) -> None:
        with pytest.raises(SkipError) as caught:
            next(iter_members(written(NESTED[:-30]), LIMITS))
        assert caught.value.fate is Fate.TRUNCATED

    def test_of_a_file_that_is_gone(self, tmp_path: Path) -> None:
        with pytest.raises(SkipError, match="No such file") as caught:
            next(iter_members(tmp_path / "gone.zip", LIMITS))
        assert caught.value.fate is Fate.UNREADABLE

    def test_of_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(SkipError) as caught:
            next(iter_members(tmp_path, LIMITS))
        assert caught.value.fate is Fate.NOT_REGULAR

    def test_of_a_nested_archive_leaves_the_rest(self, written: Written) -> None:
        path = written(zip_of(Part("in.zip", INNER[:-9]), LAST))
        refused, last = iter_members(path, LIMITS)
        assert isinstance(refused, Skipped)
        assert (refused.fate, last.place.name) == (Fate.TRUNCATED, "last.png")

    def test_of_an_archive_that_shrinks_meanwhile(self, written: Written) -> None:
        path = written(zip_of(Part("1.png", RED * 1000), Part("2.png", RED * 1000)))
        found = iter_members(path, LIMITS)
        first = next(found)
        with path.open("r+b") as file:
            file.truncate(20_000)
        assert isinstance(first, Member)
        with pytest.raises(SkipError):
            first.read()
        assert [fates for fates in found if isinstance(fates, Skipped)]


class TestLastDirectory:
    def test_slices_of_one_archive_parse_its_directory_once(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        loaded = []

        def load(*arguments: Any) -> Directory:
            loaded.append(arguments)
            return load_directory(*arguments)

        monkeypatch.setattr(members, "load_directory", load)
        path = tmp_path / "a.zip"
        path.write_bytes(zip_of(*(Part(f"{n}.png", RED) for n in range(6))))
        for start in (0, 2, 4):
            assert len(list(iter_members(path, LIMITS, entries=range(start, start + 2)))) == 2
        assert len(loaded) == 1

    def test_another_archive_at_the_same_place_is_seen(self, tmp_path: Path) -> None:
        path = tmp_path / "a.zip"
        for name in ("1.png", "2.png"):
            path.write_bytes(zip_of(Part(name, RED)))
            assert [one.place.name for one in iter_members(path, LIMITS)] == [name]
