import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import create_engine, insert

from shared.database.labels import Label
from shared.database.tables import Base, EmbeddingRow, PictureRow, ZipScoreCache
from shared.errors import RunError
from shared.progress import Silence
from shared.training.corrections import kept_labels
from shared.training.fitting import Labels
from shared.training.jobs import Lesson, trained
from shared.training.judging import evaluated
from shared.training.run import train
from shared.training.selection import Labelled, Selection
from shared.training.suggesting import Suggestion, SuggestionRequest, varied
from shared.training.suggesting import suggestions as suggested
from shared.training.tags import OTHER_VALIDATION
from tests.postgres import Server
from tests.shared.flow.scenes import Told
from tests.shared.training.digits import embedded_digits, scores_of, write_digits
from tests.shared.training.world import STARTED, World, make_world, picture
from tests.worlds import World as Archives
from tests.worlds import image_hash, png

pytestmark = pytest.mark.training
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
    return world.suggestion_request()


def suggestions(request: SuggestionRequest, told: Told | None = None) -> list[Suggestion]:
    return suggested(request, told or Told())


def database(
    folder: Path, scores: dict[str, float], tag: str = "cat", file_name: str = "scores.sqlite"
) -> Path:
    """A database of stage 4 as far as suggestions read it; ``stored`` has a vector in it."""
    path = folder / file_name
    engine = create_engine(f"sqlite:///{path}")
    tables = (PictureRow, EmbeddingRow, ZipScoreCache)
    Base.metadata.create_all(engine, [Base.metadata.tables[one.__tablename__] for one in tables])
    numbers = np.ones(6, "<f4").tobytes()
    embedding = {"picture_id": 1, "embedder": "test tens none", "vector": numbers}
    with engine.begin() as connection:
        connection.execute(insert(PictureRow).values(id=1, hash_id="stored", **PICTURE))
        connection.execute(insert(EmbeddingRow).values(**embedding))
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


def test_what_a_person_has_said_is_not_asked_again(
    tmp_path: Path, request_for_cats: SuggestionRequest
) -> None:
    asked = replace(request_for_cats, output=tmp_path, count=1000)
    first, second, third = suggestions(asked)[:3]
    said = [(first, "cat", False), (second, "dog", True), (third, "dog", False)]
    kept_labels(tmp_path, [Label(one.hash_id, tag, yes, "x", "") for one, tag, yes in said])
    assert len(suggestions(asked)) == 200 - len(LABELLED) - 2
    assert third in suggestions(asked)


def test_a_picture_that_lost_its_only_tag_may_have_another(
    tmp_path: Path, request_for_cats: SuggestionRequest
) -> None:
    kept_labels(tmp_path, [Label(picture(61), "dog", False, "x", "")])
    found = suggestions(replace(request_for_cats, output=tmp_path, count=1000))
    assert picture(61) in {one.hash_id for one in found}


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


def on_server(folder: Path, server: Server, n_labelled: int) -> SuggestionRequest:
    """Ask for suggestions out of three pictures whose scores a server has."""
    scored = Archives(folder)
    scored.train("cat")
    pictures = [png(shade) for shade in range(3)]
    scored.know(*pictures)
    scored.archive("a.zip", {f"{at}.png": one for at, one in enumerate(pictures)})
    url = server.fresh_database()
    assert scored.classify("--results=none", f"--database_url={url}").exit_code == 0
    lists = folder / "tags.json"
    lists.write_text(json.dumps({"cat": [image_hash(one) for one in pictures[:n_labelled]]}))
    secret = url.replace("postgres@", "postgres:secret@")
    return SuggestionRequest(
        scored.metadata, lists, "cat", scored.models, scored.output, secret, 20
    )


def test_scores_of_a_server_are_used_as_those_of_a_file(tmp_path: Path, server: Server) -> None:
    found = suggestions(on_server(tmp_path, server, n_labelled=1))
    assert {one.hash_id for one in found} == {image_hash(png(1)), image_hash(png(2))}


def test_a_servers_password_is_not_told(tmp_path: Path, server: Server) -> None:
    with pytest.raises(RunError, match="holds no unlabelled pictures") as caught:
        suggestions(on_server(tmp_path, server, n_labelled=3))
    assert "secret" not in str(caught.value)


def test_pictures_that_the_metadata_lacks_are_found_in_the_output_folder(
    tmp_path: Path, request_for_cats: SuggestionRequest
) -> None:
    asked = replace(request_for_cats, output=tmp_path, count=1000)
    without = suggestions(asked)
    for name in ("zip_score_cache.sqlite", "score_cache.sqlite"):
        database(tmp_path, {"stored": 0.99, picture(1): 0.5, "unknown": 0.5}, file_name=name)
    (one,) = [one for one in suggestions(asked) if one not in without]
    assert (one.hash_id, one.file_path) == ("stored", "z.zip!/stored")
    assert one.score != 0.99
    assert len(suggestions(asked)) == len(without) + 1


def test_what_a_person_has_said_of_them_is_not_asked_again(
    tmp_path: Path, request_for_cats: SuggestionRequest
) -> None:
    asked = replace(request_for_cats, output=tmp_path, count=1000)
    database(tmp_path, {"stored": 0.5}, file_name="score_cache.sqlite")
    kept_labels(tmp_path, [Label("stored", "cat", False, "x", "", "r1")])
    assert "stored" not in {one.hash_id for one in suggestions(asked)}
    kept_labels(tmp_path, [Label("stored", "cat", None, "x", "", "r1")])
    assert "stored" in {one.hash_id for one in suggestions(asked)}


