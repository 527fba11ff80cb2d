"""Pictures as they stand on pages, each under its name.

There are millions of them, and a template takes ten times as long for each: here is the one place
where HTML is put together by hand, and all that goes into it is escaped.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from shared.names import base_name, printable

if TYPE_CHECKING:
    # Slow to import, and a run that finds nothing to do shows nothing anew.
    from markupsafe import Markup
_SHOWN_AS_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp")
_SAID = {None: "", True: " <em>a person: yes</em>", False: " <em>a person: no</em>"}


@dataclass(frozen=True, slots=True)
class PictureView:
    """A picture under its name, with its score or with the tags that are decided for it.

    ``href`` is its file below the results folder; ``has_tag`` is what a person said, if anything;
    ``novelty`` is given where it is unlike anything labelled.
    """

    href: str
    address: str
    score: float | None
    has_tag: bool | None = None
    tags: tuple[str, ...] = ()
    novelty: float | None = None

    @property
    def name(self) -> str:
        """Base name of its address."""
        return base_name(self.address)

    @property
    def is_safe_to_open(self) -> bool:
        """Whether a browser takes the file itself for a picture, whatever else is in it.

        What is called .html and begins like a picture would be a stranger's page there.
        """
        return self.href.lower().endswith(_SHOWN_AS_PICTURES)


def tiles(pictures: Iterable[PictureView], root: str) -> "Markup":
    """Draw pictures one after the other; ``root`` leads from the page to the results folder."""
    from markupsafe import Markup  # noqa: PLC0415

    return Markup("\n".join(_tile(one, root) for one in pictures))  # noqa: S704 - escaped below


def _tile(one: PictureView, root: str) -> str:
    file, name = escape(root + one.href), escape(printable(one.name))
    image = f'<img src="{file}" alt="{name}" loading="lazy" decoding="async">'
    if one.is_safe_to_open:
        image = f'<a href="{file}">{image}</a>'
    score = "" if one.score is None else f"<strong>{one.score:.3f}</strong>"
    if one.tags:
        score += ", ".join(f"<strong>{escape(printable(tag))}</strong>" for tag in one.tags)
    return (
        f'<figure>{image}<figcaption title="{escape(printable(one.address))}">'
        f"{score}{_SAID[one.has_tag]}{_unlike(one.novelty)}<span>{name}</span>"
        "</figcaption></figure>"
    )


def _unlike(novelty: float | None) -> str:
    return "" if novelty is None else f" <em>unlike anything labelled: {novelty:.3f}</em>"
