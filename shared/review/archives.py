"""The archives, with the share of each one's pictures for which tags were decided."""

from collections.abc import Sequence

from shared.database.archives import (
    container_addresses,
    container_counts,
    containers_page,
    decided_in,
    tag_shares,
)
from shared.names import printable
from shared.review.gallery import Gallery, Reviewed
from shared.review.pictures import Record, archive_name
from shared.review.refusals import bad
from shared.review.requests import coded
from shared.review.scope import container_archive


def archives_page(
    gallery: Gallery,
    tags: dict[str, int],
    tag: str | None,
    after: object,
    limit: int,
) -> Record:
    """Return a page of archives: by name, or by the share of a tag, the largest first."""
    database = gallery.databases.get("z")
    if database is None:
        return {"archives": [], "next": None}
    if tag is None:
        return _by_name(database, tags, after, limit)
    return _by_share(database, tags, tag, after, limit)


def _by_name(database: Reviewed, tags: dict[str, int], after: object, limit: int) -> Record:
    if not isinstance(after, str | None):
        raise bad("after is no place in this list: ask for the first page.")
    found = database.run(containers_page, after or "", limit)
    following = coded(found[-1][1]) if len(found) == limit else None
    return {"archives": _records(database, tags, found), "next": following}


def _by_share(
    database: Reviewed,
    tags: dict[str, int],
    tag: str,
    after: object,
    limit: int,
) -> Record:
    start = after or 0
    if not isinstance(start, int) or start < 0:
        raise bad("after is no place in this list: ask for the first page.")
    shares = database.run(tag_shares, tag)
    shares.sort(key=lambda one: (-one[1], one[0]))
    ids = [number for number, _ in shares[start : start + limit]]
    addresses = database.run(container_addresses, ids)
    found = [(number, addresses[number]) for number in ids if number in addresses]
    following = coded(start + limit) if len(shares) > start + limit else None
    return {"archives": _records(database, tags, found), "next": following}


def _records(
    database: Reviewed, tags: dict[str, int], found: Sequence[tuple[int, str]]
) -> list[Record]:
    ids = [number for number, _ in found]
    totals = database.run(container_counts, ids)
    decided = database.run(decided_in, ids)
    return [
        {
            "id": container_archive(number),
            "name": archive_name(address),
            "pictures": totals.get(number, 0),
            "tags": [
                {
                    "id": tags[tag],
                    "name": printable(tag),
                    "decided": count,
                    "share": count / totals[number],
                }
                for (of, tag), count in sorted(decided.items(), key=lambda one: -one[1])
                if of == number and tag in tags
            ],
        }
        for number, address in found
    ]
