"""Rows and pictures of an export are those that the database has, and no list of them is held."""

from itertools import islice
from pathlib import Path

import pytest

from shared.database import schema
from shared.database.engine import open_database, open_for_reading, open_given
from shared.database.exports import (
    Chosen,
    GivenTag,
    TaggedMember,
    checked_choice,
    count_tagged,
    decidable_tags,
    iter_rows,
    iter_tagged,
    row_columns,
    select_parts,
)
from shared.database.tables import DatasetCache, ScoreCache, ZipScoreCache
from shared.errors import RunError
from shared.hashing import content_digest, pixel_hash
from tests.shared.exporting.scene import BOTH, CAT, DOG, NEITHER, Scene, archives, loose
from tests.worlds import zipped

ALL = Chosen()


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    members = {"tree.png": NEITHER, "in.zip": zipped({"both.png": BOTH}), "cat.png": CAT}
    return archives(tmp_path, {"a.zip": members, "b.zip": {"dog.png": DOG}})


def tagged(scene: Scene, chosen: Chosen = ALL, below: str | None = None) -> list[TaggedMember]:
    with open_given(scene.database) as database, database.transaction() as connection:
        return list(iter_tagged(connection, scene.table, chosen, below))


def names(scene: Scene, chosen: Chosen = ALL, below: str | None = None) -> list[str]:
    return [one.file_name for one in tagged(scene, chosen, below)]


