"""A results folder shows what the database holds, in full, or it is not there at all."""

import csv
import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.database.containers import touch
from shared.database.engine import Database, open_database
from shared.database.labels import Label
from shared.database.members import known_members_page, write_fates
from shared.database.results import Problem
from shared.database.scores import (
    classifier_ids,
    note_progress,
    start_scoring,
    write_rows,
)
from shared.database.tables import ZipScoreCache
from shared.errors import Fate, RunError, SkipError
from shared.flow import publishing
from shared.flow.publishing import Publisher
from shared.flow.reading import slices
from shared.flow.shelves import Answers, answers_on, build_shelves
from shared.flow.survey import iter_standing, take_survey
from shared.records import Limits
from shared.results.answers import Answered, Shown, load_shown
from shared.sources.source import Source
from tests.shared.database.world import UNDER
from tests.shared.flow.scenes import (
    CountingSource,
    archives,
    classifier,
    ingest,
    ingestor,
    iter_steps,
)
from tests.worlds import image_hash, png, zipped

STARTED = datetime(2023, 1, 21, 0, 56)  # noqa: DTZ001 - folders are named in the user's own time
SHELVES = build_shelves([classifier("cat"), classifier("dog")], 10)
PICTURES = {"1.png": png(1), "x/2.png": png(2), "y/2.png": png(3)}


@pytest.fixture
def output(tmp_path: Path) -> Path:
    folder = tmp_path / "output"
    folder.mkdir()
    return folder


@pytest.fixture
def source(tmp_path: Path) -> CountingSource:
    """Two archives, one with a text beside its pictures."""
    members = {**PICTURES, "z.txt": b"text"}
    return CountingSource(archives(tmp_path / "zips", a=members, b={"1.png": png(4)}))


def score(database: Database, container_id: int) -> None:
    """Score what has been read of a container and has no score yet: cat 0.25, dog 0.75."""
    members = database.run(known_members_page, container_id, 0, 1000)
    fresh = [m for m in members if m.fate == Fate.PENDING]
    ids = database.run(classifier_ids, ["cat", "dog"])
    rows: list[tuple[object, ...]] = [
        (m.id, i, m.file_name, m.file_path, ".png", m.hash_id, tag, "svm", None, tag, value, "")
        for m in fresh
        for (tag, i), value in zip(ids.items(), (0.25, 0.75), strict=True)
    ]
    database.run(start_scoring, container_id, dict.fromkeys(ids.values(), b"version"))
    database.run(write_rows, ZipScoreCache, rows)
    database.run(write_fates, [(m.id, Fate.SCORED, "") for m in fresh])
    database.run(note_progress, container_id, list(ids.values()), members[-1].id, len(members))


def publisher(database: Database, source: Source) -> Publisher:
    versions = [b"cat 1", b"dog 1"]
    return Publisher(database, ZipScoreCache, source, Limits(), SHELVES, versions, (), links=True)


def published(
    database: Database, source: Source, output: Path, answers: Answers | None = None
) -> Path:
    """Read, score and publish everything."""
    one = replace(publisher(database, source), answers=answers or {})
    with one.new_folder(output, STARTED) as placement:
        for step in ingest(database, source):
            score(database, step.container_id)
            placement.place(step.container, step.container_id)
        return placement.finish()


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.glob("*/*/*/*")}


