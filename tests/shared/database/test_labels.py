from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from shared.database.engine import Database
from shared.database.labels import Label, all_labels, note_labels, open_labels
from shared.database.tables import Base
from shared.errors import RunError

LABEL = Label("ab", "cat", has_tag=True, source="/results/1.png", date="2026-11-22, 09:05:07")


@pytest.fixture
def labels(tmp_path: Path) -> Iterator[Database]:
    with open_labels(tmp_path / "labels.sqlite") as opened:
        yield opened


def note(labels: Database, *new: Label) -> list[Label]:
    labels.run(note_labels, new)
    return labels.run(all_labels)


def test_a_label_is_kept_as_it_was_given(labels: Database) -> None:
    assert note(labels, LABEL) == [LABEL]


def test_the_same_word_again_keeps_its_first_date(labels: Database) -> None:
    note(labels, LABEL)
    assert note(labels, replace(LABEL, date="2027-01-01, 00:00:00", source="x")) == [LABEL]


def test_a_person_may_say_something_else_later(labels: Database) -> None:
    other = replace(LABEL, has_tag=False, date="2027-01-01, 00:00:00", source="/results/2.png")
    note(labels, LABEL)
    assert note(labels, other) == [other]


def test_tags_of_one_picture_are_apart(labels: Database) -> None:
    dog = replace(LABEL, tag="dog", has_tag=False)
    assert note(labels, dog, LABEL) == [LABEL, dog]


def test_no_labels_are_no_error(labels: Database) -> None:
    assert note(labels) == []


def test_labels_survive_the_run(tmp_path: Path) -> None:
    for _ in range(2):
        with open_labels(tmp_path / "labels.sqlite") as opened:
            found = note(opened, LABEL)
    assert found == [LABEL]


def test_no_other_database_has_the_table() -> None:
    assert "labels" not in Base.metadata.tables


def test_a_file_that_is_no_database_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "labels.sqlite"
    path.write_bytes(b"<html>" * 1000)
    with pytest.raises(RunError, match="database"), open_labels(path):
        pass
