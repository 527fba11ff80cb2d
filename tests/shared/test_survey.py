"""A run knows what is there now, and forgets what is gone, below its directory only."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from shared.database import containers
from shared.database.engine import Database
from shared.database.tables import Container as Known
from shared.records import Container, Member, Skipped
from shared.sources import FolderSource
from shared.survey import SurveyTotals, iter_standing, take_survey
from tests.shared.database.world import UNDER, A, B, column, found, read


@dataclass(frozen=True)
class Listed:
    """A source of containers and loose files that are given by name."""

    things: list[Container | Path] = field(default_factory=list)
    directory: Path = Path("/zips")

    def iter_found(self) -> Iterator[Container | Path]:
        """Yield what was given."""
        yield from self.things

    def iter_members(self, *_: Any, **__: Any) -> Iterator[Member | Skipped]:
        """Yield nothing: a survey reads no members."""
        return iter(())


def test_it_counts_containers_their_entries_and_loose_files(database: Database) -> None:
    source = Listed([found(A, n_entries=2), Path("/zips/a.txt"), found(B, n_entries=3)])
    assert take_survey(database, source) == SurveyTotals(2, 5, 0, 1)


def test_nothing_found_counts_nothing(database: Database) -> None:
    assert take_survey(database, Listed()) == SurveyTotals(0, 0, 0, 0)


def test_what_is_gone_is_counted_and_forgotten(database: Database) -> None:
    take_survey(database, Listed([found(A), found(B)]))
    for address in (A, B):
        read(database, address)
    assert take_survey(database, Listed([found(A)])).n_gone == 1
    assert column(database, Known, "address") == [A]


def test_a_survey_that_fails_forgets_nothing(database: Database) -> None:
    class Failing(Listed):
        def iter_found(self) -> Iterator[Container | Path]:
            yield found(B)
            raise ZeroDivisionError

    take_survey(database, Listed([found(A)]))
    read(database, A)
    with pytest.raises(ZeroDivisionError):
        take_survey(database, Failing())
    assert column(database, Known, "address") == [A]


def test_containers_stand_in_the_order_found(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "PAGE", 2)
    take_survey(database, Listed([found(f"/zips/{name}") for name in "edcba"]))
    assert [one.address[-1] for one in iter_standing(database, UNDER)] == list("edcba")


def test_containers_may_be_read_while_they_are_gone_through(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "PAGE", 2)
    take_survey(database, Listed([found(f"/zips/{name}") for name in "edcba"]))
    for one in iter_standing(database, UNDER):
        read(database, one.address)
    assert [one.is_read for one in iter_standing(database, UNDER)] == [True] * 5


@pytest.mark.parametrize("name", ["plain", "what!", "50%", "a_b", "caf\u00e9", "\udcff"])
def test_what_is_gone_is_forgotten_whatever_the_directory_is_called(
    database: Database, tmp_path: Path, name: str
) -> None:
    directory = tmp_path / name
    inner = directory / "inner"
    inner.mkdir(parents=True)
    (inner / "1.png").touch()
    source = FolderSource(directory, tmp_path / "output")
    take_survey(database, source)
    for one in iter_standing(database, UNDER):
        read(database, one.address)
    (inner / "1.png").unlink()
    assert take_survey(database, source).n_gone == 1


@pytest.mark.parametrize("names", [("a!", "a%21"), ("\udcff", r"\udcff")])
def test_folders_that_could_be_spelled_alike_are_two(
    database: Database, tmp_path: Path, names: tuple[str, str]
) -> None:
    for name in names:
        (tmp_path / "in" / name / "inner").mkdir(parents=True)
        (tmp_path / "in" / name / "inner" / "1.png").touch()
    source = FolderSource(tmp_path / "in", tmp_path / "output")
    assert take_survey(database, source).n_containers == 2
