"""A container is cut into units that together cover it once, whoever reads them."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.database.engine import open_database
from shared.database.surveys import Standing
from shared.database.tables import Stands, ZipScoreCache
from shared.errors import Fate
from shared.flow.reading import slices
from shared.flow.reading.slices import (
    MAX_SLICE_ENTRIES,
    MIN_SLICE_ENTRIES,
    N_SLICES,
    Reader,
    ReadingContext,
    Unit,
    UnitResult,
    iter_units,
)
from shared.records import EntryKey, Limits
from shared.sources.source import ArchiveSource, FolderSource, Source
from tests.worlds import png, zipped

COUNTS = st.integers(0, 10_000) | st.sampled_from([255, 256, 257, 4095, 4096, 4097, 65_537, 10**7])


def standing(n_entries: int, location: str = "/zips/a.zip") -> Standing:
    return Standing(1, 1, location, location, n_entries, Stands.NOTHING)


def cut(n_entries: int, after: EntryKey = ()) -> list[Unit]:
    return list(iter_units(standing(n_entries), after))


class TestCutting:
    @given(COUNTS)
    def test_units_cover_every_entry_exactly_once(self, n_entries: int) -> None:
        ranges = [unit.entries for unit in cut(n_entries)]
        assert ranges[0].start == 0
        assert [one.stop for one in ranges[:-1]] == [one.start for one in ranges[1:]]
        assert ranges[-1].stop > 2**61

    @given(COUNTS)
    def test_they_are_of_one_size_neither_too_small_nor_too_large(self, n_entries: int) -> None:
        sizes = {len(unit.entries) for unit in itertools.islice(cut(n_entries), 50)}
        sizes.discard(len(cut(n_entries)[-1].entries))
        assert len(sizes) <= 1
        assert all(MIN_SLICE_ENTRIES <= size <= MAX_SLICE_ENTRIES for size in sizes)

    @given(COUNTS)
    def test_they_are_no_more_than_need_be(self, n_entries: int) -> None:
        assert len(cut(n_entries)) <= max(N_SLICES, -(-n_entries // MAX_SLICE_ENTRIES))

    @given(COUNTS)
    def test_a_slice_of_plain_entries_leaves_no_rest(self, n_entries: int) -> None:
        for unit in cut(n_entries)[:-1]:
            assert len(unit.entries) < unit.most
        last = cut(n_entries)[-1]
        assert n_entries - last.entries.start < last.most

    @given(COUNTS, st.integers(0, 20_000))
    def test_what_is_done_is_not_cut_again_and_the_rest_as_before(
        self, n_entries: int, done: int
    ) -> None:
        left = cut(n_entries, (done, 3))
        expected = [unit.entries for unit in cut(n_entries) if unit.entries[-1] >= done]
        assert [unit.entries for unit in left] == expected
        assert {unit.start_after for unit in left} == {(done, 3)}

    def test_an_archive_without_entries_is_one_unit(self) -> None:
        assert len(cut(0)) == 1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "zips"
    folder.mkdir()
    return folder


@pytest.fixture
def reader(tmp_path: Path, folder: Path) -> Iterator[Reader]:
    """A reader of archives."""
    with opened(tmp_path, ArchiveSource(folder, tmp_path / "output")) as reader:
        yield reader


def make_units_of(n_entries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "MIN_SLICE_ENTRIES", 1)
    monkeypatch.setattr(slices, "MAX_SLICE_ENTRIES", n_entries)
    monkeypatch.setattr(slices, "N_SLICES", 1)


def opened(tmp_path: Path, source: Source) -> Reader:
    place = tmp_path / "zip_score_cache.sqlite"
    with open_database(place, ZipScoreCache):
        return Reader(ReadingContext(source, Limits(), place, tmp_path, None, None))


def keys(results: list[UnitResult]) -> list[EntryKey]:
    return [reading.place.entry for result in results for reading in result.readings]


def read_all(reader: Reader, path: Path, n_entries: int, after: EntryKey = ()) -> list[UnitResult]:
    results = []
    for unit in iter_units(standing(n_entries, str(path)), after):
        left: Unit | None = unit
        while left:
            results.append(reader.read(left))
            left = results[-1].rest
    return results


NESTED = {
    "0.txt": b"text",
    "1.zip": zipped({f"{i}.txt": b"text" for i in range(7)}),
    "2.png": png(2),
    "3.zip": zipped({"in.zip": zipped({"0.png": png(3), "1.png": png(4)}), "1.txt": b"text"}),
    "4.txt": b"text",
}


class TestReading:
    @pytest.fixture
    def nested(self, folder: Path) -> Path:
        path = folder / "a.zip"
        path.write_bytes(zipped(NESTED))
        return path

    @pytest.mark.parametrize("size", [1, 2, 3, 5])
    def test_units_of_any_size_give_the_whole(
        self, reader: Reader, nested: Path, monkeypatch: pytest.MonkeyPatch, size: int
    ) -> None:
        whole = keys(read_all(reader, nested, 5))
        make_units_of(size, monkeypatch)
        assert keys(read_all(reader, nested, 5)) == whole
        assert len(set(whole)) == len(whole) == 16

    @pytest.mark.parametrize("size", [1, 2, 3])
    def test_no_result_is_longer_than_its_unit_allows(
        self, reader: Reader, nested: Path, monkeypatch: pytest.MonkeyPatch, size: int
    ) -> None:
        make_units_of(size, monkeypatch)
        assert max(len(result.readings) for result in read_all(reader, nested, 5)) == size + 1

    @pytest.mark.parametrize("size", [1, 2, 256])
    def test_they_can_be_resumed_after_every_member(
        self, reader: Reader, nested: Path, monkeypatch: pytest.MonkeyPatch, size: int
    ) -> None:
        make_units_of(size, monkeypatch)
        whole = keys(read_all(reader, nested, 5))
        for place, key in enumerate(whole):
            assert keys(read_all(reader, nested, 5, after=key)) == whole[place + 1 :]

    def test_a_nested_archive_is_unpacked_once_for_a_unit_however_small(
        self, reader: Reader, nested: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(slices, "MIN_SLICE_ENTRIES", 2)
        assert [len(result.readings) for result in read_all(reader, nested, 5)] == [9, 6, 1]

    def test_more_entries_than_declared_are_read_too(self, reader: Reader, nested: Path) -> None:
        assert keys(read_all(reader, nested, 1)) == keys(read_all(reader, nested, 5))

    def test_a_container_that_cannot_be_opened_has_its_fate_in_the_result(
        self, reader: Reader, folder: Path
    ) -> None:
        (folder / "page.zip").write_bytes(b"<html>")
        [result] = read_all(reader, folder / "page.zip", 0)
        assert (result.readings, result.fate, result.rest) == ([], Fate.NOT_A_ZIP, None)
        assert result.reason

    def test_one_that_is_gone_is_no_end_of_the_run(self, reader: Reader, folder: Path) -> None:
        [result] = read_all(reader, folder / "gone.zip", 0)
        assert result.fate is Fate.UNREADABLE

    def test_folders_are_cut_alike(
        self, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(slices, "MIN_SLICE_ENTRIES", 2)
        for i in range(5):
            (folder / f"{i}.png").write_bytes(png(i))
        with opened(tmp_path, FolderSource(folder, tmp_path / "output")) as reader:
            results = read_all(reader, folder, 5)
        assert [len(result.readings) for result in results] == [2, 2, 1]
        assert keys(results) == [(i,) for i in range(5)]
