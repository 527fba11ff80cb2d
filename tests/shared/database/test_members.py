"""What was read comes back as it was, and each picture and vector is there once."""

import sqlite3
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection

from shared.database.engine import Database
from shared.database.members import known_members_page, last_entry, write_fates, write_readings
from shared.database.pictures import embedded_digests, known_pictures, known_vectors
from shared.database.tables import EmbeddingRow, MemberRow, PictureRow
from shared.errors import Fate
from shared.hashing import content_digest
from shared.records import Reading
from tests.shared.database.world import (
    EMBEDDER,
    A,
    B,
    column,
    found,
    picture,
    pictures,
    place,
    read,
    read_picture,
    skipped,
    survey,
)

VECTOR = np.array([0.1, -2.5, 3e38], np.float32)
ZEROS = np.zeros(3, np.float32)
DIGEST = content_digest(b"pixels")


@pytest.fixture
def container(database: Database) -> int:
    survey(database, found(A), found(B))
    read(database, B)
    return read(database, A)


def add(database: Database, container: int, *readings: Reading, embedder: str = EMBEDDER) -> None:
    database.run(write_readings, container, readings, embedder)


def twice(**changes: object) -> tuple[Reading, Reading]:
    """One picture under two names."""
    first = replace(read_picture(f"{A}!/1.png", entry=(1,)), **changes)  # type: ignore[arg-type]
    return first, replace(first, place=place(f"{A}!/2.png", (2,)))


class TestManyAtATime:
    """A stock SQLite takes 32,766 values in a statement, PostgreSQL 65,535; here it is less."""

    N = 1500

    @pytest.fixture(autouse=True)
    def _few_values(self, database: Database) -> None:
        def limit(connection: Connection) -> None:
            driver: Any = connection.connection.driver_connection
            driver.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 600)

        database.run(limit)

    def test_members_know_their_pictures(self, database: Database, container: int) -> None:
        add(database, container, *pictures(A, self.N))
        assert column(database, MemberRow, "picture_id") == list(range(1, self.N + 1))

    def test_vectors_and_fates(self, database: Database, container: int) -> None:
        add(database, container, *(replace(r, vector=ZEROS) for r in pictures(A, self.N)))
        ids = range(1, self.N + 1)
        assert database.run(known_vectors, ids, EMBEDDER, ZEROS.size).keys() == set(ids)
        database.run(write_fates, [(i, Fate.SCORED, "") for i in ids])
        assert set(column(database, MemberRow, "fate")) == {Fate.SCORED}


class TestPictures:
    def test_one_of_two_names_is_stored_once(self, database: Database, container: int) -> None:
        add(database, container, *twice())
        assert len(column(database, PictureRow, "id")) == 1
        assert len(set(column(database, MemberRow, "picture_id"))) == 1

    def test_one_that_comes_again_later_is_stored_once(
        self, database: Database, container: int
    ) -> None:
        for reading in twice():
            add(database, container, reading)
        assert len(column(database, PictureRow, "id")) == 1

    def test_two_of_one_hash_are_two(self, database: Database, container: int) -> None:
        tall, wide = picture(b"same", 4, 16), picture(b"same", 16, 4)
        one = read_picture(f"{A}!/1.png", b"one", entry=(1,), facts=tall)
        two = read_picture(f"{A}!/2.png", b"two", entry=(2,), facts=wide)
        add(database, container, one, two)
        assert database.run(known_pictures, [content_digest(b"one"), content_digest(b"two")]) == {
            content_digest(b"one"): tall,
            content_digest(b"two"): wide,
        }

    def test_what_was_not_decoded_has_none(self, database: Database, container: int) -> None:
        add(database, container, skipped(f"{A}!/1.png"))
        assert column(database, MemberRow, "picture_id") == [None]

    def test_only_those_asked_for_come_back(self, database: Database, container: int) -> None:
        add(database, container, *pictures(A, 2))
        asked = content_digest(b"1")
        assert list(database.run(known_pictures, [asked, content_digest(b"new")])) == [asked]

    def test_nothing_asked_is_nothing_known(self, database: Database, container: int) -> None:
        add(database, container, *pictures(A, 2))
        assert database.run(known_pictures, []) == {}


class TestVectors:
    def test_one_comes_back_to_the_last_bit(self, database: Database, container: int) -> None:
        add(database, container, *twice(vector=VECTOR))
        made = database.run(known_vectors, [1], EMBEDDER, VECTOR.size)
        assert [(key, v.dtype, v.tobytes()) for key, v in made.items()] == [
            (1, np.dtype("<f4"), VECTOR.tobytes())
        ]

    def test_one_of_a_picture_of_two_names_is_stored_once(
        self, database: Database, container: int
    ) -> None:
        add(database, container, *twice(vector=VECTOR))
        assert len(column(database, EmbeddingRow, "picture_id")) == 1

    def test_the_first_one_stays(self, database: Database, container: int) -> None:
        first, second = twice()
        add(database, container, replace(first, vector=VECTOR))
        add(database, container, replace(second, vector=ZEROS))
        assert (
            database.run(known_vectors, [1], EMBEDDER, VECTOR.size)[1].tobytes() == VECTOR.tobytes()
        )

    def test_those_of_two_embedders_do_not_mix(self, database: Database, container: int) -> None:
        first, second = twice()
        add(database, container, replace(first, vector=VECTOR), embedder="one")
        add(database, container, replace(second, vector=ZEROS), embedder="two")
        assert [
            database.run(known_vectors, [1], embedder, VECTOR.size)[1].tobytes()
            for embedder in ("one", "two")
        ] == [VECTOR.tobytes(), ZEROS.tobytes()]

    def test_pictures_without_one_are_left_out(self, database: Database, container: int) -> None:
        first, second = pictures(A, 2)
        add(database, container, replace(first, vector=VECTOR), second)
        assert list(database.run(known_vectors, [1, 2], EMBEDDER, VECTOR.size)) == [1]

    def test_a_picture_is_embedded_by_the_embedder_that_did_it(
        self, database: Database, container: int
    ) -> None:
        add(database, container, *twice(vector=VECTOR))
        asked = [DIGEST, content_digest(b"other")]
        assert database.run(embedded_digests, asked, EMBEDDER) == {DIGEST}
        assert database.run(embedded_digests, asked, "another") == set()


