"""A run knows what is there now, and forgets what is gone, below its directory only."""

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from sqlalchemy import update

from shared.database import surveys
from shared.database.containers import finish_reading, start_reading
from shared.database.engine import Database
from shared.database.tables import ContainerRow, Stands
from shared.errors import Fate
from shared.flow.survey import Gone, SurveyTotals, iter_standing, take_survey
from shared.records import Container, Limits, Member, Skipped
from shared.sources.source import ArchiveSource, FolderSource, Source
from tests.shared.database.world import UNDER, A, B, column, found, read
from tests.shared.flow.scenes import archives, ingest
from tests.worlds import png


@dataclass(frozen=True)
class Listed:
    """A source of containers and loose files that are given by name."""

    things: list[Container | Path] = field(default_factory=list)
    directory: Path = Path("/zips")
    kind: ClassVar[str] = "archives"

    def lost_folder(self, *_: object) -> None:
        """Find that nothing is strange."""

    def iter_found(self) -> Iterator[Container | Path]:
        """Yield what was given."""
        yield from self.things

    def iter_members(self, *_: Any, **__: Any) -> Iterator[Member | Skipped]:
        """Yield nothing: a survey reads no members."""
        return iter(())


def survey(database: Database, source: Source) -> SurveyTotals:
    return take_survey(database, source, Limits(), UNDER, rescan=False)


def test_it_counts_containers_their_entries_and_loose_files(database: Database) -> None:
    source = Listed([found(A, n_entries=2), Path("/zips/a.txt"), found(B, n_entries=3)])
    assert survey(database, source) == SurveyTotals(2, 0, 0, 5, Gone(), 1)


def test_nothing_found_counts_nothing(database: Database) -> None:
    assert survey(database, Listed()) == SurveyTotals(0, 0, 0, 0, Gone(), 0)


def test_what_is_gone_is_counted_and_forgotten(database: Database) -> None:
    survey(database, Listed([found(A), found(B)]))
    for address in (A, B):
        read(database, address)
    assert survey(database, Listed([found(A)])).gone.n_containers == 1
    assert column(database, ContainerRow, "address") == [A]


def test_a_survey_that_fails_forgets_nothing(database: Database) -> None:
    class Failing(Listed):
        def iter_found(self) -> Iterator[Container | Path]:
            yield found(B)
            raise ZeroDivisionError

    survey(database, Listed([found(A)]))
    read(database, A)
    with pytest.raises(ZeroDivisionError):
        survey(database, Failing())
    assert column(database, ContainerRow, "address") == [A]


def test_containers_stand_in_the_order_found(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surveys, "PAGE", 2)
    survey(database, Listed([found(f"/zips/{name}") for name in "edcba"]))
    assert [one.address[-1] for one in iter_standing(database)] == list("edcba")


def read_as_found(database: Database) -> list[bool]:
    """Read all containers as the survey left them; whether each was taken for read before."""
    were_read = []
    for one in iter_standing(database):
        were_read.append(one.is_read)
        container_id = database.run(start_reading, one, UNDER)
        database.run(finish_reading, container_id, None, "")
    return were_read


def test_containers_may_be_read_while_they_are_gone_through(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surveys, "PAGE", 2)
    source = Listed([found(f"/zips/{name}") for name in "edcba"])
    survey(database, source)
    assert read_as_found(database) == [False] * 5
    survey(database, source)
    assert read_as_found(database) == [True] * 5


def test_what_stands_stays_as_the_survey_found_it_while_the_run_reads(database: Database) -> None:
    survey(database, Listed([found(A)]))
    read_as_found(database)
    assert [one.is_read for one in iter_standing(database)] == [False]


def test_under_other_limits_nothing_stands(database: Database) -> None:
    source = Listed([found(A)])
    survey(database, source)
    read_as_found(database)
    take_survey(database, source, Limits(), b"other limits", rescan=False)
    assert [one.is_read for one in iter_standing(database)] == [False]


def test_a_rescan_takes_nothing_for_read(database: Database) -> None:
    source = Listed([found(A)])
    survey(database, source)
    read_as_found(database)
    take_survey(database, source, Limits(), UNDER, rescan=True)
    assert [one.is_read for one in iter_standing(database)] == [False]


def test_a_rescan_begins_anew_with_what_was_left_half_way(database: Database) -> None:
    source = Listed([found(A)])
    survey(database, source)
    database.run(start_reading, next(iter_standing(database)), UNDER)
    take_survey(database, source, Limits(), UNDER, rescan=True)
    [one] = iter_standing(database)
    assert one.stands is Stands.BEGUN


