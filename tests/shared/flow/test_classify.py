"""A run does what is missing and nothing else, and ends the same however it came there."""

import errno
import json
import os
import shutil
import sqlite3
from dataclasses import replace
from io import FileIO
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import shared.flow.classify as classify_flow
from shared.database.labels import LABELS_FILE, Label, note_labels, open_labels
from shared.database.tables import ScoreCache
from shared.errors import Fate, RunError
from shared.flow.classify import Summary, classify
from shared.flow.preparing import TRUST_WARNING
from shared.flow.reading import slices, workers
from shared.flow.reading.thumbnails import SIDE_PIXELS
from shared.flow.request import ClassifyRequest
from shared.hashing import content_digest
from shared.metadata.entries import MetadataEntry
from shared.metadata.formats import write_metadata
from shared.pictures.embedders.builtin import BuiltinEmbedder
from shared.pictures.opening import open_picture
from shared.progress import Silence
from shared.records import Limits
from shared.regular_files import open_regular
from shared.results.files import make_folder
from shared.results.folder import ResultsMode
from shared.results.thumbnails import HIDDEN_FOLDER, ThumbnailFolder
from shared.sources.source import ArchiveSource, FolderSource
from tests.postgres import Server
from tests.shared.flow.scenes import CountingSource, Told
from tests.worlds import World, image_hash, png, zipped

pytestmark = pytest.mark.slow

