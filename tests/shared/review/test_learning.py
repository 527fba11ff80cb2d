"""What is learnt on the page is what train.py and stage 4 make, and no archive is opened for it."""

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

from shared.database.labels import LABELS_FILE
from shared.progress import Silence
from shared.results.files import held_folder
from shared.training.run import TrainingRequest, train
from tests.postgres import Server
from tests.shared.review.desk import Desk, make_world, opened_desk
from tests.worlds import N_FEATURES, World, image_hash, png

pytestmark = pytest.mark.training
N_LISTED = 24
N_ARCHIVED = 30
STARTED = datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001 - as classifiers tell it


def vector(shade: int, has_tag: bool) -> list[float]:
    """Numbers that tell of the tag by their first, somewhat."""
    rng = np.random.default_rng(shade)
    found = rng.normal(size=N_FEATURES)
    found[0] += 1.2 if has_tag else -1.2
    return [float(number) for number in found]


def make(folder: Path) -> World:
    """A dataset of two tags, trained, and an archive that is scored."""
    world = World(folder)
    listed: dict[str, list[str]] = {"cat": [], "dog": []}
    for shade in range(N_LISTED + N_ARCHIVED):
        picture = png(shade)
        world.know(picture)
        world.entries[image_hash(picture)]["embeddings_vector"] = vector(shade, shade % 2 == 0)
        if shade < N_LISTED:
            listed["dog" if shade % 2 else "cat"].append(image_hash(picture))
    half = N_LISTED + N_ARCHIVED // 2
    world.archive("a.zip", {f"{at}.png": png(at) for at in range(N_LISTED, half)})
    world.archive("b.zip", {f"{at}.png": png(at) for at in range(half, N_LISTED + N_ARCHIVED)})
    world.output.mkdir()
    (world.output / "tags.json").write_text(json.dumps(listed))
    train(training(world), Silence())
    assert score(world) == 0
    return world


def training(world: World) -> TrainingRequest:
    lists = world.output / "tags.json"
    return TrainingRequest(world.metadata, lists, world.output, 0.1, 1, STARTED)


def score(world: World) -> int:
    models = f"--model={world.output / 'models'}"
    return world.classify("--results=none", models).exit_code


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make(tmp_path_factory.mktemp("learning") / "world")


@pytest.fixture
def desk(made: World) -> Iterator[Desk]:
    with opened_desk(made) as opened:
        yield opened


def learn(desk: Desk, tag: str) -> dict[str, Any]:
    number = desk.post(f"/api/tags/{desk.tag(tag)}/learn", {})["learning"]
    for _ in range(1800):
        found: dict[str, Any] = desk.get(f"/api/learnings/{number}")
        if found["state"] in ("done", "failed"):
            return found
        time.sleep(0.1)
    raise AssertionError(found)


def score_rows(output: Path) -> list[tuple[object, ...]]:
    with sqlite3.connect(output / "zip_score_cache.sqlite") as database:
        columns = "file_path, model_name, model_type, tag, tag_score, hash_id, archive_path"
        return sorted(database.execute(f"SELECT {columns} FROM zip_score_cache"))


def decided_rows(output: Path) -> list[tuple[object, ...]]:
    with sqlite3.connect(output / "zip_score_cache.sqlite") as database:
        tags = database.execute("SELECT file_path, tag, threshold, by_person FROM zip_tags")
        thresholds = database.execute("SELECT tag, threshold, chosen_by FROM thresholds")
        return [*sorted(tags), *sorted(thresholds)]


def timeless(path: Path) -> object:
    """What a file of a classifier or of its reports holds, but for when it was made."""
    if path.suffix == ".pkl":
        found = joblib.load(path)
        found.pop("train_start_time")
        file = hashlib.sha256(repr(sorted(found)).encode())
        file.update(joblib.hash(found["classifier"]).encode())
        return file.hexdigest()
    lines = path.read_text().splitlines()
    return [line for line in lines if "train" not in line]


