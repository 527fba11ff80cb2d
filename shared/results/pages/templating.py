"""Jinja2's templates, and the frame and the style that all pages share. The door to Jinja2."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from shared.names import printable
from shared.results.pages.tiles import tiles

if TYPE_CHECKING:
    # Slow to import, and a run that finds nothing to do shows nothing anew.
    from jinja2 import Template
TEMPLATES = Path(__file__).parent / "templates"


@cache
def template(name: str, folder: Path = TEMPLATES) -> "Template":
    """Return a template of a folder; it may extend and include those that all share."""
    from jinja2 import Environment, FileSystemLoader  # noqa: PLC0415

    environment = Environment(
        loader=FileSystemLoader([folder, TEMPLATES]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"printable": printable, "tiles": tiles}
    return environment.get_template(name)
