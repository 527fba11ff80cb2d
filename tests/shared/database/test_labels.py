import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from shared.database.labels import Label, load_labels, load_words, note_labels, open_labels
from shared.database.tables import Base
from shared.errors import RunError

LABEL = Label("ab", "cat", has_tag=True, source="/results/1.png", date="2026-11-22, 09:05:07")


V1 = """CREATE TABLE labels (hash_id TEXT NOT NULL, tag TEXT NOT NULL, has_tag BOOLEAN NOT NULL,
source TEXT NOT NULL, date TEXT NOT NULL, PRIMARY KEY (hash_id, tag))"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "labels.sqlite"


def note(path: Path, *new: Label) -> list[Label]:
    with open_labels(path) as opened:
        opened.run(note_labels, new)
    return load_labels(path)


V2 = """CREATE TABLE labels (hash_id TEXT NOT NULL, tag TEXT NOT NULL, folder TEXT NOT NULL,
has_tag BOOLEAN NOT NULL, source TEXT NOT NULL, date TEXT NOT NULL,
PRIMARY KEY (hash_id, tag, folder))"""


def said(folder: str, has_tag: bool | None, day: int) -> Label:
    return replace(LABEL, has_tag=has_tag, date=f"2027-01-0{day}, 00:00:00", folder=folder)


def test_a_label_is_kept_as_it_was_given(path: Path) -> None:
    assert note(path, LABEL) == [LABEL]


def test_the_same_word_again_keeps_its_first_date(path: Path) -> None:
    note(path, LABEL)
    assert note(path, replace(LABEL, date="2027-01-01, 00:00:00", source="x")) == [LABEL]


def test_a_person_may_say_something_else_later(path: Path) -> None:
    other = replace(LABEL, has_tag=False, date="2027-01-01, 00:00:00", source="/results/2.png")
    note(path, LABEL)
    assert note(path, other) == [other]


@pytest.mark.parametrize("answers", [(True, False), (True, False, True)])
def test_the_latest_word_in_one_folder_counts(path: Path, answers: tuple[bool, ...]) -> None:
    words = [said("r1", has_tag, day) for day, has_tag in enumerate(answers, 1)]
    for word in words:
        found = note(path, word)
    assert found == [words[-1]]


def test_an_old_folder_read_once_more_does_not_overrule_a_later_answer(path: Path) -> None:
    later = said("r2", False, 2)
    note(path, said("r1", True, 1))
    note(path, later)
    assert note(path, said("r1", True, 3)) == [later]


def test_a_new_answer_in_an_old_folder_is_the_latest(path: Path) -> None:
    note(path, said("r1", False, 1))
    note(path, said("r2", False, 2))
    newest = said("r1", True, 3)
    assert note(path, newest) == [newest]


def test_an_answer_that_was_taken_back_is_none(path: Path) -> None:
    note(path, said("r1", True, 1))
    assert note(path, said("r1", None, 2)) == []


def test_what_was_taken_back_may_be_said_again(path: Path) -> None:
    again = said("r1", True, 2)
    note(path, said("r1", None, 1))
    assert note(path, again) == [again]


def test_an_answer_taken_back_is_not_given_by_an_older_folder(path: Path) -> None:
    older, back = said("r1", True, 1), said("r2", None, 2)
    note(path, older)
    note(path, back)
    assert note(path, said("r1", True, 3)) == []
    assert load_words(path) == [older, back]


def test_tags_of_one_picture_are_apart(path: Path) -> None:
    dog = replace(LABEL, tag="dog", has_tag=False)
    assert note(path, dog, LABEL) == [LABEL, dog]


def test_no_labels_are_no_error(path: Path) -> None:
    assert note(path) == []


def test_where_there_is_no_file_there_are_no_labels(path: Path) -> None:
    assert load_labels(path) == []
    assert not path.exists()


def test_a_file_that_a_killed_run_has_left_empty_is_no_error(path: Path) -> None:
    path.touch()
    assert load_labels(path) == []
    assert note(path, LABEL) == [LABEL]


@pytest.mark.parametrize("version", [0, 1])
def test_labels_of_before_they_had_folders_are_read_and_kept(path: Path, version: int) -> None:
    row = (LABEL.hash_id, LABEL.tag, LABEL.has_tag, LABEL.source, LABEL.date)
    with closing(sqlite3.connect(path)) as old, old:
        old.execute(V1)
        old.execute("INSERT INTO labels VALUES (?, ?, ?, ?, ?)", row)
        old.execute(f"PRAGMA user_version={version}")
    dog = replace(LABEL, tag="dog", folder="r1")
    assert load_labels(path) == [LABEL]
    assert note(path, dog) == [LABEL, dog]


def test_labels_of_before_they_could_be_taken_back_are_read_and_kept(path: Path) -> None:
    first = said("r1", True, 1)
    row = ("ab", "cat", "r1", True, first.source, first.date)
    with closing(sqlite3.connect(path)) as old, old:
        old.execute(V2)
        old.execute("CREATE TABLE alembic_version (version_num TEXT PRIMARY KEY)")
        old.execute("INSERT INTO alembic_version VALUES ('0002')")
        old.execute("INSERT INTO labels VALUES (?, ?, ?, ?, ?, ?)", row)
    assert load_labels(path) == [first]
    assert note(path, said("r1", None, 2)) == []
    new = path.with_name("new.sqlite")
    note(new, first)
    assert steps_table(path) == steps_table(new)


def steps_table(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute("PRAGMA table_info(review_steps)").fetchall()


def test_labels_that_a_newer_program_made_are_left_alone(path: Path) -> None:
    note(path, LABEL)
    with open_labels(path) as opened:
        newer = "UPDATE alembic_version SET version_num = '9999'"
        opened.run(lambda connection: connection.exec_driver_sql(newer))
    before = path.read_bytes()
    for use in (load_labels, note):
        with pytest.raises(RunError, match=r"has schema version 9999, .* up to 0005"):
            use(path)
    assert path.read_bytes() == before


def test_no_other_database_has_the_table() -> None:
    assert "labels" not in Base.metadata.tables


def test_a_file_that_is_no_database_is_an_error(path: Path) -> None:
    path.write_bytes(b"<html>" * 1000)
    for use in (load_labels, note):
        with pytest.raises(RunError, match="database"):
            use(path)
