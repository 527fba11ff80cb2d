import io
import json
import time
from dataclasses import asdict
from pathlib import Path

import joblib
import numpy as np
import pytest

from shared.records import EmbedderName
from shared.training import jobs
from shared.training.jobs import (
    Lesson,
    curve_of,
    iter_classifiers,
    iter_tag_pages,
    iter_trained,
    trained,
)
from shared.training.selection import Labelled, Selection
from shared.training.thresholds import TARGETS
from tests.shared.training.page.records import reports
from tests.shared.training.world import STARTED, World

pytestmark = pytest.mark.training

MANY = {"cat": range(60), "dog": range(60, 200)}
EMBEDDER = EmbedderName("test", "tens", "none")


@pytest.fixture
def vectors(world: World) -> jobs.Vectors:
    return world.metadata().vectors


@pytest.fixture
def lessons(world: World) -> list[Lesson]:
    collection = world.collection({"cat": range(10), "dog": range(10, 30), "bird": range(30, 40)})
    found = [collection.selection(tag, 0.2) for tag in collection.tags]
    return [Lesson(one, STARTED, EMBEDDER) for one in found if isinstance(one, Selection)]


def test_a_file_tells_what_was_promised_and_where_it_comes_from(
    vectors: jobs.Vectors, lessons: list[Lesson]
) -> None:
    described = joblib.load(io.BytesIO(trained(vectors, lessons[1]).classifiers["ovr-svm"].content))
    assert described.pop("classifier").n_features_in_ == 6
    assert described.pop("scikit_learn_version")
    assert described == {
        "model_type": "ovr-svm",
        "train_start_time": STARTED,
        "tag": "cat",
        "n_features": 6,
        "n_positive": 8,
        "n_negative": 24,
        "n_near_copies": 0,
        "seed": 0,
        "embedder": asdict(EMBEDDER),
        "calibration": "fewer than 10 images of one side: not to be relied on",
        "average_precision": None,
        "calibration_error": None,
        "score_counts": None,
        "thresholds": dict.fromkeys(TARGETS),
        "images_to_reach": {},
    }


def test_a_file_tells_where_to_cut_in_plain_values(world: World, vectors: jobs.Vectors) -> None:
    chosen = world.collection(MANY).selection("cat", 0.2)
    assert isinstance(chosen, Selection)
    content = trained(vectors, Lesson(chosen, STARTED, None)).classifiers["ovr-svm"].content
    described = joblib.load(io.BytesIO(content))
    assert described["calibration"] == "cross-validated"
    assert type(described["average_precision"]) is float
    assert type(described["thresholds"]["recommended"]["threshold"]) is float
    assert json.loads(json.dumps(described["thresholds"]))


def test_each_tag_has_one_classifier_of_each_type(
    vectors: jobs.Vectors, lessons: list[Lesson]
) -> None:
    found = [
        (one.description["tag"], kind)
        for lesson in iter_trained(vectors, lessons, 1, 1)
        for kind, one in lesson.classifiers.items()
    ]
    kinds = ["ovr-logistic-regression", "ovr-svm"]
    assert found == [(tag, kind) for tag in ("bird", "cat", "dog") for kind in kinds]


def test_held_out_pictures_are_judged(vectors: jobs.Vectors, lessons: list[Lesson]) -> None:
    judged = trained(vectors, lessons[0]).classifiers["ovr-svm"].held_out
    assert judged
    assert sum(judged.tag_histogram) == lessons[0].selection.held_out.count(0) == 2
    assert sum(judged.other_histogram) == lessons[0].selection.held_out.count(1) == 6


def test_where_nothing_is_held_out_nothing_is_judged(world: World, vectors: jobs.Vectors) -> None:
    chosen = world.collection({"cat": range(10), "dog": range(10, 30)}).selection("cat", 0)
    assert isinstance(chosen, Selection)
    assert trained(vectors, Lesson(chosen, STARTED, None)).classifiers["ovr-svm"].held_out is None


def test_the_same_input_gives_the_same_bytes(vectors: jobs.Vectors, lessons: list[Lesson]) -> None:
    assert trained(vectors, lessons[0]) == trained(np.array(vectors), lessons[0])


def test_a_tag_with_enough_pictures_has_the_same_bytes_again(
    world: World, vectors: jobs.Vectors
) -> None:
    chosen = world.collection(MANY).selection("cat", 0.2)
    assert isinstance(chosen, Selection)
    lesson = Lesson(chosen, STARTED, EMBEDDER)
    assert trained(vectors, lesson) == trained(np.array(vectors), lesson)


def test_fifty_pictures_among_ten_thousand_are_learnt_from_within_seconds() -> None:
    """Processor time, as others use the machine too; the first is there at once."""
    rng = np.random.default_rng(0)
    labels = (np.arange(10_000) % 200 > 0).astype(np.int64)
    numbers = rng.normal(size=(10_000, 512)) + (labels == 0)[:, np.newaxis] * 0.15
    empty = Labelled(np.empty(0, np.int64), np.empty(0, np.int64))
    lesson = Lesson(Selection("cat", Labelled(np.arange(10_000), labels), empty), STARTED, None)
    vectors = (numbers * 0.45).astype(np.float32)
    start = time.process_time()
    classifiers = iter_classifiers(vectors, lesson)
    next(classifiers)
    first = time.process_time() - start
    assert next(classifiers).validation
    assert len(curve_of(vectors, lesson)) == 4
    assert first < 1
    assert time.process_time() - start < 5


def test_lessons_are_asked_for_one_by_one(vectors: jobs.Vectors, lessons: list[Lesson]) -> None:
    waiting = iter(lessons)
    next(iter_trained(vectors, waiting, 1, 1))
    assert len(list(waiting)) == len(lessons) - 1


def test_worker_processes_give_the_same_bytes_in_the_same_order(
    vectors: jobs.Vectors, lessons: list[Lesson], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here = list(iter_trained(vectors, lessons, 1, 1))
    monkeypatch.setattr(jobs, "NUMBERS_WORTH_WORKERS", 0)
    monkeypatch.setenv("JOBLIB_TEMP_FOLDER", str(tmp_path))
    assert list(iter_trained(vectors, iter(lessons), 1, 2)) == here


def test_worker_processes_draw_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tags = [reports("cat"), reports("dog")]
    here = list(iter_tag_pages(tags, tmp_path, 1))
    monkeypatch.setattr(jobs, "TAGS_WORTH_WORKERS", 0)
    assert list(iter_tag_pages(tags, tmp_path, 2)) == here


@pytest.mark.parametrize("size", [0.0, 1e-38, 1e19, 3e38])
@pytest.mark.parametrize(("n_tag", "n_other"), [(10, 10), (12, 100)])
def test_the_least_and_the_largest_vectors_are_judged_without_a_warning(
    size: float, n_tag: int, n_other: int
) -> None:
    labels = np.repeat([0, 1], [n_tag, n_other])
    numbers = np.random.default_rng(0).uniform(-1, 1, (len(labels), 6)) * size
    labelled = Labelled(np.arange(len(labels)), labels)
    lesson = Lesson(Selection("cat", labelled, labelled), STARTED, None)
    for one in trained(numbers.astype(np.float32), lesson).classifiers.values():
        assert json.dumps(one.description["thresholds"], allow_nan=False)
