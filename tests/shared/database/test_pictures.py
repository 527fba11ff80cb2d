"""A picture has the vector that was told of its address, or the fate that it has none."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.database import pictures as statements
from shared.database.engine import Database, open_database
from shared.database.pictures import (
    add_vectors,
    content_vectors,
    embedded_digests,
    forget_vectors,
    known_vectors,
    mark_imported,
    pictures_without,
    stored_vectors,
)
from shared.database.tables import DatasetCache, EmbeddingRow, MemberRow, PictureRow
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


def of_pictures(database: Database, name: str) -> Any:  # noqa: ANN401 - of whatever type it is
    """A column of all pictures."""
    return column(database, PictureRow, name)


class TestPrecision:
    """A vector of full precision serves a run that computes in bfloat16, and not the other way."""

    SHORT = f"{NAME} bfloat16"

    @pytest.fixture
    def database(self, database: Database) -> Database:
        """The first picture has both vectors, the second a short one, the third a full one."""
        short, full = ({"one": b"1111", "two": b"2222"}, {"one": b"fff1", "three": b"fff3"})
        addresses = {"one": FIRST, "two": SECOND, "three": THIRD}
        for told, name in ((short, self.SHORT), (full, NAME)):
            database.run(add_vectors, {addresses[k]: v for k, v in told.items()}, name)
        return database

    def test_the_full_one_is_preferred(self, database: Database) -> None:
        ids = of_pictures(database, "id")
        found = database.run(known_vectors, ids, self.SHORT, 1)
        expected = [b"fff1", b"2222", b"fff3"]
        assert [found[i].tobytes() for i in ids] == expected
        digests = of_pictures(database, "content_sha256")
        by_digest = database.run(content_vectors, digests, self.SHORT)
        assert [by_digest[digest].tobytes() for digest in digests] == expected
        hashes = of_pictures(database, "hash_id")
        by_hash = database.run(stored_vectors, hashes, self.SHORT)
        assert [by_hash[one].tobytes() for one in hashes] == expected

    def test_a_run_of_full_precision_takes_no_short_one(self, database: Database) -> None:
        ids = of_pictures(database, "id")
        assert set(database.run(known_vectors, ids, NAME, 1)) == {ids[0], ids[2]}

    @pytest.mark.parametrize(("name", "n_embedded"), [(NAME, 2), (SHORT, 3)])
    def test_what_is_served_is_not_embedded_again(
        self, database: Database, name: str, n_embedded: int
    ) -> None:
        digests = of_pictures(database, "content_sha256")
        assert len(database.run(embedded_digests, digests, name)) == n_embedded


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