def test_what_is_learnt_is_what_train_and_stage_4_make(made: World, tmp_path: Path) -> None:
    with opened_desk(made) as desk:
        ids = [one["id"] for one in desk.pictures("cat", "order=worth")]
        answers = dict(zip(ids, ["yes", "no", "skip", "yes", "no", "no"], strict=False))
        desk.answer("cat", **answers)
        desk.review.likeness.gather().join()
        (made.zips / "a.zip").rename(tmp_path / "away.zip")  # no archive is opened
        try:
            told = learn(desk, "cat")
        finally:
            (tmp_path / "away.zip").rename(made.zips / "a.zip")
        assert told["state"] == "done", told
        before, after = (told[time]["average_precision"] for time in ("before", "after"))
        assert before != after
        assert after["with_it"] > before["with_it"] > 0
        assert after["without_it"] > before["without_it"] > 0
        by_page = score_rows(made.output), decided_rows(made.output)
        files = {
            path.name: timeless(path)
            for folder in ("models", "reports")
            for path in (made.output / folder).iterdir()
            if "cat" in path.name and path.suffix in (".pkl", ".json", ".txt")
        }
        assert len(files) == 6
    for path in made.output.glob("*/model-*cat*"):
        path.unlink()
    train(replace(training(made), tags=("cat",)), Silence())
    for name, content in files.items():
        folder = "models" if name.endswith(".pkl") else "reports"
        assert timeless(made.output / folder / name) == content, name
    assert score(made) == 0
    assert (score_rows(made.output), decided_rows(made.output)) == by_page


def test_the_first_order_is_there_before_the_rows(desk: Desk) -> None:
    desk.review.likeness.gather().join()
    before = desk.pictures("dog", "order=highest")
    ids = [one["id"] for one in desk.pictures("dog", "order=worth")]
    desk.answer("dog", **dict.fromkeys(ids[:4], "yes"))
    seen = []
    number = desk.post(f"/api/tags/{desk.tag('dog')}/learn", {})["learning"]
    while desk.get(f"/api/learnings/{number}")["state"] in ("training", "scored"):
        if desk.get(f"/api/learnings/{number}")["state"] == "scored":
            seen.append(desk.pictures("dog", "order=highest&limit=7"))
        time.sleep(0.005)
    assert desk.get(f"/api/learnings/{number}")["state"] == "done"
    after = desk.pictures("dog", "order=highest")
    for found in seen[:1]:
        assert {one["id"] for one in found} <= {one["id"] for one in after}
    assert [one["score"] for one in after] != [one["score"] for one in before]


def test_a_new_tag_is_learnt_from_what_was_said(desk: Desk) -> None:
    desk.post("/api/tags", {"name": "night"})
    ids = [one["id"] for one in desk.get("/api/search?text=.png&limit=500")["pictures"]]
    desk.answer("night", **{key: "yes" if at % 2 else "no" for at, key in enumerate(ids[:12])})
    told = learn(desk, "night")
    assert told["state"] == "done", told
    found = desk.pictures("night", "order=highest")
    assert len(found) == N_ARCHIVED
    assert all(one["score"] is not None for one in found)
    board = next(one for one in desk.get("/api/board")["tags"] if one["name"] == "night")
    assert board["classifier"]


def lacks(desk: Desk, tag: str) -> Any:  # noqa: ANN401 - a text or None
    return next(one["lacks"] for one in desk.get("/api/board")["tags"] if one["name"] == tag)


def test_a_tag_with_too_few_answers_says_how_many_it_needs(desk: Desk) -> None:
    number = desk.post("/api/tags", {"name": "few"})["id"]
    assert lacks(desk, "few") == "3 more yes"  # pictures of other tags are without this one
    refused = desk.post(f"/api/tags/{number}/learn", {}, 409)
    assert refused["error"] == "few needs 3 more yes before it can be learnt."
    told = desk.answer("few", z1="yes", z2="yes", z3="skip")
    assert told["lacks"] == "1 more yes"
    assert desk.answer("few", z3="yes")["lacks"] is None
    assert learn(desk, "few")["state"] == "done"


