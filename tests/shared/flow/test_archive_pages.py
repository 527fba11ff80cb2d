"""Each archive has its pictures and what is nested in it, and no other's."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from shared.database.decisions import InForce, decide, iter_archive_tags, put_in_force
from shared.database.engine import Database
from shared.database.placed import note_placed
from shared.database.tables import ZipScoreCache
from shared.errors import Fate
from shared.flow import archive_pages
from shared.flow.archive_pages import write_archives
from shared.results.pages.folder import PagesFolder
from tests.elements import Elements
from tests.shared.database.world import (
    A,
    B,
    found,
    judged,
    read,
    read_picture,
    score,
    skipped,
    survey,
)

INNER = f"{A}!/x/inner.zip"
NESTED = [f"{A}!/1.png", f"{INNER}!/2.png", f"{INNER}!/deep.zip!/3.png", f"{A}!/4.png"]


def written(
    database: Database,
    folder: Path,
    addresses: Sequence[str],
    home: str = "/zips",
    novelties: dict[str, float] | None = None,
) -> Path:
    """Write the pages of archives that hold these pictures, all of them cats; return the list."""
    survey(database, found(A), found(B))
    for container in (A, B):
        inside = [one for one in addresses if one.startswith(container)]
        nested = {a.rpartition("!/")[0] for a in inside} - {container}
        readings = [read_picture(a, a.encode(), entry=(i,)) for i, a in enumerate(inside)]
        readings += [
            skipped(a, Fate.ARCHIVE, "", entry=(99 + i,)) for i, a in enumerate(sorted(nested))
        ]
        if container_id := read(database, container, *readings) if readings else 0:
            classifier_id, *_ = score(database, container_id, "cat", value=0.9)
    in_force = InForce("cat", classifier_id, b"version", 0.5, "number")
    database.run(put_in_force, [in_force], {})
    database.run(decide, ZipScoreCache)
    judged(database, **(novelties or {}))
    database.run(note_placed, [(one, "svm/cat/0.9", one.rpartition("/")[2]) for one in addresses])
    with PagesFolder(folder, durable=False) as pages:
        first = database.run(lambda c: write_archives(c, pages, home, iter_archive_tags(c)))
        pages.finish("")
    return folder / "pages" / first


def links(page: Path) -> dict[str, Path]:
    """The list's or a page's other pages, by what is to be read there."""
    found = re.findall(r'<a (?:rel="\w+" )?href="(arch[^"]+)">([^<]+)</a>', page.read_text())
    return {words: page.parent / name for name, words in found}


def pictures(page: Path) -> list[str]:
    return [str(one["src"]).rpartition("/")[2] for one in Elements(page.read_text()).all("img")]


def test_an_archive_shows_what_lies_in_it_directly(database: Database, tmp_path: Path) -> None:
    listed = links(written(database, tmp_path, [*NESTED, f"{B}!/5.png"]))
    shown = {name: pictures(page) for name, page in listed.items()}
    assert shown == {
        "a.zip": ["1.png", "4.png"],
        "a.zip!/x/inner.zip": ["2.png"],
        "a.zip!/x/inner.zip!/deep.zip": ["3.png"],
        "b.zip": ["5.png"],
    }


def test_what_is_unlike_anything_labelled_is_marked(database: Database, tmp_path: Path) -> None:
    novelties = {NESTED[0]: 0.995, NESTED[3]: 0.99}
    listed = links(written(database, tmp_path, NESTED, novelties=novelties))
    page = listed["a.zip"].read_text()
    assert re.findall(r"<em>(.+?)</em><span>(.+?)<", page) == [
        ("unlike anything labelled: 0.995", "1.png")
    ]


def test_archives_in_archives_lead_to_each_other(database: Database, tmp_path: Path) -> None:
    listed = links(written(database, tmp_path, NESTED))
    inner, outer = listed["a.zip!/x/inner.zip"], listed["a.zip"]
    assert links(outer)["a.zip!/x/inner.zip"] == inner
    assert links(inner)["a.zip"] == outer
    assert links(inner)["a.zip!/x/inner.zip!/deep.zip"].is_file()


def test_an_archive_that_holds_but_archives_has_a_page(database: Database, tmp_path: Path) -> None:
    listed = links(written(database, tmp_path, [f"{INNER}!/2.png"]))
    assert pictures(listed["a.zip"]) == []
    assert "a.zip!/x/inner.zip" in links(listed["a.zip"])


def test_the_list_counts_what_is_decided(database: Database, tmp_path: Path) -> None:
    page = written(database, tmp_path, NESTED).read_text()
    plain = re.sub(r"</?span[^>]*>", "", page)
    counts = re.findall(r"(\d+) pictures · cat <strong>(\d+)</strong>", plain)
    assert counts == [("4", "4"), ("2", "2"), ("1", "1")]


def test_a_picture_names_the_tags_that_are_decided(database: Database, tmp_path: Path) -> None:
    page = links(written(database, tmp_path, NESTED))["a.zip"].read_text()
    assert page.count("<strong>cat</strong>") == 2


def test_archives_and_pictures_come_page_by_page(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_pages, "N_SHOWN", 2)
    addresses = [f"{A}!/{at}.png" for at in range(5)]
    page: Path | None = links(written(database, tmp_path, addresses))["a.zip"]
    turned = []
    while page:
        turned.append(pictures(page))
        page = links(page).get("next →")
    assert turned == [["0.png", "1.png"], ["2.png", "3.png"], ["4.png"]]


def test_the_list_goes_on_where_there_are_many(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_pages, "N_SHOWN", 2)
    first = written(database, tmp_path, NESTED)
    assert "a.zip!/x/inner.zip!/deep.zip" in links(links(first)["next →"])


def test_the_one_archive_that_was_asked_for_has_its_own_name(
    database: Database, tmp_path: Path
) -> None:
    assert {"a.zip", "x/inner.zip"} <= links(written(database, tmp_path, NESTED, home=A)).keys()


def test_hostile_names_are_shown_as_text(database: Database, tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script>\x1b.zip"
    first = written(database, tmp_path, [f"{A}!/{hostile}!/1.png"])
    for page in first.parent.iterdir():
        text = page.read_text()
        assert Elements(text).all("script") == []
        assert "\x1b" not in text
    assert "&lt;script&gt;alert(1)" in first.read_text()
