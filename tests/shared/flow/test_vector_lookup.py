"""Each picture gets its own vector, or the reason why it has none."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.database.engine import Database
from shared.database.members import KnownMember
from shared.database.novelties import write_novelties
from shared.database.tables import NoveltyRow, PictureRow
from shared.errors import Fate
from shared.flow.novelty import Novelty
from shared.flow.vector_lookup import Found, VectorSource
from tests.shared.database.world import EMBEDDER, A, column, found, read, read_picture, survey
from tests.shared.flow.scenes import metadata_of

MADE = np.array([7, 8], np.float32)
ENTRIES: dict[str, object] = {
    "sized": {"embeddings_vector": [1.0, 2.0], "image_resolution": [4, 4]},
    "unsized": {"embeddings_vector": [3.0, 4.0]},
    "bad": {"embeddings_vector": [5.0, None]},
    "short": {"embeddings_vector": [6.0]},
}
VECTORS = {"sized": [1, 2], "unsized": [3, 4]}


@pytest.fixture
def source(database: Database, tmp_path: Path) -> VectorSource:
    """Where picture 1 has a vector that an embedder made, and some have one in the metadata."""
    survey(database, found(A))
    read(database, A, read_picture(f"{A}!/1.png", vector=MADE))
    metadata = metadata_of(tmp_path, ENTRIES)
    return VectorSource(database, metadata, EMBEDDER, Novelty(metadata))


def member(hash_id: str, *, picture_id: int = 99, width: int = 4, height: int = 4) -> KnownMember:
    return KnownMember(
        1, "a.zip!/1.png", "a.zip", "1.png", Fate.PENDING, "", picture_id, hash_id, width, height
    )


def verdict(source: VectorSource, one: KnownMember) -> tuple[Fate, str]:
    answer = source.find([one])
    return answer.verdicts[0]


def vectors(answer: Found) -> list[list[float]]:
    return [[float(number) for number in row] for row in answer.vectors]


@pytest.mark.parametrize("name", ["sized", "unsized"])
def test_the_metadatas_vector_is_found(source: VectorSource, name: str) -> None:
    answer = source.find([member(name)])
    assert (vectors(answer), answer.verdicts) == ([VECTORS[name]], [(Fate.SCORED, "")])


def test_what_is_not_in_the_metadata_has_none(source: VectorSource) -> None:
    expected = Fate.NO_EMBEDDING, "its hash is not in the metadata"
    assert verdict(source, member("unknown")) == expected


@pytest.mark.parametrize("size", [(2, 8), (4, 5), (5, 4), (16, 1)])
def test_a_picture_of_another_size_than_the_metadata_means_has_none(
    source: VectorSource, size: tuple[int, int]
) -> None:
    fate, reason = verdict(source, member("sized", width=size[0], height=size[1]))
    assert fate is Fate.NO_EMBEDDING
    assert "4x4" in reason
    assert f"{size[0]}x{size[1]}" in reason


@pytest.mark.parametrize("name", ["bad", "short"])
def test_one_whose_vector_is_unusable_has_the_reason(source: VectorSource, name: str) -> None:
    fate, reason = verdict(source, member(name))
    assert fate is Fate.BAD_VECTOR
    assert reason == source.metadata.bad_reason(name) != ""


def test_a_vector_that_an_embedder_made_is_found(source: VectorSource) -> None:
    answer = source.find([member("unknown", picture_id=1)])
    assert (vectors(answer), answer.verdicts) == ([[7, 8]], [(Fate.SCORED, "")])


def test_a_vector_of_another_embedder_is_not(source: VectorSource) -> None:
    other = replace(source, embedder="another embedder")
    assert verdict(other, member("unknown", picture_id=1))[0] is Fate.NO_EMBEDDING


def test_the_metadata_goes_before_an_embedder(source: VectorSource) -> None:
    assert vectors(source.find([member("sized", picture_id=1)])) == [[1, 2]]


def test_an_embedder_helps_where_the_metadata_means_another_picture(source: VectorSource) -> None:
    assert vectors(source.find([member("sized", picture_id=1, width=16, height=1)])) == [[7, 8]]


def test_an_embedder_does_not_hide_that_the_metadatas_vector_is_bad(source: VectorSource) -> None:
    assert verdict(source, member("bad", picture_id=1))[0] is Fate.BAD_VECTOR


def test_no_members_have_no_vectors(source: VectorSource) -> None:
    answer = source.find([])
    assert (answer.vectors.shape, answer.verdicts) == ((0, 2), [])


@settings(max_examples=20)
@given(st.lists(st.sampled_from(["sized", "made", "unknown", "unsized", "bad"]), max_size=8))
def test_vectors_are_those_of_the_members_in_their_order(
    source: VectorSource, names: list[str]
) -> None:
    expected = {**VECTORS, "made": [7, 8]}
    answer = source.find([member(name, picture_id=1 if name == "made" else 9) for name in names])
    assert answer.has_vector.tolist() == [name in expected for name in names]
    assert vectors(answer) == [expected[name] for name in names if name in expected]
    assert [fate is Fate.SCORED for fate, _ in answer.verdicts] == answer.has_vector.tolist()


def test_of_a_picture_that_the_metadata_lacks_it_is_told_how_novel_it_is(
    source: VectorSource,
) -> None:
    made = member("made", picture_id=1)
    found = source.find([member("sized", picture_id=2), made, made])
    assert found.novelties.keys() == {1}
    assert 0 <= found.novelties[1] <= 1
    assert found.labelled == [2]


def test_of_what_was_scored_before_it_is_told_by_its_stored_vector(source: VectorSource) -> None:
    source.judge_known()
    first = column(source.database, NoveltyRow, "novelty")
    assert len(first) == 1
    source.judge_known()
    assert column(source.database, NoveltyRow, "novelty") == first


def test_but_not_of_what_the_survey_has_not_found_or_the_metadata_has(
    source: VectorSource, tmp_path: Path
) -> None:
    hash_id = str(column(source.database, PictureRow, "hash_id")[0])
    labelled = metadata_of(tmp_path, {hash_id: {"embeddings_vector": [1, 2]}})
    replace(source, metadata=labelled, novelty=Novelty(labelled)).judge_known()
    survey(source.database)
    source.judge_known()
    assert column(source.database, NoveltyRow, "novelty") == []


def test_what_is_known_of_it_is_not_told_again_but_for_other_labelled_pictures(
    source: VectorSource, tmp_path: Path
) -> None:
    made = [member("made", picture_id=1)]
    first = source.find(made).novelties
    source.database.run(write_novelties, first, source.novelty.reference)
    assert source.find(made).novelties == {}
    more = metadata_of(tmp_path, {**ENTRIES, "another": {"embeddings_vector": [5, 5]}})
    assert replace(source, metadata=more, novelty=Novelty(more)).find(made).novelties.keys() == {1}