class TestMembers:
    @pytest.mark.parametrize("entry", [(0,), (12,), (5, 0, 2)])
    def test_the_last_entry_tells_where_to_go_on(
        self, database: Database, container: int, entry: tuple[int, ...]
    ) -> None:
        add(database, container, skipped(f"{A}!/1.png", entry=entry))
        assert database.run(last_entry, container) == entry

    def test_the_last_entry_is_the_last_written_not_the_largest_text(
        self, database: Database, container: int
    ) -> None:
        add(database, container, *pictures(A, 11))
        assert database.run(last_entry, container) == (10,)

    def test_the_last_entry_is_the_containers_own(self, database: Database, container: int) -> None:
        add(database, container, skipped(f"{A}!/1.png"))
        other = 3 - container
        assert database.run(last_entry, other) == ()

    @pytest.mark.parametrize("fate", Fate)
    def test_every_fate_is_kept_with_its_reason(
        self, database: Database, container: int, fate: Fate
    ) -> None:
        add(database, container, skipped(f"{A}!/1.png", fate, "because"))
        assert column(database, MemberRow, "fate") == [fate]
        assert column(database, MemberRow, "reason") == ["because"]

    @pytest.mark.parametrize("name", ["", "'\"; --", "a\nb\x1b.png", "\u732b\U0001f600", r"\x00"])
    def test_a_name_comes_back_as_it_was(
        self, database: Database, container: int, name: str
    ) -> None:
        add(
            database,
            container,
            replace(skipped(f"{A}!/1.png"), place=replace(place(f"{A}!/1.png"), name=name)),
        )
        assert column(database, MemberRow, "file_name") == [name]

    def test_an_entry_that_comes_again_stays_as_it_was(
        self, database: Database, container: int
    ) -> None:
        add(database, container, skipped(f"{A}!/1.png"))
        add(database, container, skipped(f"{A}!/2.png"))
        assert column(database, MemberRow, "file_path") == [f"{A}!/1.png"]

    def test_no_readings_write_nothing(self, database: Database, container: int) -> None:
        add(database, container)
        assert not column(database, MemberRow, "id")


class TestKnownMembers:
    def test_pages_hold_each_picture_once_in_order(
        self, database: Database, container: int
    ) -> None:
        add(database, container, *pictures(A, 5))
        names, after = [], 0
        while page := database.run(known_members_page, container, after, 2):
            names.append([member.file_name for member in page])
            after = page[-1].id
        assert names == [["0.png", "1.png"], ["2.png", "3.png"], ["4.png"]]

    def test_what_is_no_picture_is_left_out(self, database: Database, container: int) -> None:
        add(database, container, skipped(f"{A}!/0.txt"), *pictures(A, 3)[1:])
        page = database.run(known_members_page, container, 0, 10)
        assert [member.file_name for member in page] == ["1.png", "2.png"]

    def test_other_containers_are_left_out(self, database: Database, container: int) -> None:
        add(database, container, *pictures(A, 1))
        assert database.run(known_members_page, 3 - container, 0, 10) == []

    def test_a_member_has_the_facts_that_scoring_needs(
        self, database: Database, container: int
    ) -> None:
        facts = picture(b"pixels", 3, 5)
        add(database, container, read_picture(f"{A}!/in.zip!/1.png", facts=facts))
        (member,) = database.run(known_members_page, container, 0, 10)
        assert (member.file_path, member.parent) == (f"{A}!/in.zip!/1.png", f"{A}!/in.zip")
        assert (member.hash_id, member.width, member.height) == (facts.hash_id, 3, 5)
        assert (member.file_name, member.fate, member.reason) == ("1.png", "pending", "")

    def test_a_fate_can_be_set_later(self, database: Database, container: int) -> None:
        add(database, container, *pictures(A, 2))
        database.run(write_fates, [(2, Fate.NO_EMBEDDING, "not there")])
        page = database.run(known_members_page, container, 0, 10)
        assert [(m.fate, m.reason) for m in page] == [
            ("pending", ""),
            ("no_embedding", "not there"),
        ]

    def test_no_fates_change_nothing(self, database: Database, container: int) -> None:
        add(database, container, *pictures(A, 1))
        database.run(write_fates, [])
        assert column(database, MemberRow, "fate") == ["pending"]
