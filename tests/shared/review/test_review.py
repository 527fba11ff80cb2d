"""What is opened, by whom, and what is said where that cannot be."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from shared.database.labels import LABELS_FILE
from shared.errors import RunError
from shared.records import Limits
from shared.review.presence import present
from shared.review.review import ReviewRequest, opened_review
from shared.review.serving import ServingRequest, Started
from shared.terminal.reviewing import sentences
from tests.shared.review.desk import make_world, opened_desk
from tests.worlds import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path / "world", 4)


def refusal(world: World) -> str:
    lists = world.output / "tags.json"
    request = ReviewRequest(world.output, world.metadata, lists, Limits(), 1)
    with pytest.raises(RunError) as found, opened_review(request):
        raise AssertionError
    assert "\n" not in str(found.value)
    return str(found.value)


def test_an_output_folder_without_a_database_is_told(world: World) -> None:
    shutil.rmtree(world.output)
    world.output.mkdir()
    assert "holds no database of scores. Run stage 3 or 4" in refusal(world)


def test_an_output_folder_that_is_not_there_is_told(world: World) -> None:
    shutil.rmtree(world.output)
    assert "holds no database of scores" in refusal(world)
    assert not world.output.exists()


def test_a_database_without_pictures_is_told(world: World) -> None:
    (world.zips / "a.zip").unlink()
    (world.zips / "b.zip").unlink()
    world.classify("--results=none", "--forget_gone")
    assert "hold no pictures" in refusal(world)


def test_a_database_of_a_newer_version_is_told(world: World) -> None:
    with sqlite3.connect(world.output / "zip_score_cache.sqlite") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    assert "Use the newer program" in refusal(world)


def test_a_database_of_an_older_version_is_brought_up_to_date(world: World) -> None:
    with sqlite3.connect(world.output / "zip_score_cache.sqlite") as database:
        for statement in (
            "DROP VIEW archive_tags",
            "DROP VIEW zip_tags",
            "ALTER TABLE thresholds DROP COLUMN max_novelty",
            "ALTER TABLE estimates DROP COLUMN n_too_novel",
            "UPDATE alembic_version SET version_num = '0006'",
        ):
            database.execute(statement)
    with opened_desk(world) as desk:
        assert len(desk.pictures("cat", "order=highest")) == 4


def test_what_is_no_database_is_told(world: World) -> None:
    (world.output / "zip_score_cache.sqlite").write_bytes(b"not a database" * 1000)
    assert "the database failed" in refusal(world)


def test_labels_of_another_version_are_told(world: World) -> None:
    with opened_desk(world):
        pass
    with sqlite3.connect(world.output / LABELS_FILE) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    assert "Use the newer program" in refusal(world)


def test_tag_lists_that_are_none_are_told(world: World) -> None:
    (world.output / "tags.json").write_text("[]")
    assert "not an object of tags" in refusal(world)


def test_it_does_without_lists_of_a_dataset(world: World) -> None:
    (world.output / "tags.json").unlink()
    with opened_desk(world) as desk:
        (tag,) = desk.get("/api/board")["tags"]
        assert (tag["name"], tag["yes"], tag["no"]) == ("cat", 0, 0)


def test_a_second_reviewer_is_told_who_is_there_and_both_see_all_answers(world: World) -> None:
    with opened_desk(world) as first:
        assert first.get("/api/board")["reviewer"] == {"others": []}
        with opened_desk(world) as second:
            for desk in (first, second):
                (other,) = desk.get("/api/board")["reviewer"]["others"]
                assert other.startswith("process ")
            key = first.pictures("cat")[0]["id"]
            first.answer("cat", **{key: "yes"})
            second.get("/api/board")
            assert [one["id"] for one in second.pictures("cat", "answered=yes")] == [key]
        assert first.get("/api/board")["reviewer"] == {"others": []}


def test_one_that_was_killed_is_not_there(tmp_path: Path) -> None:
    with present(tmp_path) as first:
        left = tmp_path / "reviewers" / "1"
        left.mkdir()
        (left / ".lock").touch()
        (left / ".lock-holder").write_text("process 1 on nowhere since 00:00:00")
        assert first.others() == []


def test_a_board_tells_what_each_tag_needs(world: World) -> None:
    with opened_desk(world) as desk:
        board = desk.get("/api/board")
        assert (board["archives"], board["pictures"]) == (2, 5)
        cat, dog = board["tags"]
        assert (cat["name"], dog["name"]) == ("cat", "dog")
        assert cat["classifier"] == "logistic_regression"
        assert cat["needs"] == "Only 4 pictures with it are known: more of them help most."
        assert dog["classifier"] is None
        assert dog["worth"] == 19 + 20
        assert dog["needs"] == "2 more yes, then it can be learnt."
        assert json.dumps(board)


def test_what_is_not_as_one_might_think_is_said() -> None:
    where = ServingRequest("0.0.0.0", 8765)
    found = sentences(Path("out"), where, Started("http://x", 8766, ["process 1 on x since 1:00"]))
    assert [one.split()[0] for one in found] == ["port", "out:", "WARNING:"]
    quiet = sentences(Path("out"), ServingRequest("::1", 8765), Started("http://x", 8765, []))
    assert quiet == []
