"""What a results folder holds where not all bins are asked for, and what it costs to renew it."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest

from shared.database.decisions import ArchiveTag, iter_archive_tags
from shared.database.engine import Connection
from shared.flow.classify import classify
from shared.flow.request import ClassifyRequest
from shared.progress import Silence
from shared.records import DECIDED
from shared.sources.source import ArchiveSource
from tests.elements import Elements
from tests.shared.flow.scenes import CountingSource
from tests.worlds import World, png

pytestmark = pytest.mark.slow
N_PICTURES = 30


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.train("cat", seed=1)
    world.train("dog", seed=2)
    world.archive("a.zip", {f"{i}.png": png(i) for i in range(N_PICTURES // 2)})
    world.archive("b.zip", {f"{i}.png": png(i) for i in range(N_PICTURES // 2, N_PICTURES)})
    return world


def results(request: ClassifyRequest) -> Path:
    folder = classify(request, Silence()).results
    assert folder
    return folder


def scores(world: World) -> dict[tuple[str, str], float]:
    """The score of each picture, by name and tag."""
    rows = world.rows("file_name, tag, tag_score")
    return {(str(name), str(tag)): float(str(score)) for name, tag, score in rows}


def placed(folder: Path) -> set[tuple[str, str]]:
    """Name and tag of all that lies in a bin."""
    return {(path.name, path.parts[-3]) for path in folder.glob("*/*/[01].*/*")}


def listed(folder: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads((folder / "output.json").read_bytes())
    return found


class TestLeastScore:
    def test_only_what_has_it_is_in_a_bin(self, world: World, asked: ClassifyRequest) -> None:
        folder = results(replace(asked, results_min_score=0.6))
        expected = {key for key, score in scores(world).items() if score >= 0.6}
        assert placed(folder) == expected
        assert 0 < len(expected) < 2 * N_PICTURES

    def test_all_that_was_scored_is_listed(self, asked: ClassifyRequest) -> None:
        folder = results(replace(asked, results_min_score=0.6))
        named = {name for name, _ in placed(folder)}
        assert len(listed(folder)) == N_PICTURES
        for one in listed(folder):
            name = str(one["file_path"]).rpartition("/")[2]
            assert one["image_file"] == (name if name in named else None)
            assert len(dict(one["scores"])) == 2  # type: ignore[call-overload]

    def test_what_is_in_no_bin_is_not_read_for_it(
        self, asked: ClassifyRequest, source: CountingSource
    ) -> None:
        classify(replace(asked, results="none"), Silence())
        source.read.clear()
        source.opened.clear()
        folder = results(replace(asked, results_min_score=0.6))
        assert set(source.read) == {name for name, _ in placed(folder)}
        source.opened.clear()
        results(replace(asked, results_min_score=1.0))
        assert source.opened == []

    def test_only_what_is_decided_is_in_a_bin(self, world: World, asked: ClassifyRequest) -> None:
        folder = results(replace(asked, results_min_score=DECIDED, threshold=0.7))
        assert placed(folder) == {key for key, score in scores(world).items() if score >= 0.7}

    @pytest.mark.parametrize("least", [0.6, DECIDED])
    def test_links_of_pages_lead_to_what_is_there(
        self, asked: ClassifyRequest, least: float | str
    ) -> None:
        folder = results(replace(asked, results_min_score=least, threshold=0.7))
        seen = set()
        for page in folder.rglob("*.html"):
            for image in Elements(page.read_text()).all("img"):
                target = (page.parent / unquote(str(image["src"]))).resolve()
                assert target.is_file(), target
                seen.add((target.name, target.parts[-3]))
        assert seen >= placed(folder)

    def test_pages_count_what_they_show(self, asked: ClassifyRequest) -> None:
        folder = results(replace(asked, results_min_score=0.6, threshold=0.5))
        n_cats = sum(tag == "cat" for _, tag in placed(folder))
        assert re.search(rf"decided</strong> of {n_cats}\b", (folder / "index.html").read_text())

    def test_another_least_score_makes_another_folder(self, asked: ClassifyRequest) -> None:
        made = [results(replace(asked, results_min_score=one)) for one in (None, 0.5, 0.6, DECIDED)]
        assert len(set(made)) == 4
        assert results(replace(asked, results_min_score=DECIDED)) == made[-1]

    def test_where_only_decided_tags_are_shown_another_threshold_makes_another_folder(
        self, world: World, asked: ClassifyRequest
    ) -> None:
        decided = replace(asked, results_min_score=DECIDED, threshold=0.5)
        first = results(decided)
        second = results(replace(decided, threshold=0.8))
        assert first != second
        assert placed(second) == {key for key, score in scores(world).items() if score >= 0.8}


class TestRenewing:
    def test_only_what_is_new_is_read(
        self, world: World, asked: ClassifyRequest, source: CountingSource
    ) -> None:
        first = results(asked)
        world.archive("c.zip", {"new.png": png(99), "again.png": png(0)})
        source.opened.clear()
        second = results(asked)
        assert source.opened == ["c.zip", "c.zip"]
        kept, new = world.tree(first), world.tree(second)
        assert kept.items() <= new.items()
        assert {path.rpartition("/")[2] for path in new.keys() - kept.keys()} == {
            "new.png",
            "again.png",
        }

    def test_it_is_as_if_made_anew(self, world: World, asked: ClassifyRequest) -> None:
        results(asked)
        world.train("cat", seed=3)
        world.archive("a.zip", {"0.png": png(0), "other.png": png(98)})
        renewed = results(asked)
        other = replace(asked, output=world.folder / "other")
        anew = results(replace(other, source=ArchiveSource(world.zips, other.output)))
        assert world.tree(renewed) == world.tree(anew)
        assert (renewed / "output.json").read_bytes() == (anew / "output.json").read_bytes()

    def test_a_picture_that_was_painted_over_is_read_again(
        self, world: World, asked: ClassifyRequest
    ) -> None:
        [path] = results(asked).glob("*/cat/*/0.png")
        path.write_bytes(b"x" * len(png(0)))
        world.train("bird", seed=3)
        [again] = results(asked).glob("*/cat/*/0.png")
        assert again.read_bytes() == png(0)


def test_archives_are_summed_up_once_for_list_and_pages(
    asked: ClassifyRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_for = []

    def counted(connection: Connection) -> Iterator[ArchiveTag]:
        asked_for.append(connection)
        return iter_archive_tags(connection)

    monkeypatch.setattr("shared.flow.lists.iter_archive_tags", counted)
    folder = results(asked)
    assert len(asked_for) == 1
    assert len((folder / "archives.csv").read_text().splitlines()) == 1 + 2 * 2
    assert "b.zip" in next(folder.glob("pages*/archives-1.html")).read_text()
