"""Units give the same results in the same order whoever reads them, and whatever kills a reader."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from shared.database.engine import open_database
from shared.database.surveys import Standing
from shared.database.tables import Stands, ZipScoreCache
from shared.errors import Fate
from shared.flow.reading import slices, workers
from shared.flow.reading.processes import Pool
from shared.flow.reading.slices import ReadingContext, Unit, UnitResult, iter_units
from shared.flow.reading.workers import ENTRIES_WORTH_WORKERS, Workers, iter_results
from shared.pictures.embedders.clip import ClipOptions, load_clip
from shared.progress import Silence
from shared.records import EntryKey, Limits, Reading
from shared.sources.source import ArchiveSource
from tests.clip_models.layout import write_folder
from tests.deadly import DeadlySource
from tests.shared.flow.reading.cards import OnCard
from tests.worlds import png, zipped


@pytest.fixture
def context(tmp_path: Path) -> Iterator[ReadingContext]:
    database = tmp_path / "zip_score_cache.sqlite"
    source = ArchiveSource(tmp_path, tmp_path / "none")
    with open_database(database, ZipScoreCache):
        yield ReadingContext(source, Limits(), database, tmp_path, None, None)


def standing(path: Path, n_entries: int = ENTRIES_WORTH_WORKERS) -> Standing:
    return Standing(1, 1, str(path), str(path), n_entries, Stands.NOTHING)


def archive(path: Path, names: list[str]) -> Standing:
    path.write_bytes(zipped({name: png(i) for i, name in enumerate(names)}))
    return standing(path, len(names))


def read(cut: list[Unit], context: ReadingContext, n_workers: int) -> list[tuple[Unit, UnitResult]]:
    return list(iter_results(cut, context, Workers(n_workers), Silence()))


def readings(results: list[tuple[Unit, UnitResult]]) -> list[tuple[EntryKey, str, Fate]]:
    return [
        (r.place.entry, r.place.address, r.fate) for _, result in results for r in result.readings
    ]


@pytest.fixture
def small_units(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight entries make a unit, and any unit is worth workers."""
    monkeypatch.setattr(slices, "MIN_SLICE_ENTRIES", 8)
    monkeypatch.setattr(workers, "ENTRIES_WORTH_WORKERS", 1)
    monkeypatch.setattr(workers, "PARTS", 4)


@pytest.mark.usefixtures("small_units")
@pytest.mark.slow
def test_workers_give_what_one_process_gives(tmp_path: Path, context: ReadingContext) -> None:
    names = [f"{i}.png" for i in range(20)]
    cut = list(iter_units(archive(tmp_path / "a.zip", names), ()))
    assert readings(read(cut, context, 2)) == readings(read(cut, context, 1))


def test_a_nested_archive_larger_than_a_result_leaves_a_rest(
    tmp_path: Path, context: ReadingContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "MAX_SLICE_ENTRIES", 256)
    inner = zipped({f"{i}.txt": b"t" for i in range(700)})
    (tmp_path / "a.zip").write_bytes(zipped({"b.zip": inner, "last.txt": b"t"}))
    results = read(list(iter_units(standing(tmp_path / "a.zip", 2), ())), context, 1)
    assert [len(result.readings) for _, result in results] == [257, 257, 188]
    assert len(set(readings(results))) == 702


def test_units_go_on_after_the_last_entry_that_was_read(
    tmp_path: Path, context: ReadingContext
) -> None:
    one = archive(tmp_path / "a.zip", [f"{i}.txt" for i in range(600)])
    found = readings(read(list(iter_units(one, (300,))), context, 1))
    assert [entry for entry, _, _ in found] == [(i,) for i in range(301, 600)]


def test_an_archive_that_cannot_be_opened_is_told_for_its_unit(
    tmp_path: Path, context: ReadingContext
) -> None:
    (tmp_path / "a.zip").write_bytes(b"no archive")
    [(_, result)] = read(list(iter_units(standing(tmp_path / "a.zip", 0), ())), context, 1)
    assert result.fate is Fate.NOT_A_ZIP


