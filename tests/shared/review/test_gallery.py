"""What is reviewed may lie on a database server, and is the same there as in files."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.database.engine import open_database
from shared.database.tables import ZipScoreCache
from shared.errors import RunError
from shared.records import Limits
from shared.review.gallery import opened_gallery
from shared.review.review import ReviewRequest, opened_review
from tests.postgres import Server
from tests.shared.review.desk import Desk, make_world, opened_desk
from tests.worlds import World

ORDERS = ("highest", "lowest", "around", "worth", "suspects", "unlike")


@pytest.fixture(scope="module")
def in_file(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("file") / "world")


@pytest.fixture
def url(in_file: World, server: Server) -> str:
    """The same pictures, scored into a server's database."""
    url = server.fresh_database()
    assert in_file.classify("--results=none", f"--database_url={url}").exit_code == 0
    return url


@pytest.fixture
def remote(in_file: World, url: str, tmp_path: Path) -> Iterator[Desk]:
    """A review whose output folder holds all but the file of scores."""
    output = tmp_path / "output"
    shutil.copytree(in_file.output, output, ignore=shutil.ignore_patterns("zip_score*", ".review"))
    with opened_desk(in_file, output=output, server=url) as desk:
        yield desk


def shown(desk: Desk, order: str) -> list[tuple[Any, ...]]:
    found = desk.pictures("cat", f"order={order}&limit=5")
    return [(one["name"], one["score"], one["answer"]) for one in found]


def test_every_order_of_a_server_is_that_of_a_file(in_file: World, remote: Desk) -> None:
    with opened_desk(in_file) as desk:
        for one in (desk, remote):
            one.review.likeness.gather().join()
        expected = {order: shown(desk, order) for order in ORDERS}
    assert any(expected.values())
    assert {order: shown(remote, order) for order in ORDERS} == expected


def test_the_board_of_a_server_is_that_of_a_file(in_file: World, remote: Desk) -> None:
    with opened_desk(in_file) as desk:
        expected = desk.get("/api/board"), desk.get("/api/archives")
    assert (remote.get("/api/board"), remote.get("/api/archives")) == expected


@pytest.mark.parametrize("text", ["IN-3", "b.zip", "%25", "inner.zip"])
def test_a_search_of_a_server_finds_what_it_finds_in_a_file(
    in_file: World, remote: Desk, text: str
) -> None:
    query = f"/api/search?text={text}&limit=500"
    with opened_desk(in_file) as desk:
        expected = {one["name"] for one in desk.get(query)["pictures"]}
    assert {one["name"] for one in remote.get(query)["pictures"]} == expected


def test_what_a_run_writes_to_a_server_is_seen(remote: Desk, url: str) -> None:
    [reviewed] = remote.review.gallery.databases.values()
    before = reviewed.stamp()
    assert any(reviewed.stamp() == reviewed.stamp() for _ in range(9))  # others may use the server
    with open_database(url, ZipScoreCache) as database:
        database.run(lambda connection: connection.exec_driver_sql("DELETE FROM runs"))
    assert reviewed.stamp() != before


def test_a_server_without_scores_is_told(in_file: World, server: Server) -> None:
    url = server.fresh_database()
    with (
        pytest.raises(
            RunError, match=r"holds no scores of stage 3 or 4.* with this --database_url first"
        ),
        opened_gallery(in_file.output, url),
    ):
        raise AssertionError


def test_a_url_that_is_none_is_told(in_file: World) -> None:
    lists = in_file.output / "tags.json"
    request = ReviewRequest(in_file.output, in_file.metadata, lists, Limits(), 1, "mysql://host/x")
    with pytest.raises(RunError, match="only PostgreSQL is supported"), opened_review(request):
        raise AssertionError
