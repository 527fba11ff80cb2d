"""Pages of archives: a list of all, and of each its pictures with the tags that are decided.

They are written in one pass over the pictures in the folder's order, in which the pictures of an
archive lie together, with those of what is nested in it between them.
"""

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from shared.batching import iter_batches
from shared.database.decisions import ArchiveTag
from shared.database.engine import Connection
from shared.database.placed import iter_placed, iter_placed_tags
from shared.flow.shelves import placed_picture
from shared.names import NESTED, base_name
from shared.records import NOVEL
from shared.results.pages.folder import PagesFolder
from shared.results.pages.tiles import PictureView
from shared.results.pages.views import (
    ArchiveCard,
    Turning,
    archive_page,
    archives_page,
)

N_SHOWN = 200
"""Pictures or archives of a page."""
LIST = "archives-{}.html"


@dataclass(slots=True)
class OpenArchive:
    """An archive whose pages are being written, and what comes on the next one of them."""

    address: str
    card: ArchiveCard
    pattern: str
    above: ArchiveCard | None
    waiting: list[PictureView | ArchiveCard] = field(default_factory=list)
    n_written: int = 0


def write_archives(
    connection: Connection,
    pages: PagesFolder,
    home: str,
    tags: Iterable[ArchiveTag],
    usual: float = NOVEL,
) -> str:
    """Write the pages of all archives that have pictures, and their list; return its first page.

    Parameters
    ----------
    home : str
        Address of the directory in which the archives are: their names go on from there.
    tags : iterable of ArchiveTag
        What stands of each tag in each archive, by archive.
    usual : float
        The novelty beyond which it is told.
    """
    opened: list[OpenArchive] = []
    for picture in _iter_pictures(connection, usual):
        chain = _archives_of(picture.address)
        while opened and (len(opened) > len(chain) or opened[-1].address != chain[len(opened) - 1]):
            _write_page(pages, opened.pop(), has_next=False)
        for address in chain[len(opened) :]:
            inner = _open(address, home, opened[-1].card if opened else None)
            if opened:
                _show(pages, opened[-1], inner.card)
            opened.append(inner)
        _show(pages, opened[-1], picture)
    while opened:
        _write_page(pages, opened.pop(), has_next=False)
    return _write_list(pages, home, tags)


def _iter_pictures(connection: Connection, usual: float) -> Iterator[PictureView]:
    decided = itertools.groupby(iter_placed_tags(connection), lambda one: one[0])
    ahead = next(decided, None)
    for one in iter_placed(connection):
        tags: tuple[str, ...] = ()
        if ahead and ahead[0] == one.file_path:
            tags = tuple(tag for _, tag in ahead[1])
            ahead = next(decided, None)
        yield placed_picture(one, tags, usual)


def _archives_of(address: str) -> list[str]:
    """Addresses of the archives in which a picture lies, the outermost first."""
    parts = address.split(NESTED)
    return [NESTED.join(parts[:depth]) for depth in range(1, len(parts))]


def _open(address: str, home: str, above: ArchiveCard | None) -> OpenArchive:
    pattern = _pattern(address)
    card = ArchiveCard(_called(address, home), pattern.format(1))
    return OpenArchive(address, card, pattern, above)


def _pattern(address: str) -> str:
    digest = hashlib.blake2b(address.encode(), digest_size=8).hexdigest()
    return f"archive-{digest}-{{}}.html"


def _called(address: str, home: str) -> str:
    """Name an archive by where it lies below the directory, or as the directory if it is that."""
    below = address.removeprefix(home.rstrip("/")).lstrip("/")
    return below.removeprefix("!/") or base_name(address)


def _show(pages: PagesFolder, archive: OpenArchive, one: PictureView | ArchiveCard) -> None:
    if len(archive.waiting) == N_SHOWN:
        _write_page(pages, archive, has_next=True)
    archive.waiting.append(one)


def _write_page(pages: PagesFolder, archive: OpenArchive, *, has_next: bool) -> None:
    archive.n_written += 1
    turning = Turning(archive.n_written, has_next, archive.pattern)
    page = archive_page(archive.card.name, archive.above, archive.waiting, turning)
    pages.write(archive.pattern.format(archive.n_written), page)
    archive.waiting = []


def _write_list(pages: PagesFolder, home: str, tags: Iterable[ArchiveTag]) -> str:
    batches = iter_batches(_iter_cards(pages, home, tags), N_SHOWN)
    some: Sequence[ArchiveCard] = next(batches, [])
    for number in itertools.count(1):
        ahead = next(batches, None)
        page = archives_page(some, Turning(number, ahead is not None, LIST))
        pages.write(LIST.format(number), page)
        if ahead is None:
            break
        some = ahead
    return LIST.format(1)


def _iter_cards(pages: PagesFolder, home: str, tags: Iterable[ArchiveTag]) -> Iterator[ArchiveCard]:
    for address, some in itertools.groupby(tags, lambda one: one.archive_path):
        counts = [(one.tag, one.n_decided, one.n_pictures) for one in some]
        decided = [(tag, n_decided) for tag, n_decided, _ in counts if n_decided]
        first = _pattern(address).format(1)
        yield ArchiveCard(
            _called(address, home),
            first if pages.has(first) else "",
            max(n_pictures for _, _, n_pictures in counts),
            sorted(decided, key=lambda one: (-one[1], one[0])),
        )
