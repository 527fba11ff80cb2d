"""Members come by page and by their pictures, each with its facts."""

from shared.database.engine import Database
from shared.database.reviewing import (
    Within,
    count_copies,
    count_places,
    first_places,
    members_page,
    newest_picture,
    pictures_page,
    placed_pictures,
    places_of,
)
from tests.shared.database.world import A, B, found, picture, pictures, read, read_picture, survey


def two_archives(database: Database) -> str:
    """Members 1 to 5 in one archive, and 6 in another, the same picture as 1; returns its hash."""
    survey(database, found(A), found(B))
    first = pictures(A, 5)
    read(database, A, *first)
    content = b"again"
    read(database, B, read_picture(f"{B}!/again.png", content))
    return picture(content).hash_id


def addresses(database: Database, within: Within, limit: int, n_looked_at: int) -> list[list[str]]:
    """The pages of all members, as their addresses."""
    pages, after = [], 0
    while True:
        page, end = database.run(members_page, within, after, limit, n_looked_at)
        pages.append([one.file_name for one in page])
        if end is None:
            return pages
        after = end


def test_pages_hold_so_many_and_end_where_there_are_no_more(database: Database) -> None:
    two_archives(database)
    pages = addresses(database, Within(), 4, 100)
    assert pages[0] == ["0.png", "1.png", "2.png", "3.png"]
    assert [name for page in pages for name in page].count("again.png") == 1
    assert sum(map(len, pages)) == 6


def test_a_page_looks_at_no_more_than_it_may_and_goes_on_from_there(database: Database) -> None:
    two_archives(database)
    pages = addresses(database, Within(text="AGAIN"), 4, 2)
    assert pages[:2] == [[], []]
    assert [name for page in pages for name in page] == ["again.png"]


def test_signs_of_patterns_are_looked_for_as_they_are(database: Database) -> None:
    two_archives(database)
    assert addresses(database, Within(text="%.png"), 4, 100) == [[]]
    assert addresses(database, Within(text="_.png"), 4, 100) == [[]]


def test_a_picture_is_found_in_the_first_of_its_places(database: Database) -> None:
    survey(database, found(A), found(B))
    read(database, A, read_picture(f"{A}!/1.png", b"same"))
    read(database, B, read_picture(f"{B}!/2.png", b"same"))
    hash_id = picture(b"same").hash_id
    assert database.run(first_places, [hash_id, "none"]) == {hash_id: 1}
    assert database.run(first_places, [hash_id], Within(text="2.png")) == {hash_id: 2}
    assert database.run(count_copies, [hash_id]) == {hash_id: 2}
    page = database.run(pictures_page, 0, 9)
    assert [one.hash_id for one in page] == [hash_id]
    newest = database.run(newest_picture)
    assert database.run(places_of, [newest]) == {newest: (1, hash_id)}


def test_facts_of_members_tell_where_they_lie(database: Database) -> None:
    two_archives(database)
    placed = database.run(placed_pictures, [6, 99])
    assert list(placed) == [6]
    assert (placed[6].file_path, placed[6].parent, placed[6].container) == (
        f"{B}!/again.png",
        B,
        B,
    )
    assert database.run(count_places) == (6, 2)
