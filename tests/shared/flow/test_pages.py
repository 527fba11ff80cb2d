"""Pages show what lies in the results folder, by tag, and nothing else."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

import pytest
from sqlalchemy import update

from shared.database.decisions import InForce, decide, put_in_force
from shared.database.engine import Connection, Database
from shared.database.tables import ZipScoreCache
from shared.errors import RunError
from shared.flow import pages, stretches
from shared.flow.pages import ShelvedScores, write_pages
from shared.flow.shelves import Shelves, build_shelves
from tests.elements import Elements
from tests.shared.database.world import (
    A,
    found,
    judged,
    pictures,
    read,
    read_picture,
    score,
    survey,
)
from tests.shared.flow.scenes import classifier
from tests.worlds import png

SHELVES = build_shelves([classifier("cat")], 10)
HOME = "/zips"
MODEL = SHELVES.model_names[0]
HOSTILE = "<script>alert(1)</script>\"'&\x1b[2J\u202e #?%.png"
RECOMMENDED = 0.55


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "results"
    path.mkdir()
    return path


def shown(
    database: Database,
    folder: Path,
    scores: Sequence[float],
    *,
    threshold: float | None = RECOMMENDED,
    answers: dict[int, bool] | None = None,
    novelties: dict[str, float] | None = None,
    max_novelty: float = 1.0,
    names: Sequence[str] = (),
    shelves: Shelves = SHELVES,
) -> None:
    """Write the pages of a results folder with so many pictures."""
    survey(database, found(A))
    named = [
        read_picture(f"{A}!/{name}", name.encode(), entry=(i,)) for i, name in enumerate(names)
    ]
    readings = named or pictures(A, len(scores))
    classifier_id, *_ = score(database, read(database, A, *readings), *shelves.model_names)
    hashes = [one.picture.hash_id for one in readings if one.picture]
    lines = []
    for at, value in enumerate(scores):
        name, address = f"{at}{'#?%' if names else ''}.png", readings[at].place.address
        answered = {"cat": answers[at]} if answers and at in answers else {}
        for where in shelves.places([value] * len(shelves.tags), answered):
            (folder / where).mkdir(parents=True, exist_ok=True)
            (folder / where / name).write_bytes(png(at % 256))
        told = dict.fromkeys(shelves.model_names, value)
        one = {"file_path": address, "image_file": name, "hash_id": "", "scores": told}
        lines.append(json.dumps(one))
    (folder / "output.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")

    def give(connection: Connection) -> None:
        for at, value in enumerate(scores):
            mine = ZipScoreCache.file_path == readings[at].place.address
            connection.execute(update(ZipScoreCache).where(mine).values(tag_score=value))
        in_force = InForce("cat", classifier_id, b"version", threshold, "recommended", max_novelty)
        put_in_force(
            connection,
            [in_force],
            {(hashes[at], "cat"): has for at, has in (answers or {}).items()},
        )
        decide(connection, ZipScoreCache)

    judged(database, **(novelties or {}))
    database.run(give)
    write_pages(database, ShelvedScores(ZipScoreCache, shelves, {}), folder, HOME, new=True)


def text(folder: Path, name: str = "") -> str:
    [below] = folder.glob("pages*")
    return ((below / name) if name else folder / "index.html").read_text(encoding="utf-8")


def images(page: str) -> list[str]:
    return [str(one["src"]) for one in Elements(page).all("img")]


def scores_of(page: str) -> list[str]:
    return re.findall(r"<strong>(\d\.\d{3})</strong>", page)


MARK = re.compile(r"<em>unlike anything labelled: (.+?)</em><span>(.+?)<")


class TestNovelty:
    def test_what_is_unlike_anything_labelled_is_marked(
        self, database: Database, folder: Path
    ) -> None:
        shown(database, folder, [0.9, 0.8, 0.7], novelties={"_0": 0.99, "_1": 1.0})
        for page in (text(folder), text(folder, "tag1-1.html")):
            assert MARK.findall(page) == [("1.000", "1.png")]

    def test_and_so_is_what_a_lower_limit_leaves_undecided(
        self, database: Database, folder: Path
    ) -> None:
        novelties = {"_0": 0.95, "_1": 0.9}
        shown(database, folder, [0.9, 0.8], novelties=novelties, max_novelty=0.9)
        page = text(folder)
        assert MARK.findall(page) == [("0.950", "0.png")]
        assert "1 decided</strong> of 2" in page
        assert "up to a novelty of 0.9 · " in page

    def test_the_most_novel_have_a_page_with_what_is_decided_for_them(
        self, database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pages, "N_PICTURES", 2)
        novelties = {"_0": 0.995, "_1": 1.0, "_2": 0.999, "_3": 0.5}
        shown(database, folder, [0.9, 0.9, 0.1, 0.9], novelties=novelties)
        assert "3 unlike anything labelled</a>" in text(folder)
        page = text(folder, "unlike.html")
        assert MARK.findall(page) == [("1.000", "1.png"), ("0.999", "2.png")]
        assert "3 pictures with a novelty over 0.99" in page
        assert "The 2 most novel ones" in page
        assert page.count("<strong>cat</strong>") == 1

    def test_where_all_is_usual_there_is_no_such_page(
        self, database: Database, folder: Path
    ) -> None:
        shown(database, folder, [0.9], novelties={"_0": 0.99})
        assert "unlike" not in text(folder)
        assert not list(folder.rglob("unlike.html"))


class TestTags:
    def test_the_first_page_tells_how_many_are_decided_and_shows_the_best(
        self, database: Database, folder: Path
    ) -> None:
        shown(database, folder, [at / 100 for at in range(100)])
        page = text(folder)
        assert "45 decided</strong> of 100" in page
        assert scores_of(page) == [f"{at / 100:.3f}" for at in range(99, 87, -1)]

    def test_a_tag_has_all_its_pictures_from_the_best_on(
        self, database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pages, "N_PICTURES", 4)
        shown(database, folder, [at / 10 for at in range(10)])
        on_pages = [scores_of(text(folder, f"tag1-{number}.html")) for number in (1, 2, 3)]
        assert [len(some) for some in on_pages] == [4, 4, 2]
        assert [one for some in on_pages for one in some] == [
            f"{at / 10:.3f}" for at in range(9, -1, -1)
        ]

    def test_all_are_shown_that_are_decided_and_of_the_others_the_best_of_each_bin(
        self, database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(stretches, "N_UNDECIDED", 2)
        scores = [0.99, 0.98, 0.97, 0.58, 0.57, 0.56, 0.54, 0.53, 0.52, 0.03, 0.02, 0.01]
        shown(database, folder, scores)
        page = text(folder, "tag1-1.html")
        assert scores_of(page) == [
            f"{one:.3f}" for one in scores if one not in {scores[8], scores[11]}
        ]
        assert re.findall(r"The best (.+?)<", page) == [
            "2 of 3; all are in the folder svm/cat/0.6.",
            "2 of 3; all are in the folder svm/cat/0.1.",
        ]

    def test_without_a_threshold_the_best_of_each_bin_are_shown(
        self, database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(stretches, "N_UNDECIDED", 1)
        shown(database, folder, [0.98, 0.99, 0.2], threshold=None)
        assert scores_of(text(folder, "tag1-1.html")) == ["0.990", "0.200"]

    @pytest.mark.parametrize("threshold", [0.0, 0.5, 0.55, 1.0])
    def test_pages_are_as_many_as_they_say(
        self, database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch, threshold: float
    ) -> None:
        monkeypatch.setattr(pages, "N_PICTURES", 3)
        monkeypatch.setattr(stretches, "N_UNDECIDED", 2)
        shown(database, folder, [at / 20 for at in range(21)], threshold=threshold)
        [below] = folder.glob("pages")
        n_pages = len(list(below.glob("tag1-[0-9]*.html")))
        last = text(folder, f"tag1-{n_pages}.html")
        assert f"page {n_pages} of {n_pages}<" in last
        assert "next" not in last

    def test_a_bar_leads_to_the_page_where_its_pictures_begin(
        self, database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pages, "N_PICTURES", 2)
        shown(database, folder, [0.95, 0.94, 0.93, 0.58, 0.52, 0.05])
        for link in re.findall(r'href="pages/(tag1-\d+\.html#bin-[^"]+)"', text(folder)):
            name, _, anchor = link.partition("#")
            low, high = float(anchor[4:]) - 0.1, float(anchor[4:])
            after = text(folder, name).split(f'id="{anchor}"')[1]
            assert low < float(scores_of(after)[0]) <= high

    def test_headings_tell_bins_and_the_side_of_the_threshold(
        self, database: Database, folder: Path
    ) -> None:
        shown(database, folder, [0.95, 0.58, 0.52, 0.05])
        assert re.findall(r'<h2 class="bin"[^>]*>([^<]+)', text(folder, "tag1-1.html")) == [
            "0.9 to 1.0",
            "0.5 to 0.6",
            "0.5 to 0.6, below the threshold of 0.550",
            "0 to 0.1, below the threshold of 0.550",
        ]

    def test_pictures_around_the_threshold_stand_side_by_side(
        self, database: Database, folder: Path
    ) -> None:
        shown(database, folder, [0.9, 0.6, 0.5, 0.1])
        below, above = text(folder, "tag1-around.html").split('<h2 class="bin"')[1:]
        assert (scores_of(below), scores_of(above)) == (["0.500", "0.100"], ["0.600", "0.900"])

    def test_where_no_score_is_enough_there_is_no_threshold_to_look_around(
        self, database: Database, folder: Path
    ) -> None:
        shown(database, folder, [0.9], threshold=None)
        assert "around" not in text(folder)
        assert "0 decided</strong> of 1" in text(folder)

    def test_what_a_person_said_is_shown_where_it_lies(
        self, database: Database, folder: Path
    ) -> None:
        shown(database, folder, [0.9, 0.1], answers={0: False, 1: True})
        page = text(folder, "tag1-1.html")
        assert images(page) == ["../svm/cat/_no/0.png", "../svm/cat/_yes/1.png"]
        assert re.findall(r"a person: (\w+)", page) == ["no", "yes"]

    def test_the_classifier_that_decides_comes_first(
        self, database: Database, folder: Path
    ) -> None:
        better = classifier("cat", model_type="zzz")
        shelves = build_shelves([better, classifier("cat")], 10)
        shown(database, folder, [0.9], shelves=shelves)
        assert re.findall(r"<figcaption>([^<]+)<", text(folder)) == ["zzz, which decides", "svm"]
        assert images(text(folder)) == ["zzz/cat/0.9/0.png"]

    def test_a_folder_without_pictures_has_pages_all_the_same(
        self, database: Database, folder: Path
    ) -> None:
        (folder / "output.json").write_text("[]\n")
        write_pages(database, ShelvedScores(ZipScoreCache, SHELVES, {}), folder, HOME, new=True)
        assert "There are no tags" in text(folder)


class TestLinks:
    def test_archives_are_a_step_away(self, database: Database, folder: Path) -> None:
        shown(database, folder, [0.9])
        assert 'href="pages/archives-1.html"' in text(folder)
        assert "a.zip</a>" in text(folder, "archives-1.html")

    def test_all_lead_to_files_of_the_folder(
        self, database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pages, "N_PICTURES", 3)
        shown(
            database,
            folder,
            [at / 10 for at in range(8)],
            names=[HOSTILE + str(i) for i in range(8)],
        )
        for page in folder.rglob("*.html"):
            content = page.read_text(encoding="utf-8")
            found = [one for _, attributes in Elements(content).found for one in attributes.items()]
            for link in (str(value) for name, value in found if name in {"href", "src"}):
                if link != "data:," and not link.startswith("#"):
                    target = (page.parent / unquote(link.partition("#")[0])).resolve()
                    assert target.is_file(), link
                    assert target.is_relative_to(folder)

    def test_pictures_are_loaded_when_they_are_looked_at_and_never_copied(
        self, database: Database, folder: Path
    ) -> None:
        shown(database, folder, [0.9, 0.1])
        assert {one["loading"] for one in Elements(text(folder)).all("img")} == {"lazy"}
        assert len(list(folder.rglob("*.png"))) == 2

    @pytest.mark.parametrize("name", ["1.html", "1.svg", "1.png.xhtml", "1"])
    def test_none_opens_what_a_browser_might_take_for_a_page(
        self, database: Database, folder: Path, name: str
    ) -> None:
        shown(database, folder, [0.9])
        listed = folder / "output.json"
        listed.write_text(listed.read_text().replace('"0.png"', f'"{name}"'))
        write_pages(database, ShelvedScores(ZipScoreCache, SHELVES, {}), folder, HOME, new=False)
        page = text(folder, "tag1-1.html")
        assert images(page) == [f"../svm/cat/0.9/{name}"]
        assert name not in {str(one["href"]).rpartition("/")[2] for one in Elements(page).all("a")}

    def test_nothing_is_allowed_that_would_leave_the_disk(
        self, database: Database, folder: Path
    ) -> None:
        shown(database, folder, [0.9])
        for page in folder.rglob("*.html"):
            content = page.read_text(encoding="utf-8")
            policy = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' file: data:;"
            assert policy in content
            assert "http:" not in content
            assert "https:" not in content


@pytest.mark.parametrize("hostile", ["tag", "picture"])
def test_names_are_shown_as_text(database: Database, folder: Path, hostile: str) -> None:
    if hostile == "picture":
        shown(database, folder, [0.9], names=[HOSTILE])
    else:
        survey(database, found(A))
        database.run(put_in_force, [], {})
        shelves = Shelves([MODEL], [HOSTILE], ["svm/cat"], 10)
        score(database, read(database, A, *pictures(A, 1)), MODEL)
        (folder / "output.json").write_text("[]\n")
        write_pages(
            database, ShelvedScores(ZipScoreCache, shelves, {}), folder, f"/{HOSTILE}", new=True
        )
    for page in folder.rglob("*.html"):
        content = page.read_text(encoding="utf-8")
        assert Elements(content).all("script") == []
        assert "\x1b" not in content
        assert "\u202e" not in content
    assert "&lt;script&gt;alert(1)" in text(folder)


@pytest.mark.parametrize("content", ["{}\n", "[\nnonsense\n]\n", '[\n{"file_path": 1}\n]\n'])
def test_a_folder_that_somebody_has_changed_is_told(
    database: Database, folder: Path, content: str
) -> None:
    (folder / "output.json").write_text(content)
    with pytest.raises(RunError, match=r"output\.json"):
        write_pages(database, ShelvedScores(ZipScoreCache, SHELVES, {}), folder, HOME, new=False)
    assert [path.name for path in folder.iterdir()] == ["output.json"]


def test_the_same_folder_has_the_same_pages(database: Database, folder: Path) -> None:
    shown(database, folder, [0.5] * 20)
    first = {path.name: path.read_text() for path in folder.rglob("*.html")}
    write_pages(database, ShelvedScores(ZipScoreCache, SHELVES, {}), folder, HOME, new=False)
    second = {path.name: path.read_text() for path in folder.rglob("*.html")}
    assert second.pop("index.html").replace("pages_2/", "pages/") == first.pop("index.html")
    assert first == second
