"""A run ends with its decisions in force; they cost no scores, and results that stand tell them."""

import csv
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from shared.database.engine import Connection
from shared.database.labels import LABELS_FILE, Label, note_labels, open_labels
from shared.database.scores import ScoreTable, write_rows
from shared.database.tables import ScoreCache
from shared.errors import RunError
from shared.flow.classify import Summary, classify
from shared.flow.dry_run import forecast
from shared.flow.estimating import precision_words
from shared.flow.request import ClassifyRequest
from shared.flow.threshold_files import Wish, load_wishes
from shared.flow.vector_lookup import VectorSource
from shared.progress import Silence
from shared.records import DECIDED
from shared.results.folder import ResultsMode
from shared.sources.source import ArchiveSource, FolderSource
from tests.shared.flow.scenes import CountingSource, Told
from tests.worlds import World, image_hash, png

pytestmark = pytest.mark.slow

Row = tuple[object, ...]
RECOMMENDED = {"recommended": {"threshold": 0.0}, "precision_95": None}
NOTHING_IN_BETWEEN = 1.0


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Two archives of three pictures, one classifier by which all of them are cats."""
    world = World(tmp_path)
    world.train("cat", seed=1, thresholds=RECOMMENDED, average_precision=0.9)
    world.archive("a.zip", {"1.png": png(1), "2.png": png(2)})
    world.archive("b.zip", {"3.png": png(3)})
    return world


def run(request: ClassifyRequest, told: Told | None = None) -> Summary:
    return classify(request, told or Told())


def rows(request: ClassifyRequest, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(str(request.database))) as database:
        return database.execute(query).fetchall()


def listed(summary: Summary, name: str) -> list[dict[str, str]]:
    assert summary.results
    with (summary.results / name).open(newline="") as file:
        return list(csv.DictReader(file))


def first_page(summary: Summary) -> str:
    assert summary.results
    return (summary.results / "index.html").read_text()


class TestThresholds:
    def test_tags_are_decided_and_counted(self, asked: ClassifyRequest) -> None:
        summary = run(asked)
        assert summary.decided == (("cat", 3),)
        assert (summary.untold, summary.out_of_reach) == ((), ())
        assert rows(asked, "SELECT file_name, threshold, by_person FROM zip_tags ORDER BY 1") == [
            ("1.png", 0.0, 0),
            ("2.png", 0.0, 0),
            ("3.png", 0.0, 0),
        ]

    def test_the_most_decided_come_first(self, asked: ClassifyRequest, world: World) -> None:
        world.train("ant", seed=2, thresholds={"recommended": {"threshold": NOTHING_IN_BETWEEN}})
        world.train("bee", seed=3, thresholds=RECOMMENDED)
        assert run(asked).decided == (("bee", 3), ("cat", 3))

    def test_a_file_that_tells_none_decides_at_a_half(
        self, asked: ClassifyRequest, world: World
    ) -> None:
        world.train("cat", seed=1)
        assert run(asked).untold == ("cat",)
        assert rows(asked, "SELECT threshold, chosen_by FROM thresholds") == [(0.5, "default")]

    def test_what_cannot_be_reached_is_told(self, asked: ClassifyRequest) -> None:
        summary = run(replace(asked, threshold="precision_95"))
        assert (summary.out_of_reach, summary.decided) == (("cat",), ())

    @pytest.mark.parametrize("results", ["link", "none"])
    def test_another_threshold_scores_nothing_and_opens_nothing(
        self, asked: ClassifyRequest, results: ResultsMode
    ) -> None:
        asked = replace(asked, results=results)
        run(asked)
        before = rows(asked, "SELECT rowid, * FROM zip_score_cache")
        assert isinstance(asked.source, CountingSource)
        asked.source.opened.clear()
        told = Told()
        assert run(replace(asked, threshold=1.0), told).decided == ()
        assert told.said[-1:] == ["cat: 0 gained, 3 lost"]
        assert asked.source.opened == []
        assert rows(asked, "SELECT rowid, * FROM zip_score_cache") == before

    def test_a_new_classifier_says_what_it_changes(
        self, asked: ClassifyRequest, world: World
    ) -> None:
        run(asked)
        ones = {"recommended": {"threshold": NOTHING_IN_BETWEEN}}
        world.train("cat", seed=7, thresholds=ones, average_precision=0.9)
        told = Told()
        run(asked, told)
        assert told.said[-1:] == ["cat: 0 gained, 3 lost"]

    def test_it_decides_in_another_directory_once_that_has_its_scores(
        self, asked: ClassifyRequest, world: World
    ) -> None:
        other = world.zips / "other"
        other.mkdir()
        (world.zips / "b.zip").rename(other / "b.zip")
        here, there = (
            replace(asked, results="none", source=ArchiveSource(where, world.output))
            for where in (world.zips / "a.zip", other)
        )
        scores = []
        for seed in (1, 7):
            world.train("cat", seed)
            run(here)
            run(there)
            found = rows(asked, "SELECT tag_score FROM zip_score_cache WHERE file_name = '3.png'")
            scores.append(float(str(found[0][0])))
        first, _ = scores
        world.train("cat", 1, thresholds={"recommended": {"threshold": sum(scores) / 2}})
        run(here)
        assert dict(run(there).decided) == ({"cat": 1} if first == max(scores) else {})

    def test_a_run_that_changes_nothing_writes_nothing(self, asked: ClassifyRequest) -> None:
        run(asked)
        before = Path(str(asked.database)).read_bytes()
        assert run(asked).decided == (("cat", 3),)
        assert Path(str(asked.database)).read_bytes() == before

    def test_a_run_that_was_stopped_before_it_decided_decides_later(
        self, asked: ClassifyRequest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def stop(*_: object, **__: object) -> bytes:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr("shared.flow.deciding.Decider.decide", stop)
            with pytest.raises(KeyboardInterrupt):
                run(asked)
        assert run(asked).decided == (("cat", 3),)

    def test_estimates_tell_of_what_is_there(self, asked: ClassifyRequest, world: World) -> None:
        asked = replace(asked, results="none")
        run(asked)
        (world.zips / "b.zip").unlink()
        run(asked)
        assert rows(asked, "SELECT tag, n_pictures FROM estimates") == [("cat", 2)]

    def test_of_a_tag_without_pictures_nothing_is_estimated(
        self, asked: ClassifyRequest, world: World
    ) -> None:
        run(asked)
        for path in world.zips.iterdir():
            path.unlink()
        run(replace(asked, forget_gone=True))
        assert rows(asked, "SELECT * FROM estimates") == []


NOVEL_PICTURE = "hash_id IN (SELECT hash_id FROM zip_score_cache WHERE file_name = '1.png')"


class TestNovelty:
    @pytest.fixture(autouse=True)
    def _one_is_novel(self, asked: ClassifyRequest) -> None:
        run(asked)
        self.judge(asked)

    def judge(self, asked: ClassifyRequest) -> None:
        with closing(sqlite3.connect(str(asked.database))) as database, database:
            database.execute(
                "INSERT INTO novelties SELECT id, x'00', 0.995 FROM pictures WHERE " + NOVEL_PICTURE
            )

    def forget(self, asked: ClassifyRequest) -> None:
        with closing(sqlite3.connect(str(asked.database))) as database, database:
            database.execute("DELETE FROM novelties")

    def judging(self, asked: ClassifyRequest) -> Callable[[VectorSource], None]:
        """What stands for a comparison of vectors: this world's are in the metadata."""
        return lambda _: self.judge(asked)

    def test_a_limit_scores_nothing_and_opens_nothing_and_says_what_it_leaves_out(
        self, asked: ClassifyRequest
    ) -> None:
        before = rows(asked, "SELECT rowid, * FROM zip_score_cache")
        assert isinstance(asked.source, CountingSource)
        asked.source.opened.clear()
        told = Told()
        summary = run(replace(asked, max_novelty=0.99), told)
        assert (summary.decided, summary.too_novel) == ((("cat", 2),), (("cat", 1),))
        assert told.said[-1:] == ["cat: 0 gained, 1 lost"]
        assert asked.source.opened == []
        assert rows(asked, "SELECT rowid, * FROM zip_score_cache") == before
        assert rows(asked, "SELECT file_name FROM zip_tags ORDER BY 1") == [("2.png",), ("3.png",)]
        assert rows(asked, "SELECT decided FROM archive_tags ORDER BY archive_path") == [(1,), (1,)]

    def test_pages_and_lists_follow(self, asked: ClassifyRequest) -> None:
        summary = run(replace(asked, max_novelty=0.99))
        assert [one["decided"] for one in listed(summary, "archives.csv")] == ["1", "1"]
        page = first_page(summary)
        assert "2 decided</strong> of 3" in page
        assert "on (recommended), up to a novelty of 0.99" in page
        assert "1 unlike anything labelled</a>" in page
        assert "<em>unlike anything labelled: 0.995</em>" in page

    def test_a_run_without_a_limit_lifts_it_and_says_so(self, asked: ClassifyRequest) -> None:
        run(replace(asked, max_novelty=0.99))
        told = Told()
        summary = run(asked, told)
        assert (summary.decided, summary.too_novel) == ((("cat", 3),), ())
        assert summary.lifted == 0.99
        assert told.said[-1:] == ["cat: 1 gained, 0 lost"]
        assert run(asked).lifted is None

    def test_where_only_what_is_decided_is_shown_the_folder_follows(
        self, asked: ClassifyRequest
    ) -> None:
        asked = replace(asked, results_min_score=DECIDED)
        first, second = run(asked), run(replace(asked, max_novelty=0.99))
        assert first.results
        assert second.results
        names = [
            {one["image_file"] for one in json.loads((results / "output.json").read_text())}
            for results in (first.results, second.results)
        ]
        assert names == [{"1.png", "2.png", "3.png"}, {None, "2.png", "3.png"}]
        assert "2 decided</strong> of 2" in first_page(second)

    def test_what_is_compared_only_now_is_shown_and_left_out_of_a_new_folder(
        self, asked: ClassifyRequest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.forget(asked)
        monkeypatch.setattr(
            "shared.flow.vector_lookup.VectorSource.judge_known", self.judging(asked)
        )
        asked = replace(asked, results_min_score=DECIDED)
        results = run(replace(asked, max_novelty=0.99)).results
        assert results
        images = json.loads((results / "output.json").read_text())
        assert [(one["image_file"], one["novelty"]) for one in images] == [
            (None, 0.995),
            ("2.png", None),
            ("3.png", None),
        ]

    def test_what_is_compared_under_a_limit_that_is_in_force_is_decided_anew(
        self, asked: ClassifyRequest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.forget(asked)
        limited = replace(asked, max_novelty=0.99)
        assert run(limited).decided == (("cat", 3),)
        monkeypatch.setattr(
            "shared.flow.vector_lookup.VectorSource.judge_known", self.judging(asked)
        )
        assert run(limited).decided == (("cat", 2),)
        assert rows(asked, "SELECT n_pictures, n_too_novel FROM estimates") == [(3, 1)]

    def test_what_is_labelled_by_now_is_decided_again(
        self, asked: ClassifyRequest, world: World
    ) -> None:
        limited = replace(asked, max_novelty=0.99)
        run(limited)
        world.know(png(100))  # other metadata: all is scored anew, and is in it
        assert run(limited).decided == (("cat", 3),)
        assert rows(asked, "SELECT * FROM novelties") == []

    def test_an_option_of_the_command_asks_for_it(
        self, asked: ClassifyRequest, world: World
    ) -> None:
        world.classify()
        self.judge(asked)
        done = world.classify("--max_novelty=0.99")
        assert "not decided, as their novelty is over 0.99: cat 1\n" in done.stdout
        lifted = world.classify()
        assert "images of a novelty over 0.99 are decided again" in lifted.stdout
        wrong = world.classify("--max_novelty=1.5")
        assert (wrong.exit_code, wrong.stdout) == (2, "")


class TestFiles:
    def test_single_tags_have_thresholds_of_their_own(
        self, asked: ClassifyRequest, tmp_path: Path
    ) -> None:
        path = tmp_path / "my.toml"
        path.write_text("cat = 1")
        assert run(replace(asked, threshold=0.0, thresholds=path)).decided == ()

    def test_what_is_written_decides_the_same(self, asked: ClassifyRequest, tmp_path: Path) -> None:
        path = tmp_path / "my.toml"
        run(replace(asked, threshold=0.125, write_thresholds=path))
        assert load_wishes(path) == {"cat": 0.125}
        told = Told()
        run(replace(asked, thresholds=path), told)
        assert told.said == []

    def test_bad_ones_end_the_run_before_anything_is_read(
        self, asked: ClassifyRequest, tmp_path: Path
    ) -> None:
        path = tmp_path / "my.toml"
        path.write_text("cow = 1")
        for wrong in ({"thresholds": path}, {"write_thresholds": path}):
            with pytest.raises(RunError, match=r"my\.toml"):
                run(replace(asked, **wrong))  # type: ignore[arg-type]
        assert not Path(str(asked.database)).exists()
        assert path.read_text() == "cow = 1"

    def test_all_that_is_wrong_is_named_at_once(
        self, asked: ClassifyRequest, tmp_path: Path
    ) -> None:
        gone = tmp_path / "gone"
        wrong = replace(asked, thresholds=gone, metadata_json=gone, model=gone)
        with pytest.raises(RunError) as caught:
            run(wrong)
        assert len(caught.value.each) == 3


class TestAnswers:
    def answer(self, asked: ClassifyRequest, *, has_tag: bool) -> None:
        label = Label(image_hash(png(1)), "cat", has_tag, "", "1", "")
        with open_labels(asked.output / LABELS_FILE) as labels:
            labels.run(note_labels, [label])

    def test_a_person_wins_from_the_next_run_on(self, asked: ClassifyRequest) -> None:
        asked = replace(asked, results="none", threshold=1.0)
        run(asked)
        self.answer(asked, has_tag=True)
        told = Told()
        assert run(asked, told).decided == (("cat", 1),)
        assert told.said == ["cat: 1 gained, 0 lost"]
        assert rows(asked, "SELECT file_name, by_person FROM zip_tags") == [("1.png", 1)]


class TestLists:
    def test_archives_are_listed_by_tag(self, asked: ClassifyRequest, world: World) -> None:
        [a, b] = listed(run(asked), "archives.csv")
        assert (a["archive"], b["archive"]) == (f"{world.zips}/a.zip", f"{world.zips}/b.zip")
        assert (a["tag"], a["pictures"], a["decided"], a["share"]) == ("cat", "2", "2", "1.0000")
        assert b["best"] == f"{world.zips}/b.zip!/3.png"
        assert b["mean_score"] == b["best_score"]

    def test_what_has_changed_is_listed(self, asked: ClassifyRequest, world: World) -> None:
        assert listed(run(asked), "changes.csv") == []
        changes = listed(run(replace(asked, threshold=1.0)), "changes.csv")
        assert [(one["address"], one["tag"], one["change"]) for one in changes] == [
            (f"{world.zips}/a.zip!/1.png", "cat", "lost"),
            (f"{world.zips}/a.zip!/2.png", "cat", "lost"),
            (f"{world.zips}/b.zip!/3.png", "cat", "lost"),
        ]
        assert all(0 < float(one["score"]) < 1 for one in changes)

    def test_the_folder_that_stands_tells_other_decisions(self, asked: ClassifyRequest) -> None:
        first = run(asked)
        second = run(replace(asked, threshold=1.0))
        assert second.results == first.results
        assert [one["decided"] for one in listed(second, "archives.csv")] == ["0", "0"]

    def test_the_pages_of_a_folder_that_stands_follow(self, asked: ClassifyRequest) -> None:
        assert "3 decided</strong> of 3" in first_page(run(asked))
        assert "0 decided</strong> of 3" in first_page(run(replace(asked, threshold=1.0)))

    def test_without_results_there_are_no_pages(self, asked: ClassifyRequest) -> None:
        run(replace(asked, results="none"))
        assert list(asked.output.rglob("*.html")) == []

    @pytest.mark.parametrize("step", ["write_changes", "write_pages"])
    def test_decisions_of_before_are_told_again_where_a_run_was_stopped_meanwhile(
        self, asked: ClassifyRequest, monkeypatch: pytest.MonkeyPatch, step: str
    ) -> None:
        def stop(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        run(asked)
        with monkeypatch.context() as patch:
            patch.setattr(f"shared.flow.publishing.{step}", stop)
            with pytest.raises(KeyboardInterrupt):
                run(replace(asked, threshold=1.0))
        summary = run(asked)
        assert [one["decided"] for one in listed(summary, "archives.csv")] == ["2", "1"]
        assert "3 decided</strong> of 3" in first_page(summary)

    def test_a_run_that_was_stopped_before_it_listed_them_lists_them_later(
        self, asked: ClassifyRequest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def stop(*_: object) -> None:
            raise KeyboardInterrupt

        run(asked)
        with monkeypatch.context() as patch:
            patch.setattr("shared.flow.publishing.write_changes", stop)
            with pytest.raises(KeyboardInterrupt):
                run(replace(asked, threshold=1.0))
        assert len(listed(run(replace(asked, threshold=1.0)), "changes.csv")) == 3

    def test_a_picture_says_its_archive(self, asked: ClassifyRequest, world: World) -> None:
        results = run(asked).results
        assert results
        images = json.loads((results / "output.json").read_text())
        assert [one["archive_path"] for one in images] == [
            f"{world.zips}/{name}.zip" for name in ("a", "a", "b")
        ]

    def test_loose_images_have_no_archives(self, asked: ClassifyRequest, world: World) -> None:
        (world.zips / "1.png").write_bytes(png(1))
        source = FolderSource(world.zips, world.output)
        asked = replace(asked, source=source, table=ScoreCache)
        summary = run(asked)
        assert summary.results
        assert not (summary.results / "archives.csv").exists()
        assert listed(summary, "changes.csv") == []
        assert rows(asked, "SELECT file_path, tag FROM tags") == [(f"{world.zips}/1.png", "cat")]


class TestIndex:
    QUERY = "SELECT 1 FROM sqlite_master WHERE name = 'ix_zip_score_cache_tag'"

    def is_there(self, asked: ClassifyRequest) -> bool:
        return bool(rows(asked, self.QUERY))

    def iter_plan(self, asked: ClassifyRequest, query: str) -> Iterator[str]:
        return (str(row[-1]) for row in rows(asked, f"EXPLAIN QUERY PLAN {query}"))

    @pytest.mark.parametrize(
        "where", ["zip_score_cache WHERE tag_score > 0.5", "zip_tags WHERE true"]
    )
    def test_the_best_of_a_tag_are_found_by_it_and_not_sorted(
        self, asked: ClassifyRequest, where: str
    ) -> None:
        run(asked)
        query = f"SELECT * FROM {where} AND tag = 'cat' ORDER BY tag_score DESC LIMIT 50"
        plan = list(self.iter_plan(asked, query))
        searches = [step for step in plan if "ix_zip_score_cache_tag" in step]
        assert [step.split("USING INDEX ")[1] for step in searches] == [
            "ix_zip_score_cache_tag (tag=? AND tag_score>?)"
        ]
        assert not any("USE TEMP B-TREE" in step for step in plan[: plan.index(searches[0])])

    def test_it_is_not_there_while_most_rows_are_written(
        self, asked: ClassifyRequest, world: World, seen: list[bool]
    ) -> None:
        run(asked)
        world.train("cat", seed=7)
        run(asked)
        assert seen == [False] * 4
        assert self.is_there(asked)

    def test_it_stays_while_few_are(
        self, asked: ClassifyRequest, world: World, seen: list[bool]
    ) -> None:
        for number in range(20):
            world.archive(f"{number}.zip", {f"{number}.png": png(number)})
        world.know(png(100))  # later it would be other metadata, by which all is scored anew
        run(asked)
        seen.clear()
        world.archive("new.zip", {"new.png": png(100)})
        run(asked)
        assert seen == [True]

    @pytest.fixture
    def seen(self, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
        """Whether the index was there, each time when rows were written."""
        found: list[bool] = []

        def spying(connection: Connection, table: ScoreTable, written: Sequence[Row]) -> None:
            found.append(connection.exec_driver_sql(self.QUERY).scalar() is not None)
            write_rows(connection, table, written)

        monkeypatch.setattr("shared.flow.scoring.write_rows", spying)
        return found


COUNTS = [[60, 0, 50], [110, 5, 20], [130, 440, 5], [180, 555, 0]]
"""How scores of a classifier were spread in training: bin of odds, with the tag, without."""


class TestCollection:
    @pytest.fixture(autouse=True)
    def _trained(self, world: World) -> None:
        world.train(
            "cat", seed=1, thresholds=RECOMMENDED, average_precision=0.9, score_counts=COUNTS
        )

    def test_what_scores_tell_of_the_collection_is_kept_and_told(
        self, asked: ClassifyRequest
    ) -> None:
        [told] = run(asked).estimates
        assert (told.tag, told.n_pictures, told.decided_share) == ("cat", 3, 1.0)
        assert told.trained_share == told.trained_precision == 1000 / 1075
        assert told.share is not None
        assert told.share_low is not None
        assert told.share_low <= told.share
        assert rows(asked, "SELECT DISTINCT precision FROM zip_tags") == [(told.precision,)]
        assert rows(asked, "SELECT precision FROM estimates") == [(told.precision,)]

    def test_pages_tell_how_precise_decisions_seem_here(self, asked: ClassifyRequest) -> None:
        summary = run(asked)
        [told] = summary.estimates
        words = f"by the scores about {precision_words(told)} of these have the tag"
        assert words in first_page(summary)

    def test_a_run_in_which_nothing_changes_tells_it_again(self, asked: ClassifyRequest) -> None:
        assert run(asked).estimates == run(asked).estimates

    def test_a_mean_score_is_compared_with_that_of_the_run_before(
        self, asked: ClassifyRequest, world: World
    ) -> None:
        [first] = run(asked).estimates
        world.archive("c.zip", {"4.png": png(1)})
        [second] = run(asked).estimates
        assert (first.mean_score_before, second.mean_score_before) == (None, first.mean_score)
        world.train("cat", seed=2, thresholds=RECOMMENDED, score_counts=COUNTS)
        assert run(asked).estimates[0].mean_score_before is None

    def test_of_a_file_that_does_not_tell_of_training_only_counts_are_kept(
        self, asked: ClassifyRequest, world: World
    ) -> None:
        world.train("cat", seed=1, thresholds=RECOMMENDED)
        [told] = run(asked).estimates
        assert (told.n_pictures, told.decided_share, told.share) == (3, 1.0, None)

    def test_a_threshold_by_name_can_be_one_for_the_collection(
        self, asked: ClassifyRequest
    ) -> None:
        run(asked)
        fit = replace(asked, prior="collection")
        told = Told()
        run(fit, told)
        [(threshold, chosen_by)] = rows(asked, "SELECT threshold, chosen_by FROM thresholds")
        assert isinstance(threshold, float)
        assert 0.0 < threshold <= 1.0
        assert chosen_by == "recommended"
        again = Told()
        run(fit, again)
        assert again.said == []
        assert rows(asked, "SELECT threshold FROM thresholds") == [(threshold,)]

    def test_only_what_is_decided_by_it_is_shown_where_that_is_asked_for(
        self, asked: ClassifyRequest
    ) -> None:
        asked = replace(asked, prior="collection", results_min_score=DECIDED)
        told = Told()
        results = run(asked, told).results
        assert results
        shown = [one["image_file"] for one in json.loads((results / "output.json").read_text())]
        decided = {name for (name,) in rows(asked, "SELECT file_name FROM zip_tags")}
        assert len(decided) < len(shown)
        assert {name for name in shown if name} == decided
        assert f"the results folder will take {len(decided)} file" in " ".join(told.said)
        assert run(asked).results == forecast(asked, Silence()).standing == results
        shutil.rmtree(results)
        room = forecast(asked, Silence()).room
        assert room
        assert (room.n_pictures, room.is_at_most) == (len(decided), False)

    @pytest.mark.parametrize("counts", [COUNTS, None])
    def test_a_number_stays_and_so_does_what_nothing_is_known_of(
        self, asked: ClassifyRequest, world: World, counts: object
    ) -> None:
        world.train("cat", seed=1, thresholds=RECOMMENDED, score_counts=counts)
        wish: Wish = 0.25 if counts else "recommended"
        run(replace(asked, prior="collection", threshold=wish))
        assert rows(asked, "SELECT threshold FROM thresholds") == [(0.25 if counts else 0.0,)]

    def test_a_precision_that_the_collection_cannot_have_is_told(
        self, asked: ClassifyRequest, world: World
    ) -> None:
        world.train(
            "cat",
            seed=1,
            thresholds={"precision_95": {"threshold": 0.0}},
            score_counts=[[60, 1, 1], [118, 90, 1], [120, 1, 1], [125, 500, 5]],
        )
        summary = run(replace(asked, prior="collection", threshold="precision_95"))
        assert (summary.out_of_reach, summary.decided) == (("cat",), ())

    def test_an_option_of_the_command_asks_for_it(self, world: World) -> None:
        assert world.classify("--prior=collection").exit_code == 0
        assert "'training', 'collection'" in world.classify("--prior=none").stderr
        number = world.classify("--prior=collection", "--threshold=0.5")
        assert (number.exit_code, number.stdout) == (2, "")
        assert "--threshold is a number" in number.stderr
