"""Thumbnails: out of archives in archives, once, and a tile that says why where there is none."""

import io
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from shared.records import Limits
from shared.results.thumbnails import ThumbnailFolder
from shared.review.decoders import Decoders, Tile, small_picture
from shared.review.tiles import Tiles, reason_tile
from tests.shared.review.desk import Desk, make_world, opened_desk
from tests.worlds import World, png

pytestmark = pytest.mark.slow
DEADLY = png(7)


def deadly(content: bytes, size: int, limits: Limits) -> Tile:
    """What a decoder with a hole does."""
    if content == DEADLY:
        os.kill(os.getpid(), signal.SIGKILL)
    return small_picture(content, size, limits)


def stuck(content: bytes, size: int, limits: Limits) -> Tile:
    """What a decoder in an endless loop does."""
    time.sleep(600)
    return small_picture(content, size, limits)


class LateMaker:
    """A maker that a process needs longer to get than it has for a picture."""

    def __call__(self, content: bytes, size: int, limits: Limits) -> Tile:
        return small_picture(content, size, limits)

    def __reduce__(self) -> tuple[Callable[[], "LateMaker"], tuple[()]]:
        return late_maker, ()


def late_maker() -> LateMaker:
    time.sleep(4)
    return LateMaker()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("tiles") / "world")


@pytest.fixture(scope="module")
def desk(world: World) -> Iterator[Desk]:
    with opened_desk(world) as opened:
        yield opened


def ids(desk: Desk) -> dict[str, str]:
    """Id of each picture by its name."""
    return {
        one["name"]: one["id"] for one in desk.get("/api/search?text=.png&limit=500")["pictures"]
    }


@pytest.mark.parametrize("size", [256, 1024])
@pytest.mark.parametrize("name", ["1.png", "in-0.png"], ids=["in an archive", "nested"])
def test_a_thumbnail_shows_the_picture(desk: Desk, name: str, size: int) -> None:
    found = desk.client.get(f"/thumbnails/{ids(desk)[name]}/{size}")
    assert found.headers["content-type"] == "image/webp"
    assert found.headers["cache-control"].startswith("private")
    assert "x-tile" not in found.headers
    shade = 1 if name == "1.png" else 6
    shown = Image.open(io.BytesIO(found.content)).convert("RGB")
    assert (shown.size, shown.getpixel((0, 0))) == ((3, 2), (shade, 0, 7))