TABLES = (
    "containers",
    "members",
    "pictures",
    "embeddings",
    "classifiers",
    "scorings",
    "zip_score_cache",
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Two archives of three pictures, one classifier."""
    world = World(tmp_path)
    world.train("cat", seed=1)
    world.archive("a.zip", {"1.png": png(1), "2.png": png(2)})
    world.archive("b.zip", {"3.png": png(3)})
    return world


def run(request: ClassifyRequest) -> Summary:
    return classify(request, Silence())


def dump(request: ClassifyRequest) -> dict[str, list[tuple[object, ...]]]:
    """All that stands in the database but the name of the results folder, in its order."""
    assert isinstance(request.database, Path)
    with sqlite3.connect(request.database) as database:
        return {
            table: database.execute(f"SELECT * FROM {table} ORDER BY rowid").fetchall()
            for table in TABLES
        }


class TestAnswers:
    """What people said of pictures is shown in the next results folder."""

    def answer(self, asked: ClassifyRequest, has_tag: bool | None, folder: str = "r") -> None:
        date = {True: "1", False: "2", None: "3"}[has_tag]
        label = Label(image_hash(png(1)), "cat", has_tag, "", date, folder)
        with open_labels(asked.output / LABELS_FILE) as labels:
            labels.run(note_labels, [label])

    def place(self, summary: Summary) -> str:
        """Folder of the picture that is answered."""
        assert summary.results
        (found,) = summary.results.rglob("1.png")
        return found.parent.name

    def test_what_was_answered_lies_there_in_the_next_results(self, asked: ClassifyRequest) -> None:
        bin_name = self.place(run(asked))
        places = []
        for answer in (True, False, None):
            self.answer(asked, answer)
            places.append(self.place(run(asked)))
        assert places == ["_yes", "_no", bin_name]

    def test_while_answers_stay_the_results_stand(self, asked: ClassifyRequest) -> None:
        run(asked)
        self.answer(asked, True)
        first = run(asked)
        self.answer(asked, True, "another folder")
        assert run(asked).results == first.results

    def test_scores_do_not_depend_on_answers(self, asked: ClassifyRequest) -> None:
        run(asked)
        before = dump(asked)
        self.answer(asked, True)
        run(asked)
        assert dump(asked) == before

    @pytest.mark.parametrize("results", ["link", "none"])
    def test_answers_that_cannot_be_read_end_the_run_before_anything_is_read(
        self, asked: ClassifyRequest, source: CountingSource, results: ResultsMode
    ) -> None:
        asked.output.mkdir()
        (asked.output / LABELS_FILE).write_bytes(b"<html>" * 1000)
        with pytest.raises(RunError, match=r"labels\.sqlite"):
            run(replace(asked, results=results))
        assert source.opened == []


@pytest.mark.parametrize("results", ["link", "none"])
def test_problems_are_listed_in_a_file_that_the_summary_names(
    asked: ClassifyRequest, results: ResultsMode
) -> None:
    bad = Path(asked.source.directory) / "bad.zip"
    bad.write_bytes(b"no archive")
    for _ in range(2):
        summary = run(replace(asked, results=results))
        assert summary.problems
        assert "bad.zip,not_a_zip" in summary.problems.read_text()
    bad.write_bytes(zipped({}))
    assert run(replace(asked, results=results)).problems is None
    assert not (asked.output / "problems.csv").exists()


def stays_while_away(asked: ClassifyRequest) -> None:
    before = run(asked)
    folder = Path(asked.source.directory)
    folder.rename(folder.with_name("away"))
    folder.mkdir()
    while_away = run(asked)
    assert while_away.has_problems
    assert while_away.totals.n_rows == before.totals.n_rows > 0
    assert while_away.results is None
    folder.rmdir()
    folder.with_name("away").rename(folder)
    after = run(asked)
    assert not after.totals.has_problems
    assert after.totals == before.totals


@pytest.mark.parametrize("results", ["link", "none"])
def test_where_the_drive_is_away_all_rows_stay_and_it_is_a_problem(
    asked: ClassifyRequest, results: ResultsMode
) -> None:
    stays_while_away(replace(asked, results=results))


@pytest.mark.server
def test_so_it_is_on_postgresql(asked: ClassifyRequest, server: Server) -> None:
    on_server = replace(asked, database_url=server.fresh_database(), results="none")
    stays_while_away(on_server)
    folder = Path(asked.source.directory)
    folder.rename(folder.with_name("away"))
    folder.mkdir()
    gone = run(replace(on_server, forget_gone=True))
    assert (gone.totals.n_rows, gone.totals.n_containers, gone.has_problems) == (0, 0, True)


def test_what_is_said_to_be_gone_takes_its_rows_along(asked: ClassifyRequest) -> None:
    run(asked)
    folder = Path(asked.source.directory)
    folder.rename(folder.with_name("away"))
    folder.mkdir()
    gone = run(replace(asked, forget_gone=True))
    assert (gone.totals.n_rows, gone.totals.n_containers) == (0, 0)
    assert gone.has_problems


@pytest.mark.parametrize("folder", ["models", "mod\udce9les"])
def test_a_refused_classifier_whose_name_is_not_utf_8_is_a_problem_like_others(
    asked: ClassifyRequest, folder: str
) -> None:
    models = asked.model.rename(asked.model.with_name(folder))
    (models / "caf\udce9.pkl").write_bytes(b"no classifier")
    for _ in range(2):
        summary = run(replace(asked, model=models))
        assert summary.n_refused == 1
        assert summary.results
        assert r"caf\udce9.pkl" in (summary.results / "problems.csv").read_text()


def opened(source: CountingSource, request: ClassifyRequest) -> list[str]:
    """The archives that a run opens, by name."""
    source.opened.clear()
    run(request)
    return source.opened


class TestOnlyWhatIsMissing:
    def test_an_unchanged_run_opens_no_archive(
        self, source: CountingSource, asked: ClassifyRequest
    ) -> None:
        first = run(asked)
        source.opened.clear()
        assert run(asked) == first
        assert source.opened == []

    def test_an_unchanged_run_leaves_every_row_as_it_is(self, asked: ClassifyRequest) -> None:
        run(asked)
        before = dump(asked)
        run(asked)
        assert dump(asked) == before

    def test_without_results_a_new_classifier_opens_no_archive(
        self, world: World, source: CountingSource, asked: ClassifyRequest
    ) -> None:
        request = replace(asked, results="none")
        run(request)
        world.train("dog", seed=2)
        assert opened(source, request) == []
        assert run(request).totals.n_rows == len(world.rows()) == 6

    def test_without_results_a_new_vector_opens_no_archive(
        self, world: World, source: CountingSource, asked: ClassifyRequest
    ) -> None:
        request = replace(asked, results="none")
        world.entries.popitem()
        world.know()
        assert run(request).totals.fates == {Fate.SCORED: 2, Fate.NO_EMBEDDING: 1}
        world.know(png(3))
        assert opened(source, request) == []
        assert run(request).totals.fates == {Fate.SCORED: 3}

    def test_without_results_a_changed_archive_alone_is_opened(
        self, world: World, source: CountingSource, asked: ClassifyRequest
    ) -> None:
        request = replace(asked, results="none")
        run(request)
        world.archive("b.zip", {"3.png": png(3), "4.png": png(4)})
        assert opened(source, request) == ["b.zip"]

    def test_a_new_classifier_has_pictures_placed_and_opens_no_archive(
        self,
        world: World,
        source: CountingSource,
        asked: ClassifyRequest,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        run(asked)
        world.train("dog", seed=2)
        monkeypatch.setattr("shared.flow.reading.readings.open_picture", None)
        source.opened.clear()
        results = run(asked).results
        assert source.opened == []
        assert results
        assert len(world.tree(results)) == 6

    def test_results_that_are_asked_for_later_are_made_from_what_is_known(
        self, world: World, source: CountingSource, asked: ClassifyRequest
    ) -> None:
        run(replace(asked, results="none"))
        assert opened(source, asked) == ["a.zip", "b.zip"]
        assert len(world.tree(world.results()[0])) == 3

    def test_a_rescan_opens_every_archive_and_changes_no_score(
        self, world: World, source: CountingSource, asked: ClassifyRequest
    ) -> None:
        request = replace(asked, results="none")
        run(request)
        rows = world.rows()
        assert opened(source, replace(request, rescan=True)) == ["a.zip", "b.zip"]
        assert world.rows() == rows

    def test_other_limits_read_again(self, source: CountingSource, asked: ClassifyRequest) -> None:
        request = replace(asked, results="none")
        run(request)
        limits = Limits(max_megapixels=0.000001)
        assert opened(source, replace(request, limits=limits)) == ["a.zip", "b.zip"]
        assert run(replace(request, limits=limits)).totals.fates == {Fate.TOO_LARGE: 3}

    def test_other_bins_make_a_new_folder_and_no_new_rows(
        self, world: World, asked: ClassifyRequest
    ) -> None:
        run(asked)
        before = dump(asked)
        run(replace(asked, n_bins=3))
        assert dump(asked) == before
        assert len(world.results()) == 2


class TestTheSame:
    """Names, rows and bins do not depend on who did the work, nor on when."""

    @pytest.fixture
    def wide(self, world: World) -> World:
        """Archives that are cut into many units, with something of everything."""
        inner = zipped({f"{i}.png": png(50 + i) for i in range(7)})
        members = {f"{i}.png": png(10 + i) for i in range(9)}
        world.archive("c.zip", {"in.zip": inner, **members, "1.txt": b"text", "bad.png": b"bad"})
        world.archive("d.zip", {f"{i}.png": png(10 + i) for i in range(6)})
        world.know(*(png(50 + i) for i in range(6)))
        (world.zips / "e.zip").write_bytes(b"no archive")
        world.train("dog", seed=2)
        return world

    @pytest.fixture(autouse=True)
    def small_units(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(slices, "MIN_SLICE_ENTRIES", 3)
        monkeypatch.setattr(workers, "ENTRIES_WORTH_WORKERS", 1)

    @pytest.mark.slow
    def test_whatever_the_number_of_workers(self, wide: World, asked: ClassifyRequest) -> None:
        dumps, trees = [], []
        for n_workers in (1, 2, 3):
            wide.folder.joinpath(f"output {n_workers}").mkdir()
            request = replace(
                asked,
                source=ArchiveSource(wide.zips, wide.output),
                output=wide.folder / f"output {n_workers}",
                n_workers=n_workers,
            )
            results = run(request).results
            assert results
            dumps.append(dump(request))
            trees.append((wide.tree(results), (results / "output.json").read_bytes()))
        assert dumps[0] == dumps[1] == dumps[2]
        assert trees[0] == trees[1] == trees[2]
        assert len(dumps[0]["members"]) == 28
        assert len(trees[0][0]) == 2 * 24

    @pytest.mark.parametrize("n_steps", [1, 2, 4, 6])
    @pytest.mark.slow
    def test_whenever_a_run_was_stopped(
        self,
        wide: World,
        asked: ClassifyRequest,
        monkeypatch: pytest.MonkeyPatch,
        n_steps: int,
    ) -> None:
        whole = replace(asked, output=wide.folder / "whole")
        run(whole)
        with monkeypatch.context() as stopping:
            stopping.setattr(classify_flow._Run, "_check", stop_after(n_steps))
            with pytest.raises(KeyboardInterrupt):
                run(asked)
        assert not wide.results()
        run(asked)
        revised = {"containers"}  # a container that was resumed has a higher revision
        assert drop(dump(asked), revised) == drop(dump(whole), revised)
        [theirs] = whole.output.glob("tagging_output_*")
        assert wide.tree(wide.results()[0]) == wide.tree(theirs)

    def test_whether_archives_came_at_once_or_one_by_one(
        self, wide: World, asked: ClassifyRequest
    ) -> None:
        whole = replace(asked, output=wide.folder / "whole", results="none")
        run(whole)
        later = [wide.zips / name for name in ("c.zip", "d.zip", "e.zip")]
        for path in later:
            path.rename(path.with_suffix(".later"))
        contents = {path: path.with_suffix(".later").read_bytes() for path in later}
        for path in later:
            path.with_suffix(".later").rename(wide.folder / path.name)
        request = replace(asked, results="none")
        for path, content in contents.items():
            run(request)
            status = (wide.folder / path.name).stat()
            path.write_bytes(content)
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        run(request)
        assert dump(request)["zip_score_cache"] == dump(whole)["zip_score_cache"]


def drop(
    dumped: dict[str, list[tuple[object, ...]]], tables: set[str]
) -> dict[str, list[tuple[object, ...]]]:
    return {name: rows for name, rows in dumped.items() if name not in tables}


class stop_after:  # noqa: N801 - it stands for a method
    """Do nothing so many times, then fail as Ctrl-C does."""

    def __init__(self, n_times: int) -> None:
        self._left = n_times

    def __call__(self, _container_id: int) -> None:
        self._left -= 1
        if self._left == 0:
            raise KeyboardInterrupt


class TestThumbnails:
    CONTENTS = tuple(map(png, (1, 2, 3)))

    def made(self, world: World) -> list[bool]:
        folder = ThumbnailFolder.of(world.output)
        return [folder.has(content_digest(one), SIDE_PIXELS) for one in self.CONTENTS]

    def test_none_are_made_where_nobody_asks(self, world: World, asked: ClassifyRequest) -> None:
        classify(asked, Silence())
        assert not (world.output / HIDDEN_FOLDER).exists()

    @pytest.mark.parametrize("n_workers", [1, 2])
    def test_those_of_all_decoded_pictures_are_made_and_nothing_else_is_another(
        self, world: World, asked: ClassifyRequest, n_workers: int
    ) -> None:
        summary = classify(asked, Silence())
        rows, tree = world.rows(), world.tree(world.results()[0])
        shutil.rmtree(world.output)
        again = replace(asked, thumbnails=True, n_workers=n_workers)
        assert classify(again, Silence()).totals == summary.totals
        assert self.made(world) == [True] * 3
        assert (world.rows(), world.tree(world.results()[0])) == (rows, tree)

    def test_those_of_known_pictures_are_not(self, world: World, asked: ClassifyRequest) -> None:
        classify(asked, Silence())
        world.archive("b.zip", {"3.png": png(3), "1.png": png(1), "new.png": png(4)})
        classify(replace(asked, thumbnails=True), Silence())
        assert self.made(world) == [False] * 3
        assert ThumbnailFolder.of(world.output).has(content_digest(png(4)), SIDE_PIXELS)

    def test_where_none_can_be_written_all_else_is_done(
        self, world: World, asked: ClassifyRequest
    ) -> None:
        world.output.mkdir()
        (world.output / HIDDEN_FOLDER).write_text("in the way")
        told = Told()
        summary = classify(replace(asked, thumbnails=True), told)
        assert any(one.startswith("no thumbnails are made: ") for one in told.said)
        assert summary.totals.fates == {Fate.SCORED: 3}
        assert (world.output / HIDDEN_FOLDER).read_text() == "in the way"


class TestStrict:
    @pytest.mark.parametrize("results", ["none", "link"])
    def test_a_problem_that_an_earlier_run_met_ends_the_run_too(
        self, world: World, asked: ClassifyRequest, results: ResultsMode
    ) -> None:
        world.archive("b.zip", {"3.png": png(3), "bad.png": b"no picture"})
        request = replace(asked, results=results)
        run(request)
        with pytest.raises(RunError) as caught:
            run(replace(request, strict=True))
        assert caught.value.where == f"{world.zips}/b.zip!/bad.png"

    def test_a_picture_without_a_vector_ends_it(self, world: World, asked: ClassifyRequest) -> None:
        world.entries.popitem()
        world.know()
        with pytest.raises(RunError, match="no embedding"):
            run(replace(asked, strict=True))
        assert world.results() == []

    def test_a_refused_classifier_ends_it_before_any_work(
        self, world: World, source: CountingSource, asked: ClassifyRequest
    ) -> None:
        (world.models / "bad.pkl").write_text("<html>")
        with pytest.raises(RunError) as caught:
            run(replace(asked, strict=True))
        assert caught.value.where == str(world.models / "bad.pkl")
        assert source.opened == []

    def test_a_good_run_is_not_stopped(self, asked: ClassifyRequest) -> None:
        assert not run(replace(asked, strict=True)).has_problems


class TestSummary:
    def test_it_counts_what_stands(self, world: World, asked: ClassifyRequest) -> None:
        (world.zips / "loose.png").write_bytes(png(9))
        (world.zips / "c.zip").write_bytes(b"no archive")
        summary = run(asked)
        assert (summary.totals.n_containers, summary.n_loose) == (3, 1)
        assert summary.totals.unopened == {Fate.NOT_A_ZIP: 1}
        assert summary.totals.n_rows == len(world.rows())

    @pytest.mark.parametrize("results", ["none", "link"])
    def test_results_are_named_where_there_are_any(
        self, world: World, asked: ClassifyRequest, results: ResultsMode
    ) -> None:
        summary = run(replace(asked, results=results))
        assert ([summary.results] if summary.results else []) == world.results()

    def test_older_results_go_where_that_is_asked_for(
        self, world: World, asked: ClassifyRequest
    ) -> None:
        assert run(asked).older is None
        second = run(replace(asked, n_bins=5))
        assert second.older is not None
        assert (second.older.n_removed, second.older.n_left) == (0, 1)
        third = run(replace(asked, n_bins=4, keep_results=2))
        assert third.older is not None
        assert third.older.n_removed == 1
        assert world.results() == [second.results, third.results]
        assert (asked.output / "latest").resolve() == third.results

    def test_a_refused_classifier_is_a_problem_and_no_end(
        self, world: World, asked: ClassifyRequest
    ) -> None:
        (world.models / "bad.pkl").write_text("<html>")
        told = Told()
        summary = classify(asked, told)
        assert (summary.n_refused, summary.has_problems, len(told.problems)) == (1, True, 1)
        assert summary.totals.fates == {Fate.SCORED: 3}

    def test_trust_is_warned_about(self, asked: ClassifyRequest) -> None:
        told = Told()
        classify(replace(asked, trust_models=True), told)
        assert told.said[0] == TRUST_WARNING

    def test_a_collection_without_archives_is_no_error(
        self, world: World, asked: ClassifyRequest
    ) -> None:
        for path in world.zips.iterdir():
            path.unlink()
        summary = run(asked)
        assert (summary.totals.n_containers, summary.totals.n_rows) == (0, 0)
        assert summary.results == world.results()[0]


class TestEmbedding:
    """Where the metadata's embedder is at hand, pictures that the metadata lacks get a vector."""

    @pytest.fixture(autouse=True)
    def builtin(self, world: World, asked: ClassifyRequest) -> None:
        """Metadata of picture 1 alone, made by the built-in embedder, and a classifier of it."""
        make_folder(asked.output)
        vector = BuiltinEmbedder().embed([open_picture(png(1), Limits()).image])[0]
        entry = MetadataEntry(
            image_hash(png(1)), "1.png", "1.png", "PNG", len(png(1)), 3, 2, "RGB",
            content_digest(png(1)).hex(), (), BuiltinEmbedder.name, vector,
        )  # fmt: skip
        write_metadata(world.metadata, [entry])
        rng = np.random.default_rng(0)
        fitted = LogisticRegression().fit(rng.normal(size=(20, len(vector))), np.arange(20) % 2)
        form = {"classifier": fitted, "model_type": "svm", "tag": "cat"}
        for path in world.models.iterdir():
            path.unlink()
        joblib.dump(form, world.models / "model-svm-tag-cat.pkl")

    def test_all_are_scored(self, asked: ClassifyRequest) -> None:
        assert run(asked).totals.fates == {Fate.SCORED: 3}

    def test_a_picture_is_embedded_once_wherever_it_lies(
        self, world: World, asked: ClassifyRequest
    ) -> None:
        run(asked)
        before = dump(asked)["embeddings"]
        (world.zips / "c.zip").write_bytes(zipped({"again.png": png(2), "new.png": png(9)}))
        run(asked)
        after = dump(asked)["embeddings"]
        assert after[: len(before)] == before
        assert (len(before), len(after)) == (2, 3)

    def test_what_another_stage_has_embedded_is_taken_over(
        self, world: World, asked: ClassifyRequest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run(asked)
        loose = world.folder / "images"
        loose.mkdir()
        for shade in (1, 2, 3):
            (loose / f"{shade}.png").write_bytes(png(shade))
        monkeypatch.setattr(BuiltinEmbedder, "embed", None)
        request = replace(asked, source=FolderSource(loose, world.output), table=ScoreCache)
        told = Told()
        assert classify(request, told).totals.fates == {Fate.SCORED: 3}
        assert (told.n_known, told.n_decoded) == (3, 0)


class TestWhatCannotBeReadForNow:
    @pytest.fixture(autouse=True)
    def _known(self, asked: ClassifyRequest) -> None:
        run(asked)

    def lock(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have the disk refuse one archive."""

        def refusing(path: Path) -> FileIO:
            if path == world.zips / "a.zip":
                raise OSError(errno.EIO, "Input/output error")
            return open_regular(path)

        monkeypatch.setattr("shared.sources.files.open_regular", refusing)

    @pytest.mark.parametrize("results", ["link", "none"])
    def test_its_rows_stay_and_it_is_named_as_a_problem(
        self,
        world: World,
        asked: ClassifyRequest,
        monkeypatch: pytest.MonkeyPatch,
        results: ResultsMode,
    ) -> None:
        self.lock(world, monkeypatch)
        summary = run(replace(asked, results=results))
        assert (summary.totals.n_rows, summary.totals.unopened) == (3, {Fate.UNREADABLE: 1})
        assert summary.has_problems

    def test_a_results_folder_of_then_shows_the_rest(
        self, world: World, asked: ClassifyRequest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.lock(world, monkeypatch)
        summary = run(asked)
        assert summary.results
        shown = json.loads((summary.results / "output.json").read_text())
        assert [Path(one["file_path"]).name for one in shown] == ["3.png"]
        assert f"{world.zips}/a.zip" in (summary.results / "problems.csv").read_text()

    def test_once_it_is_back_nothing_is_read_for_the_rows(
        self,
        world: World,
        source: CountingSource,
        asked: ClassifyRequest,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        with monkeypatch.context() as patch:
            self.lock(world, patch)
            run(replace(asked, results="none"))
        source.opened.clear()
        assert not run(replace(asked, results="none")).has_problems
        assert source.opened == []

    def test_a_new_classifier_scores_it_from_what_is_known(
        self, world: World, asked: ClassifyRequest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.lock(world, monkeypatch)
        world.train("dog", seed=2)
        assert run(asked).totals.n_rows == 6


def test_a_picture_that_has_changed_without_a_trace_stops_one_run_and_not_the_next(
    world: World, asked: ClassifyRequest
) -> None:
    run(asked)
    path = world.zips / "a.zip"
    status, content = path.stat(), bytearray(path.read_bytes())
    content[content.index(png(2)) + 30] ^= 255
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    shutil.rmtree(world.results()[0])
    with pytest.raises(RunError, match="Run the same command again"):
        run(asked)
    summary = run(asked)
    assert summary.totals.fates == {Fate.SCORED: 2, Fate.CRC: 1}
    assert summary.results


def test_stage_3_scores_loose_files_in_a_table_of_its_own(
    world: World, asked: ClassifyRequest
) -> None:
    folder = world.folder / "images"
    folder.mkdir()
    (folder / "1.png").write_bytes(png(1))
    request = replace(asked, source=FolderSource(folder, world.output), table=ScoreCache)
    assert run(request).totals.fates == {Fate.SCORED: 1}
    assert request.database == world.output / "score_cache.sqlite"


def test_a_database_url_goes_before_the_file(asked: ClassifyRequest) -> None:
    url = "postgresql+psycopg://me@host/name"
    assert replace(asked, database_url=url).database == url
