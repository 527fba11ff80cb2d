"""The dataset is what its folders hold now: each image once, under all of its tags."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shared.database import datasets
from shared.database.datasets import (
    DatasetImage,
    add_dataset_rows,
    hash_clashes,
    iter_dataset_images,
    iter_tagged,
    mark_embedded,
)
from shared.database.engine import Database, open_database
from shared.database.pictures import add_vectors
from shared.database.tables import ContainerRow, DatasetCache, MemberRow
from shared.database.tag_texts import left_texts, write_tags
from shared.errors import Fate, RunError
from shared.flow.tag_texts import TABLES
from shared.hashing import content_digest, pixel_hash
from shared.names import base_name
from shared.records import Picture, Place, Reading
from tests.shared.database.world import (
    EMBEDDER,
    column,
    forget_gone,
    found,
    picture,
    read,
    read_picture,
    skipped,
    survey,
)

CATS, DOGS = "/set/cats", "/set/dogs"
VECTOR = np.array([1, 2], np.float32)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty database of stage 1, of two folders."""
    with open_database(tmp_path / "dataset_cache.sqlite", DatasetCache) as opened:
        survey(opened, found(CATS), found(DOGS))
        yield opened


def image(folder: str, name: str, content: bytes, facts: Picture | None = None) -> Reading:
    """An image with its vector, as stage 1 reads it."""
    reading = read_picture(f"{folder}/{name}", content, facts=facts, vector=VECTOR)
    return replace(reading, place=Place((sum(name.encode()),), f"{folder}/{name}", folder, name))


def tag_of(address: str) -> str:
    return base_name(address.rpartition("/")[0])


def fill(database: Database, **folders: Sequence[Reading]) -> None:
    """Read folders and note all of their images."""
    for name, readings in folders.items():
        read(database, f"/set/{name}", *readings)
    while database.run(add_dataset_rows, tag_of):
        pass


def tagged(database: Database, *, by_tag: bool) -> list[tuple[str, str]]:
    return database.run(lambda c: list(iter_tagged(c, by_tag=by_tag)))


def images(database: Database, embedder: str = EMBEDDER) -> list[DatasetImage]:
    return database.run(lambda c: list(iter_dataset_images(c, embedder)))


