"""What earlier runs and the metadata know is found by a file's bytes, and only that."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shared.database.engine import Database, open_database
from shared.database.tables import DatasetCache, ScoreCache, ZipScoreCache
from shared.errors import RunError
from shared.flow.reading.known import (
    FILES,
    InDatabase,
    Known,
    known_in,
    opened_others,
    settle_others,
)
from shared.hashing import content_digest
from shared.metadata.loading import Metadata
from shared.records import Picture
from tests.shared.database.world import (
    EMBEDDER,
    A,
    found,
    picture,
    pictures,
    read,
    read_picture,
    skipped,
    survey,
)
from tests.shared.flow.scenes import metadata_of

PIXELS = b"pixels"
DIGEST = content_digest(PIXELS)
FACTS = picture(PIXELS)


def described(
    content: bytes = PIXELS, vector: object = (1.0, 2.0), size: tuple[int, int] | None = (4, 4)
) -> dict[str, object]:
    """An entry of the metadata as stage 1 writes it, beside one of another picture."""
    facts = picture(content)
    entry: dict[str, object] = {
        "hash_id": facts.hash_id,
        "embeddings_vector": vector,
        "file_type": facts.format,
        "image_mode": facts.mode,
        "file_sha256": content_digest(content).hex(),
    }
    if size:
        entry |= {"image_resolution": size, "image_xsize": size[0], "image_ysize": size[1]}
    return {facts.hash_id: entry, "another": {"embeddings_vector": [3.0, 4.0]}}


@pytest.fixture
def metadata(tmp_path: Path) -> Metadata:
    return metadata_of(tmp_path, described())


@pytest.fixture
def seen(database: Database) -> Database:
    """A database that has seen one picture and has a vector of it."""
    survey(database, found(A))
    vector = np.array([1, 2], np.float32)
    read(database, A, read_picture(f"{A}!/1.png", PIXELS, vector=vector))
    return database


class TestPictures:
    def test_what_was_decoded_before_is_known(self, seen: Database) -> None:
        assert known_in(seen, None, "").pictures([DIGEST]) == {DIGEST: FACTS}

    def test_what_nobody_has_seen_is_not(self, seen: Database, metadata: Metadata) -> None:
        assert not known_in(seen, metadata, "").pictures([content_digest(b"other")])

    def test_what_the_metadata_tells_is_known(self, database: Database, metadata: Metadata) -> None:
        assert known_in(database, metadata, "").pictures([DIGEST]) == {DIGEST: FACTS}

    def test_what_the_metadata_tells_is_not_asked_of_the_database(
        self, database: Database, metadata: Metadata
    ) -> None:
        database.close()
        Path(database.where).unlink()
        assert known_in(database, metadata, "").pictures([DIGEST]) == {DIGEST: FACTS}

    def test_each_of_many_comes_from_where_it_is_known(
        self, seen: Database, tmp_path: Path
    ) -> None:
        metadata = metadata_of(tmp_path, described(b"other"))
        other = content_digest(b"other")
        asked = [other, content_digest(b"unknown"), DIGEST]
        assert known_in(seen, metadata, "").pictures(asked) == {
            other: picture(b"other"),
            DIGEST: FACTS,
        }

    def test_nothing_asked_is_nothing_found(self, seen: Database, metadata: Metadata) -> None:
        assert not known_in(seen, metadata, "").pictures([])

    def test_more_digests_than_one_statement_takes_easily(self, database: Database) -> None:
        survey(database, found(A))
        read(database, A, *pictures(A, 100))
        digests = [content_digest(str(i).encode()) for i in range(100)]
        assert set(known_in(database, None, "").pictures(digests)) == set(digests)


class TestLacking:
    def lacking(self, known: Known, facts: Picture = FACTS) -> bool:
        return DIGEST in known.lacking({DIGEST: facts})

    def test_a_picture_without_any_vector_lacks_one(self, database: Database) -> None:
        assert self.lacking(known_in(database, None, EMBEDDER))

    def test_one_that_this_embedder_has_seen_does_not(self, seen: Database) -> None:
        assert not self.lacking(known_in(seen, None, EMBEDDER))

    def test_one_that_another_embedder_has_seen_does(self, seen: Database) -> None:
        assert self.lacking(known_in(seen, None, "another embedder"))

    def test_one_that_is_in_the_metadata_does_not(
        self, database: Database, metadata: Metadata
    ) -> None:
        assert not self.lacking(known_in(database, metadata, EMBEDDER))

    def test_one_of_another_size_than_the_metadata_means_does(
        self, database: Database, metadata: Metadata
    ) -> None:
        same_hash = Picture(FACTS.hash_id, "L", 2, 8, "PNG")
        assert self.lacking(known_in(database, metadata, EMBEDDER), same_hash)

    def test_one_whose_size_the_metadata_does_not_tell_does_not(
        self, database: Database, tmp_path: Path
    ) -> None:
        metadata = metadata_of(tmp_path, described(size=None))
        assert not self.lacking(known_in(database, metadata, EMBEDDER))

    def test_one_whose_vector_is_bad_in_the_metadata_does_not(
        self, database: Database, tmp_path: Path
    ) -> None:
        metadata = metadata_of(tmp_path, described(vector=[1.0, None]))
        assert not self.lacking(known_in(database, metadata, EMBEDDER))

    def test_each_of_many_is_told_apart(self, seen: Database) -> None:
        other = content_digest(b"other")
        asked = {other: picture(b"other"), DIGEST: FACTS}
        assert known_in(seen, None, EMBEDDER).lacking(asked) == {other}

    def test_nothing_asked_lacks_nothing(self, seen: Database, metadata: Metadata) -> None:
        assert not known_in(seen, metadata, EMBEDDER).lacking({})


class TestElsewhere:
    VECTOR = np.array([1, 2], np.float32)
    BARE = read_picture(f"{A}!/1.png", PIXELS)

    @pytest.fixture
    def elsewhere(self, tmp_path: Path) -> Iterator[list[Database]]:
        """Another stage's database, which has seen the picture and has a vector of it."""
        with open_database(tmp_path / "dataset_cache.sqlite", DatasetCache) as other:
            survey(other, found(A))
            read(other, A, replace(self.BARE, vector=self.VECTOR))
            yield [other]

    def test_a_picture_that_another_stage_has_seen_is_known(
        self, database: Database, elsewhere: list[Database]
    ) -> None:
        asked = [DIGEST, content_digest(b"other")]
        assert known_in(database, None, "", elsewhere).pictures(asked) == {DIGEST: FACTS}

    def test_one_that_it_has_a_vector_of_lacks_none_and_is_given_it(
        self, database: Database, elsewhere: list[Database]
    ) -> None:
        known = known_in(database, None, EMBEDDER, elsewhere)
        assert not known.lacking({DIGEST: FACTS})
        [completed] = known.iter_completed([self.BARE])
        assert completed.vector is not None
        assert completed.vector.tolist() == [1, 2]

    def test_nothing_is_given_to_what_has_a_vector_here(
        self, seen: Database, metadata: Metadata, database: Database, elsewhere: list[Database]
    ) -> None:
        for known in (
            known_in(seen, None, EMBEDDER, elsewhere),
            known_in(database, metadata, EMBEDDER, elsewhere),
            known_in(database, None, "", elsewhere),
        ):
            assert [one.vector for one in known.iter_completed([self.BARE])] == [None]

    def test_what_is_skipped_or_has_just_been_embedded_stays(
        self, database: Database, elsewhere: list[Database]
    ) -> None:
        known = known_in(database, None, EMBEDDER, elsewhere)
        readings = [skipped("1.txt"), replace(self.BARE, vector=np.zeros(2, np.float32))]
        assert list(known.iter_completed(readings)) == readings

    def test_a_vector_that_was_there_and_is_gone_ends_the_run(self, database: Database) -> None:
        known = known_in(database, None, EMBEDDER, [database])
        with pytest.raises(RunError, match="can no longer be read"):
            list(known.iter_completed([self.BARE]))


