from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import create_engine, insert

from shared.database.tables import Base, Embedding, Picture, ZipScoreCache
from shared.errors import RunError
from shared.evaluation import evaluated
from shared.progress import Silence
from shared.suggesting import Suggestion, SuggestionRequest, suggestions, varied
from shared.training import train
from tests.shared.training.digits import embedded_digits, scores_of
from tests.shared.training.world import World, make_world, picture

TAGS = {"cat": range(0, 60, 2), "dog": range(61, 181, 2)}
PICTURE = {"content_sha256": b"", "mode": "L", "width": 1, "height": 1, "format": "", "n_bytes": 1}
REST = dict.fromkeys(("file_name", "type", "model_name", "model_type", "archive_path"), "")
LABELLED = {picture(number) for numbers in TAGS.values() for number in numbers}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    made = make_world(tmp_path_factory.mktemp("world"))
    train(made.request(TAGS), Silence())
    return made


@pytest.fixture
def request_for_cats(world: World) -> SuggestionRequest:
    models = world.folder / "output" / "models"
    return SuggestionRequest(world.metadata_json, world.tag_to_hash_json, "cat", models, None, 20)


def database(folder: Path, scores: dict[str, float], tag: str = "cat") -> Path:
    """A database of stage 4 as far as suggestions read it; ``stored`` has a vector in it."""
    path = folder / "scores.sqlite"
    engine = create_engine(f"sqlite:///{path}")
    tables = (Picture, Embedding, ZipScoreCache)
    Base.metadata.create_all(engine, [Base.metadata.tables[one.__tablename__] for one in tables])
    numbers = np.ones(6, "<f4").tobytes()
    embedding = {"picture_id": 1, "embedder": "test tens none", "vector": numbers}
    with engine.begin() as connection:
        connection.execute(insert(Picture).values(id=1, hash_id="stored", **PICTURE))
        connection.execute(insert(Embedding).values(**embedding))
        for number, (name, score) in enumerate(scores.items()):
            ids = {"member_id": number, "classifier_id": 1, "hash_id": name}
            texts = {"file_path": f"z.zip!/{name}", "tag": tag, "tag_score": score}
            connection.execute(insert(ZipScoreCache).values(**ids, **texts, **REST))
    engine.dispose()
    return path


def test_pictures_without_a_label_are_suggested(request_for_cats: SuggestionRequest) -> None:
    found = suggestions(request_for_cats)
    assert len({one.hash_id for one in found}) == 20
    assert not {one.hash_id for one in found} & LABELLED


def test_a_suggestion_tells_where_the_picture_is(request_for_cats: SuggestionRequest) -> None:
    first = suggestions(request_for_cats)[0]
    assert first.file_path.startswith("/pictures/")
    assert 0 <= first.score <= 1


def test_the_most_uncertain_one_comes_first(request_for_cats: SuggestionRequest) -> None:
    found = suggestions(request_for_cats)
    assert min(found, key=lambda one: abs(one.score - 0.5)) == found[0]


def test_fewer_pictures_than_wanted_all_come(request_for_cats: SuggestionRequest) -> None:
    assert len(suggestions(replace(request_for_cats, count=1000))) == 200 - len(LABELLED)


def test_scores_of_a_database_are_used_as_they_are(
    tmp_path: Path, request_for_cats: SuggestionRequest
) -> None:
    scores = {picture(1): 0.9, picture(3): 0.52, picture(2): 0.5, "unknown": 0.5}
    path = database(tmp_path, scores)
    found = suggestions(replace(request_for_cats, database=path, count=1))
    assert found == [Suggestion(picture(3), f"z.zip!/{picture(3)}", 0.52)]


def test_vectors_that_stage_4_made_are_found_in_its_database(
    tmp_path: Path, request_for_cats: SuggestionRequest
) -> None:
    path = database(tmp_path, {"stored": 0.6, "unknown": 0.5})
    (found,) = suggestions(replace(request_for_cats, database=path))
    assert found.hash_id == "stored"


@pytest.mark.parametrize("tag", ["dog", ""])
def test_scores_of_other_tags_do_not_count(
    tmp_path: Path, request_for_cats: SuggestionRequest, tag: str
) -> None:
    path = database(tmp_path, {picture(1): 0.5}, tag)
    with pytest.raises(RunError, match="no unlabelled pictures"):
        suggestions(replace(request_for_cats, database=path))


def test_a_file_that_is_no_database_is_an_error(
    tmp_path: Path, request_for_cats: SuggestionRequest
) -> None:
    (tmp_path / "x").write_bytes(b"<html>" * 1000)
    for path in (tmp_path / "x", tmp_path / "none", tmp_path):
        with pytest.raises(RunError):
            suggestions(replace(request_for_cats, database=path))


def test_a_database_without_scores_is_an_error(
    tmp_path: Path, request_for_cats: SuggestionRequest
) -> None:
    path = tmp_path / "empty.sqlite"
    path.touch()
    with pytest.raises(RunError, match="no table of scores"):
        suggestions(replace(request_for_cats, database=path))


def test_a_tag_without_a_classifier_is_an_error(request_for_cats: SuggestionRequest) -> None:
    with pytest.raises(RunError, match="there are cat, dog"):
        suggestions(replace(request_for_cats, tag="bird"))


def test_pictures_that_are_alike_are_not_all_chosen() -> None:
    vectors = np.array([[1.0, 0.0], [1.0, 0.001], [1.0, 0.002], [0.0, 1.0]])
    assert varied(vectors, np.array([0.5, 0.49, 0.49, 0.3]), 2).tolist() == [0, 3]


def test_certain_pictures_are_not_chosen_for_variety_alone() -> None:
    vectors = np.array([[1.0, 0.0], [1.0, 0.5], [-1.0, 0.0]])
    assert varied(vectors, np.array([0.5, 0.45, 0.999]), 2).tolist() == [0, 1]


@pytest.mark.parametrize("scores", [[0.0, 0.0, 0.0], [1.0, 0.5, 0.0]])
def test_pictures_that_are_all_the_same_are_chosen_once(scores: list[float]) -> None:
    assert sorted(varied(np.zeros((3, 4)), np.array(scores), 9).tolist()) == [0, 1, 2]


def test_suggested_pictures_teach_more_than_random_ones() -> None:
    gains = [taught(seed) for seed in range(10)]
    assert np.mean([by_choice - by_chance for by_choice, by_chance in gains]) > 0


def taught(seed: int) -> tuple[float, float]:
    """Average precision after labelling twenty more pictures: by choice, and by chance."""
    rng = np.random.default_rng(seed)
    digits, tag = embedded_digits(), seed
    order = rng.permutation(1797)
    unseen, pool = order[:600], order[600:]
    has_tag = digits.digits[pool] == tag
    first = np.concatenate([pool[has_tag][:5], pool[~has_tag][:40]])
    rest = np.setdiff1d(pool, first)

    def quality(more: np.ndarray[tuple[int], np.dtype[np.int64]]) -> float:
        learnt = digits.labelled(tag, np.concatenate([first, more]))
        scores = scores_of("ovr-logistic-regression", digits, learnt, unseen)
        return evaluated(scores, digits.digits[unseen] == tag).average_precision

    known = scores_of("ovr-logistic-regression", digits, digits.labelled(tag, first), rest)
    likely = np.argsort(np.abs(known - 0.5))[:400]
    chosen = rest[likely[varied(digits.vectors[rest[likely]], known[likely], 20)]]
    return quality(chosen), quality(rng.choice(rest, 20, replace=False))
