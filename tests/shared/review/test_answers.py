"""What is said on the page: on the disk before it is answered, among the labels of training."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.database.labels import LABELS_FILE, REVIEW, Label, load_labels, note_labels, open_labels
from shared.errors import RunError
from shared.review.answers import Answers
from tests.shared.review.desk import N_LISTED, WRITING, Desk, make_world, opened_desk
from tests.worlds import World, image_hash, png


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path / "world", 6)


@pytest.fixture
def desk(world: World) -> Iterator[Desk]:
    with opened_desk(world) as opened:
        yield opened


def rows(desk: Desk) -> dict[str, tuple[object, ...]]:
    """What stands in the file, by hash, as another program sees it."""
    with sqlite3.connect(desk.world.output / LABELS_FILE) as database:
        found = database.execute("SELECT hash_id, tag, has_tag, is_skipped, source FROM labels")
        return {row[0]: row[1:] for row in found}


def hashes(desk: Desk) -> dict[str, str]:
    """Hash of each picture, by its id."""
    ids = [one["id"] for one in desk.pictures("cat")]
    return {one: desk.get(f"/api/pictures/{one}")["hash"] for one in ids}


def words(desk: Desk, tag: str = "cat") -> dict[str, str]:
    found = desk.pictures(tag, "answered=any") if tag == "cat" else []
    return {one["id"]: one["answer"] for one in found}


def test_an_answer_is_on_the_disk_when_it_is_acknowledged(desk: Desk) -> None:
    known = hashes(desk)
    first, second, third = list(known)[:3]
    told = desk.answer("cat", **{first: "yes", second: "no", third: "skip"})
    assert rows(desk) == {
        known[first]: ("cat", 1, 0, REVIEW),
        known[second]: ("cat", 0, 0, REVIEW),
        known[third]: ("cat", None, 1, REVIEW),
    }
    counts = {"yes": N_LISTED + 1, "no": 1, "skipped": 1, "worth": told["worth"]}
    assert told == counts | {"lacks": "1 more no", "undo": 1}
    assert words(desk) == {first: "yes", second: "no", third: "skip"}


def test_training_reads_what_was_said_but_not_what_was_skipped(desk: Desk) -> None:
    known = hashes(desk)
    first, second, third = list(known)[:3]
    desk.answer("cat", **{first: "yes", second: "no", third: "skip"})
    found = load_labels(desk.world.output / LABELS_FILE)
    said = {(one.hash_id, one.tag, one.has_tag) for one in found}
    assert said == {(known[first], "cat", True), (known[second], "cat", False)}


def test_an_answer_counts_for_all_copies_of_a_picture(desk: Desk) -> None:
    places = desk.get("/api/search?text=.png&limit=500")["pictures"]
    two = [one["id"] for one in places if one["copies"] == 2]
    assert len(two) == 2
    desk.answer("cat", **{two[0]: "yes"})
    for one in two:
        (score,) = desk.get(f"/api/pictures/{one}")["scores"]
        assert (score["answer"], score["is_decided"]) == ("yes", True)


def test_a_person_wins_over_the_score(desk: Desk) -> None:
    best = desk.pictures("cat", "order=highest&limit=1")[0]
    worst = desk.pictures("cat", "order=lowest&limit=1")[0]
    desk.answer("cat", **{best["id"]: "no", worst["id"]: "yes"})
    decided = {one["id"]: one["is_decided"] for one in desk.pictures("cat")}
    assert (decided[best["id"]], decided[worst["id"]]) == (False, True)


def test_any_number_of_steps_is_undone_one_by_one(desk: Desk) -> None:
    one, two, *_ = (picture["id"] for picture in desk.pictures("cat"))
    steps: list[dict[str, str | None]] = [
        {one: "yes"},
        {one: "no", two: "skip"},
        {two: None},
        {one: "skip", two: "yes"},
    ]
    before = []
    for step in steps:
        before.append(words(desk))
        desk.answer("cat", **step)
    for number in reversed(range(len(steps))):
        undone = desk.post("/api/undo", {})
        assert undone["undo"] == number
        assert {it["picture"] for it in undone["answers"]} == steps[number].keys()
        assert words(desk) == before[number]
        told = {it["picture"]: it["answer"] for it in undone["answers"] if it["answer"]}
        assert told == {key: word for key, word in before[number].items() if key in told}
    assert rows(desk) == {}
    assert desk.post("/api/undo", {}, 409)["error"] == "There is nothing to undo."


def test_what_was_said_elsewhere_counts_again_when_a_step_is_undone(world: World) -> None:
    shade = image_hash(png(1))
    label = Label(shade, "cat", False, "/x/_no/1.png", "2020-01-01, 00:00:00", "/x")
    with open_labels(world.output / LABELS_FILE) as labels:
        labels.run(note_labels, [label])
    with opened_desk(world) as desk:
        (found,) = desk.pictures("cat", "answered=no")
        assert found["by"] == "folder"
        desk.answer("cat", **{found["id"]: "yes"})
        assert desk.pictures("cat", "answered=yes")[0]["by"] == "review"
        desk.post("/api/undo", {})
        assert desk.pictures("cat", "answered=no")[0]["by"] == "folder"


def test_an_undone_step_leaves_what_another_review_has_said_since(world: World) -> None:
    with opened_desk(world) as desk, opened_desk(world) as other:
        first, second = list(hashes(desk))[:2]
        desk.answer("cat", **{first: "yes", second: "yes"})
        other.answer("cat", **{first: "no"})
        undone = desk.post("/api/undo", {})
        told = {one["picture"]: one["answer"] for one in undone["answers"]}
        assert told == {first: "no", second: None}
        assert words(desk) == {first: "no"}
        assert words(other) == {first: "no"}


def test_an_answer_that_another_review_gives_at_the_same_moment_is_neither_undone_nor_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened_desk(world) as desk, opened_desk(world) as other:
        first = next(iter(hashes(desk)))
        desk.answer("cat", **{first: "yes"})
        other.answer("cat", **{first: "no"})
        with monkeypatch.context() as patched:
            patched.setattr(Answers, "_refresh", lambda _: None)  # before the other's came
            assert desk.post("/api/undo", {})["answers"] == [{"picture": first, "answer": "no"}]
        other.answer("cat", **{first: "skip"})
        with monkeypatch.context() as patched:
            patched.setattr(Answers, "_refresh", lambda _: None)
            desk.answer("cat", **{first: "yes"})
        desk.post("/api/undo", {})
        assert words(desk) == words(other) == {first: "skip"}


@pytest.mark.parametrize("before", [None, "skip"])
def test_what_was_undone_comes_not_back_when_another_review_undoes_what_overruled_it(
    world: World, before: str | None
) -> None:
    with opened_desk(world) as desk, opened_desk(world) as other:
        first = next(iter(hashes(desk)))
        if before:
            desk.answer("cat", **{first: before})
        desk.answer("cat", **{first: "yes"})
        other.answer("cat", **{first: "no"})
        desk.post("/api/undo", {})
        assert words(desk) == {first: "no"}
        undone = other.post("/api/undo", {})
        assert undone["answers"] == [{"picture": first, "answer": before}]
        assert words(other) == words(desk) == ({first: before} if before else {})


def test_steps_of_an_earlier_review_are_undone_too(world: World) -> None:
    with opened_desk(world) as desk:
        first, second = list(hashes(desk))[:2]
        desk.answer("cat", **{first: "yes", second: "skip"})
        desk.answer("cat", **{first: "no"})
    with opened_desk(world) as desk, opened_desk(world) as other:
        assert other.post("/api/undo", {}, 409)["error"] == "There is nothing to undo."
        assert desk.post("/api/undo", {}) == {
            "tag": desk.tag("cat"),
            "answers": [{"picture": first, "answer": "yes"}],
            "undo": 1,
        }
        assert words(desk) == {first: "yes", second: "skip"}
    with opened_desk(world) as desk:
        desk.post("/api/undo", {})
        assert rows(desk) == {}
        assert desk.answer("cat", **{first: "no"})["undo"] == 1


def test_the_oldest_steps_are_kept_no_longer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.review.answers.MAX_STEPS", 2)
    with opened_desk(world) as desk:
        picture = next(iter(hashes(desk)))
        told = [desk.answer("cat", **{picture: word})["undo"] for word in ("yes", "no", "skip")]
        assert told == [1, 2, 2]
    with opened_desk(world) as desk:
        assert [desk.post("/api/undo", {})["undo"] for _ in range(2)] == [1, 0]
        assert words(desk) == {picture: "yes"}


def test_an_answer_that_nobody_would_find_is_refused(world: World) -> None:
    with opened_desk(world) as desk:
        first, second = list(hashes(desk))[:2]
        desk.answer("cat", **{first: "yes"})
        path = world.output / LABELS_FILE
        kept = path.rename(path.with_name("elsewhere"))
        answers = {"answers": [{"picture": second, "answer": "yes"}]}
        for where in (f"/api/tags/{desk.tag('cat')}/answers", "/api/undo"):
            assert "was removed" in desk.post(where, answers, 500)["error"]
        kept.rename(path)
        assert words(desk) == {first: "yes"}
        assert desk.post("/api/undo", {})["undo"] == 0


def test_an_answer_that_a_server_keeps_waiting_counts_as_not_saved_at_the_end(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = desk.review.answers
    counted = []

    def away(*_: object) -> None:
        counted.append(answers.n_unsaved)
        raise RunError("server", "is away")

    said = {"answers": [{"picture": "z1", "answer": "yes"}, {"picture": "z2", "answer": "no"}]}
    path = f"/api/tags/{desk.tag('cat')}/answers"
    with monkeypatch.context() as patched:
        patched.setattr("shared.review.review.Review.tag_of", away)
        desk.post(path, said, 500)
        assert answers.n_unsaved == 0  # who answered was told
        answers.end()
        desk.post(path, said, 500)
    assert counted == [2, 2]
    assert answers.n_unsaved == 2


def test_the_same_answer_again_is_newer_than_what_a_folder_said(world: World) -> None:
    with opened_desk(world) as desk:
        first = desk.pictures("cat")[0]["id"]
        known = hashes(desk)[first]
        desk.answer("cat", **{first: "yes"})
        other = Label(known, "cat", False, "/x/_no/1.png", "2999-01-01, 00:00:00", "/x")
        with open_labels(world.output / LABELS_FILE) as labels:
            labels.run(note_labels, [other])
        desk.get("/api/board")
        assert words(desk) == {first: "no"}
        desk.answer("cat", **{first: "yes"})
        assert rows(desk)


def test_one_goes_on_where_one_left(world: World) -> None:
    with opened_desk(world) as desk:
        first = desk.pictures("cat")[0]["id"]
        desk.answer("cat", **{first: "skip"})
    with opened_desk(world) as desk:
        assert words(desk) == {first: "skip"}
        unanswered = {one["id"] for one in desk.pictures("cat", "answered=none")}
        assert first not in unanswered
        assert first not in {one["id"] for one in desk.pictures("cat", "order=worth")}


def test_filters_and_bins_know_the_answers(desk: Desk) -> None:
    ids = [one["id"] for one in desk.pictures("cat")]
    desk.answer("cat", **{ids[0]: "yes", ids[1]: "no"})
    for answered, expected in {"yes": ids[:1], "no": ids[1:2], "skip": [], "any": ids[:2]}.items():
        assert [one["id"] for one in desk.pictures("cat", f"answered={answered}")] == expected
        path = f"/api/tags/{desk.tag('cat')}/bins?answered={answered}"
        assert desk.get(path)["total"] == len(expected)
    rest = desk.pictures("cat", "answered=none&limit=1")
    assert [one["id"] for one in rest] == ids[2:]


def test_a_tag_begins_with_a_name_and_a_first_yes(desk: Desk) -> None:
    made = desk.post("/api/tags", {"name": " ✨ sunset/<b> "})
    assert (made["name"], made["classifier"], made["yes"]) == ("✨ sunset/<b>", None, 0)
    assert desk.post("/api/tags", {"name": "✨ sunset/<b>"})["id"] == made["id"]
    first = desk.pictures("cat")[0]["id"]
    told = desk.answer("✨ sunset/<b>", **{first: "yes"})
    assert told["yes"] == 1
    desk.review.likeness.gather().join()
    found = desk.pictures("✨ sunset/<b>")
    assert first not in {one["id"] for one in found}
    assert len(found) == 5
    nearest = desk.get(f"/api/pictures/{first}/like?limit=5")["pictures"]
    assert [one["id"] for one in found] == [one["id"] for one in nearest]


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, None, 5, ["x"], "other-training"])
def test_a_tag_needs_a_name(desk: Desk, name: object) -> None:
    assert desk.post("/api/tags", {"name": name}, 400)["error"].endswith(".")


@pytest.mark.parametrize(
    "answers",
    [
        None,
        [],
        {},
        "yes",
        [1],
        [{"picture": "z1"}, {"picture": "z1", "answer": "yes"}],
        [{"picture": "z1", "answer": "maybe"}],
        [{"picture": "z1", "answer": ["yes"]}],
        [{"picture": ["z1"], "answer": "yes"}],
        [{"picture": None, "answer": "yes"}],
        [{"picture": "z1", "answer": "yes"}, {"picture": "z1", "answer": "no"}],
        [{"picture": "z1", "answer": "yes"}] * 5001,
    ],
)
def test_answers_that_make_no_sense_change_nothing(desk: Desk, answers: object) -> None:
    path = f"/api/tags/{desk.tag('cat')}/answers"
    assert desk.post(path, {"answers": answers}, 400)["error"].endswith(".")
    assert desk.post(path, answers, 400)["error"].endswith(".")
    assert rows(desk) == {}


def test_an_answer_for_what_is_gone_changes_nothing(desk: Desk) -> None:
    answers = [{"picture": "z1", "answer": "yes"}, {"picture": "z99999", "answer": "yes"}]
    path = f"/api/tags/{desk.tag('cat')}/answers"
    assert desk.post(path, {"answers": answers}, 404)["error"] == "There is no such picture."
    assert rows(desk) == {}


def test_an_id_that_a_run_has_given_to_another_picture_is_not_answered_for(world: World) -> None:
    with opened_desk(world) as desk:
        key = desk.pictures("cat")[0]["id"]
        world.archive("a.zip", {f"{at}.png": png(200 + at) for at in range(3)})
        world.archive("b.zip", {f"{at}.png": png(300 + at) for at in range(3)})
        assert world.classify("--results=none").exit_code == 0
        path = f"/api/tags/{desk.tag('cat')}/answers"
        answers = {"answers": [{"picture": key, "answer": "yes"}]}
        told = desk.client.post(path, content=json.dumps(answers), headers=WRITING)
        assert told.status_code in (404, 409), told.text
        assert rows(desk) == {}
        key = desk.pictures("cat")[0]["id"]
        assert desk.answer("cat", **{key: "yes"})["yes"] == N_LISTED + 1
