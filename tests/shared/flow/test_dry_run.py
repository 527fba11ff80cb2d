"""A dry run finds what the run after it does, and leaves everything as it was."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from shared.errors import RunError
from shared.flow import dry_run
from shared.flow.classify import classify
from shared.flow.dry_run import Forecast, forecast
from shared.flow.request import ClassifyRequest
from shared.hashing import content_digest
from shared.metadata.entries import MetadataEntry
from shared.metadata.formats import write_metadata
from shared.pictures.embedders.builtin import BuiltinEmbedder
from shared.pictures.opening import open_picture
from shared.progress import Silence
from shared.records import DECIDED, Limits
from shared.results.thumbnails import USUAL_BYTES
from tests.postgres import Server
from tests.shared.flow.scenes import CountingSource
from tests.worlds import World, image_hash, png, zipped

pytestmark = pytest.mark.slow


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Two archives: three pictures, one of them in an archive within, a text; two classifiers."""
    world = World(tmp_path)
    world.train("cat", seed=1)
    world.train("dog", seed=2)
    world.archive("a.zip", {"1.png": png(1), "note.txt": b"text"})
    world.know(png(3))
    world.archive("b.zip", {"2.png": png(2), "inner.zip": zipped({"3.png": png(3)})})
    return world


def state(folder: Path) -> dict[str, tuple[bytes, int]]:
    """All files below a folder with their times; empty where there is no such folder."""
    return {
        str(path): (path.read_bytes() if path.is_file() else b"", path.lstat().st_mtime_ns)
        for path in (folder, *sorted(folder.rglob("*")))
        if path.exists()
    }


@pytest.fixture
def dry(world: World) -> Callable[[ClassifyRequest], Forecast]:
    """Run dry, and see that nothing in the user's folders has changed."""

    def run(request: ClassifyRequest) -> Forecast:
        before = state(world.folder)
        found = forecast(request, Silence())
        assert state(world.folder) == before
        return found

    return run


Dry = Callable[[ClassifyRequest], Forecast]


def test_before_the_first_run_all_is_new(asked: ClassifyRequest, dry: Dry) -> None:
    found = dry(asked)
    counts = found.counts
    assert counts.stands == {"new": 2}
    assert (counts.to_read, counts.to_decode, counts.to_embed) == (3, 3, 0)
    assert (counts.to_score, counts.n_rows) == (3, 6)
    assert found.room
    assert (found.room.n_files, found.room.n_links, found.room.is_at_most) == (3, 6, True)
    assert found.duration.n_runs == 0
    assert not found.has_problems


def test_not_even_the_output_folder_is_made(world: World, asked: ClassifyRequest, dry: Dry) -> None:
    (world.folder / "thresholds.toml").write_text("cat = 0.5\n")
    thresholds = world.folder / "thresholds.toml"
    dry(replace(asked, thresholds=thresholds, write_thresholds=world.folder / "new.toml"))
    assert not world.output.exists()
    assert not list(world.folder.glob("*.vectors"))


def test_thumbnails_are_counted_and_none_is_made(
    world: World, asked: ClassifyRequest, dry: Dry
) -> None:
    asked = replace(asked, thumbnails=True)
    found = dry(asked)
    assert found.room
    assert found.room.n_thumbnail_bytes == 3 * USUAL_BYTES
    classify(asked, Silence())
    world.train("bird", seed=3)
    found = dry(asked)
    assert found.room
    assert found.room.n_thumbnail_bytes == 0


def test_no_picture_is_read(asked: ClassifyRequest, source: CountingSource, dry: Dry) -> None:
    dry(asked)
    assert source.read == []


def test_after_a_run_there_is_nothing_to_do(asked: ClassifyRequest, dry: Dry) -> None:
    results = classify(asked, Silence()).results
    found = dry(asked)
    assert found.counts == dry_run.Prospects({"unchanged": 2})
    assert (found.standing, found.room) == (results, None)
    assert found.duration.n_runs == 1
    assert found.duration.seconds is not None