class TestPlacing:
    def test_every_picture_is_in_the_bin_of_each_score(
        self, database: Database, tmp_path: Path, output: Path
    ) -> None:
        source = archives(tmp_path / "zips", a={"x/1.png": png(1)})
        folder = published(database, source, output)
        assert tree(folder) == {"svm/cat/0.3/1.png": png(1), "svm/dog/0.8/1.png": png(1)}

    def test_every_tag_has_two_empty_folders_for_a_persons_answers(
        self, database: Database, source: CountingSource, output: Path
    ) -> None:
        folder = published(database, source, output)
        for tag in ("cat", "dog"):
            for answer in ("_yes", "_no"):
                assert list((folder / "svm" / tag / answer).iterdir()) == []

    def test_a_picture_that_a_person_has_answered_lies_with_the_answers(
        self, database: Database, tmp_path: Path, output: Path
    ) -> None:
        source = archives(tmp_path / "zips", a={"1.png": png(1), "2.png": png(2)})
        answers = {image_hash(png(1)): {"cat": False}}
        folder = published(database, source, output, answers)
        assert tree(folder) == {
            "svm/cat/_no/1.png": png(1),
            "svm/cat/0.3/2.png": png(2),
            "svm/dog/0.8/1.png": png(1),
            "svm/dog/0.8/2.png": png(2),
        }
        assert load_shown(folder).answered == [Answered(image_hash(png(1)), "cat", False, "1.png")]

    def test_a_folder_tells_which_tags_it_shows(
        self, database: Database, source: CountingSource, output: Path
    ) -> None:
        folder = published(database, source, output, {"another picture": {"cat": True}})
        assert load_shown(folder) == Shown({"svm/cat": "cat", "svm/dog": "dog"}, [])

    def test_pictures_of_one_name_are_all_there(
        self, database: Database, source: CountingSource, output: Path
    ) -> None:
        files = tree(published(database, source, output))
        assert sorted(files.values()) == sorted([*PICTURES.values(), png(4)] * 2)

    def test_output_json_tells_of_each_in_order(
        self, database: Database, source: CountingSource, output: Path
    ) -> None:
        folder = published(database, source, output)
        images = json.loads((folder / "output.json").read_text())
        zips = source.directory
        assert [one["file_path"] for one in images] == [
            *(f"{zips}/a.zip!/{name}" for name in PICTURES),
            f"{zips}/b.zip!/1.png",
        ]
        assert {tuple(one["scores"].values()) for one in images} == {(0.25, 0.75)}
        for one in images:
            assert (folder / "svm" / "cat" / "0.3" / one["image_file"]).is_file()

    def test_what_is_not_scored_is_not_shown_and_not_read(
        self, database: Database, source: CountingSource, output: Path
    ) -> None:
        steps = ingest(database, source)
        score(database, steps[0].container_id)
        source.read.clear()
        source.opened.clear()
        with publisher(database, source).new_folder(output, STARTED) as placement:
            for step in steps:
                placement.place(step.container, step.container_id)
            folder = placement.finish()
        assert len(tree(folder)) == 2 * len(PICTURES)
        assert source.read == ["1.png", "2.png", "2.png"]
        assert source.opened == ["a.zip"]

    @pytest.mark.parametrize("page", [1, 2])
    def test_pages_change_nothing(
        self,
        database: Database,
        source: CountingSource,
        output: Path,
        monkeypatch: pytest.MonkeyPatch,
        page: int,
    ) -> None:
        monkeypatch.setattr(publishing, "PAGE", page)
        assert len(tree(published(database, source, output))) == 8

    def test_step_by_step_each_picture_is_placed_and_read_once(
        self,
        database: Database,
        source: CountingSource,
        output: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(slices, "MIN_SLICE_ENTRIES", 1)
        counting = CountingSource(source.inner)
        with publisher(database, counting).new_folder(output, STARTED) as placement:
            for step in iter_steps(database, ingestor(database, source)):
                if has_pictures(database, step.container_id):
                    score(database, step.container_id)
                placement.place(step.container, step.container_id)
            folder = placement.finish()
        assert counting.read == ["1.png", "2.png", "2.png", "1.png"]
        assert counting.began_after == [(), (0,), (1,), ()]
        assert len(json.loads((folder / "output.json").read_text())) == 4

    def test_the_tree_does_not_depend_on_the_steps(
        self,
        database: Database,
        source: CountingSource,
        output: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        whole = tree(published(database, source, output))
        monkeypatch.setattr(slices, "MIN_SLICE_ENTRIES", 1)
        with open_database(tmp_path / "other.sqlite", ZipScoreCache) as other:
            assert tree(published(other, source, output)) == whole

    def test_names_do_not_depend_on_where_the_collection_is_kept(
        self, output: Path, tmp_path: Path
    ) -> None:
        trees: list[dict[str, bytes]] = []
        for place in ("here", "there/and more"):
            source = archives(tmp_path / place / "zips", a=PICTURES, b={"1.png": png(4)})
            with open_database(tmp_path / f"{len(trees)}.sqlite", ZipScoreCache) as other:
                trees.append(tree(published(other, source, output)))
        assert trees[0] == trees[1]
        assert len(trees[0]) == 8

    def test_problems_are_listed_those_beside_the_containers_first(
        self, database: Database, source: CountingSource, output: Path
    ) -> None:
        (Path(source.directory) / "c.zip").write_bytes(b"no archive")
        steps = ingest(database, source)
        refused = Problem(0, 0, "model.pkl", Fate.BAD_CLASSIFIER, "too short")
        one = replace(publisher(database, source), refused=[refused])
        with one.new_folder(output, STARTED) as placement:
            folder = placement.finish()
        with (folder / "problems.csv").open() as file:
            fates = [(Path(row["address"]).name, row["fate"]) for row in csv.DictReader(file)]
        assert len(steps) == 3
        assert fates == [
            ("model.pkl", "bad_classifier"),
            ("c.zip", "not_a_zip"),
            ("z.txt", "not_an_image"),
        ]


def has_pictures(database: Database, container_id: int) -> bool:
    return bool(database.run(known_members_page, container_id, 0, 1))


def other_bytes(path: Path) -> None:
    path.write_bytes(zipped({**PICTURES, "x/2.png": png(9)}))


def without_a_member(path: Path) -> None:
    path.write_bytes(zipped({"1.png": png(1)}))


def no_archive(path: Path) -> None:
    path.write_bytes(b"no archive")


def gone(path: Path) -> None:
    path.unlink()


def damaged(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[content.index(png(2)) + 30] ^= 255
    path.write_bytes(content)


class TestChanges:
    @pytest.mark.parametrize("change", [other_bytes, without_a_member, no_archive, gone, damaged])
    def test_an_archive_that_changes_meanwhile_ends_the_run_and_leaves_no_folder(
        self,
        database: Database,
        source: CountingSource,
        output: Path,
        change: Callable[[Path], None],
    ) -> None:
        def run() -> None:
            with publisher(database, source).new_folder(output, STARTED) as placement:
                for step in ingest(database, source):
                    score(database, step.container_id)
                    change(Path(step.container.location))
                    placement.place(step.container, step.container_id)

        with pytest.raises(RunError, match="Run the same command again") as caught:
            run()
        assert "/zips/a.zip" in caught.value.where
        assert list(output.iterdir()) == []

    def test_what_cannot_be_read_as_it_was_is_read_anew_by_the_next_run(
        self,
        database: Database,
        source: CountingSource,
        output: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        steps = ingest(database, source)
        for step in steps:
            score(database, step.container_id)

        def refuse() -> NoReturn:
            raise SkipError(Fate.UNREADABLE, "could not be read: Input/output error")

        monkeypatch.setattr(
            CountingSource, "_noting", lambda _, member: replace(member, read=refuse)
        )
        with (
            publisher(database, source).new_folder(output, STARTED) as placement,
            pytest.raises(RunError, match="Input/output error"),
        ):
            placement.place(steps[0].container, steps[0].container_id)
        take_survey(database, source, Limits(), UNDER, rescan=False)
        assert [one.is_read for one in iter_standing(database)][:2] == [False, True]

    def test_a_folder_that_is_not_finished_is_not_kept(
        self, database: Database, source: CountingSource, output: Path
    ) -> None:
        with publisher(database, source).new_folder(output, STARTED) as placement:
            for step in ingest(database, source):
                placement.place(step.container, step.container_id)
        assert list(output.iterdir()) == []
        assert publisher(database, source).standing(output) is None


Change = Callable[[Publisher, Path], Publisher]


def nothing(publisher: Publisher, _: Path) -> Publisher:
    return publisher


def folder_gone(publisher: Publisher, folder: Path) -> Publisher:
    folder.rename(folder.with_name("elsewhere"))
    return publisher


def answered(publisher: Publisher, folder: Path) -> Publisher:
    (folder / "svm/cat/0.3/1.png").rename(folder / "svm/cat/_yes/1.png")
    return publisher


def json_gone(publisher: Publisher, folder: Path) -> Publisher:
    (folder / "output.json").unlink()
    return publisher


def scores_changed(publisher: Publisher, _: Path) -> Publisher:
    publisher.database.run(touch, 1)
    return publisher


def archive_changed(publisher: Publisher, _: Path) -> Publisher:
    os.utime(Path(publisher.source.directory) / "b.zip", ns=(1, 1))
    ingest(publisher.database, publisher.source)
    return publisher


def archive_gone(publisher: Publisher, _: Path) -> Publisher:
    (Path(publisher.source.directory) / "b.zip").unlink()
    ingest(publisher.database, publisher.source)
    return publisher


def other_bins(publisher: Publisher, _: Path) -> Publisher:
    shelves = publisher.shelves
    return replace(publisher, shelves=replace(shelves, n_bins=5))


def retrained(publisher: Publisher, _: Path) -> Publisher:
    return replace(publisher, versions=[b"cat 1", b"dog 2"])


def answers_differ(publisher: Publisher, _: Path) -> Publisher:
    return replace(publisher, answers={image_hash(png(1)): {"cat": True}})


def copies(publisher: Publisher, _: Path) -> Publisher:
    return replace(publisher, links=False)


def one_more_refused(publisher: Publisher, _: Path) -> Publisher:
    refused = Problem(0, 0, "model.pkl", Fate.BAD_CLASSIFIER, "too short")
    return replace(publisher, refused=[refused])


def other_directory(publisher: Publisher, _: Path) -> Publisher:
    zips = Path(publisher.source.directory)
    return replace(publisher, source=archives(zips / "inner"))


def folder_of_another(publisher: Publisher, folder: Path) -> Publisher:
    (folder / ".made_from").write_text("score_cache of /elsewhere")
    return publisher


class TestStanding:
    def standing(self, database: Database, source: Source, output: Path, change: Change) -> bool:
        folder = published(database, source, output)
        found = change(publisher(database, source), folder).standing(output)
        assert found in (None, folder)
        return found is not None

    def test_nothing_stands_before_the_first_folder(
        self, database: Database, source: CountingSource, output: Path
    ) -> None:
        assert publisher(database, source).standing(output) is None

    def test_a_folder_stands_while_nothing_changes(
        self, database: Database, source: CountingSource, output: Path
    ) -> None:
        assert self.standing(database, source, output, nothing)

    def test_a_folder_stands_in_which_a_person_has_moved_a_picture(
        self, database: Database, source: CountingSource, output: Path
    ) -> None:
        assert self.standing(database, source, output, answered)

    @pytest.mark.parametrize(
        "change",
        [
            folder_gone,
            json_gone,
            scores_changed,
            archive_changed,
            archive_gone,
            other_bins,
            retrained,
            answers_differ,
            copies,
            one_more_refused,
            other_directory,
            folder_of_another,
        ],
    )
    def test_it_does_not_once_anything_that_it_shows_has_changed(
        self, database: Database, source: CountingSource, output: Path, change: Change
    ) -> None:
        assert not self.standing(database, source, output, change)

    def test_to_ask_opens_no_archive(
        self, database: Database, source: CountingSource, output: Path
    ) -> None:
        published(database, source, output)
        source.opened.clear()
        publisher(database, source).standing(output)
        assert source.opened == []


class TestShelves:
    TEXTS = st.text(max_size=6) | st.sampled_from(["cat", "CAT", "a/b", "a_b", "..", "CON", ""])

    @given(st.lists(st.tuples(TEXTS, TEXTS), max_size=6), st.integers(1, 20))
    def test_no_two_classifiers_share_a_folder(
        self, pairs: list[tuple[str, str]], n_bins: int
    ) -> None:
        classifiers = [
            replace(classifier(tag, model_type=kind), name=f"model-{i}")
            for i, (kind, tag) in enumerate(pairs)
        ]
        places = build_shelves(classifiers, n_bins).places([0.5] * len(pairs), {})
        assert len({place.casefold() for place in places}) == len(pairs)
        assert all(len(Path(place).parts) == 3 for place in places)

    def test_each_score_goes_to_its_own_classifier(self) -> None:
        assert SHELVES.places([0.05, 0.95], {}) == ["svm/cat/0.1", "svm/dog/1.0"]

    def test_answers_take_the_place_of_bins(self) -> None:
        assert SHELVES.places([0.05, 0.95], {"dog": True, "cat": False, "cow": True}) == [
            "svm/cat/_no",
            "svm/dog/_yes",
        ]

    def test_answers_of_tags_that_are_not_there_are_not_shown(self) -> None:
        labels = [Label("a", tag, has_tag, "", "") for tag, has_tag in SAID]
        assert answers_on(SHELVES, labels) == {"a": {"cat": True, "dog": False}}


SAID = [("cat", True), ("cow", True), ("dog", False)]
