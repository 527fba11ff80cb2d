"""What a run shows is what stands for the containers of its survey: all of it, in order, once."""

from collections.abc import Callable

import pytest

from shared.database.containers import start_reading, touch
from shared.database.engine import Database
from shared.database.results import (
    ScoredMember,
    Totals,
    container_problem_page,
    first_problem,
    member_problem_page,
    note_results,
    results_fingerprint,
    run_totals,
    scored_page,
    standing_results,
)
from shared.database.tables import ZipScoreCache
from shared.errors import Fate
from shared.hashing import content_digest, pixel_hash
from tests.shared.database.world import (
    UNDER,
    A,
    B,
    found,
    picture,
    pictures,
    read,
    read_picture,
    score,
    skipped,
    standing,
    survey,
)

C = "/zips/c.zip"


class TestTotals:
    def test_every_member_is_counted_under_its_fate(self, database: Database) -> None:
        survey(database, found(A))
        fates = [Fate.CORRUPT, Fate.IGNORED, Fate.CORRUPT, Fate.ARCHIVE]
        read(database, A, *(skipped(f"{A}!/{i}", f, entry=(i,)) for i, f in enumerate(fates)))
        assert database.run(run_totals).fates == {
            Fate.ARCHIVE: 1,
            Fate.CORRUPT: 2,
            Fate.IGNORED: 1,
        }

    def test_rows_are_those_of_the_score_table(self, database: Database) -> None:
        survey(database, found(A), found(B))
        score(database, read(database, A, *pictures(A, 3)), "cat", "dog")
        score(database, read(database, B, *pictures(B, 1)), "cat")
        assert database.run(run_totals).n_rows == 7

    def test_what_could_not_be_opened_is_counted_by_its_fate(self, database: Database) -> None:
        survey(database, found(A), found(B), found(C))
        read(database, A)
        read(database, B, fate=Fate.NOT_A_ZIP)
        read(database, C, fate=Fate.NOT_A_ZIP)
        assert database.run(run_totals) == Totals(3, {}, {Fate.NOT_A_ZIP: 2}, 0)

    def test_what_this_run_has_not_looked_at_does_not_count(self, database: Database) -> None:
        survey(database, found(A), found(B))
        read(database, A, fate=Fate.NOT_A_ZIP)
        score(database, read(database, B, *pictures(B, 1)), "cat")
        survey(database)
        assert database.run(run_totals) == Totals(0, {}, {}, 0)


class TestFirstProblem:
    def test_there_is_none_where_all_is_well(self, database: Database) -> None:
        survey(database, found(A))
        container = read(database, A, skipped(f"{A}!/a.txt", Fate.NOT_AN_IMAGE))
        assert database.run(first_problem, container) is None

    def test_it_is_the_containers_own_before_its_members(self, database: Database) -> None:
        survey(database, found(A))
        container = read(
            database, A, skipped(f"{A}!/1.png"), fate=Fate.TRUNCATED, reason="half a file"
        )
        assert database.run(first_problem, container) == (A, Fate.TRUNCATED, "half a file")

    def test_it_is_the_first_of_the_members(self, database: Database) -> None:
        survey(database, found(A))
        problems = [skipped(f"{A}!/{i}.png", Fate.CRC, "why", entry=(i,)) for i in (2, 10)]
        container = read(database, A, *pictures(A, 2), *problems)
        assert database.run(first_problem, container) == (f"{A}!/2.png", Fate.CRC, "why")


class TestProblems:
    def test_containers_come_in_the_order_of_the_survey(self, database: Database) -> None:
        survey(database, found(B), found(C), found(A))
        for address in (A, B):
            read(database, address, fate=Fate.NOT_A_ZIP, reason="a web page")
        read(database, C)
        page = database.run(container_problem_page, 0, 10)
        assert [(p.address, p.fate, p.reason) for p in page] == [
            (B, Fate.NOT_A_ZIP, "a web page"),
            (A, Fate.NOT_A_ZIP, "a web page"),
        ]

    def test_members_come_in_the_order_of_the_survey_then_of_the_archive(
        self, database: Database
    ) -> None:
        survey(database, found(B), found(A))
        for address in (A, B):
            read(database, address, *(skipped(f"{address}!/{i}", entry=(i,)) for i in (2, 10)))
        page = database.run(member_problem_page, (0, 0), 10)
        assert [p.address for p in page] == [f"{B}!/2", f"{B}!/10", f"{A}!/2", f"{A}!/10"]

    @pytest.mark.parametrize("size", [1, 2, 3])
    def test_pages_hold_each_once(self, database: Database, size: int) -> None:
        survey(database, found(A), found(B))
        for address in (A, B):
            read(database, address, *(skipped(f"{address}!/{i}", entry=(i,)) for i in range(3)))
        addresses: list[str] = []
        after = (0, 0)
        while page := database.run(member_problem_page, after, size):
            addresses += [p.address for p in page]
            after = page[-1].position, page[-1].id
        assert addresses == [f"{address}!/{i}" for address in (A, B) for i in range(3)]

    @pytest.mark.parametrize("fate", Fate)
    def test_all_that_has_no_score_is_listed_but_litter_and_archives(
        self, database: Database, fate: Fate
    ) -> None:
        survey(database, found(A))
        read(database, A, skipped(f"{A}!/1", fate))
        is_listed = bool(database.run(member_problem_page, (0, 0), 10))
        assert is_listed == (fate.is_problem or fate is Fate.NOT_AN_IMAGE)