def test_what_has_changed_and_what_is_gone_is_found(
    world: World, asked: ClassifyRequest, dry: Dry
) -> None:
    classify(asked, Silence())
    (world.zips / "a.zip").unlink()
    inner = zipped({"3.png": png(3)})
    world.archive("b.zip", {"2.png": png(2), "inner.zip": inner, "4.png": png(4)})
    world.archive("c.zip", {"5.png": png(5)})
    found = dry(asked)
    assert found.counts.stands == {"new": 1, "changed": 1}
    assert (found.gone.n_containers, found.gone.n_images, found.gone.n_rows) == (1, 1, 2)
    assert (found.counts.to_read, found.counts.to_decode) == (4, 2)
    assert found.counts.n_rows == 8
    summary = classify(asked, Silence())
    assert summary.totals.n_rows == found.counts.n_rows


def test_a_drive_that_is_away_is_told_from_what_is_gone(
    world: World, asked: ClassifyRequest, dry: Dry
) -> None:
    classify(asked, Silence())
    for path in world.zips.iterdir():
        path.rename(world.folder / path.name)
    found = dry(asked)
    assert found.counts.stands == {"away": 2}
    assert found.gone.n_containers == 0
    assert (found.has_problems, found.room, found.standing) == (True, None, None)
    assert dry(replace(asked, forget_gone=True)).gone.n_containers == 2


def test_a_new_classifier_scores_what_is_known(
    world: World, asked: ClassifyRequest, dry: Dry
) -> None:
    classify(asked, Silence())
    world.train("bird", seed=3)
    found = dry(asked)
    assert (found.counts.to_read, found.counts.to_score, found.counts.n_rows) == (0, 3, 3)
    assert found.room
    assert (found.room.n_links, found.room.n_shared) == (9, 3)


def test_rows_that_another_program_has_deleted_are_to_be_written(
    world: World, asked: ClassifyRequest, dry: Dry
) -> None:
    classify(asked, Silence())
    path = world.output / "zip_score_cache.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("DELETE FROM zip_score_cache WHERE tag = 'cat' AND file_name = '1.png'")
    database.close()
    assert dry(asked).counts.n_rows == 1


@pytest.mark.parametrize("changes", [{"rescan": True}, {"limits": Limits(max_megapixels=1)}])
def test_what_is_read_again_is_known(
    asked: ClassifyRequest, dry: Dry, changes: dict[str, object]
) -> None:
    classify(asked, Silence())
    counts = dry(replace(asked, **changes)).counts  # type: ignore[arg-type]
    assert counts.stands == {"read again": 2}
    assert (counts.to_read, counts.to_decode) == (3, 0)


def test_a_run_that_was_stopped_leaves_an_archive_unfinished(
    world: World, asked: ClassifyRequest, dry: Dry
) -> None:
    classify(asked, Silence())
    with sqlite3.connect(world.output / "zip_score_cache.sqlite") as database:
        database.execute("UPDATE containers SET state = 'reading' WHERE id = 1")
    database.close()
    assert dry(asked).counts.stands == {"unfinished": 1, "unchanged": 1}


def test_an_archive_that_cannot_be_opened_is_a_problem(
    world: World, asked: ClassifyRequest, dry: Dry
) -> None:
    (world.zips / "bad.zip").write_bytes(b"PK\3\4 cut short")
    found = dry(asked)
    assert (found.counts.n_unreadable, found.has_problems) == (1, True)


def test_problems_that_a_run_has_met_are_problems(
    world: World, asked: ClassifyRequest, dry: Dry
) -> None:
    world.archive("c.zip", {"bad.png": b"no picture"})
    classify(asked, Silence())
    assert dry(asked).has_problems