class TestRows:
    def test_each_image_gets_one_row_with_its_tag(self, database: Database) -> None:
        fill(database, cats=[image(CATS, "1.png", b"one")], dogs=[image(DOGS, "1.png", b"two")])
        assert column(database, DatasetCache, "file_path") == [f"{CATS}/1.png", f"{DOGS}/1.png"]
        assert column(database, DatasetCache, "tag") == ["cats", "dogs"]

    def test_a_row_says_what_users_were_promised(self, database: Database) -> None:
        fill(database, cats=[image(CATS, "1.png", b"one")])
        promised = ("file_name", "file_path", "type", "hash_id")
        assert [column(database, DatasetCache, name)[0] for name in promised] == [
            "1.png",
            f"{CATS}/1.png",
            ".png",
            pixel_hash(b"one"),
        ]

    def test_pages_end_when_all_are_in(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(datasets, "PAGE", 2)
        read(database, CATS, *(image(CATS, f"{i}.png", b"%d" % i) for i in range(3)))
        assert [database.run(add_dataset_rows, tag_of) for _ in range(3)] == [2, 1, 0]

    def test_what_is_no_image_gets_none(self, database: Database) -> None:
        fill(database, cats=[skipped(f"{CATS}/a.txt", Fate.NOT_AN_IMAGE)])
        assert not column(database, DatasetCache, "file_path")

    def test_what_was_read_becomes_embedded_and_nothing_else(self, database: Database) -> None:
        fill(database, cats=[skipped(f"{CATS}/a"), image(CATS, "1.png", b"one")])
        database.run(mark_embedded)
        assert column(database, MemberRow, "fate") == ["corrupt", "embedded"]


def test_of_two_precisions_an_image_has_the_full_vector_once(database: Database) -> None:
    fill(database, cats=[image(CATS, "1.png", b"one"), image(CATS, "2.png", b"two")])
    short = {f"{CATS}/1.png": b"shrt", f"{CATS}/2.png": b"shrt"}
    database.run(add_vectors, short, "CLIP X bfloat16")
    database.run(add_vectors, {f"{CATS}/1.png": b"full"}, "CLIP X")
    found = images(database, "CLIP X bfloat16")
    assert [one.vector.tobytes() for one in found] == [b"full", b"shrt"]
    assert [one.vector.tobytes() for one in images(database, "CLIP X")] == [b"full"]


class TestTags:
    def test_an_image_in_two_folders_has_both_tags(self, database: Database) -> None:
        one = pixel_hash(b"one")
        fill(database, cats=[image(CATS, "1.png", b"one")], dogs=[image(DOGS, "2.png", b"one")])
        assert tagged(database, by_tag=True) == [("cats", one), ("dogs", one)]

    def test_an_image_twice_in_a_folder_has_its_tag_once(self, database: Database) -> None:
        fill(database, cats=[image(CATS, f"{i}.png", b"one") for i in (1, 2)])
        assert tagged(database, by_tag=True) == [("cats", pixel_hash(b"one"))]

    @pytest.mark.parametrize("by_tag", [True, False])
    def test_they_are_sorted(self, database: Database, *, by_tag: bool) -> None:
        contents = [b"%d" % i for i in range(4)]
        fill(
            database,
            dogs=[image(DOGS, f"{c.decode()}.png", c) for c in contents],
            cats=[image(CATS, f"{c.decode()}.png", c) for c in contents],
        )
        pairs = tagged(database, by_tag=by_tag)
        assert pairs == sorted(pairs, key=lambda pair: pair if by_tag else pair[::-1])
        assert len(pairs) == 8

    def test_an_image_without_a_tag_is_left_out(self, database: Database) -> None:
        read(database, CATS, image(CATS, "1.png", b"one"))
        database.run(add_dataset_rows, lambda _: None)
        assert tagged(database, by_tag=True) == []

    def test_a_folder_that_is_not_looked_at_now_is_left_out(self, database: Database) -> None:
        fill(database, cats=[image(CATS, "1.png", b"one")], dogs=[image(DOGS, "1.png", b"two")])
        survey(database, found(DOGS))
        assert tagged(database, by_tag=True) == [("dogs", pixel_hash(b"two"))]

    def test_a_text_tells_tags_beside_that_of_the_folder(self, database: Database) -> None:
        told = skipped(f"{DOGS}/1.txt", Fate.NOT_AN_IMAGE)
        fill(database, cats=[image(CATS, "1.png", b"one")], dogs=[told])
        [text] = database.run(
            left_texts, TABLES, int(str(column(database, ContainerRow, "id")[-1]))
        )
        database.run(write_tags, text.id, [(f"{CATS}/1.png", ["red", "cats"]), ("/no", ["x"])])
        one = pixel_hash(b"one")
        assert tagged(database, by_tag=True) == [("cats", one), ("red", one)]
        assert [image.tags for image in images(database)] == [("cats", "red")]
        survey(database, found(CATS))
        assert tagged(database, by_tag=True) == [("cats", one)]

    def test_a_folder_that_is_gone_is_left_out(self, database: Database) -> None:
        fill(database, cats=[image(CATS, "1.png", b"one")])
        survey(database)
        database.run(forget_gone, "/set")
        assert not column(database, DatasetCache, "file_path")


class TestImages:
    def test_each_hash_comes_once_at_its_first_address(self, database: Database) -> None:
        fill(
            database,
            dogs=[image(DOGS, "0.png", b"one")],
            cats=[image(CATS, f"{i}.png", b"one") for i in (2, 1)],
        )
        assert [one.file_path for one in images(database)] == [f"{CATS}/1.png"]

    def test_they_are_sorted_by_address(self, database: Database) -> None:
        fill(
            database,
            dogs=[image(DOGS, "1.png", b"one")],
            cats=[image(CATS, f"{i}.png", b"%d" % i) for i in (3, 2)],
        )
        addresses = [one.file_path for one in images(database)]
        assert addresses == [f"{CATS}/2.png", f"{CATS}/3.png", f"{DOGS}/1.png"]

    def test_an_image_has_the_tags_of_all_of_its_addresses(self, database: Database) -> None:
        fill(database, dogs=[image(DOGS, "0.png", b"one")], cats=[image(CATS, "1.png", b"one")])
        assert [one.tags for one in images(database)] == [("cats", "dogs")]

    def test_an_image_has_what_was_read(self, database: Database) -> None:
        fill(database, cats=[image(CATS, "1.png", b"pixels", picture(b"pixels", 3, 5))])
        (one,) = images(database)
        assert (one.hash_id, one.content_sha256) == (
            pixel_hash(b"pixels"),
            content_digest(b"pixels"),
        )
        assert (one.mode, one.width, one.height, one.format, one.n_bytes) == ("L", 3, 5, "PNG", 6)
        assert one.vector.tobytes() == VECTOR.tobytes()

    def test_more_than_one_page_of_them_comes_whole(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(datasets, "PAGE", 2)
        fill(database, cats=[image(CATS, f"{i}.png", b"%d" % i) for i in range(5)])
        assert [one.file_name for one in images(database)] == [f"{i}.png" for i in range(5)]
        assert {one.tags for one in images(database)} == {("cats",)}

    def test_a_hash_comes_at_the_first_of_its_files_that_has_a_vector(
        self, database: Database
    ) -> None:
        bare = replace(image(CATS, "1.png", b"bytes", picture(b"pixels")), vector=None)
        fill(database, cats=[bare, image(CATS, "2.png", b"other bytes", picture(b"pixels"))])
        assert [one.file_path for one in images(database)] == [f"{CATS}/2.png"]

    def test_vectors_of_another_embedder_do_not_count(self, database: Database) -> None:
        fill(database, cats=[image(CATS, "1.png", b"one")])
        assert images(database, "another") == []


class TestClashes:
    TALL, WIDE = picture(b"same", 4, 16), picture(b"same", 16, 4)

    def test_pictures_of_one_hash_and_size_do_not_clash(self, database: Database) -> None:
        fill(database, cats=[image(CATS, f"{i}.png", b"same") for i in (1, 2)])
        assert database.run(hash_clashes) == []

    def test_pictures_of_one_hash_and_two_sizes_clash(self, database: Database) -> None:
        fill(
            database,
            cats=[image(CATS, "1.png", b"tall", self.TALL)],
            dogs=[image(DOGS, "1.png", b"wide", self.WIDE)],
        )
        assert database.run(hash_clashes) == [(f"{CATS}/1.png", f"{DOGS}/1.png")]

    def test_the_two_that_are_named_differ_in_size(self, database: Database) -> None:
        fill(
            database,
            cats=[
                image(CATS, "1.png", b"tall", self.TALL),
                image(CATS, "2.png", b"wide", self.WIDE),
                image(CATS, "3.png", b"tall", self.TALL),
            ],
        )
        assert database.run(hash_clashes) == [(f"{CATS}/1.png", f"{CATS}/2.png")]


def test_vectors_of_two_lengths_are_told(database: Database) -> None:
    odd = replace(image(CATS, "2.png", b"two"), vector=VECTOR[:1])
    fill(database, cats=[image(CATS, "1.png", b"one"), odd])
    with pytest.raises(RunError, match=f"of 1 numbers, not of {VECTOR.size}"):
        images(database)