@pytest.mark.usefixtures("small_units")
@pytest.mark.slow
def test_a_deadly_member_costs_itself_alone(tmp_path: Path, context: ReadingContext) -> None:
    names = [f"{i}.png" for i in range(20)]
    names[7] = "deadly.png"
    deadly = ReadingContext(
        DeadlySource(ArchiveSource(tmp_path, tmp_path / "none"), tmp_path / "killed"),
        Limits(),
        context.database,
        tmp_path,
        None,
        None,
    )
    cut = list(iter_units(archive(tmp_path / "a.zip", names), ()))
    found = readings(read(cut, deadly, 2))
    assert [entry for entry, _, _ in found] == [(i,) for i in range(len(names))]
    assert [address for _, address, fate in found if fate is not Fate.PENDING] == [
        f"{tmp_path}/a.zip!/deadly.png"
    ]
    assert found[7][2] is Fate.CRASHED


def test_with_one_worker_all_is_done_here(
    tmp_path: Path, context: ReadingContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pool, "submit", None)
    [(_, result)] = read(list(iter_units(archive(tmp_path / "a.zip", ["1.png"]), ())), context, 1)
    assert isinstance(result.readings[0], Reading)


@pytest.mark.slow
def test_little_work_is_done_by_one_worker_process_however_many_there_may_be(
    tmp_path: Path, context: ReadingContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []

    class Noting(Pool):
        def __init__(self, context: ReadingContext, n_workers: int) -> None:
            started.append(n_workers)
            super().__init__(context, n_workers)

    monkeypatch.setattr(workers, "Pool", Noting)
    one = archive(tmp_path / "a.zip", ["1.png", "2.png"])
    [(_, result)] = read(list(iter_units(replace(one, n_entries=2), ())), context, 8)
    assert [reading.fate for reading in result.readings] == [Fate.PENDING] * 2
    assert max(started) == 1


@pytest.mark.parametrize("n_entries", [0, 1, 300])
def test_what_lies_ahead_is_bounded_whatever_it_declares(
    tmp_path: Path, context: ReadingContext, n_entries: int
) -> None:
    (tmp_path / "a.zip").write_bytes(b"no archive")
    one = standing(tmp_path / "a.zip", n_entries)
    n_asked = itertools.count()
    many = range(2 * workers.ENTRIES_WORTH_WORKERS)
    cut = (unit for _ in many for unit in iter_units(one, ()) if next(n_asked) >= 0)
    results = iter_results(cut, context, Workers(1), Silence())
    next(results)
    results.close()
    assert next(n_asked) <= workers.ENTRIES_WORTH_WORKERS + 1


def test_no_units_have_no_results(context: ReadingContext) -> None:
    assert read([], context, 2) == []


class Carded(Silence):
    """Remembers what a card has embedded."""

    def __init__(self) -> None:
        self.n_embedded = 0

    def count_embedded(self, n_images: int, seconds: float, machine: str) -> None:
        assert (seconds > 0, machine) == (True, "")
        self.n_embedded += n_images


@pytest.mark.slow
@pytest.mark.parametrize("n_workers", [1, 2])
@pytest.mark.parametrize("is_card", [True, False])
def test_what_a_card_embeds_is_counted_whoever_reads(
    tmp_path: Path, context: ReadingContext, n_workers: int, is_card: bool
) -> None:
    tower = write_folder(tmp_path / "tower")
    embedder = load_clip(ClipOptions(str(tower), precision="float32"))
    there = replace(context, embedder=OnCard.of(embedder) if is_card else embedder)
    one = archive(tmp_path / "a.zip", ["1.png", "2.png"])
    progress = Carded()
    [(_, result)] = iter_results(iter_units(one, ()), there, Workers(n_workers), progress)
    assert all(reading.vector is not None for reading in result.readings)
    assert progress.n_embedded == (2 if is_card else 0)