def test_without_archives_there_is_a_problem(
    world: World, asked: ClassifyRequest, dry: Dry
) -> None:
    for path in world.zips.iterdir():
        path.unlink()
    assert dry(asked).has_problems


def test_what_the_embedder_would_make_is_counted(
    world: World, asked: ClassifyRequest, dry: Dry
) -> None:
    vector = BuiltinEmbedder().embed([open_picture(png(1), Limits()).image])[0]
    entry = MetadataEntry(
        image_hash(png(1)), "1.png", "1.png", "PNG", len(png(1)), 3, 2, "RGB",
        content_digest(png(1)).hex(), (), BuiltinEmbedder.name, vector,
    )  # fmt: skip
    write_metadata(world.metadata, [entry])
    fitted = LogisticRegression().fit(np.eye(len(vector)), np.arange(len(vector)) % 2)
    for path in world.models.iterdir():
        path.unlink()
    form = {"classifier": fitted, "model_type": "svm", "tag": "cat"}
    joblib.dump(form, world.models / "model-svm-tag-cat.pkl")
    counts = dry(asked).counts
    assert (counts.to_read, counts.to_decode, counts.to_embed) == (3, 3, 3)
    classify(asked, Silence())
    world.archive("b.zip", {"2.png": png(2), "new.png": png(4)})
    write_metadata(world.metadata, [entry])
    counts = dry(asked).counts
    assert (counts.to_read, counts.to_decode, counts.to_embed) == (2, 1, 1)


def test_a_results_folder_without_room_is_refused(
    asked: ClassifyRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dry_run, "free_bytes", lambda _: 1000)
    refusal = forecast(asked, Silence()).refusal
    assert isinstance(refusal, RunError)
    assert "at most 3 files, 6 links" in str(refusal)


def test_only_what_gets_into_a_bin_takes_room(asked: ClassifyRequest, dry: Dry) -> None:
    classify(replace(asked, results="none"), Silence())
    found = dry(replace(asked, results_min_score=DECIDED, threshold=1.0))
    assert found.room
    assert (found.room.n_files, found.room.n_links, found.refusal) == (0, 0, None)


def test_what_may_prove_too_novel_takes_room_at_most(asked: ClassifyRequest, dry: Dry) -> None:
    classify(replace(asked, results="none"), Silence())
    asked = replace(asked, results_min_score=DECIDED)
    limited = replace(asked, max_novelty=0.99)
    before = dry(limited)
    with closing(sqlite3.connect(str(asked.database))) as database, database:
        database.execute("INSERT INTO embeddings SELECT id, 'another', x'00' FROM pictures")
    found = [before, dry(limited), dry(asked)]
    assert [one.room.is_at_most for one in found if one.room] == [False, True, False]


def test_without_results_nothing_is_said_of_them(asked: ClassifyRequest, dry: Dry) -> None:
    found = dry(replace(asked, results="none"))
    assert (found.room, found.standing) == (None, None)


def test_while_another_run_holds_the_folder_it_works(world: World, asked: ClassifyRequest) -> None:
    classify(asked, Silence())
    with sqlite3.connect(world.output / "zip_score_cache.sqlite", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE containers SET revision = revision + 1")
        assert forecast(asked, Silence()).counts.stands == {"unchanged": 2}
        other.execute("ROLLBACK")


@pytest.mark.server
def test_it_is_the_same_on_a_server(world: World, asked: ClassifyRequest, server: Server) -> None:
    request = replace(asked, database_url=server.fresh_database())
    assert forecast(request, Silence()).counts.stands == {"new": 2}
    classify(request, Silence())
    world.archive("c.zip", {"5.png": png(5)})
    (world.zips / "a.zip").unlink()
    for _ in range(2):
        found = forecast(request, Silence())
        assert found.counts.stands == {"new": 1, "unchanged": 1}
        assert found.gone.n_containers == 1
        assert found.counts.n_rows == 6  # the metadata has changed with the new archive
