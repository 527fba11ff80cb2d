"""An export says no before it writes anything, and otherwise leaves what is whole."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from shared.database.engine import open_database
from shared.database.schema import SCORES
from shared.database.tables import ZipScoreCache
from shared.errors import RunError
from shared.exporting.formats import FORMATS, TABLES, Format
from shared.exporting.run import export
from shared.progress import Silence
from shared.sources.source import ArchiveSource
from tests.postgres import Server
from tests.shared.exporting.scene import (
    BOTH,
    CAT,
    DOG,
    NEITHER,
    Scene,
    archives,
    loose,
    score,
)
from tests.worlds import zipped

FOLDERS = sorted(set(FORMATS) - TABLES)
INNER = {"cat.png": CAT}


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    contents = {"a.zip": {"cat.png": CAT, "dog.png": DOG}, "b.zip": {"in.zip": zipped(INNER)}}
    return archives(tmp_path, contents)


def refusal(scene: Scene, to: Format = "csv", name: str = "", **changes: object) -> RunError:
    before = sorted(scene.folder.rglob("*"))
    with pytest.raises(RunError) as caught:
        export(scene.request(to, name, **changes), Silence())
    assert sorted(scene.folder.rglob("*")) == before, "nothing is written"
    assert "\n" not in str(caught.value)
    return caught.value


def addresses(scene: Scene, **changes: object) -> list[str]:
    request = scene.request("jsonl", "", overwrite=True, **changes)
    export(request, Silence())
    rows = map(json.loads, request.target.read_text().splitlines())
    return sorted(row["file_path"].removeprefix(f"{scene.pictures}/") for row in rows)


class TestChoice:
    def test_all_that_is_decided(self, scene: Scene) -> None:
        assert addresses(scene) == ["a.zip!/cat.png", "a.zip!/dog.png", "b.zip!/in.zip!/cat.png"]

    def test_a_tag(self, scene: Scene) -> None:
        assert addresses(scene, tags=("dog",)) == ["a.zip!/dog.png"]

    def test_a_least_score(self, scene: Scene) -> None:
        assert addresses(scene, min_score=0.81, archives=(f"{scene.pictures}/a.zip",)) == [
            "a.zip!/cat.png"
        ]

    @pytest.mark.parametrize("name", ["b.zip", "b.zip!/in.zip"])
    def test_an_archive_with_what_is_nested_in_it(self, scene: Scene, name: str) -> None:
        assert addresses(scene, archives=(f"{scene.pictures}/{name}",)) == [
            "b.zip!/in.zip!/cat.png"
        ]

    def test_an_archive_by_a_path_from_where_one_is(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(scene.pictures)
        assert len(addresses(scene, archives=("b.zip", "./a.zip"))) == 3

    @pytest.mark.parametrize("n", [1, 2_500])
    def test_archives_may_be_many(self, scene: Scene, n: int) -> None:
        given = tuple(f"{scene.pictures}/{name}.zip" for name in ("a", "b"))
        assert len(addresses(scene, archives=given * n)) == 3

    def test_an_archive_does_not_take_along_those_that_begin_like_it(self, tmp_path: Path) -> None:
        scene = archives(tmp_path, {"a.zip": {"1.png": CAT}, "a.zip.zip": {"1.png": CAT}})
        assert addresses(scene, archives=(f"{scene.pictures}/a.zip",)) == ["a.zip!/1.png"]

    def test_what_a_person_says_wins(self, scene: Scene) -> None:
        scene.answer(CAT, "cat", has_tag=False)
        scene.answer(DOG, "cat", has_tag=True)
        assert addresses(scene, tags=("cat",)) == ["a.zip!/dog.png"]

    def test_scores_are_there_without_a_decision(self, scene: Scene) -> None:
        assert len(addresses(scene, what="scores")) == 6


class TestRefusals:
    def test_an_unknown_tag(self, scene: Scene) -> None:
        assert str(refusal(scene, tags=("cow",))) == (
            "--tag: no scores of the tag 'cow'; there are cat, dog"
        )

    def test_an_unknown_archive(self, scene: Scene) -> None:
        assert "no archive that has been scored" in str(refusal(scene, archives=("/c.zip",)))

    @pytest.mark.parametrize("to", FORMATS)
    def test_what_is_there_already(self, scene: Scene, to: Format) -> None:
        (scene.folder / "new").write_text("mine")
        assert "is there already" in str(refusal(scene, to))

    @pytest.mark.parametrize("to", sorted(TABLES))
    def test_a_folder_in_the_place_of_a_file(self, scene: Scene, to: Format) -> None:
        (scene.folder / "new").mkdir()
        assert "a folder, a file is needed" in str(refusal(scene, to, overwrite=True))

    def test_the_database_itself(self, scene: Scene) -> None:
        name = str(scene.database.relative_to(scene.folder))
        assert "the database itself" in str(refusal(scene, name=name, overwrite=True))

    @pytest.mark.parametrize("to", ["txt", "txt-lines", "xmp"])
    def test_scores_where_there_is_no_place_for_them(self, scene: Scene, to: Format) -> None:
        assert "no place for scores" in str(refusal(scene, to, what="scores"))

    def test_keywords_where_there_are_none(self, scene: Scene) -> None:
        assert "--dc_subject: txt has no" in str(refusal(scene, "txt", subjects=True))

    def test_a_tag_that_would_be_read_as_two(self, tmp_path: Path) -> None:
        scene = archives(tmp_path, {"a.zip": {"1.png": CAT}}, cat="cat, black", dog="d\no\rg")
        assert "'cat, black' would be read as several" in str(refusal(scene, "txt"))
        assert "would be read as several" in str(refusal(scene, "txt-lines"))
        export(scene.request("txt-lines", tags=("cat, black",)), Silence())

    def test_no_database(self, scene: Scene) -> None:
        scene.database.unlink()
        assert "is no file" in str(refusal(scene))

    def test_no_sqlite_file(self, scene: Scene) -> None:
        scene.database.write_bytes(b"something else entirely" * 100)
        assert "not a database" in str(refusal(scene))

    @pytest.mark.parametrize(
        ("version", "found"),
        [
            ("0004", f"0004, {SCORES.version} is needed. Run the stage"),
            ("9999", "Use the newer program"),
        ],
    )
    @pytest.mark.parametrize("to", ["csv", "parquet", "txt"])
    def test_a_database_of_another_schema(
        self, scene: Scene, to: Format, version: str, found: str
    ) -> None:
        scene.sql(f"UPDATE alembic_version SET version_num = '{version}'")
        assert found in str(refusal(scene, to))

    def test_a_database_of_another_stage(self, scene: Scene) -> None:
        scene.sql("DROP TABLE zip_score_cache")
        assert "holds no table zip_score_cache" in str(refusal(scene))

    @pytest.mark.parametrize("to", ["csv", "jsonl", "parquet"])
    def test_what_no_run_has_written(self, scene: Scene, to: Format) -> None:
        scene.sql("UPDATE zip_score_cache SET tag_score = 'high'")
        assert "tag_score holds" in str(refusal(scene, to, what="scores"))

    @pytest.mark.parametrize("to", FORMATS)
    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
    def test_a_full_disk(self, scene: Scene, to: Format, monkeypatch: pytest.MonkeyPatch) -> None:
        # What cannot be written out is found when a file is flushed or closed.
        opened = os.open

        def full(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
            is_new = flags & os.O_CREAT and Path(path).name != ".lock"
            return opened("/dev/full" if is_new else path, flags & ~os.O_EXCL, mode, dir_fd=dir_fd)

        with monkeypatch.context() as patch:
            patch.setattr("os.open", full)
            assert "No space left on device" in str(refusal(scene, to))


class TestOverwriting:
    @pytest.mark.parametrize("to", sorted(TABLES))
    def test_a_file_is_replaced_on_request(self, scene: Scene, to: Format) -> None:
        target = scene.folder / "new"
        target.write_text("mine")
        export(scene.request(to, overwrite=True), Silence())
        assert target.read_bytes() != b"mine"

    def test_a_link_is_replaced_and_not_followed(self, scene: Scene) -> None:
        (scene.folder / "mine").write_text("mine")
        (scene.folder / "new").symlink_to("mine")
        export(scene.request(overwrite=True), Silence())
        assert (scene.folder / "mine").read_text() == "mine"

    @pytest.mark.parametrize("to", FOLDERS)
    def test_an_export_is_replaced_on_request(self, scene: Scene, to: Format) -> None:
        export(scene.request(to), Silence())
        (scene.folder / "new" / "left over").touch()
        export(scene.request(to, overwrite=True, tags=("dog",)), Silence())
        names = {path.name for path in (scene.folder / "new").iterdir()}
        assert "dog.png" in names
        assert not names & {"left over", "cat.png"}

    @pytest.mark.parametrize("to", FOLDERS)
    def test_nobody_elses_folder_is_replaced(self, scene: Scene, to: Format) -> None:
        (scene.folder / "new").mkdir()
        (scene.folder / "new" / "mine").touch()
        assert "is no folder that export.py has made" in str(refusal(scene, to, overwrite=True))

    def test_a_link_to_an_export_is_not_replaced(self, scene: Scene) -> None:
        export(scene.request("txt", "other"), Silence())
        (scene.folder / "new").symlink_to("other")
        assert "is no folder that export.py has made" in str(refusal(scene, "txt", overwrite=True))

    def test_sidecars_are_merged_and_need_no_request(self, tmp_path: Path) -> None:
        scene = loose(tmp_path, {"1.png": CAT})
        assert "merged, and never replaced" in str(refusal(scene, "xmp", overwrite=True))

    @pytest.mark.parametrize("to", FOLDERS)
    def test_an_empty_folder_is_no_obstacle(self, scene: Scene, to: Format) -> None:
        (scene.folder / "new").mkdir()
        assert export(scene.request(to), Silence()).n_pictures == 3

    def test_folders_above_the_target_are_made(self, scene: Scene) -> None:
        assert export(scene.request("csv", "x/y/tags.csv"), Silence()).n_rows == 3
        assert export(scene.request("txt", "x/z/tags"), Silence()).n_pictures == 3


def test_the_database_stays_as_it_is(scene: Scene) -> None:
    before = scene.database.read_bytes()
    for to in FORMATS:
        export(scene.request(to, f"new-{to}"), Silence())
    assert scene.database.read_bytes() == before


def test_a_database_may_be_written_to_meanwhile(scene: Scene) -> None:
    code = (
        f"import sqlite3; c = sqlite3.connect({str(scene.database)!r}, isolation_level=None)\n"
        "c.execute('BEGIN IMMEDIATE'); c.execute('DELETE FROM zip_score_cache')\n"
        "print('begun', flush=True); input()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with other:
        assert other.stdout
        assert other.stdout.readline() == b"begun\n"
        for to in FORMATS:
            summary = export(scene.request(to, f"new-{to}"), Silence())
            assert summary.n_rows + summary.n_pictures == 3
        other.communicate(b"\n")


def test_pictures_without_tags_are_left_out(tmp_path: Path) -> None:
    scene = archives(tmp_path, {"a.zip": {"tree.png": NEITHER, "both.png": BOTH}})
    assert export(scene.request("txt"), Silence()).n_pictures == 1


@pytest.mark.parametrize("to", ["jsonl", "parquet", "imagefolder"])
def test_a_server_tells_the_same(scene: Scene, to: Format, server: Server) -> None:
    url = server.fresh_database()
    with open_database(url, ZipScoreCache) as database:
        score(database, scene, ArchiveSource(scene.pictures, scene.output))
    one, other = scene.request(to, "one"), replace(scene.request(to, "other"), database=url)
    assert export(one, Silence()) == export(other, Silence())
    assert rows_of(one.target) == rows_of(other.target)


def rows_of(target: Path) -> list[tuple[object, ...]]:
    path = target / "metadata.jsonl" if target.is_dir() else target
    read = "read_parquet" if path.read_bytes().startswith(b"PAR1") else "read_json"
    return duckdb.connect().execute(f"FROM {read}('{path}') ORDER BY ALL").fetchall()