class TestRows:
    def test_columns_are_those_that_users_know(self) -> None:
        assert row_columns(ZipScoreCache, "scores") == (
            *("file_name", "file_path", "archive_path", "type", "hash_id"),
            *("model_name", "model_type", "model_train_date", "tag", "tag_score"),
        )
        assert row_columns(ScoreCache, "tags") == (
            *("file_name", "file_path", "type", "hash_id"),
            *("model_name", "model_type", "model_train_date", "tag", "tag_score"),
            *("threshold", "by_person", "precision", "novelty"),
        )

    def test_pages_hold_them_all(self, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("shared.database.exports.PAGE_ROWS", 3)
        with open_given(scene.database) as database, database.transaction() as connection:
            pages = list(iter_rows(connection, scene.table, Chosen("scores")))
        assert [len(page) for page in pages] == [3, 3, 2]


class TestParts:
    def count(self, scene: Scene, chosen: Chosen) -> list[int]:
        with open_given(scene.database) as database:
            parts = database.run(select_parts, scene.table, chosen)
            with database.transaction() as connection:
                return [len(connection.execute(part).all()) for part in parts]

    def test_all_scores_are_two_halves(self, scene: Scene) -> None:
        assert self.count(scene, Chosen("scores")) == [4, 4]

    @pytest.mark.parametrize("chosen", [ALL, Chosen("scores", ("cat",)), Chosen(min_score=0.85)])
    def test_all_else_is_one_part(self, scene: Scene, chosen: Chosen) -> None:
        assert len(self.count(scene, chosen)) == 1

    def test_so_is_nothing(self, scene: Scene) -> None:
        scene.sql("DELETE FROM zip_score_cache")
        assert self.count(scene, Chosen("scores")) == [0]


class TestTagged:
    def test_pictures_come_in_the_order_of_their_archives(self, scene: Scene) -> None:
        assert names(scene) == ["both.png", "cat.png", "dog.png"]

    def test_a_picture_brings_what_it_takes_to_find_it(self, scene: Scene) -> None:
        address = f"{scene.pictures}/a.zip"
        assert tagged(scene)[0] == TaggedMember(
            container=address,
            key=(1, 0),
            file_path=f"{address}!/in.zip!/both.png",
            parent=f"{address}!/in.zip",
            file_name="both.png",
            format="PNG",
            hash_id=pixel_hash(BOTH),
            content_sha256=content_digest(BOTH),
            tags=(
                GivenTag("cat", 0.6, "model-svm-tag-cat"),
                GivenTag("dog", 0.7, "model-svm-tag-dog"),
            ),
        )

    def test_they_are_counted_as_they_come(self, scene: Scene) -> None:
        with open_given(scene.database) as database:
            for chosen in (ALL, Chosen("scores"), Chosen(tags=("dog",)), Chosen(min_score=0.85)):
                n_members = database.run(count_tagged, scene.table, chosen)
                assert n_members == len(tagged(scene, chosen))

    def test_in_a_folder_those_with_tags_are_counted(self, tmp_path: Path) -> None:
        scene = loose(tmp_path, {"1.png": NEITHER, "x/2.png": CAT, "xy/3.png": CAT})
        with open_given(scene.database) as database:
            for folder, n_members in (("", 2), ("x", 1), ("z", 0)):
                below = str(scene.pictures / folder)
                assert database.run(count_tagged, scene.table, ALL, below) == n_members

    def test_in_a_folder_they_come_without_tags_too(self, tmp_path: Path) -> None:
        scene = loose(tmp_path, {"1.png": NEITHER, "x/2.png": CAT, "xy/3.png": CAT})
        assert names(scene) == ["2.png", "3.png"]
        assert names(scene, below=str(scene.pictures)) == ["1.png", "2.png", "3.png"]
        assert names(scene, below=str(scene.pictures / "x")) == ["2.png"]
        assert names(scene, Chosen(tags=("dog",)), str(scene.pictures / "x")) == ["2.png"]

    def test_rows_of_members_that_are_gone_are_passed_over(self, scene: Scene) -> None:
        scene.sql("UPDATE members SET fate = 'corrupt' WHERE file_name = 'both.png'")
        assert names(scene) == ["cat.png", "dog.png"]

    def test_the_first_is_there_before_the_last_is_read(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("shared.database.exports.PAGE_ROWS", 1)
        with open_given(scene.database) as database, database.transaction() as connection:
            members = iter_tagged(connection, scene.table, ALL)
            assert [one.file_name for one in islice(members, 2)] == ["both.png", "cat.png"]


class TestChoice:
    def test_tags_that_may_be_decided_are_those_with_a_threshold(self, scene: Scene) -> None:
        scene.sql("DELETE FROM thresholds WHERE tag = 'dog'")
        with open_given(scene.database) as database:
            assert database.run(decidable_tags, ALL) == ["cat"]
            assert database.run(decidable_tags, Chosen(tags=("cat", "cow"))) == ["cat"]

    def test_an_unknown_tag_is_refused_also_where_there_are_none(self, tmp_path: Path) -> None:
        with (
            open_database(tmp_path / "new.sqlite", ZipScoreCache) as database,
            pytest.raises(RunError) as caught,
        ):
            database.run(checked_choice, ZipScoreCache, Chosen(tags=("cat",)))
        assert str(caught.value) == "--tag: no scores of the tag 'cat'"


class TestSchema:
    def check(self, path: Path, table: type[ScoreCache | ZipScoreCache] = ZipScoreCache) -> str:
        with open_for_reading(path) as database:
            try:
                database.run(schema.check, table, "here")
            except RunError as error:
                return str(error)
        return ""

    def test_that_of_today_is_fine(self, scene: Scene) -> None:
        assert self.check(scene.database) == ""

    def test_that_of_another_stage_is_not(self, scene: Scene, tmp_path: Path) -> None:
        assert "holds no table score_cache" in self.check(scene.database, ScoreCache)
        with open_database(tmp_path / "one.sqlite", DatasetCache):
            pass
        assert "holds no table zip_score_cache" in self.check(tmp_path / "one.sqlite")

    def test_one_of_before_there_were_versions_is_older(self, scene: Scene) -> None:
        scene.sql("DROP TABLE alembic_version")
        assert f"before there were versions, {schema.SCORES.version} is needed" in self.check(
            scene.database
        )