@pytest.mark.parametrize("name", ["plain", "what!", "50%", "a_b", "caf\u00e9", "\udcff"])
def test_what_is_gone_is_forgotten_whatever_the_directory_is_called(
    database: Database, tmp_path: Path, name: str
) -> None:
    directory = tmp_path / name
    inner, other = directory / "inner", directory / "other"
    for folder in (inner, other):
        folder.mkdir(parents=True)
        (folder / "1.png").touch()
    source = FolderSource(directory, tmp_path / "output")
    survey(database, source)
    for one in iter_standing(database):
        read(database, one.address)
    shutil.rmtree(inner)
    assert survey(database, source).gone.n_containers == 1


def test_below_a_folder_that_cannot_be_listed_nothing_is_forgotten(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["plain", "what!", "50%21", "plain2"]
    source = archives(tmp_path / "in", x={}, y={})
    for name in names:
        archives(tmp_path / "in" / name, a={}, b={})
    ingest(database, source)
    scandir = os.scandir

    def failing(path: Path) -> object:
        if path.name in names[:3]:
            raise OSError(errno.EIO, "Input/output error")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", failing)
    for gone in ("y.zip", "plain2/a.zip", "plain/a.zip"):
        (tmp_path / "in" / gone).unlink()
    assert survey(database, source).gone.n_containers == 2
    monkeypatch.undo()
    assert survey(database, source).gone.n_containers == 1


AWAY = replace(found(A, b"two"), unreadable="could not be read: Input/output error")


def test_of_what_cannot_be_read_now_all_stands_that_did(database: Database) -> None:
    survey(database, Listed([found(A), found(B)]))
    read_as_found(database)
    survey(database, Listed([AWAY, found(B)]))
    assert [one.stands for one in iter_standing(database)] == [Stands.AWAY, Stands.ALL]
    assert column(database, ContainerRow, "fate") == [Fate.UNREADABLE, None]


@pytest.mark.parametrize("stamp", [b"one", b"three"])
def test_what_is_back_is_read_only_where_it_has_changed(database: Database, stamp: bytes) -> None:
    survey(database, Listed([found(A)]))
    read_as_found(database)
    survey(database, Listed([AWAY]))
    survey(database, Listed([found(A, stamp)]))
    [one] = iter_standing(database)
    assert one.stands is (Stands.ALL if stamp == b"one" else Stands.NOTHING)
    assert column(database, ContainerRow, "fate") == [None]


def test_to_be_away_for_longer_changes_nothing_more(database: Database) -> None:
    survey(database, Listed([found(A)]))
    read_as_found(database)
    survey(database, Listed([AWAY]))
    before = column(database, ContainerRow, "revision")
    survey(database, Listed([AWAY]))
    assert column(database, ContainerRow, "revision") == before


def test_of_what_was_never_read_nothing_stands_while_it_is_away(database: Database) -> None:
    survey(database, Listed([AWAY]))
    [one] = iter_standing(database)
    assert one.stands is Stands.NOTHING


def test_where_a_folder_has_become_a_link_to_one_what_lay_in_it_is_gone(
    database: Database, tmp_path: Path
) -> None:
    source = archives(tmp_path / "in", other={})
    archives(tmp_path / "in" / "a", x={})
    ingest(database, source)
    (tmp_path / "in" / "a").rename(tmp_path / "elsewhere")
    (tmp_path / "in" / "a").symlink_to(tmp_path / "elsewhere")
    assert survey(database, source).gone.n_containers == 1


def test_what_stands_of_a_link_stays_while_it_leads_nowhere(
    database: Database, tmp_path: Path
) -> None:
    archives(tmp_path / "disk", a={"1.png": png(1)})
    source = archives(tmp_path / "in")
    (tmp_path / "in" / "a.zip").symlink_to(tmp_path / "disk" / "a.zip")
    ingest(database, source)
    (tmp_path / "disk").rename(tmp_path / "away")
    survey(database, source)
    assert [one.stands for one in iter_standing(database)] == [Stands.AWAY]


@pytest.mark.parametrize("names", [("a!", "a%21"), ("\udcff", r"\udcff")])
def test_folders_that_could_be_spelled_alike_are_two(
    database: Database, tmp_path: Path, names: tuple[str, str]
) -> None:
    for name in names:
        (tmp_path / "in" / name / "inner").mkdir(parents=True)
        (tmp_path / "in" / name / "inner" / "1.png").touch()
    source = FolderSource(tmp_path / "in", tmp_path / "output")
    assert survey(database, source).n_containers == 2


class TestADriveThatIsNotThere:
    """What it took along is away, until somebody says that it is gone for good."""

    @pytest.fixture
    def source(self, database: Database, tmp_path: Path) -> ArchiveSource:
        """Archives on two drives, read once."""
        for name in ("one", "two"):
            archives(tmp_path / "in" / name, a={"1.png": png(1)}, b={"2.png": png(2)})
        source = ArchiveSource(tmp_path / "in", tmp_path / "output")
        ingest(database, source)
        return source

    def stands(self, database: Database, source: ArchiveSource, **options: bool) -> list[Stands]:
        under = {"rescan": False, **options}
        take_survey(database, source, Limits(), UNDER, **under)
        return [one.stands for one in iter_standing(database)]

    def test_a_folder_that_is_empty_now_keeps_what_was_read_in_it(
        self, database: Database, source: ArchiveSource, tmp_path: Path
    ) -> None:
        (tmp_path / "in" / "two").rename(tmp_path / "away")
        (tmp_path / "in" / "two").mkdir()
        assert self.stands(database, source) == [Stands.ALL] * 2 + [Stands.AWAY] * 2
        [reason] = {row for row in column(database, ContainerRow, "reason") if row}
        assert str(reason).startswith(f"not there: {tmp_path}/in/two is empty now")

    def test_it_stands_as_it_was_when_it_is_back(
        self, database: Database, source: ArchiveSource, tmp_path: Path
    ) -> None:
        (tmp_path / "in" / "two").rename(tmp_path / "away")
        (tmp_path / "in" / "two").mkdir()
        self.stands(database, source)
        (tmp_path / "in" / "two").rmdir()
        (tmp_path / "away").rename(tmp_path / "in" / "two")
        assert self.stands(database, source) == [Stands.ALL] * 4

    def test_of_a_folder_with_more_than_is_asked_for_at_once_all_stands(
        self,
        database: Database,
        source: ArchiveSource,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(surveys, "PAGE", 1)
        (tmp_path / "in" / "two").rename(tmp_path / "away")
        (tmp_path / "in" / "two").mkdir()
        assert self.stands(database, source) == [Stands.ALL] * 2 + [Stands.AWAY] * 2

    def test_what_is_away_is_no_sign_that_the_folder_above_it_is_there(
        self, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(surveys, "PAGE", 1)
        source = ArchiveSource(tmp_path / "in", tmp_path / "output")
        for name in ("one", "two/0", "two"):
            archives(tmp_path / "in" / name, a={"1.png": png(1)})
            ingest(database, source)
        database.run(lambda connection: connection.execute(update(ContainerRow).values(device=1)))
        (tmp_path / "in" / "two").rename(tmp_path / "away")
        (tmp_path / "in" / "two" / "0").mkdir(parents=True)
        assert self.stands(database, source) == [Stands.ALL, Stands.AWAY, Stands.AWAY]

    @pytest.mark.parametrize("is_left", [False, True])
    def test_where_nothing_is_left_of_what_was_known_all_of_it_is_away(
        self, database: Database, source: ArchiveSource, tmp_path: Path, *, is_left: bool
    ) -> None:
        (tmp_path / "in").rename(tmp_path / "away")
        archives(tmp_path / "in", **({"new": {}} if is_left else {}))
        assert self.stands(database, source)[-4:] == [Stands.AWAY] * 4

    def test_what_somebody_says_is_gone_is_forgotten_and_told(
        self, database: Database, source: ArchiveSource, tmp_path: Path
    ) -> None:
        (tmp_path / "in" / "two").rename(tmp_path / "away")
        (tmp_path / "in" / "two").mkdir()
        self.stands(database, source)
        totals = take_survey(database, source, Limits(), UNDER, rescan=False, forget_gone=True)
        assert totals.gone.words("archives") == (
            f"gone: 2 archives with 2 images below {tmp_path}/in/two"
        )
        assert len(column(database, ContainerRow, "address")) == 2

    def test_archives_that_were_taken_out_of_a_folder_are_gone(
        self, database: Database, source: ArchiveSource, tmp_path: Path
    ) -> None:
        (tmp_path / "in" / "two" / "a.zip").unlink()
        (tmp_path / "in" / "one" / "a.zip").unlink()
        assert survey(database, source).gone.words("archives") == (
            f"gone: 2 archives with 2 images below {tmp_path}/in"
        )

    def test_a_folder_that_was_taken_away_is_gone(
        self, database: Database, source: ArchiveSource, tmp_path: Path
    ) -> None:
        shutil.rmtree(tmp_path / "in" / "two")
        assert survey(database, source).gone.n_containers == 2

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
    def test_another_disk_in_the_place_of_the_first_keeps_what_was_read(
        self, database: Database, source: ArchiveSource, tmp_path: Path
    ) -> None:
        place = tmp_path / "in" / "two"
        mounted = subprocess.run(["mount", "-t", "tmpfs", "none", place], check=False)
        if mounted.returncode:
            pytest.skip("mounting is not allowed here")
        try:
            (place / "notes.txt").touch()
            assert self.stands(database, source) == [Stands.ALL] * 2 + [Stands.AWAY] * 2
        finally:
            subprocess.run(["umount", place], check=True)