SEEN, BARE, NEW = b"seen", b"bare", b"new"
DIGESTS = [content_digest(content) for content in (SEEN, BARE, NEW)]
ASKED = {content_digest(content): picture(content) for content in (SEEN, BARE, NEW)}


def write_stage(path: Path, table: type[DatasetCache | ScoreCache | ZipScoreCache]) -> None:
    """A database of two pictures, of which one has a vector."""
    with open_database(path, table) as database:
        survey(database, found(A))
        with_vector = read_picture(f"{A}!/1.png", SEEN, vector=np.array([1, 2], np.float32))
        read(database, A, with_vector, read_picture(f"{A}!/2.png", BARE, entry=(1,)))


@contextmanager
def opened(folder: Path, embedder: str = EMBEDDER) -> Iterator[tuple[InDatabase, ...]]:
    """What the other stages' databases know, beside stage 4."""
    with opened_others(folder, folder / "zip_score_cache.sqlite") as others:
        yield tuple(InDatabase(one, embedder, may_fail=True) for one in others)


class TestOtherStages:
    @pytest.mark.parametrize("table", [DatasetCache, ScoreCache])
    def test_their_pictures_and_vectors_are_found(
        self, tmp_path: Path, table: type[DatasetCache | ScoreCache]
    ) -> None:
        write_stage(tmp_path / f"{table.__tablename__}.sqlite", table)
        with opened(tmp_path) as (other,):
            pictures_there = other.pictures(DIGESTS)
            vectors = {digest: one.tolist() for digest, one in other.vectors(DIGESTS).items()}
            embedded = other.embedded(ASKED)
        assert pictures_there == {DIGESTS[0]: picture(SEEN), DIGESTS[1]: picture(BARE)}
        assert vectors == {DIGESTS[0]: [1, 2]}
        assert set(embedded) == {DIGESTS[0]}

    def test_vectors_of_another_embedder_are_not(self, tmp_path: Path) -> None:
        write_stage(tmp_path / "score_cache.sqlite", ScoreCache)
        with opened(tmp_path, "another") as (other,):
            assert (set(other.embedded(ASKED)), other.vectors(DIGESTS)) == (set(), {})

    def test_a_stages_own_database_and_those_that_are_not_there_are_not_opened(
        self, tmp_path: Path
    ) -> None:
        write_stage(tmp_path / "zip_score_cache.sqlite", ZipScoreCache)
        with opened(tmp_path) as others:
            assert others == ()
        assert [path.name for path in tmp_path.iterdir()] == ["zip_score_cache.sqlite"]

    @pytest.mark.parametrize("content", [b"", b"<html>" * 1000])
    def test_what_is_no_database_of_a_stage_is_as_good_as_none(
        self, tmp_path: Path, content: bytes
    ) -> None:
        (tmp_path / "dataset_cache.sqlite").write_bytes(content)
        write_stage(tmp_path / "score_cache.sqlite", ScoreCache)
        with opened(tmp_path) as others:
            assert len(others) == 2
            assert Known((), others, EMBEDDER).lacking(ASKED) == set(DIGESTS[1:])

    def test_nothing_that_is_asked_opens_nothing(self, tmp_path: Path) -> None:
        for name in FILES:
            (tmp_path / name).touch()
        with opened(tmp_path) as others:
            known = Known((), others, EMBEDDER)
            assert (known.pictures([]), known.lacking({})) == ({}, set())
        assert all((tmp_path / name).stat().st_size == 0 for name in FILES)

    def test_a_log_that_nobody_has_removed_goes(self, tmp_path: Path) -> None:
        write_stage(tmp_path / "score_cache.sqlite", ScoreCache)
        # A connection that ends without being closed, as of a process that is killed.
        program = (
            "import os, sqlite3, sys; database = sqlite3.connect(sys.argv[1]);"
            "database.execute('SELECT count(*) FROM members').fetchall(); os._exit(0)"
        )
        subprocess.run([sys.executable, "-c", program, tmp_path / "score_cache.sqlite"], check=True)
        assert (tmp_path / "score_cache.sqlite-wal").exists()
        settle_others(tmp_path, tmp_path / "zip_score_cache.sqlite")
        assert [path.name for path in tmp_path.iterdir()] == ["score_cache.sqlite"]
