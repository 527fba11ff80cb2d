import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import create_engine, insert

from shared.classifiers.fused.fusing import fuse
from shared.classifiers.loading import load_classifiers
from shared.database.tables import Base, EmbeddingRow, PictureRow
from shared.errors import RunError
from shared.flow.reading.known import FILES
from shared.hashing import pixel_hash_of_strips
from shared.progress import Silence
from shared.results.files import held_folder
from shared.training import fitting
from shared.training.fitting import MODEL_TYPES
from shared.training.run import TrainingRequest, train
from shared.training.selection import Selection
from tests.shared.training.digits import (
    Digits,
    embedded_digits,
    with_wrong_labels,
    write_digits,
)
from tests.shared.training.world import STARTED, World, picture, vector

pytestmark = pytest.mark.training

TWO_TAGS = {"cat": range(10), "dog": range(10, 30)}


class Notes(Silence):
    """A progress that remembers."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.steps: dict[str, int] = {}
        self.left = 0

    def start(self, n_total: int, caption: str) -> None:
        assert self.left == 0
        self.steps[caption] = self.left = n_total

    def advance(self, n_members: int) -> None:
        self.left -= n_members

    def count_pictures(self, n_known: int, n_decoded: int) -> None:
        raise AssertionError(n_known, n_decoded)

    def say(self, sentence: str) -> None:
        self.said.append(sentence)

    def problem(self, address: str, reason: str) -> None:
        raise AssertionError(address, reason)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_each_tag_has_two_classifiers_and_their_reports(world: World) -> None:
    summary = train(world.request(TWO_TAGS), Notes())
    stems = {
        f"model-{kind}-tag-{tag}"
        for kind in ("ovr-logistic-regression", "ovr-svm")
        for tag in TWO_TAGS
    }
    assert set(files(summary.models)) == {f"{stem}.pkl" for stem in stems}
    assert set(files(summary.reports)) == {
        "index.html",
        *(f"tag-{tag}.html" for tag in TWO_TAGS),
        *(f"{stem}.{end}" for stem in stems for end in ("txt", "json")),
    }
    assert (summary.n_trained, summary.n_skipped, summary.n_classifiers) == (2, 0, 4)


@pytest.mark.parametrize("many", [0, 2000])
@pytest.mark.parametrize("tags", [TWO_TAGS, {"cat": range(30), "dog": range(30, 90)}])
def test_the_data_only_reader_takes_them_and_scores_the_same(
    world: World, tags: dict[str, range], many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "MANY", many)
    models = train(world.request(tags), Notes()).models
    classifiers, refused = load_classifiers(models)
    vectors = world.metadata().vectors.astype(np.float64)
    scores = fuse([one.estimator for one in classifiers]).score(vectors)
    loaded = [joblib.load(models / f"{one.name}.pkl")["classifier"] for one in classifiers]
    expected = np.stack([one.predict_proba(vectors)[:, 0] for one in loaded], axis=1)
    assert refused == []
    np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-12)


def test_a_tag_and_its_date_are_read_back_as_they_were(world: World) -> None:
    tags = {"a/b: 四": range(10), "A/B: 四": range(10, 30)}
    classifiers, _ = load_classifiers(train(world.request(tags), Notes()).models)
    assert {one.tag for one in classifiers} == set(tags)
    assert {one.train_date for one in classifiers} == {"2026-11-22, 09:05:07"}


def test_what_is_learnt_holds_for_pictures_that_were_held_out(world: World) -> None:
    reports = train(world.request({"cat": range(60, 70), "dog": range(30, 60)}), Notes()).reports
    judged = json.loads((reports / "model-ovr-svm-tag-cat.json").read_text())["held_out"]
    assert judged["n_tag"] == 2
    assert judged["roc_auc"] > 0.9


def test_a_report_tells_how_well_the_file_beside_it_scores(world: World) -> None:
    request = world.request(TWO_TAGS)
    summary = train(request, Notes())
    chosen = world.collection(TWO_TAGS).selection("cat", request.held_out_share)
    assert isinstance(chosen, Selection)
    vectors = world.metadata().vectors[chosen.held_out.rows].astype(np.float64)
    model = joblib.load(summary.models / "model-ovr-svm-tag-cat.pkl")["classifier"]
    found = model.predict_proba(vectors)[:, 0] >= 0.5
    report = json.loads((summary.reports / "model-ovr-svm-tag-cat.json").read_text())
    accuracy = np.mean(found == (chosen.held_out.labels == 0))
    assert report["held_out"]["accuracy"] == pytest.approx(accuracy)


def test_a_tag_with_too_few_pictures_is_skipped_and_the_others_are_trained(world: World) -> None:
    notes = Notes()
    summary = train(world.request({**TWO_TAGS, "rare": [50, 51]}), notes)
    assert (summary.n_trained, summary.n_skipped) == (2, 1)
    assert summary.has_problems
    assert [one for one in notes.said if one.startswith("rare is not trained: 2 images with it")]


def test_pictures_without_a_vector_are_told_and_counted(world: World) -> None:
    notes = Notes()
    summary = train(world.request({**TWO_TAGS, "bird": [*range(40, 50), "bad", "unknown"]}), notes)
    assert (summary.n_images, summary.n_lost) == (42, 2)
    assert summary.has_problems
    assert notes.said == [
        "bird: 2 of 12 images are left out (1 not in the metadata, 1 with a bad vector): "
        "bad…, unknown…"
    ]


def test_progress_ends_where_it_was_announced_to_end(world: World) -> None:
    notes = Notes()
    assert not train(world.request(TWO_TAGS), notes).has_problems
    assert (notes.steps, notes.left) == ({"training": 30, "drawing": 2}, 0)
    assert notes.said == []


def test_no_tag_that_can_be_trained_is_an_error_and_makes_no_folder(world: World) -> None:
    request = world.request({"cat": range(10), "other-validation": range(10, 20)})
    with pytest.raises(RunError, match=r"none of its 1 tags .* 0 images without it") as caught:
        train(request, Notes())
    assert "other-training" in caught.value.remedy
    assert not request.output.exists()


def test_nothing_but_folders_of_negatives_is_an_error(world: World) -> None:
    with pytest.raises(RunError, match="none of its 0 tags"):
        train(world.request({"other-training": range(10)}), Notes())


def test_a_second_run_writes_the_same_bytes_but_for_the_date(world: World) -> None:
    request = world.request(TWO_TAGS)
    before = files(train(request, Notes()).models)
    assert files(train(request, Notes()).models) == before
    later = replace(request, started=request.started.replace(year=2027))
    after = files(train(later, Notes()).models)
    assert before != after
    assert {name: len(content) for name, content in before.items()} == {
        name: len(content) for name, content in after.items()
    }


def test_classifiers_that_are_there_already_stay(world: World) -> None:
    request = world.request(TWO_TAGS)
    (request.output / "models").mkdir(parents=True)
    ((request.output / "models") / "model-mine-tag-x.pkl").write_bytes(b"mine")
    train(request, Notes())
    assert files(request.output / "models")["model-mine-tag-x.pkl"] == b"mine"


def test_a_folder_that_another_run_holds_is_left_alone(world: World) -> None:
    request = world.request(TWO_TAGS)
    request.output.mkdir()
    with held_folder(request.output), pytest.raises(RunError, match="in use"):
        train(request, Notes())
    assert not (request.output / "models").exists()


def test_a_wanted_tag_is_trained_and_what_stands_of_the_others_stays(world: World) -> None:
    tags = {"cat": range(20), "dog": range(20, 50), "bird": range(50, 90)}
    first = train(world.request(tags), Silence())
    before = files(first.models) | files(first.reports)
    later = replace(world.request(tags), tags=("dog",), started=STARTED.replace(year=2027))
    summary = train(later, Silence())
    after = files(first.models) | files(first.reports)
    assert (summary.n_trained, summary.n_kept, summary.n_classifiers) == (1, 2, 2)
    changed = {name for name, content in after.items() if content != before[name]}
    ends = ("pkl", "txt", "json")
    assert changed == {f"model-{kind}-tag-dog.{end}" for kind in MODEL_TYPES for end in ends}


def test_a_tag_alone_has_the_files_that_it_has_among_all(world: World) -> None:
    tags = {"Dog": range(20), "dog": range(20, 50)}
    among_all = train(world.request(tags), Silence())
    before = files(among_all.models) | files(among_all.reports)
    train(replace(world.request(tags), tags=("dog", "Dog")), Silence())
    assert files(among_all.models) | files(among_all.reports) == before


def test_tags_that_were_never_trained_are_not_in_the_overview(world: World) -> None:
    summary = train(replace(world.request(TWO_TAGS), tags=("cat",)), Silence())
    assert (summary.n_trained, summary.n_kept, summary.n_skipped) == (1, 0, 0)
    assert "tag-dog.html" not in (summary.reports / "index.html").read_text()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"tag": "cat"}'])
def test_a_report_that_cannot_be_read_keeps_no_other_tag_from_being_trained(
    world: World, content: str
) -> None:
    request = world.request(TWO_TAGS)
    reports = train(request, Silence()).reports
    (reports / "model-ovr-svm-tag-dog.json").write_text(content)
    summary = train(replace(request, tags=("cat",)), Silence())
    assert (summary.n_trained, summary.n_kept) == (1, 1)


def test_a_wanted_tag_that_is_not_listed_is_an_error(world: World) -> None:
    request = replace(world.request(TWO_TAGS), tags=("cat", "cow"))
    with pytest.raises(RunError, match=r"lists no tag 'cow'; there are cat, dog") as caught:
        train(request, Silence())
    assert "leave it out" in caught.value.remedy
    assert not request.output.exists()


def test_of_a_tag_that_is_not_wanted_nothing_is_said(world: World) -> None:
    notes = Notes()
    request = world.request({**TWO_TAGS, "rare": [50, 51]})
    summary = train(replace(request, tags=("cat",)), notes)
    assert (notes.said, summary.n_skipped, summary.problems) == ([], 0, None)


def test_a_wanted_tag_with_too_few_pictures_is_an_error(world: World) -> None:
    request = world.request({**TWO_TAGS, "rare": [50, 51]})
    with pytest.raises(RunError, match="none of the 1 wanted tags can be trained"):
        train(replace(request, tags=("rare",)), Silence())


def test_what_a_killed_run_has_left_is_swept_away(world: World) -> None:
    request = world.request(TWO_TAGS)
    left = [
        folder / ".unfinished_x"
        for folder in ((request.output / "models"), (request.output / "reports"))
    ]
    for path in left:
        path.parent.mkdir(parents=True)
        path.touch()
    train(request, Notes())
    assert not any(path.exists() for path in left)


def test_a_report_names_the_files_of_suspects(world: World) -> None:
    tags = {"cat": [*range(20), 25], "dog": [*range(20, 25), *range(26, 60)]}
    reports = train(world.request(tags, share=0), Notes()).reports
    found = json.loads((reports / "model-ovr-svm-tag-cat.json").read_text())
    suspects = {one["hash_id"]: one for one in found["suspected_label_errors"]}
    assert suspects[picture(25)]["labelled"] == "tag"
    assert suspects[picture(25)]["file_path"] == "/pictures/25.png"


def test_a_picture_that_the_metadata_has_without_its_path_is_where_it_was_moved(
    world: World,
) -> None:
    folder = world.folder / "results" / "cat" / "_no"
    folder.mkdir(parents=True)
    moved = world.add_picture(folder / "1.png")
    entries = json.loads(world.metadata_json.read_text())
    del entries[moved]["file_path"]
    world.metadata_json.write_text(json.dumps(entries))
    tags = {"cat": [*range(10), moved], "dog": range(20, 60)}
    request = replace(world.request(tags, share=0), corrections=world.folder / "results")
    reports = train(request, Silence()).reports
    found = json.loads((reports / "model-ovr-svm-tag-cat.json").read_text())
    mistakes = {one["hash_id"]: one["file_path"] for one in found["most_confident_mistakes"]}
    assert mistakes[moved] == str(folder / "1.png")


def test_a_mistake_is_told_with_the_tags_that_its_picture_has(world: World) -> None:
    tags = {"cat": [*range(20), 25], "dog": range(20, 60), "pet": range(20, 40)}
    reports = train(world.request(tags, share=0), Silence()).reports
    found = json.loads((reports / "model-ovr-svm-tag-cat.json").read_text())
    known = {one["hash_id"]: one["tags"] for one in found["suspected_label_errors"]}
    assert known[picture(25)] == ["cat", "dog", "pet"]


def test_what_a_person_said_wins_over_the_lists_now_and_later(world: World) -> None:
    folder = world.folder / "results" / "ovr-svm" / "cat" / "_no"
    folder.mkdir(parents=True)
    moved = world.add_picture(folder / "whatever.png")
    tags = {"cat": [*range(10), moved], "dog": range(10, 30)}
    request = world.request(tags, share=0)
    first = train(replace(request, corrections=world.folder / "results"), Notes())
    report = json.loads((first.reports / "model-ovr-svm-tag-cat.json").read_text())
    assert (report["n_positive"], report["n_negative"], first.n_labels) == (10, 21, 1)
    later = train(request, Notes())
    assert later.n_labels == 1
    assert files(later.models) == files(first.models)


def test_a_corrected_picture_that_the_metadata_lacks_is_learnt_from_the_database(
    world: World,
) -> None:
    folder = world.folder / "results" / "cat" / "_yes"
    folder.mkdir(parents=True)
    image = Image.new("L", (5, 5), 9)
    image.save(folder / "1.png")
    path = world.folder / "scores.sqlite"
    store_vector(path, pixel_hash_of_strips([image.tobytes()]))
    corrected = replace(world.request(TWO_TAGS), corrections=world.folder / "results")
    assert train(corrected, Silence()).n_lost == 1
    assert train(replace(corrected, database=path), Silence()).n_lost == 0


@pytest.mark.parametrize("is_beside", [True, False])
@pytest.mark.parametrize("name", FILES)
def test_it_is_looked_up_in_the_databases_of_the_output_folders_without_being_told(
    world: World, name: str, is_beside: bool
) -> None:
    request = world.request(TWO_TAGS)
    results = (world.folder if is_beside else request.output) / "results"
    folder = results / "cat" / "_yes"
    folder.mkdir(parents=True)
    image = Image.new("L", (5, 5), 9)
    image.save(folder / "1.png")
    request.output.mkdir(exist_ok=True)
    store_vector(results.parent / name, pixel_hash_of_strips([image.tobytes()]))
    assert train(replace(request, corrections=results), Silence()).n_lost == 0
    assert train(request, Silence()).n_lost == 0


def test_a_database_that_nobody_named_and_that_cannot_be_used_is_told(world: World) -> None:
    notes = Notes()
    request = world.request({**TWO_TAGS, "cat": [*range(10), "lacking"]})
    request.output.mkdir()
    path = request.output / "zip_score_cache.sqlite"
    path.write_bytes(b"<html>" * 1000)
    assert train(request, notes).n_lost == 1
    assert any(one.startswith(f"{path} is not used: ") for one in notes.said)


def test_of_a_database_that_nobody_named_and_nobody_needs_nothing_is_said(world: World) -> None:
    notes = Notes()
    request = world.request(TWO_TAGS)
    request.output.mkdir()
    (request.output / "zip_score_cache.sqlite").write_bytes(b"<html>" * 1000)
    assert train(request, notes).n_lost == 0
    assert notes.said == []


def test_what_could_not_be_used_is_listed_and_an_older_list_does_not_stay(world: World) -> None:
    (world.folder / "results" / "cat" / "yes").mkdir(parents=True)
    tags = {"cat": [*range(10), "lacking", "bad"], "dog": range(10, 30), "rare": [50, 51]}
    request = replace(world.request(tags), corrections=world.folder / "results")
    path = train(request, Silence()).problems
    assert path == (request.output / "reports") / "problems.csv"
    with path.open(newline="", encoding="utf-8") as file:
        rows = [(row["address"], row["fate"]) for row in csv.DictReader(file)]
    assert rows == [
        (str(world.folder / "results" / "cat" / "yes"), "bad_answer"),
        ("rare", "not_trained"),
        ("bad", "bad_vector"),
        ("lacking", "no_embedding"),
    ]
    assert train(world.request(TWO_TAGS), Silence()).problems is None
    assert not path.exists()


def test_a_suspect_that_the_metadata_lacks_is_where_it_was_moved(world: World) -> None:
    tags = {"cat": range(10), "dog": range(20, 60)}
    folder = world.folder / "results" / "cat" / "_yes"
    folder.mkdir(parents=True)
    image = Image.new("L", (5, 5), 9)
    image.save(folder / "1.png")
    path = world.folder / "scores.sqlite"
    store_vector(path, pixel_hash_of_strips([image.tobytes()]), vector(25))
    request = replace(world.request(tags, share=0), corrections=world.folder / "results")
    reports = train(replace(request, database=path), Silence()).reports
    found = json.loads((reports / "model-ovr-svm-tag-cat.json").read_text())
    mistakes = {one["file_path"] for one in found["most_confident_mistakes"]}
    assert str(folder / "1.png") in mistakes


def store_vector(path: Path, image_hash: str, numbers: Sequence[float] = (1.0,) * 6) -> None:
    """Make a database of stage 4 as far as training reads it."""
    engine = create_engine(f"sqlite:///{path}")
    Base.metadata.create_all(
        engine, [Base.metadata.tables[t.__tablename__] for t in (PictureRow, EmbeddingRow)]
    )
    picture = {
        "content_sha256": b"",
        "mode": "L",
        "width": 5,
        "height": 5,
        "format": "",
        "n_bytes": 1,
    }
    content = np.array(numbers, "<f4").tobytes()
    with engine.begin() as connection:
        connection.execute(insert(PictureRow).values(id=1, hash_id=image_hash, **picture))
        values = {"picture_id": 1, "embedder": "test tens none", "vector": content}
        connection.execute(insert(EmbeddingRow).values(**values))
    engine.dispose()


@pytest.mark.parametrize(("wrong", "is_held_out"), [(25, False), (26, True)])
def test_a_wrong_label_is_a_suspect_whether_learnt_or_held_out(
    world: World, wrong: int, is_held_out: bool
) -> None:
    tags = {"cat": [*range(20), wrong], "dog": sorted({*range(20, 60)} - {wrong})}
    chosen = world.collection(tags).selection("cat", 0.2)
    assert isinstance(chosen, Selection)
    (row,) = world.metadata().rows([picture(wrong)]).tolist()
    assert (row in chosen.held_out.rows) is is_held_out
    reports = train(world.request(tags, share=0.2), Notes()).reports
    found = json.loads((reports / "model-ovr-svm-tag-cat.json").read_text())
    assert picture(wrong) in {one["hash_id"] for one in found["suspected_label_errors"]}


def test_of_planted_errors_most_are_in_the_reports_and_most_there_are_errors(
    tmp_path: Path,
) -> None:
    rows = np.arange(0, 1797, 2)
    digits, wrong = with_wrong_labels(embedded_digits(), rows, seed=2)
    reports = train(digits_request(tmp_path, digits, rows), Silence()).reports
    for kind in MODEL_TYPES:
        paths = sorted(reports.glob(f"model-{kind}-*.json"))
        listed = [json.loads(path.read_text())["suspected_label_errors"] for path in paths]
        suspects = {int(one["hash_id"]) for some in listed for one in some}
        assert len(suspects & wrong) >= 0.75 * len(wrong)
        assert len(suspects & wrong) >= 0.75 * len(suspects)


def digits_request(folder: Path, digits: Digits, rows: NDArray[np.int64]) -> TrainingRequest:
    """Some digits, with a tag for each of the ten."""
    numbers = digits.digits[rows]
    lists = {f"digit-{n}": [str(row) for row in rows[numbers == n]] for n in range(10)}
    (folder / "tags.json").write_text(json.dumps(lists))
    metadata_json = write_digits(folder, digits)
    return TrainingRequest(metadata_json, folder / "tags.json", folder / "output", 0.1, 2, STARTED)


def test_a_database_that_is_not_there_is_an_error(world: World) -> None:
    request = replace(world.request(TWO_TAGS), database=world.folder / "none.sqlite")
    with pytest.raises(RunError, match="Run stage 3 or 4 first"):
        train(request, Notes())


def test_corrections_that_are_no_folder_are_an_error(world: World) -> None:
    request = replace(world.request(TWO_TAGS), corrections=world.folder / "none")
    with pytest.raises(RunError, match="is no folder"):
        train(request, Notes())
    assert not request.output.exists()
