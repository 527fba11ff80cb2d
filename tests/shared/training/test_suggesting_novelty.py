"""What is unlike anything labelled is suggested where that is asked for, and told of all."""

from dataclasses import replace

import numpy as np
import pytest

from shared.database.engine import open_database
from shared.database.labels import Label
from shared.database.novelties import write_novelties
from shared.database.tables import ZipScoreCache
from shared.errors import RunError
from shared.flow.novelty import Reference
from shared.progress import Silence
from shared.training.corrections import kept_labels
from shared.training.run import train
from shared.training.suggesting import SuggestionRequest, suggestions
from tests.shared.database.world import A, found, read, read_picture, score, survey
from tests.shared.training.world import World, make_world, picture, vector

pytestmark = pytest.mark.training
TAGS = {"cat": range(0, 60, 2), "dog": range(61, 120, 2)}
LABELLED = [number for numbers in TAGS.values() for number in numbers]
NEW = np.full(6, -1, "<f4")
"""A direction that no picture of the world has."""


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    made = make_world(tmp_path_factory.mktemp("world"))
    train(made.request(TAGS), Silence())
    return made


@pytest.fixture
def request_for_cats(world: World) -> SuggestionRequest:
    return world.suggestion_request("novelty")


def distances(numbers: list[int]) -> dict[str, float]:
    """How far numbered pictures are from what is labelled."""
    reference = Reference(np.array([vector(one) for one in LABELLED], np.float32))
    found = reference.distances(np.array([vector(one) for one in numbers], np.float32))
    return {picture(one): far for one, far in zip(numbers, found.tolist(), strict=True)}


def test_the_most_unlike_one_comes_first_and_labelled_ones_never(
    request_for_cats: SuggestionRequest,
) -> None:
    far = distances([one for one in range(200) if one not in LABELLED])
    names = [one.hash_id for one in suggestions(request_for_cats, Silence())]
    assert len(set(names)) == 20
    assert names[0] == max(far, key=lambda name: far[name])
    assert set(names) <= far.keys()


def test_novelty_is_told_of_what_is_suggested_for_doubt_too(
    request_for_cats: SuggestionRequest,
) -> None:
    for by in ("doubt", "novelty"):
        asked = replace(request_for_cats, by=by)
        told = [one.novelty for one in suggestions(asked, Silence())]
        assert all(one is not None and 0 <= one <= 1 for one in told)


def test_what_was_labelled_since_makes_others_less_novel(
    request_for_cats: SuggestionRequest,
) -> None:
    first = suggestions(request_for_cats, Silence())[0]
    kept_labels(request_for_cats.output, [Label(first.hash_id, "dog", True, "x", "")])
    again = suggestions(request_for_cats, Silence())
    assert first.hash_id not in {one.hash_id for one in again}


def stored(request: SuggestionRequest) -> None:
    """Have a picture in the output folder that the metadata lacks, and is unlike all."""
    with open_database(request.output / "zip_score_cache.sqlite", ZipScoreCache) as database:
        survey(database, found())
        one = read_picture(f"{A}!/new.png", b"new", vector=NEW)
        score(database, read(database, A, one), "cat")
        database.run(write_novelties, {1: 1.0}, b"labelled")


@pytest.mark.parametrize("is_named", [False, True])
def test_pictures_that_the_metadata_lacks_are_among_them(
    request_for_cats: SuggestionRequest, monkeypatch: pytest.MonkeyPatch, *, is_named: bool
) -> None:
    monkeypatch.setattr("tests.shared.database.world.EMBEDDER", "test tens none")
    stored(request_for_cats)
    path = request_for_cats.output / "zip_score_cache.sqlite"
    asked = replace(request_for_cats, database=path if is_named else None)
    names = [one.file_path for one in suggestions(asked, Silence())]
    assert names[0] == f"{A}!/new.png"
    assert (len(names) == 1) == is_named


def test_where_nothing_labelled_has_a_vector_it_says_so(
    world: World, request_for_cats: SuggestionRequest
) -> None:
    world.tag_to_hash_json.write_text('{"cat": ["unknown"]}')
    with pytest.raises(RunError, match="nothing that is labelled has a vector"):
        suggestions(request_for_cats, Silence())
    doubt = suggestions(replace(request_for_cats, by="doubt"), Silence())
    assert {one.novelty for one in doubt} == {None}
