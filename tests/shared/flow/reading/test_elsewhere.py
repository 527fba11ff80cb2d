"""What other stages have made is found by a file's bytes, and what is unreadable is no harm."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from shared.database.engine import open_database
from shared.database.tables import DatasetCache, ScoreCache, ZipScoreCache
from shared.flow.reading.elsewhere import FILES, Elsewhere, opened_elsewhere
from shared.hashing import content_digest
from tests.shared.database.world import EMBEDDER, A, found, picture, read, read_picture, survey

SEEN, BARE, NEW = b"seen", b"bare", b"new"
DIGESTS = [content_digest(content) for content in (SEEN, BARE, NEW)]
VECTOR = np.array([1, 2], np.float32)


def write(path: Path, table: type[DatasetCache | ScoreCache | ZipScoreCache]) -> None:
    """A database of two pictures, of which one has a vector."""
    with open_database(path, table) as database:
        survey(database, found(A))
        with_vector = read_picture(f"{A}!/1.png", SEEN, vector=VECTOR)
        read(database, A, with_vector, read_picture(f"{A}!/2.png", BARE, entry=(1,)))


@contextmanager
def opened(folder: Path) -> Iterator[Elsewhere]:
    with opened_elsewhere(folder, folder / "zip_score_cache.sqlite") as elsewhere:
        yield elsewhere


@pytest.mark.parametrize("table", [DatasetCache, ScoreCache])
def test_another_stages_pictures_and_vectors_are_found(
    tmp_path: Path, table: type[DatasetCache | ScoreCache]
) -> None:
    write(tmp_path / f"{table.__tablename__}.sqlite", table)
    with opened(tmp_path) as elsewhere:
        pictures = elsewhere.pictures(DIGESTS)
        vectors = elsewhere.vectors(DIGESTS, EMBEDDER)
        embedded = elsewhere.embedded(DIGESTS, EMBEDDER)
    assert pictures == {DIGESTS[0]: picture(SEEN), DIGESTS[1]: picture(BARE)}
    assert {digest: one.tolist() for digest, one in vectors.items()} == {DIGESTS[0]: [1, 2]}
    assert embedded == {DIGESTS[0]}


def test_vectors_of_another_embedder_are_not(tmp_path: Path) -> None:
    write(tmp_path / "score_cache.sqlite", ScoreCache)
    with opened(tmp_path) as elsewhere:
        assert elsewhere.embedded(DIGESTS, "another") == set()
        assert elsewhere.vectors(DIGESTS, "another") == {}


def test_a_stages_own_database_and_those_that_are_not_there_are_not_opened(tmp_path: Path) -> None:
    write(tmp_path / "zip_score_cache.sqlite", ZipScoreCache)
    with opened(tmp_path) as elsewhere:
        assert elsewhere.databases == ()
    assert [path.name for path in tmp_path.iterdir()] == ["zip_score_cache.sqlite"]


@pytest.mark.parametrize("content", [b"", b"<html>" * 1000])
def test_what_is_no_database_of_a_stage_is_as_good_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "dataset_cache.sqlite").write_bytes(content)
    write(tmp_path / "score_cache.sqlite", ScoreCache)
    with opened(tmp_path) as elsewhere:
        assert len(elsewhere.databases) == 2
        assert elsewhere.embedded(DIGESTS, EMBEDDER) == {DIGESTS[0]}


def test_nothing_that_is_asked_opens_nothing(tmp_path: Path) -> None:
    for name in FILES:
        (tmp_path / name).touch()
    with opened(tmp_path) as elsewhere:
        assert (elsewhere.pictures([]), elsewhere.embedded([], EMBEDDER)) == ({}, set())
    assert all((tmp_path / name).stat().st_size == 0 for name in FILES)
