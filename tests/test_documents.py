"""The documents are short, lead where they say, and name what is there."""

import re
from pathlib import Path

import pytest

from tests.test_imports import DOORS, HEIGHTS
from tests.worlds import ROOT

DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("s*/*.md")]
KIBIBYTE = 2**10
_LINK = re.compile(r"\]\(([^)#]*)(?:#([^)]*))?\)")


def anchors_of(path: Path) -> set[str]:
    """What a link into a document can name: its headings, in small letters, by hyphens."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for target, anchor in _LINK.findall(document.read_text()):
        if "://" not in target:
            path = document.parent / target if target else document
            assert path.exists(), target
            assert not anchor or anchor in anchors_of(path), anchor


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_pictures_are_there_for_light_and_dark(document: Path) -> None:
    text = document.read_text()
    light = [document.parent / one for one in re.findall(r'<img src="([^"]+)" alt="[^"]+">', text)]
    dark = [document.parent / one for one in re.findall(r'dark\)" srcset="([^"]+)"', text)]
    assert dark == [one.with_name(f"{one.stem}-dark{one.suffix}") for one in light]
    assert text.count("<img") == len(light)
    assert all(one.is_file() for one in (*light, *dark))


def test_the_first_page_is_read_in_five_minutes() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 110


def test_pictures_in_documents_are_small() -> None:
    shown = [path for path in ROOT.glob("s*/*") if path.suffix in {".png", ".webp"}]
    assert shown
    assert max(path.stat().st_size for path in shown) < 150 * KIBIBYTE


def test_the_map_names_every_room_and_every_word() -> None:
    told = (ROOT / "shared" / "README.md").read_text().partition("\n## ")[0]
    named = set(re.findall(r"^    (\w+)/? ", told, re.MULTILINE))
    assert named - {"stage1"} == HEIGHTS.keys()


def test_the_map_asks_what_each_room_answers() -> None:
    told = (ROOT / "shared" / "README.md").read_text()
    for room in DOORS | {"flow", "training", "exporting", "terminal"}:
        question = (ROOT / "shared" / room / "__init__.py").read_text()[3:].partition("?")[0]
        assert re.search(rf"^    {room}/ +{re.escape(question)}\?", told, re.MULTILINE)