class TestScored:
    def test_pages_hold_each_member_once_in_order(self, database: Database) -> None:
        survey(database, found(A))
        container = read(database, A, *pictures(A, 5))
        score(database, container, "cat")
        names, after = [], 0
        while page := database.run(scored_page, ZipScoreCache, container, after, 2):
            names.append([member.file_name for member in page])
            after = page[-1].id
        assert names == [["0.png", "1.png"], ["2.png", "3.png"], ["4.png"]]

    def test_a_members_scores_are_in_the_order_of_the_classifiers_ids(
        self, database: Database
    ) -> None:
        survey(database, found(A))
        container = read(database, A, *pictures(A, 2))
        for name, value in (("b", 0.25), ("a", 0.5), ("c", 0.75)):
            score(database, container, name, value=value)
        page = database.run(scored_page, ZipScoreCache, container, 0, 10)
        assert [member.scores for member in page] == [(0.25, 0.5, 0.75)] * 2

    def test_what_has_no_score_is_left_out(self, database: Database) -> None:
        survey(database, found(A))
        container = read(database, A, skipped(f"{A}!/0.png"), *pictures(A, 2)[1:])
        assert database.run(scored_page, ZipScoreCache, container, 0, 10) == []

    def test_a_member_has_what_a_results_folder_needs(self, database: Database) -> None:
        survey(database, found(A))
        container = read(database, A, read_picture(f"{A}!/x/1.png", b"pixels", entry=(5, 0)))
        score(database, container, "cat")
        assert database.run(scored_page, ZipScoreCache, container, 0, 10) == [
            ScoredMember(
                id=1,
                key=(5, 0),
                file_path=f"{A}!/x/1.png",
                parent=A,
                file_name="1.png",
                hash_id=pixel_hash(b"pixels"),
                content_sha256=content_digest(b"pixels"),
                n_bytes=6,
                scores=(0.5,),
            )
        ]
        assert picture(b"pixels").hash_id == pixel_hash(b"pixels")


def no_change(_: Database) -> None:
    pass


def survey_again(database: Database) -> None:
    survey(database, found(A), found(B))


def change_elsewhere(database: Database) -> None:
    survey(database, found(A), found(B), found(C))
    score(database, read(database, C, *pictures(C, 1)), "cat")
    survey(database, found(A), found(B))


def read_changed(database: Database) -> None:
    survey(database, found(A), found(B, stamp=b"two"))
    database.run(start_reading, standing(database, B), UNDER)


def find_one_more(database: Database) -> None:
    survey(database, found(A), found(B), found(C))
    read(database, C)


def lose_one(database: Database) -> None:
    survey(database, found(A))


def find_in_another_order(database: Database) -> None:
    survey(database, found(B), found(A))


def score_again(database: Database) -> None:
    database.run(touch, 1)


class TestFingerprint:
    EXTRA = (b"10 bins", b"version")

    @pytest.fixture
    def scored(self, database: Database) -> Database:
        survey(database, found(A), found(B))
        for address in (A, B):
            score(database, read(database, address, *pictures(address, 1)), "cat")
        return database

    @pytest.mark.parametrize("change", [no_change, survey_again, change_elsewhere])
    def test_it_stays_while_nothing_that_is_shown_changes(
        self, scored: Database, change: Callable[[Database], None]
    ) -> None:
        before = scored.run(results_fingerprint, self.EXTRA)
        change(scored)
        assert scored.run(results_fingerprint, self.EXTRA) == before

    @pytest.mark.parametrize(
        "change", [read_changed, find_one_more, lose_one, find_in_another_order, score_again]
    )
    def test_it_changes_with_anything_that_is_shown(
        self, scored: Database, change: Callable[[Database], None]
    ) -> None:
        before = scored.run(results_fingerprint, self.EXTRA)
        change(scored)
        assert scored.run(results_fingerprint, self.EXTRA) != before

    @pytest.mark.parametrize(
        "other", [(b"5 bins", b"version"), (b"10 bins",), (b"10 binsv", b"ersion"), ()]
    )
    def test_it_changes_with_what_else_shapes_the_folder(
        self, scored: Database, other: tuple[bytes, ...]
    ) -> None:
        before = scored.run(results_fingerprint, self.EXTRA)
        assert scored.run(results_fingerprint, other) != before


class TestNotes:
    def test_there_is_none_before_the_first_results(self, database: Database) -> None:
        assert database.run(standing_results, "/zips", "/out") is None

    def test_the_last_results_stand(self, database: Database) -> None:
        for number in (1, 2):
            database.run(note_results, "/zips", "/out", f"folder_{number}", b"%d" % number)
        assert database.run(standing_results, "/zips", "/out") == ("folder_2", b"2")

    def test_each_directory_has_its_own(self, database: Database) -> None:
        database.run(note_results, "/zips", "/out", "folder", b"1")
        assert database.run(standing_results, "/zips/more", "/out") is None

    def test_two_output_folders_have_their_own(self, database: Database) -> None:
        database.run(note_results, "/zips", "/out", "folder", b"1")
        database.run(note_results, "/zips", "/other", "folder_2", b"2")
        assert database.run(standing_results, "/zips", "/out") == ("folder", b"1")
        assert database.run(standing_results, "/zips", "/other") == ("folder_2", b"2")
