"""What is read stands in the database unit by unit, once, in order, whatever stops the run."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pytest

from shared.database.engine import Database
from shared.database.surveys import Standing
from shared.database.tables import ContainerRow, ContainerState, MemberRow
from shared.errors import Fate, RunError, SkipError
from shared.flow.reading import slices, workers
from shared.flow.reading.slices import Reader
from shared.flow.survey import iter_standing
from shared.progress import Silence, StrictProgress
from shared.records import EntryKey, Limits, Member, Skipped
from shared.sources.source import FolderSource
from tests.shared.database.world import UNDER, A, column, found, read, skipped, standing, survey
from tests.shared.flow.scenes import CountingSource, Told, archives, ingest, ingestor, iter_steps
from tests.worlds import png, zipped

PICTURES = {f"{i}.png": png(i) for i in range(5)}


@pytest.fixture(autouse=True)
def small_units(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two entries make a unit."""
    monkeypatch.setattr(slices, "MIN_SLICE_ENTRIES", 2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "zips"


def n_members(database: Database) -> int:
    return len(column(database, MemberRow, "id"))


def names(database: Database) -> list[object]:
    return list(column(database, MemberRow, "file_name"))


def test_what_stands_at_each_step_are_whole_units(database: Database, folder: Path) -> None:
    steps = iter_steps(database, ingestor(database, archives(folder, a=PICTURES)))
    stands = [(n_members(database), step.is_whole) for step in steps]
    assert stands == [(2, False), (4, False), (5, False), (5, True)]


def test_members_stand_in_the_order_of_their_archive(database: Database, folder: Path) -> None:
    ingest(database, archives(folder, a=PICTURES))
    assert names(database) == list(PICTURES)


def test_a_container_is_complete_at_its_last_step_and_not_before(
    database: Database, folder: Path
) -> None:
    steps = iter_steps(database, ingestor(database, archives(folder, a=PICTURES)))
    for step in steps:
        state = ContainerState.READ if step.is_whole else ContainerState.READING
        assert column(database, ContainerRow, "state") == [state]


def test_containers_come_in_the_order_of_the_survey(database: Database, folder: Path) -> None:
    steps = ingest(database, archives(folder, b=PICTURES, a={"1.png": png(1)}, c={}))
    assert [step.container.address[-5:] for step in steps] == ["a.zip", "b.zip", "c.zip"]
    assert [step.container_id for step in steps] == [1, 2, 3]


def test_one_that_cannot_be_opened_has_its_fate_and_the_others_go_on(
    database: Database, folder: Path
) -> None:
    source = archives(folder, b=PICTURES)
    (folder / "a.zip").write_bytes(b"no archive")
    assert len(ingest(database, source)) == 2
    assert column(database, ContainerRow, "fate") == [Fate.NOT_A_ZIP, None]
    assert column(database, ContainerRow, "state") == [ContainerState.READ] * 2
    assert names(database) == list(PICTURES)


def test_what_was_read_before_is_not_opened(database: Database, folder: Path) -> None:
    ingest(database, archives(folder, a=PICTURES))
    source = CountingSource(archives(folder, b=PICTURES))
    ingest(database, source)
    assert set(source.opened) == {"b.zip"}


def test_no_containers_open_nothing(database: Database, folder: Path) -> None:
    assert ingest(database, archives(folder)) == []


@pytest.mark.slow
class TestResuming:
    @pytest.mark.parametrize("n_steps", [1, 2, 3])
    def test_a_run_that_was_stopped_goes_on_where_it_stopped(
        self, database: Database, folder: Path, n_steps: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source = archives(folder, a=PICTURES)
        stopped = iter_steps(database, ingestor(database, source))
        for _ in range(n_steps):
            next(stopped)
        stopped.close()  # type: ignore[attr-defined]
        before = column(database, MemberRow, "id")
        counting = CountingSource(source)
        reader = ingestor(database, counting)
        with Reader(reader.context) as here:  # what is read elsewhere could not be counted
            monkeypatch.setattr(workers, "read_alone", lambda unit, _: here.read(unit))
            list(iter_steps(database, reader))
        assert column(database, MemberRow, "id")[: len(before)] == before
        assert names(database) == list(PICTURES)
        assert counting.read == list(PICTURES)[len(before) :]

    def test_a_run_that_went_on_ends_as_one_that_never_stopped(
        self, database: Database, folder: Path
    ) -> None:
        source = archives(folder, a=PICTURES, b=PICTURES)
        next(iter_steps(database, ingestor(database, source)))
        ingest(database, source)
        assert column(database, MemberRow, "id") == list(range(1, 11))
        assert column(database, MemberRow, "container_id") == [1] * 5 + [2] * 5

    def test_the_units_of_a_resumed_container_are_cut_where_they_were(
        self, database: Database, folder: Path
    ) -> None:
        source = archives(folder, a=PICTURES)
        next(iter_steps(database, ingestor(database, source)))
        steps = iter_steps(database, ingestor(database, source))
        stands = [(n_members(database), step.is_whole) for step in steps]
        # The first entry might have been an archive with more in it, so its unit is looked at.
        assert stands == [(2, False), (4, False), (5, False), (5, True)]

    def test_one_that_changed_meanwhile_is_read_from_its_beginning(
        self, database: Database, folder: Path
    ) -> None:
        next(iter_steps(database, ingestor(database, archives(folder, a=PICTURES))))
        ingest(database, archives(folder, a={"new.png": png(9), **PICTURES}))
        assert names(database) == ["new.png", *PICTURES]

    def test_writing_a_unit_twice_writes_its_members_once(self, database: Database) -> None:
        survey(database, found(A))
        readings = [skipped(f"{A}!/{i}", entry=(i,)) for i in range(3)]
        read(database, A, *readings[:2])
        survey(database, found(A))
        container_id = read(database, A, *readings, *readings)
        assert (container_id, n_members(database)) == (1, 3)


@dataclass(frozen=True)
class FailingSource(CountingSource):
    """A source on a disk that would not give what is called ``failing``: members or archives."""

    failing: set[str] = field(default_factory=set)

    def iter_members(
        self,
        location: str,
        limits: Limits,
        start_after: EntryKey = (),
        entries: range | None = None,
    ) -> Iterator[Member | Skipped]:
        self._check(Path(location).name)
        for one in super().iter_members(location, limits, start_after, entries):
            yield replace(one, read=partial(self._read, one)) if isinstance(one, Member) else one

    def _read(self, member: Member) -> bytes:
        self._check(member.place.name)
        return member.read()

    def _check(self, name: str) -> None:
        if name in self.failing:
            raise SkipError(Fate.UNREADABLE, "could not be read: Input/output error")


class TestTryingAgain:
    def fates(self, database: Database) -> list[object]:
        return list(column(database, MemberRow, "fate"))

    def test_what_could_not_be_read_is_read_by_the_next_run_that_can(
        self, database: Database, folder: Path
    ) -> None:
        source = archives(folder, a=PICTURES)
        ingest(database, FailingSource(source, failing={"3.png", "4.png"}))
        assert self.fates(database) == [*[Fate.PENDING] * 3, *[Fate.UNREADABLE] * 2]
        ingest(database, FailingSource(source, failing={"3.png"}))
        assert self.fates(database).count(Fate.UNREADABLE) == 1
        ingest(database, source)
        assert self.fates(database) == [Fate.PENDING] * 5

    def test_an_archive_that_could_not_be_opened_is_too(
        self, database: Database, folder: Path
    ) -> None:
        source = archives(folder, a=PICTURES)
        ingest(database, FailingSource(source, failing={"a.zip"}))
        assert column(database, ContainerRow, "fate") == [Fate.UNREADABLE]
        ingest(database, source)
        assert column(database, ContainerRow, "fate") == [None]
        assert names(database) == list(PICTURES)

    @pytest.mark.parametrize("failing", ["3.png", "a.zip"])
    def test_where_it_still_cannot_be_read_all_stands(
        self, database: Database, folder: Path, failing: str
    ) -> None:
        source = FailingSource(archives(folder, a=PICTURES), failing={failing})
        ingest(database, source)
        revisions = column(database, ContainerRow, "revision")
        source.read.clear()
        assert ingest(database, source) == []
        assert source.read == []
        assert column(database, ContainerRow, "revision") == revisions

    def test_a_nested_member_is_tried_where_it_lies(self, database: Database, folder: Path) -> None:
        nested = zipped({"x.png": png(7), "y.png": png(8)})
        source = archives(folder, a={**PICTURES, "in.zip": nested})
        ingest(database, FailingSource(source, failing={"y.png"}))
        assert ingest(database, FailingSource(source, failing={"y.png"})) == []
        assert len(ingest(database, source)) == 1
        assert Fate.UNREADABLE not in self.fates(database)

    def test_what_was_read_in_full_is_not_tried(self, database: Database, folder: Path) -> None:
        source = archives(folder, a=PICTURES, b={"bad.png": b"no picture"})
        ingest(database, source)
        counting = CountingSource(source)
        ingest(database, counting)
        assert counting.opened == []

    def test_what_failed_before_a_run_was_stopped_is_tried_too(
        self, database: Database, folder: Path
    ) -> None:
        source = archives(folder, a=PICTURES)
        next(iter_steps(database, ingestor(database, FailingSource(source, failing={"0.png"}))))
        ingest(database, source)
        ingest(database, source)
        assert self.fates(database) == [Fate.PENDING] * 5


class TestStrict:
    def run(self, database: Database, folder: Path, members: dict[str, bytes]) -> RunError:
        reader = ingestor(database, archives(folder, a=members), StrictProgress(Silence()))
        with pytest.raises(RunError) as caught:
            list(iter_steps(database, reader))
        return caught.value

    def test_the_first_problem_ends_the_run(self, database: Database, folder: Path) -> None:
        error = self.run(database, folder, {"1.png": png(1), "bad.png": b"no picture"})
        assert error.where == f"{folder}/a.zip!/bad.png"
        assert "--strict" in error.remedy

    def test_nothing_of_its_unit_is_kept_and_all_before(
        self, database: Database, folder: Path
    ) -> None:
        bad = {**PICTURES, "3.png": b"no picture"}
        self.run(database, folder, bad)
        assert names(database) == ["0.png", "1.png"]
        assert column(database, ContainerRow, "state") == [ContainerState.READING]

    def test_a_container_that_cannot_be_opened_ends_it_too(
        self, database: Database, folder: Path
    ) -> None:
        source = archives(folder)
        (folder / "a.zip").write_bytes(b"no archive")
        with pytest.raises(RunError, match="not a zip"):
            list(iter_steps(database, ingestor(database, source, StrictProgress(Silence()))))

    def test_what_is_harmless_does_not(self, database: Database, folder: Path) -> None:
        source = archives(folder, a={"1.txt": b"text", "__MACOSX/._1.png": b"", "2.png": png(2)})
        assert list(iter_steps(database, ingestor(database, source, StrictProgress(Silence()))))[
            -1
        ].is_whole

    def test_without_it_problems_are_told_and_the_run_goes_on(
        self, database: Database, folder: Path
    ) -> None:
        told = Told()
        source = archives(folder, a={**PICTURES, "3.png": b"no picture"})
        list(iter_steps(database, ingestor(database, source, progress=told)))
        [problem] = told.problems
        assert problem.startswith(f"{folder}/a.zip!/3.png: corrupt, ")
        assert n_members(database) == 5


class TestProgress:
    def test_every_member_counts_once(self, database: Database, folder: Path) -> None:
        told = Told()
        source = archives(folder, a=PICTURES, b={"1.txt": b"text", "x/": b""})
        list(iter_steps(database, ingestor(database, source, progress=told)))
        assert told.n_members == 7

    def test_pictures_are_known_by_their_bytes_or_decoded(
        self, database: Database, folder: Path
    ) -> None:
        first, second = Told(), Told()
        ingest(database, archives(folder, a=PICTURES))
        source = archives(folder, b={**PICTURES, "new.png": png(9), "1.txt": b"text"})
        list(iter_steps(database, ingestor(database, source, progress=first)))
        assert (first.n_known, first.n_decoded) == (len(PICTURES), 1)
        list(iter_steps(database, ingestor(database, source, progress=second)))
        assert (second.n_known, second.n_decoded) == (0, 0)

    def test_each_container_is_asked_for_when_its_turn_comes(
        self, database: Database, folder: Path
    ) -> None:
        asked = 0
        source = archives(folder, **{f"a{i}": PICTURES for i in range(5)})
        reader = ingestor(database, source)
        next(iter_steps(database, reader))

        def iter_asked() -> Iterator[Standing]:
            nonlocal asked
            for one in iter_standing(database):
                asked += 1
                yield one

        next(reader._iter_ingested(iter_asked()))
        # Whether workers are worth their start is told by what lies ahead, 400 entries at most.
        assert 1 <= asked <= 5


def test_a_folder_that_changes_between_two_units_is_read_again_by_the_next_run(
    database: Database, folder: Path
) -> None:
    folder.mkdir()
    for name, content in PICTURES.items():
        (folder / name).write_bytes(content)
    source = FolderSource(folder, folder / "output")
    steps = iter_steps(database, ingestor(database, source))
    next(steps)
    (folder / "00.png").write_bytes(png(9))
    list(steps)
    assert sorted(map(str, names(database))) == list(PICTURES)
    ingest(database, source)
    assert names(database) == ["0.png", "00.png", *list(PICTURES)[1:]]


def test_a_container_is_read_under_what_the_ingestor_says(database: Database, folder: Path) -> None:
    ingest(database, archives(folder, a=PICTURES))
    address = str(folder / "a.zip")
    assert standing(database, address, UNDER).is_read
    assert not standing(database, address, b"other").is_read
