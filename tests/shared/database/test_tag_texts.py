"""A text is to be read once, and again when what holds it has changed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.database.engine import Database, open_database
from shared.database.tables import DatasetCache, DatasetSidecarRow, DatasetTagRow
from shared.database.tag_texts import (
    left_texts,
    pictures_beside,
    unread_containers,
    unread_texts,
    write_tags,
)
from shared.errors import Fate
from shared.flow.tag_texts import TABLES
from tests.shared.database.world import (
    A,
    B,
    column,
    forget_gone,
    found,
    read,
    read_picture,
    skipped,
    survey,
)

TEXT, OTHER = f"{A}!/1.txt", f"{A}!/metadata.csv"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Stage 1's database of two archives, of which one holds two texts."""
    with open_database(tmp_path / "dataset_cache.sqlite", DatasetCache) as opened:
        survey(opened, found(A), found(B))
        yield opened


def texts(database: Database) -> int:
    """Read the archive with the texts; its id."""
    return read(
        database,
        A,
        skipped(TEXT, Fate.NOT_AN_IMAGE, entry=(0,)),
        skipped(OTHER, Fate.NOT_AN_IMAGE, entry=(1,)),
        skipped(f"{A}!/._2.txt", Fate.IGNORED, entry=(2,)),
        skipped(f"{A}!/3.pdf", Fate.NOT_AN_IMAGE, entry=(3,)),
        read_picture(f"{A}!/4.txt", entry=(4,)),
    )


def left(database: Database, container_id: int) -> list[str]:
    return [text.file_path for text in database.run(left_texts, TABLES, container_id)]


def test_what_is_called_like_a_text_is_to_be_read(database: Database) -> None:
    assert left(database, texts(database)) == [TEXT, OTHER]


def test_only_containers_with_texts_are_to_be_read(database: Database) -> None:
    texts(database)
    read(database, B, read_picture(f"{B}!/1.png", b"other"))
    [standing] = database.run(unread_containers, TABLES, 0)
    assert (standing.address, standing.location) == (A, A)
    assert database.run(unread_containers, TABLES, standing.position) == []


def test_a_text_that_was_read_is_not_read_again(database: Database) -> None:
    container_id = texts(database)
    [text] = database.run(unread_texts, TABLES, container_id, [TEXT, "/elsewhere"])
    database.run(write_tags, text.id, ())
    assert left(database, container_id) == [OTHER]


def test_it_may_be_noted_twice(database: Database) -> None:
    [text, _] = database.run(left_texts, TABLES, texts(database))
    for _ in range(2):
        database.run(write_tags, text.id, [("/1.png", ["a", "a", "b"])])
    assert column(database, DatasetTagRow, "tag") == ["a", "b"]


def test_what_changes_is_read_again_and_its_tags_go(database: Database) -> None:
    [text, _] = database.run(left_texts, TABLES, texts(database))
    database.run(write_tags, text.id, [("/1.png", ["a"])])
    survey(database, found(A, b"another"))
    assert left(database, texts(database)) == [TEXT, OTHER]
    assert column(database, DatasetTagRow, "tag") == []


def test_what_is_gone_leaves_nothing(database: Database) -> None:
    [text, _] = database.run(left_texts, TABLES, texts(database))
    database.run(write_tags, text.id, [("/1.png", ["a"])])
    survey(database)
    database.run(forget_gone, "/zips")
    assert column(database, DatasetSidecarRow, "member_id") == []


def test_pictures_beside_are_those_whose_name_goes_on_with_a_dot(database: Database) -> None:
    names = ["1.jpg", "1.png", "1", "1.png#2", "1#2", "10.png", "1-a.png", "1/2.png", "0.png"]
    pictures = [
        read_picture(f"{A}!/{name}", name.encode(), entry=(i,)) for i, name in enumerate(names)
    ]
    read(database, A, *pictures, skipped(TEXT, Fate.NOT_AN_IMAGE, entry=(99,)))
    beside = [path for path, _ in database.run(pictures_beside, f"{A}!/1")]
    assert sorted(beside) == [f"{A}!/{n}" for n in ("1", "1#2", "1.jpg", "1.png", "1.png#2")]
