"""What earlier runs and the metadata know is found by a file's bytes, and only that."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shared.database.engine import Database, open_database
from shared.database.tables import DatasetCache
from shared.errors import RunError
from shared.flow.reading.elsewhere import Elsewhere
from shared.flow.reading.known import Known
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
        assert Known(seen, None, "").pictures([DIGEST]) == {DIGEST: FACTS}

    def test_what_nobody_has_seen_is_not(self, seen: Database, metadata: Metadata) -> None:
        assert not Known(seen, metadata, "").pictures([content_digest(b"other")])

    def test_what_the_metadata_tells_is_known(self, database: Database, metadata: Metadata) -> None:
        assert Known(database, metadata, "").pictures([DIGEST]) == {DIGEST: FACTS}

    def test_what_the_metadata_tells_is_not_asked_of_the_database(
        self, database: Database, metadata: Metadata
    ) -> None:
        database.close()
        Path(database.where).unlink()
        assert Known(database, metadata, "").pictures([DIGEST]) == {DIGEST: FACTS}

    def test_each_of_many_comes_from_where_it_is_known(
        self, seen: Database, tmp_path: Path
    ) -> None:
        metadata = metadata_of(tmp_path, described(b"other"))
        other = content_digest(b"other")
        asked = [other, content_digest(b"unknown"), DIGEST]
        assert Known(seen, metadata, "").pictures(asked) == {
            other: picture(b"other"),
            DIGEST: FACTS,
        }

    def test_nothing_asked_is_nothing_found(self, seen: Database, metadata: Metadata) -> None:
        assert not Known(seen, metadata, "").pictures([])

    def test_more_digests_than_one_statement_takes_easily(self, database: Database) -> None:
        survey(database, found(A))
        read(database, A, *pictures(A, 100))
        digests = [content_digest(str(i).encode()) for i in range(100)]
        assert set(Known(database, None, "").pictures(digests)) == set(digests)


class TestLacking:
    def lacking(self, known: Known, facts: Picture = FACTS) -> bool:
        return DIGEST in known.lacking({DIGEST: facts})

    def test_a_picture_without_any_vector_lacks_one(self, database: Database) -> None:
        assert self.lacking(Known(database, None, EMBEDDER))

    def test_one_that_this_embedder_has_seen_does_not(self, seen: Database) -> None:
        assert not self.lacking(Known(seen, None, EMBEDDER))

    def test_one_that_another_embedder_has_seen_does(self, seen: Database) -> None:
        assert self.lacking(Known(seen, None, "another embedder"))

    def test_one_that_is_in_the_metadata_does_not(
        self, database: Database, metadata: Metadata
    ) -> None:
        assert not self.lacking(Known(database, metadata, EMBEDDER))

    def test_one_of_another_size_than_the_metadata_means_does(
        self, database: Database, metadata: Metadata
    ) -> None:
        same_hash = Picture(FACTS.hash_id, "L", 2, 8, "PNG")
        assert self.lacking(Known(database, metadata, EMBEDDER), same_hash)

    def test_one_whose_size_the_metadata_does_not_tell_does_not(
        self, database: Database, tmp_path: Path
    ) -> None:
        metadata = metadata_of(tmp_path, described(size=None))
        assert not self.lacking(Known(database, metadata, EMBEDDER))

    def test_one_whose_vector_is_bad_in_the_metadata_does_not(
        self, database: Database, tmp_path: Path
    ) -> None:
        metadata = metadata_of(tmp_path, described(vector=[1.0, None]))
        assert not self.lacking(Known(database, metadata, EMBEDDER))

    def test_each_of_many_is_told_apart(self, seen: Database) -> None:
        other = content_digest(b"other")
        asked = {other: picture(b"other"), DIGEST: FACTS}
        assert Known(seen, None, EMBEDDER).lacking(asked) == {other}

    def test_nothing_asked_lacks_nothing(self, seen: Database, metadata: Metadata) -> None:
        assert not Known(seen, metadata, EMBEDDER).lacking({})


class TestElsewhere:
    VECTOR = np.array([1, 2], np.float32)
    BARE = read_picture(f"{A}!/1.png", PIXELS)

    @pytest.fixture
    def elsewhere(self, tmp_path: Path) -> Iterator[Elsewhere]:
        """Another stage's database, which has seen the picture and has a vector of it."""
        with open_database(tmp_path / "dataset_cache.sqlite", DatasetCache) as other:
            survey(other, found(A))
            read(other, A, replace(self.BARE, vector=self.VECTOR))
            yield Elsewhere((other,))

    def test_a_picture_that_another_stage_has_seen_is_known(
        self, database: Database, elsewhere: Elsewhere
    ) -> None:
        asked = [DIGEST, content_digest(b"other")]
        assert Known(database, None, "", elsewhere).pictures(asked) == {DIGEST: FACTS}

    def test_one_that_it_has_a_vector_of_lacks_none_and_is_given_it(
        self, database: Database, elsewhere: Elsewhere
    ) -> None:
        known = Known(database, None, EMBEDDER, elsewhere)
        assert not known.lacking({DIGEST: FACTS})
        [completed] = known.iter_completed([self.BARE])
        assert completed.vector is not None
        assert completed.vector.tolist() == [1, 2]

    def test_nothing_is_given_to_what_has_a_vector_here(
        self, seen: Database, metadata: Metadata, database: Database, elsewhere: Elsewhere
    ) -> None:
        for known in (
            Known(seen, None, EMBEDDER, elsewhere),
            Known(database, metadata, EMBEDDER, elsewhere),
            Known(database, None, "", elsewhere),
        ):
            assert [one.vector for one in known.iter_completed([self.BARE])] == [None]

    def test_what_is_skipped_or_has_just_been_embedded_stays(
        self, database: Database, elsewhere: Elsewhere
    ) -> None:
        known = Known(database, None, EMBEDDER, elsewhere)
        readings = [skipped("1.txt"), replace(self.BARE, vector=np.zeros(2, np.float32))]
        assert list(known.iter_completed(readings)) == readings

    def test_a_vector_that_was_there_and_is_gone_ends_the_run(self, database: Database) -> None:
        known = Known(database, None, EMBEDDER, Elsewhere((database,)))
        with pytest.raises(RunError, match="can no longer be read"):
            list(known.iter_completed([self.BARE]))
