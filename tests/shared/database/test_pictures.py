"""A picture has the vector that was told of its address, or the fate that it has none."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.database import pictures as statements
from shared.database.engine import Database, open_database
from shared.database.pictures import add_vectors, forget_vectors, mark_imported, pictures_without
from shared.database.tables import DatasetCache, EmbeddingRow, MemberRow
from shared.errors import Fate
from tests.shared.database.world import (
    A,
    B,
    column,
    found,
    pictures,
    read,
    read_picture,
    skipped,
    survey,
)

NAME = "clip-retrieval"
FIRST, SECOND, THIRD = (f"{A}!/{i}.png" for i in range(3))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Three pictures, and a file that is none."""
    with open_database(tmp_path / "dataset_cache.sqlite", DatasetCache) as opened:
        survey(opened, found(A))
        read(opened, A, *pictures(A, 3), skipped(f"{A}!/3.txt", Fate.NOT_AN_IMAGE, entry=(3,)))
        yield opened


def test_vectors_are_given_by_address_and_others_are_passed_over(database: Database) -> None:
    told = {FIRST: b"one.", THIRD: b"three...", "/elsewhere": b"x", f"{A}!/3.txt": b"y"}
    assert database.run(add_vectors, told, NAME) == {FIRST, THIRD}
    assert column(database, EmbeddingRow, "vector") == [b"one.", b"three..."]


def test_a_picture_that_has_one_keeps_it_until_all_are_forgotten(database: Database) -> None:
    database.run(add_vectors, {FIRST: b"one."}, NAME)
    assert database.run(add_vectors, {FIRST: b"two."}, NAME) == {FIRST}
    assert column(database, EmbeddingRow, "vector") == [b"one."]
    database.run(forget_vectors, NAME)
    database.run(add_vectors, {FIRST: b"two."}, NAME)
    assert column(database, EmbeddingRow, "vector") == [b"two."]


def test_vectors_of_another_name_stay(database: Database) -> None:
    database.run(add_vectors, {FIRST: b"one."}, "CLIP")
    database.run(forget_vectors, NAME)
    assert column(database, EmbeddingRow, "embedder") == ["CLIP"]


def test_pictures_without_one_are_paged(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statements, "PAGE", 1)
    database.run(add_vectors, {SECOND: b"two."}, NAME)
    [(first, address)] = database.run(pictures_without, NAME, 0)
    [(last, other)] = database.run(pictures_without, NAME, first)
    assert (address, other, database.run(pictures_without, NAME, last)) == (FIRST, THIRD, [])


def test_each_picture_has_its_fate_however_often_it_is_marked(database: Database) -> None:
    for addresses, fates in (
        ([FIRST], ["embedded", "no_embedding", "no_embedding", "not_an_image"]),
        ([FIRST, SECOND], ["embedded", "embedded", "no_embedding", "not_an_image"]),
        ([THIRD], ["no_embedding", "no_embedding", "embedded", "not_an_image"]),
    ):
        database.run(forget_vectors, NAME)
        database.run(add_vectors, dict.fromkeys(addresses, b"a vector"), NAME)
        database.run(mark_imported, NAME)
        assert column(database, MemberRow, "fate") == fates


def test_pictures_of_another_dataset_are_left_alone(database: Database) -> None:
    database.run(add_vectors, {FIRST: b"one."}, NAME)
    database.run(mark_imported, NAME)
    fates = column(database, MemberRow, "fate")
    survey(database, found(B))
    read(database, B, read_picture(f"{B}!/0.png", b"another"))
    database.run(forget_vectors, NAME)
    assert database.run(add_vectors, {SECOND: b"two."}, NAME) == set()
    assert database.run(pictures_without, NAME, 0) == [(5, f"{B}!/0.png")]
    database.run(mark_imported, NAME)
    assert column(database, EmbeddingRow, "vector") == [b"one."]
    assert column(database, MemberRow, "fate") == [*fates, "no_embedding"]
