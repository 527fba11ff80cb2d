"""Archives come by their addresses, those in others too, with what was decided in them."""

from sqlalchemy import insert

from shared.database.archives import (
    container_addresses,
    container_counts,
    container_of,
    containers_page,
    decided_in,
    nested_archive,
    nested_ids,
    tag_shares,
)
from shared.database.engine import Connection, Database
from shared.database.tables import DecidedRow
from shared.errors import Fate
from shared.records import Reading
from tests.shared.database.world import A, B, found, pictures, place, read, survey

INNER = f"{A}!/inner.zip"


def two_archives(database: Database) -> tuple[int, int]:
    """One archive of two pictures and an archive, and one of four pictures."""
    survey(database, found(A), found(B))
    inner = Reading(place(INNER, (9,)), Fate.ARCHIVE)
    return read(database, A, *pictures(A, 2), inner), read(database, B, *pictures(B, 4))


def test_pages_of_archives_go_on_after_an_address(database: Database) -> None:
    first, second = two_archives(database)
    assert database.run(containers_page, "", 1) == [(first, A)]
    assert database.run(containers_page, A, 9) == [(second, B)]
    assert database.run(container_addresses, [first, second]) == {first: A, second: B}
    assert database.run(container_of, second) == B
    assert database.run(container_of, 99) is None


def test_an_archive_in_another_is_a_member_of_it(database: Database) -> None:
    first, _ = two_archives(database)
    [(address, member)] = database.run(nested_ids, [INNER, "/none.zip"]).items()
    assert address == INNER
    assert database.run(nested_archive, member) == (first, INNER)
    assert database.run(nested_archive, 1) is None


def test_shares_count_pictures_alone(database: Database) -> None:
    first, second = two_archives(database)

    def decide(connection: Connection) -> None:
        rows = [
            {"tag": "cat", "member_id": 1, "container_id": first},
            {"tag": "cat", "member_id": 4, "container_id": second},
            {"tag": "dog", "member_id": 1, "container_id": first},
        ]
        connection.execute(insert(DecidedRow), rows)

    database.run(decide)
    assert database.run(container_counts, [first, second]) == {first: 2, second: 4}
    assert database.run(decided_in, [first]) == {(first, "cat"): 1, (first, "dog"): 1}
    assert sorted(database.run(tag_shares, "cat")) == [(first, 0.5), (second, 0.25)]