def test_a_thumbnail_that_is_known_is_not_sent_again(desk: Desk) -> None:
    path = f"/thumbnails/{ids(desk)['1.png']}/256"
    tag = desk.client.get(path).headers["etag"]
    again = desk.client.get(path, headers={"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_no_other_size_is_made(desk: Desk) -> None:
    assert desk.get(f"/thumbnails/{ids(desk)['1.png']}/10000", 404)["error"]


def test_a_picture_that_is_not_there_has_a_tile(desk: Desk) -> None:
    found = desk.client.get("/thumbnails/z99999/256")
    assert (found.status_code, found.headers["x-tile"]) == (200, "reason")
    assert "no such picture" in found.text
    assert desk.client.get("/thumbnails/z/256").status_code == 400


def test_a_thumbnail_outlives_its_archive_and_others_tell_that_it_has_gone(tmp_path: Path) -> None:
    world = make_world(tmp_path / "world")
    with opened_desk(world) as desk:
        known = ids(desk)
        seen, unseen = known["1.png"], known["2.png"]
        assert desk.client.get(f"/thumbnails/{seen}/256").headers["content-type"] == "image/webp"
        (world.zips / "a.zip").unlink()
        assert desk.client.get(f"/thumbnails/{seen}/256").headers["content-type"] == "image/webp"
        tile = desk.client.get(f"/thumbnails/{unseen}/256")
        assert tile.headers["x-tile"] == "reason"
        assert tile.headers["content-type"] == "image/svg+xml"
        assert "could not be read" in " ".join(tile.text.split())


def test_after_a_run_that_made_thumbnails_no_archive_is_opened(tmp_path: Path) -> None:
    world = make_world(tmp_path / "world", 12, "--thumbnails")
    for archive in world.zips.iterdir():
        archive.unlink()
    with opened_desk(world) as desk:
        known = ids(desk)
        shown = {
            name: desk.client.get(f"/thumbnails/{key}/256").headers["content-type"]
            for name, key in known.items()
        }
        large = desk.client.get(f"/thumbnails/{known['1.png']}/1024")
    assert shown == dict.fromkeys(known, "image/webp")
    assert len(shown) == 13
    assert large.headers["x-tile"] == "reason"


def test_an_archive_that_has_changed_shows_no_other_picture(tmp_path: Path) -> None:
    world = make_world(tmp_path / "world")
    with opened_desk(world) as desk:
        known = ids(desk)
        world.archive("a.zip", {f"{at}.png": png(100 + at) for at in range(6)})
        tile = desk.client.get(f"/thumbnails/{known['1.png']}/256")
        assert tile.headers["x-tile"] == "reason"
        assert "Run this stage again" in tile.text.replace('</tspan><tspan x="128" dy="20">', " ")


def test_a_picture_that_kills_its_decoder_costs_a_tile(desk: Desk) -> None:
    known = ids(desk)
    placed = {name: desk.review.gallery.find(key)[1] for name, key in known.items()}
    assert DEADLY != b""
    with Decoders(Limits(), 1, deadly) as decoders:
        asked = {name: decoders.submit(one, 256) for name, one in placed.items()}
        wait(asked.values(), timeout=60)
        found = {name: one.result() for name, one in asked.items()}
    dead = {name for name, tile in found.items() if tile.reason}
    assert dead == {"in-1.png"}  # it is the eighth picture
    assert found["in-1.png"].reason.startswith("crashed: ")
    assert len(found) == len(known) > 10


def test_a_process_that_is_long_in_starting_costs_no_picture(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.review.decoders.MAX_SECONDS", 3)
    picture = desk.review.gallery.find(ids(desk)["3.png"])[1]
    with Decoders(Limits(), 1, LateMaker()) as decoders:
        assert not decoders.submit(picture, 256).result(timeout=60).reason


def test_who_asks_while_a_thumbnail_is_made_gets_the_same(desk: Desk, tmp_path: Path) -> None:
    picture = desk.review.gallery.find(ids(desk)["3.png"])[1]
    with Decoders(Limits(), 1) as decoders:
        tiles = Tiles(ThumbnailFolder(tmp_path), decoders)
        first, second = tiles.make(picture, 256), tiles.make(picture, 256)
        assert first is second
        assert not first.result(timeout=60).reason


def test_processes_that_stand_by_make_thumbnails_like_others(desk: Desk) -> None:
    picture = desk.review.gallery.find(ids(desk)["3.png"])[1]
    with Decoders(Limits(), 2) as decoders:
        decoders.stand_by()
        time.sleep(0.5)
        found = [decoders.submit(picture, size) for size in (256, 1024)]
        assert not any(one.result(timeout=60).reason for one in found)


def test_the_cache_is_bounded_and_the_oldest_go(desk: Desk, tmp_path: Path) -> None:
    pictures = [desk.review.gallery.find(key)[1] for key in ids(desk).values()]
    pictures = list({one.content_sha256: one for one in pictures}.values())
    with Decoders(Limits(), 1) as decoders:
        tiles = Tiles(ThumbnailFolder(tmp_path), decoders)
        size = len(tiles.make(pictures[0], 256).result(timeout=60).content)
        bounded = Tiles(ThumbnailFolder(tmp_path, 5 * size), decoders)
        for number, one in enumerate(pictures[1:]):
            bounded.make(one, 256).result(timeout=60)
            for path in tmp_path.rglob("*.webp"):
                os.utime(path, ns=(0, path.stat().st_mtime_ns or number))
    left = list(tmp_path.rglob("*.webp"))
    assert sum(path.stat().st_size for path in left) <= 5 * size + 20
    assert bounded.find(pictures[-1], 256)
    assert not bounded.find(pictures[0], 256)


def test_a_link_in_the_place_of_a_thumbnail_is_not_followed(desk: Desk, tmp_path: Path) -> None:
    picture = desk.review.gallery.find(ids(desk)["4.png"])[1]
    with Decoders(Limits(), 1) as decoders:
        tiles = Tiles(ThumbnailFolder(tmp_path / "tiles"), decoders)
        tiles.make(picture, 256).result(timeout=60)
    (path,) = (tmp_path / "tiles").rglob("*.webp")
    path.unlink()
    (tmp_path / "secret").write_text("secret")
    path.symlink_to(tmp_path / "secret")
    assert tiles.find(picture, 256) is None


def test_a_tile_is_text_whatever_the_reason_says() -> None:
    tile = reason_tile('<script>alert(1)</script>"&\x1b\u202e' + "x" * 10_000).decode()
    assert "<script" not in tile
    assert "\x1b" not in tile
    assert "\u202e" not in tile
    assert len(tile) < 5000


def test_a_server_that_ends_calls_off_what_waits(desk: Desk) -> None:
    picture = desk.review.gallery.find(ids(desk)["5.png"])[1]
    with Decoders(Limits(), 1) as decoders:
        asked = [decoders.submit(replace(picture, container=f"/{at}"), 256) for at in range(50)]
    assert all(one.done() for one in asked)


def test_a_server_that_ends_waits_for_no_decoder(desk: Desk, tmp_path: Path) -> None:
    pictures = [desk.review.gallery.find(key)[1] for key in ids(desk).values()]
    with Decoders(Limits(), 1, stuck) as decoders:
        tiles = Tiles(ThumbnailFolder(tmp_path), decoders)
        asked = [tiles.make(one, 256) for one in pictures]
        while not any(one.running() for one in asked):
            time.sleep(0.01)
        time.sleep(1)
        started = time.monotonic()
        tiles.end()
        asked.append(tiles.make(pictures[0], 1024))
        assert all(one.result(timeout=5).reason for one in asked)
    assert time.monotonic() - started < 5