def test_a_first_tag_needs_no_too(tmp_path: Path) -> None:
    world = make_world(tmp_path / "world")
    (world.output / "tags.json").unlink()
    with opened_desk(world) as desk:
        desk.post("/api/tags", {"name": "few"})
        assert lacks(desk, "few") == "3 more yes and 3 more no"
        told = desk.answer("few", z1="yes", z2="yes", z3="no", z4="skip")
        assert told["lacks"] == "1 more yes and 2 more no"
        desk.post("/api/tags", {"name": "other"})
        desk.answer("other", z1="yes", z3="yes", z5="yes")
        assert lacks(desk, "few") == "1 more yes and 1 more no"


def test_without_lists_a_new_tag_is_learnt_from_answers_alone_but_no_other(tmp_path: Path) -> None:
    world = make_world(tmp_path / "world")
    (world.output / "tags.json").unlink()
    with opened_desk(world) as desk:
        refused = desk.post(f"/api/tags/{desk.tag('cat')}/learn", {}, 409)
        assert "Start the review with --tag_to_hash_json" in refused["error"]  # before any answer
        words = {f"z{at}": "yes" if at % 2 else "no" for at in range(1, 8)}
        for tag in ("new", "cat"):
            desk.post("/api/tags", {"name": tag})
            desk.answer(tag, **words)
        assert learn(desk, "new")["state"] == "done"
        assert learn(desk, "new")["state"] == "done"
        refused = desk.post(f"/api/tags/{desk.tag('cat')}/learn", {}, 409)
        assert "Start the review with --tag_to_hash_json" in refused["error"]
        board = {one["name"]: one["classifier"] for one in desk.get("/api/board")["tags"]}
        assert board["new"]


def test_pictures_without_a_vector_are_not_learnt_from(made: World) -> None:
    with opened_desk(made) as desk:
        desk.post("/api/tags", {"name": "unknown"})
        with sqlite3.connect(made.output / LABELS_FILE) as database:
            rows = [(f"{at:0128x}", "unknown", "", 1, "review", "2026", 0) for at in range(5)]
            columns = "hash_id, tag, folder, has_tag, source, date, is_skipped"
            places = "?, ?, ?, ?, ?, ?, ?"
            database.executemany(f"INSERT INTO labels ({columns}) VALUES ({places})", rows)
        told = learn(desk, "unknown")
    assert told["error"].startswith("unknown: only 0 images with it; 3 are needed")
    assert "Pictures without a vector do not count" in told["error"]
    assert "--" not in told["error"]


def test_a_run_at_the_same_time_is_named(desk: Desk) -> None:
    with held_folder(desk.world.output):
        told = learn(desk, "cat")
    assert told["state"] == "failed"
    assert "in use by process" in told["error"]


def test_answers_are_kept_where_a_learning_dies(desk: Desk) -> None:
    desk.answer("cat", z1="yes")
    number = desk.post(f"/api/tags/{desk.tag('cat')}/learn", {})["learning"]
    time.sleep(0.3)
    desk.review.learner.end()
    for _ in range(100):
        told = desk.get(f"/api/learnings/{number}")
        if told["state"] == "failed":
            break
        time.sleep(0.1)
    assert told["error"].startswith("learning: its process was ended")
    with sqlite3.connect(desk.world.output / LABELS_FILE) as database:
        assert database.execute("SELECT count(*) FROM labels").fetchone()[0] > 0


def test_what_is_learnt_of_a_server_stands_in_its_rows(made: World, server: Server) -> None:
    url = server.fresh_database()
    models = f"--model={made.output / 'models'}"
    assert made.classify("--results=none", models, f"--database_url={url}").exit_code == 0
    with opened_desk(made, server=url) as desk:
        ids = [one["id"] for one in desk.pictures("cat", "order=highest")]
        desk.answer("cat", **dict.fromkeys(ids[:3], "no"))
        told = learn(desk, "cat")
        assert told["state"] == "done", told
    score(made)
    learnt = "SELECT file_path, model_name, tag_score FROM zip_score_cache WHERE tag = 'cat'"
    with sqlite3.connect(made.output / "zip_score_cache.sqlite") as database:
        expected = database.execute(learnt).fetchall()
    assert expected
    assert sorted(server.rows(url, learnt)) == sorted(expected)
