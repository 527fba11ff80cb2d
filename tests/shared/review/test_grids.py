"""What a grid shows: every picture once, in its order, however small the pages are."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.shared.review.desk import Desk, make_world, opened_desk

N_PICTURES = 12
ORDERS = ("worth", "highest", "lowest", "around", "unlike")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    world = make_world(tmp_path_factory.mktemp("grids") / "world", N_PICTURES)
    with opened_desk(world) as opened:
        opened.review.likeness.gather().join()
        yield opened


def scores(found: list[dict[str, Any]]) -> list[float]:
    return [one["score"] for one in found]


@pytest.mark.parametrize("limit", [1, 2, 5, 60])
@pytest.mark.parametrize("order", ORDERS)
def test_pages_of_any_size_hold_each_picture_once(desk: Desk, order: str, limit: int) -> None:
    found = desk.pictures("cat", f"order={order}&limit={limit}")
    assert len(found) == len({one["id"] for one in found}) == N_PICTURES
    assert found == desk.pictures("cat", f"order={order}&limit=500")


def test_each_order_is_what_it_is_called(desk: Desk) -> None:
    threshold = 0.5
    highest = scores(desk.pictures("cat", "order=highest"))
    assert highest == sorted(highest, reverse=True)
    assert scores(desk.pictures("cat", "order=lowest")) == highest[::-1]
    around = scores(desk.pictures("cat", "order=around&limit=3"))
    assert around == sorted(highest, key=lambda score: abs(score - threshold))


def test_a_picture_in_two_places_is_shown_once_with_its_copies(desk: Desk) -> None:
    copies = {one["name"]: one["copies"] for one in desk.pictures("cat")}
    assert sum(copies.values()) == N_PICTURES + 1
    assert {copies.get("0.png"), copies.get("again.png")} == {None, 2}


def test_bins_count_every_place(desk: Desk) -> None:
    path = desk.world.output / "zip_score_cache.sqlite"
    with sqlite3.connect(path) as database:
        told = [row[0] for row in database.execute("SELECT tag_score FROM zip_score_cache")]
    found = desk.get(f"/api/tags/{desk.tag('cat')}/bins")
    assert found["total"] == len(told) == N_PICTURES + 1
    for one in found["bins"]:
        low = one["low"]
        inside = sum(low <= score < low + 0.1 or (low == 0.9 and score == 1) for score in told)
        assert one["pictures"] == inside


def test_scores_bound_grid_and_bins_alike(desk: Desk) -> None:
    all_of_them = scores(desk.pictures("cat"))
    low, high = all_of_them[8], all_of_them[3]
    query = f"min_score={low!r}&max_score={high!r}"
    assert scores(desk.pictures("cat", query)) == all_of_them[3:9]
    total = desk.get(f"/api/tags/{desk.tag('cat')}/bins?{query}")["total"]
    assert total in (6, 7)  # a copy counts there


def test_an_archive_holds_what_is_nested_in_it(desk: Desk) -> None:
    archives = {one["name"]: one["id"] for one in desk.get("/api/archives")["archives"]}
    assert archives.keys() == {"a.zip", "b.zip"}
    found = desk.pictures("cat", f"archive={archives['b.zip']}&limit=2")
    assert {one["name"] for one in found} == {"again.png", *(f"in-{at}.png" for at in range(6))}
    nested = next(one["archive"] for one in found if one["name"] == "in-0.png")
    assert nested["name"] == "b.zip / inner.zip"
    inside = desk.pictures("cat", f"archive={nested['id']}")
    assert {one["name"] for one in inside} == {f"in-{at}.png" for at in range(6)}
    bins = desk.get(f"/api/tags/{desk.tag('cat')}/bins?archive={nested['id']}")
    assert bins["total"] == 6


def test_an_archive_that_is_not_there_is_told(desk: Desk) -> None:
    for archive in (999_998, 999_999):
        assert desk.get(f"/api/tags/{desk.tag('cat')}/bins?archive={archive}", 404)["error"]


def test_a_text_is_looked_for_in_names_of_pictures_and_archives(desk: Desk) -> None:
    assert {one["name"] for one in desk.pictures("cat", "text=IN-3")} == {"in-3.png"}
    found = desk.get("/api/search?text=inner.zip&limit=500")
    assert len(found["pictures"]) == 6
    assert found["pictures"][0] | {"score": None, "answer": None} == found["pictures"][0]
    assert desk.get("/api/search?text=100%25")["pictures"] == []
    assert desk.get("/api/search?text=", 400)["error"]


def test_search_goes_on_page_by_page(desk: Desk) -> None:
    found, after = [], ""
    while True:
        page = desk.get(f"/api/search?text=.png&limit=5{after}")
        found += [one["id"] for one in page["pictures"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert len(found) == len(set(found)) == N_PICTURES + 1


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=501",
        "limit=x",
        "limit=1.5",
        "limit=٣",
        "min_score=nan",
        "max_score=inf",
        "min_score=x",
        "order=best",
        "answered=maybe",
        "where=here",
        "archive=-1",
        "archive=" + "9" * 30,
        "after=x",
        "after=WzFd",  # [1]
        "after=WzEsMSwxLDFd",  # [1, 1, 1, 1]
        "after=WzFlOTk5LDAsMF0",  # [1e999, 0, 0]
        "after=W05hTiwwLDBd",  # [NaN, 0, 0]
        "after=WzAuNSwwLDk5OTk5OTk5OTk5OTk5OTk5OTk5OTld",  # a member beyond 64 bits
        "after=" + "W1tb" * 2000,
        "order=around&after=WzEsMSwxXQ",
        "order=worth&after=WzEsMSwxXQ",
        "order=worth&after=LTE",  # -1
        "text=" + "x" * 501,
    ],
)
def test_what_makes_no_sense_is_told_in_a_sentence(desk: Desk, query: str) -> None:
    path = f"/api/tags/{desk.tag('cat')}/pictures?{query}"
    assert desk.get(path, 400)["error"].endswith(".")


@pytest.mark.parametrize("picture", ["z", "x1", "z1x", "z-1", "z1.5", "../z1", "%2e%2e", "z" * 99])
def test_no_id_is_a_path(desk: Desk, picture: str) -> None:
    found = desk.client.get(f"/api/pictures/{picture}")
    assert found.status_code in (400, 404)


def test_what_is_not_there_is_told(desk: Desk) -> None:
    assert desk.get("/api/pictures/z999999", 404)["error"] == "There is no such picture."
    assert desk.get("/api/pictures/l1", 404)["error"] == "There is no such picture."
    assert desk.get("/api/tags/999/bins", 404)["error"] == "There is no such tag."
    assert desk.get("/api/learnings/999", 404)["error"] == "There is no such learning."
    assert desk.get("/api/nothing", 404)["error"] == "There is no such address here."
    assert desk.post("/api/board", {}, 405)["error"]


def test_a_large_view_tells_all_of_a_picture(desk: Desk) -> None:
    shown = next(one for one in desk.pictures("cat") if one["name"] == "in-1.png")
    found = desk.get(f"/api/pictures/{shown['id']}")
    assert found["address"].endswith("/b.zip!/inner.zip!/in-1.png")
    assert found["format"] == "PNG"
    (score,) = found["scores"]
    assert (score["tag"]["name"], score["score"]) == ("cat", shown["score"])
    assert (score["threshold"], score["decides"]) == (0.5, True)
    assert score["is_decided"] == shown["is_decided"] == (shown["score"] >= 0.5)


def test_names_of_strangers_are_spelled_so_that_they_cannot_steer(tmp_path: Path) -> None:
    from tests.worlds import png

    world = make_world(tmp_path / "world", 4)
    name = "<script>alert(1)</script>\u202e\x1b[31m.png"
    world.archive("c.zip", {name: png(90)})
    assert world.classify("--results=none").exit_code == 0
    with opened_desk(world) as desk:
        (found,) = desk.get("/api/search?text=script")["pictures"]
        assert "\u202e" not in found["name"] + found["alt"]
        assert "\x1b" not in found["name"] + found["alt"]
        answer = desk.client.get("/api/search?text=script")
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