@pytest.mark.parametrize("content", [b"", b"<html>" * 1000])
def test_a_database_in_the_output_folder_that_cannot_be_used_is_told(
    tmp_path: Path, request_for_cats: SuggestionRequest, content: bytes
) -> None:
    asked, told = replace(request_for_cats, output=tmp_path, count=1000), Told()
    path = tmp_path / "zip_score_cache.sqlite"
    path.write_bytes(content)
    assert len(suggestions(asked, told)) == 200 - len(LABELLED)
    (sentence,) = told.said
    assert sentence.startswith(f"{path} is not used: ")


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


def test_a_classifier_of_another_embedder_is_not_asked(
    tmp_path: Path, world: World, request_for_cats: SuggestionRequest
) -> None:
    other = tmp_path / "input-metadata.json"
    other.write_text(world.metadata_json.read_text().replace('"tens"', '"twelves"'))
    with pytest.raises(RunError, match="trained on vectors of test tens, these") as caught:
        suggestions(replace(request_for_cats, metadata_json=other))
    assert "these are of test twelves:" in caught.value.found


def test_that_a_database_has_other_vectors_is_said(
    tmp_path: Path, world: World, request_for_cats: SuggestionRequest
) -> None:
    path = database(tmp_path, {"stored": 0.6})
    other = tmp_path / "input-metadata.json"
    other.write_text(world.metadata_json.read_text().replace('"tens"', '"twelves"'))
    with pytest.raises(RunError, match="no vectors of test twelves, only of test tens"):
        suggestions(replace(request_for_cats, metadata_json=other, database=path))


def test_suggested_pictures_teach_more_than_random_ones(tmp_path: Path) -> None:
    metadata_json = write_digits(tmp_path, embedded_digits())
    by_choice, by_chance = np.transpose([taught(metadata_json, seed) for seed in range(10)])
    assert by_choice.mean() > by_chance.mean() + 0.01
    assert (by_choice > by_chance).sum() >= 7


def taught(metadata_json: Path, digit: int) -> tuple[float, float]:
    """Average precision after labelling twenty more pictures: by choice, and by chance."""
    rng = np.random.default_rng(digit)
    digits = embedded_digits()
    order = rng.permutation(len(digits.digits))
    unseen, pool = order[:600], order[600:]
    has_tag = digits.digits[pool] == digit
    first = np.concatenate([pool[has_tag][:5], pool[~has_tag][:40]])

    def quality(more: Labels) -> float:
        learnt = digits.labelled(digit, np.concatenate([first, more]))
        scores = scores_of("ovr-logistic-regression", digits, learnt, unseen)
        return evaluated(scores, digits.digits[unseen] == digit).average_precision

    request = digit_request(metadata_json, digits.labelled(digit, first), unseen)
    chosen = np.array([int(one.hash_id) for one in suggestions(request)])
    rest = np.setdiff1d(pool, first)
    drawn = [quality(rng.choice(rest, 20, replace=False)) for _ in range(3)]
    return quality(chosen), float(np.mean(drawn))


def digit_request(metadata_json: Path, first: Labelled, unseen: Labels) -> SuggestionRequest:
    """Train a tag on its first pictures, and ask for more; the unseen ones have a label too."""
    folder = metadata_json.parent / "models"
    folder.mkdir(exist_ok=True)
    lesson = Lesson(Selection("digit", first, Labelled(unseen[:0], unseen[:0])), STARTED, None)
    vectors = embedded_digits().vectors.astype(np.float32)
    for kind, one in trained(vectors, lesson).classifiers.items():
        (folder / f"model-{kind}-tag-digit.pkl").write_bytes(one.content)
    lists = {"digit": first.rows.tolist(), OTHER_VALIDATION: unseen.tolist()}
    path = metadata_json.parent / "tags.json"
    path.write_text(json.dumps({tag: list(map(str, rows)) for tag, rows in lists.items()}))
    return SuggestionRequest(metadata_json, path, "digit", folder, metadata_json.parent, None, 20)


def test_the_most_uncertain_picture_is_the_one_where_one_is_wanted() -> None:
    scores = np.array([0.9, 0.4, 0.0])
    assert varied(np.eye(3), scores, 1).tolist() == [1]


def test_pictures_that_are_alike_are_not_all_chosen() -> None:
    vectors = np.array([[1.0, 0.0], [1.0, 0.001], [1.0, 0.002], [0.0, 1.0]])
    first, second = varied(vectors, np.array([0.5, 0.49, 0.49, 0.3]), 2).tolist()
    assert first < second == 3


def test_a_group_is_represented_by_its_middle_not_by_its_edge() -> None:
    vectors = np.array([[1.0, 0.0], [1.0, 0.2], [1.0, 0.4], [-1.0, 0.0]])
    assert varied(vectors, np.full(4, 0.4), 2).tolist() == [1, 3]


def test_certain_pictures_are_not_chosen_for_variety_alone() -> None:
    vectors = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    assert sorted(varied(vectors, np.array([0.5, 0.45, 1.0, 0.0]), 2).tolist()) == [0, 1]


def test_the_most_uncertain_ones_come_first() -> None:
    rng = np.random.default_rng(0)
    scores = rng.uniform(size=50)
    chosen = varied(rng.normal(size=(50, 3)), scores, 10)
    assert len(set(chosen.tolist())) == 10
    assert np.all(np.diff(np.abs(scores[chosen] - 0.5)) >= 0)


@pytest.mark.parametrize("scores", [[0.0, 0.0, 0.0], [1.0, 0.5, 0.0]])
def test_pictures_that_are_all_the_same_are_chosen_once(scores: list[float]) -> None:
    assert sorted(varied(np.zeros((3, 4)), np.array(scores), 9).tolist()) == [0, 1, 2]
