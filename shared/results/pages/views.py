"""What the pages of a results folder show, ready to be drawn, and the pages as text.

All addresses are relative ones, of files in the folder.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from shared.results.pages.histogram import Histogram
from shared.results.pages.templating import template
from shared.results.pages.tiles import PictureView


@dataclass(frozen=True, slots=True)
class Group:
    """Pictures under one heading; ``anchor`` is where links to it lead.

    ``note`` tells of others that are not shown.
    """

    anchor: str
    title: str
    pictures: Sequence[PictureView]
    note: str = ""


@dataclass(frozen=True, slots=True)
class TagCard:
    """A tag at a glance: how it is decided, how its scores lie, the best pictures.

    ``trust`` says how many of the decided pictures seem to have it, empty where that is unknown;
    ``page`` is the first of its pages, ``around`` that of the pictures around its threshold, or
    empty.
    """

    tag: str
    n_decided: int
    n_pictures: int
    decided_by: str
    trust: str
    histograms: Sequence[Histogram]
    best: Sequence[PictureView]
    page: str
    around: str


@dataclass(frozen=True, slots=True)
class OtherPages:
    """What the first page leads to beside tags; empty where it is not there.

    ``archives`` is the first page of archives, ``unlike`` that of the ``n_unlike`` pictures that
    are unlike anything labelled.
    """

    archives: str = ""
    unlike: str = ""
    n_unlike: int = 0


@dataclass(frozen=True, slots=True)
class Turning:
    """Where a page stands among those of the same listing, and how the others are called.

    ``n_pages`` is None where it is not known yet how many there will be.
    """

    number: int
    has_next: bool
    pattern: str
    n_pages: int | None = None

    def name(self, number: int) -> str:
        """File of a page of the listing."""
        return self.pattern.format(number)


@dataclass(frozen=True, slots=True)
class ArchiveCard:
    """An archive, with what is nested in it, at a glance; ``page`` is empty where it has none.

    ``decided`` counts its pictures by tag, the most first.
    """

    name: str
    page: str
    n_pictures: int = 0
    decided: Sequence[tuple[str, int]] = ()


NO_OTHERS = OtherPages()


def href(*parts: str) -> str:
    """Spell a relative path as an address; a part may hold several folders."""
    return quote("/".join(parts))


def index_page(
    title: str, cards: Sequence[TagCard], pages: str, others: OtherPages = NO_OTHERS
) -> str:
    """Draw the page of all tags; ``pages`` is the folder of the others."""
    return template("results.html").render(
        title=title, cards=cards, pages=f"{pages}/", root="", others=others
    )


def unlike_page(pictures: Sequence[PictureView], usual: float, n_all: int) -> str:
    """Draw the most novel pictures, those over what is ``usual``, of which there are ``n_all``."""
    return template("unlike.html").render(
        pictures=pictures, usual=f"{usual:g}", n_all=n_all, root="../"
    )


def tag_page(card: TagCard, groups: Sequence[Group], turning: Turning) -> str:
    """Draw one page of the pictures of a tag."""
    return template("tag.html").render(
        card=card, groups=groups, turning=turning, pages="", root="../"
    )


def around_page(card: TagCard, sides: Sequence[Group]) -> str:
    """Draw the pictures on either side of a tag's threshold."""
    return template("around.html").render(card=card, sides=sides, pages="", root="../")


def archives_page(cards: Sequence[ArchiveCard], turning: Turning) -> str:
    """Draw one page of the list of archives."""
    return template("archives.html").render(cards=cards, turning=turning)


def archive_page(
    name: str,
    above: ArchiveCard | None,
    shown: Sequence[PictureView | ArchiveCard],
    turning: Turning,
) -> str:
    """Draw one page of what lies in an archive; ``above`` is the one in which it lies itself."""
    return template("archive.html").render(
        name=name,
        above=above,
        nested=[one for one in shown if isinstance(one, ArchiveCard)],
        pictures=[one for one in shown if isinstance(one, PictureView)],
        turning=turning,
        root="../",
    )
