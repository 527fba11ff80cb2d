"""What stands, what is read again, and what is forgotten: only what this run has looked at."""

import pytest

from shared.database import surveys
from shared.database.bulk import PAGE
from shared.database.containers import finish_reading, start_reading, touch
from shared.database.engine import Database
from shared.database.members import last_entry, write_readings
from shared.database.scores import scoring_progress
from shared.database.surveys import mark_standing, standing_page, survey_totals, write_survey
from shared.database.tables import ContainerRow, ContainerState, MemberRow, Stands, ZipScoreCache
from shared.errors import Fate
from shared.records import Container
from tests.shared.database.world import (
    EMBEDDER,
    UNDER,
    A,
    B,
    column,
    forget_gone,
    found,
    pictures,
    read,
    read_picture,
    score,
    standing,
    survey,
)


def known(database: Database) -> set[object]:
    return set(column(database, ContainerRow, "address"))


def read_marked(database: Database) -> int:
    """Read the one surveyed container as it has been marked."""
    [marked] = database.run(standing_page, 0)
    container_id = database.run(start_reading, marked, UNDER)
    database.run(finish_reading, container_id, None, "")
    return container_id


def read_all(database: Database, *addresses: str) -> None:
    """A run that finds and reads containers of one picture each."""
    survey(database, *map(found, addresses))
    for address in addresses:
        read(database, address, read_picture(f"{address}!/1.png"))


class TestSurvey:
    def test_it_counts_containers_and_their_entries(self, database: Database) -> None:
        survey(database, found(A, n_entries=2), found(B, n_entries=3))
        assert database.run(survey_totals) == (2, 0, 0, 5)

    def test_an_empty_survey_counts_nothing(self, database: Database) -> None:
        survey(database)
        assert database.run(survey_totals) == (0, 0, 0, 0)

    def test_a_second_one_replaces_the_first(self, database: Database) -> None:
        survey(database, found(A))
        survey(database, found(B))
        assert [one.address for one in database.run(standing_page, 0)] == [B]

    def test_it_may_be_a_stream_longer_than_a_batch(self, database: Database) -> None:
        n_containers = 2 * PAGE + 1
        database.run(write_survey, (found(f"/zips/{i}.zip") for i in range(n_containers)))
        assert database.run(survey_totals) == (n_containers, 0, 0, n_containers)

    def test_pages_hold_each_container_once_in_the_order_found(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(surveys, "PAGE", 2)
        survey(database, *(found(address) for address in "edcba"))
        pages, position = [], 0
        while page := database.run(standing_page, position):
            pages.append("".join(one.address for one in page))
            position = page[-1].position
        assert pages == ["ed", "cb", "a"]

    def test_a_location_that_is_no_utf8_comes_back_as_it_was(self, database: Database) -> None:
        odd = Container("/zips/\udcff.zip", r"/zips/\udcff.zip", b"one", 1)
        survey(database, odd)
        assert standing(database, odd.address).location == odd.location


class TestForgetting:
    def test_what_is_no_longer_there_is_forgotten(self, database: Database) -> None:
        read_all(database, A, B)
        survey(database, found(A))
        assert database.run(forget_gone, "/zips") == 1
        assert known(database) == {A}

    def test_its_members_and_scores_go_too(self, database: Database) -> None:
        survey(database, found(A))
        score(database, read(database, A, *pictures(A, 2)), "cat")
        survey(database)
        database.run(forget_gone, "/zips")
        assert not column(database, MemberRow, "id")
        assert not column(database, ZipScoreCache, "member_id")

    @pytest.mark.parametrize(
        "elsewhere",
        [
            "/zips2/a.zip",
            "/zips.zip",
            "/ZIPS/a.zip",
            "/zip_/a.zip",
            "/other/zips/a.zip",
            "/zips!/a.zip",
            "/",
        ],
    )
    def test_what_lies_elsewhere_stays(self, database: Database, elsewhere: str) -> None:
        read_all(database, elsewhere)
        survey(database)
        database.run(forget_gone, "/zips")
        assert known(database) == {elsewhere}

    @pytest.mark.parametrize(
        ("directory", "neighbour"),
        [
            ("/my_zips", "/myxzips/a.zip"),
            ("/50%", "/50 per cent/a.zip"),
            ("/%", "/zips/a.zip"),
            ("/[ab]", "/a/a.zip"),
            ("/a*", "/abc/a.zip"),
            ("/a\\", "/a/a.zip"),
            ("/caf\u00e9", "/cafe\u0301/a.zip"),
        ],
    )
    def test_a_directory_is_a_text_and_no_pattern(
        self, database: Database, directory: str, neighbour: str
    ) -> None:
        read_all(database, neighbour, f"{directory}/b.zip")
        survey(database)
        database.run(forget_gone, directory)
        assert known(database) == {neighbour}

    @pytest.mark.parametrize("directory", ["/zips", "/zips/", "/"])
    def test_everything_at_any_depth_is_looked_at(self, database: Database, directory: str) -> None:
        read_all(database, A, "/zips/more/and more/b.zip")
        survey(database)
        assert database.run(forget_gone, directory) == 2

    def test_a_directory_that_is_itself_a_container_is_looked_at(self, database: Database) -> None:
        read_all(database, A, "/zips/a.zip.zip")
        survey(database)
        database.run(forget_gone, A)
        assert known(database) == {"/zips/a.zip.zip"}

    def test_what_has_only_changed_is_not_forgotten(self, database: Database) -> None:
        read_all(database, A)
        survey(database, found(A, stamp=b"two"))
        assert database.run(forget_gone, "/zips") == 0


class TestStanding:
    def test_a_new_container_is_not_known(self, database: Database) -> None:
        survey(database, found(A))
        new = standing(database)
        assert (new.id, new.stands) == (None, Stands.NOTHING)

    def test_a_container_has_what_the_survey_found(self, database: Database) -> None:
        survey(database, found(A), found(B, n_entries=7))
        second = standing(database, B)
        assert (second.position, second.location, second.address) == (2, B, B)

    def test_an_unchanged_one_is_read(self, database: Database) -> None:
        read_all(database, A)
        survey(database, found(A))
        assert standing(database).stands is Stands.ALL

    def test_a_changed_one_is_read_no_more(self, database: Database) -> None:
        read_all(database, A)
        survey(database, found(A, stamp=b"two"))
        assert standing(database).stands is Stands.NOTHING

    def test_one_read_under_other_limits_is_read_no_more(self, database: Database) -> None:
        read_all(database, A)
        assert standing(database, read_under=b"other limits").stands is Stands.NOTHING

    def test_one_that_was_stopped_half_way_is_resumable(self, database: Database) -> None:
        survey(database, found(A))
        database.run(start_reading, standing(database), UNDER)
        assert standing(database).stands is Stands.BEGINNING

    def test_one_that_was_stopped_under_other_limits_was_begun_all_the_same(
        self, database: Database
    ) -> None:
        survey(database, found(A), found(B))
        database.run(start_reading, standing(database), UNDER)
        assert standing(database, read_under=b"other limits").stands is Stands.BEGUN
        assert standing(database, B).stands is Stands.NOTHING

    def test_one_that_was_stopped_and_has_changed_is_not_resumable(
        self, database: Database
    ) -> None:
        survey(database, found(A))
        database.run(start_reading, standing(database), UNDER)
        survey(database, found(A, stamp=b"two"))
        assert standing(database).stands is Stands.BEGUN

    def test_one_that_could_not_be_opened_is_read_and_keeps_its_fate(
        self, database: Database
    ) -> None:
        survey(database, found(A))
        read(database, A, fate=Fate.NOT_A_ZIP, reason="a web page")
        assert standing(database).is_read
        assert column(database, ContainerRow, "fate") == [Fate.NOT_A_ZIP]

    def test_what_stands_is_frozen_when_it_is_marked(self, database: Database) -> None:
        survey(database, found(A))
        database.run(mark_standing, UNDER, rescan=False)
        container_id = read_marked(database)
        [marked] = database.run(standing_page, 0)
        assert (marked.id, marked.is_read) == (container_id, False)

    def test_nothing_stands_that_has_not_been_marked(self, database: Database) -> None:
        read_all(database, A)
        survey(database, found(A))
        [unmarked] = database.run(standing_page, 0)
        assert not unmarked.is_read

    def test_marking_again_forgets_what_stood_before(self, database: Database) -> None:
        read_all(database, A)
        assert standing(database).is_read
        assert not standing(database, read_under=b"other limits").is_read

    def test_a_rescan_takes_nothing_for_read(self, database: Database) -> None:
        read_all(database, A)
        database.run(mark_standing, UNDER, rescan=True)
        [marked] = database.run(standing_page, 0)
        assert marked.stands is Stands.NOTHING

    def test_each_container_stands_by_itself(self, database: Database) -> None:
        read_all(database, A, B)
        survey(database, found(A), found(B, stamp=b"two"))
        assert (standing(database, A).is_read, standing(database, B).is_read) == (True, False)


class TestReading:
    def stopped(self, database: Database) -> int:
        """A container whose reading was stopped after two of its members."""
        survey(database, found(A))
        container_id = database.run(start_reading, standing(database), UNDER)
        database.run(write_readings, container_id, pictures(A, 2), EMBEDDER)
        return container_id

    def test_a_container_keeps_its_id(self, database: Database) -> None:
        survey(database, found(A))
        first = read(database, A)
        survey(database, found(A, stamp=b"two"))
        assert read(database, A) == first

    def test_a_stopped_one_goes_on_after_its_last_member(self, database: Database) -> None:
        container_id = self.stopped(database)
        database.run(start_reading, standing(database), UNDER)
        assert database.run(last_entry, container_id) == (1,)

    def test_a_changed_one_begins_anew(self, database: Database) -> None:
        container_id = self.stopped(database)
        survey(database, found(A, stamp=b"two"))
        database.run(start_reading, standing(database), UNDER)
        assert database.run(last_entry, container_id) == ()

    def test_one_stopped_under_other_limits_begins_anew(self, database: Database) -> None:
        container_id = self.stopped(database)
        database.run(start_reading, standing(database, read_under=b"other"), b"other")
        assert database.run(last_entry, container_id) == ()

    def test_one_that_is_read_again_unchanged_begins_anew(self, database: Database) -> None:
        container_id = self.stopped(database)
        database.run(finish_reading, container_id, None, "")
        database.run(start_reading, standing(database), UNDER)
        assert database.run(last_entry, container_id) == ()

    def test_beginning_anew_drops_the_scores(self, database: Database) -> None:
        survey(database, found(A))
        container_id = read(database, A, *pictures(A, 2))
        score(database, container_id, "cat")
        database.run(start_reading, standing(database), UNDER)
        assert not column(database, ZipScoreCache, "member_id")
        assert not database.run(scoring_progress, container_id)

    def test_beginning_anew_leaves_the_others_alone(self, database: Database) -> None:
        read_all(database, A, B)
        database.run(start_reading, standing(database, A), UNDER)
        assert column(database, MemberRow, "file_path") == [f"{B}!/1.png"]

    def test_one_that_can_be_opened_again_loses_its_fate(self, database: Database) -> None:
        survey(database, found(A))
        read(database, A, fate=Fate.NOT_A_ZIP, reason="a web page")
        survey(database, found(A, stamp=b"two"))
        read(database, A)
        assert column(database, ContainerRow, "fate") == [None]
        assert column(database, ContainerRow, "reason") == [""]

    def test_it_is_unfinished_until_its_last_member_is_in(self, database: Database) -> None:
        container_id = self.stopped(database)
        assert column(database, ContainerRow, "state") == [ContainerState.READING]
        database.run(finish_reading, container_id, None, "")
        assert column(database, ContainerRow, "state") == [ContainerState.READ]

    def test_its_revision_grows_when_it_is_read_or_touched(self, database: Database) -> None:
        container_id = self.stopped(database)
        revisions = [column(database, ContainerRow, "revision")]
        database.run(start_reading, standing(database), UNDER)
        revisions.append(column(database, ContainerRow, "revision"))
        database.run(touch, container_id)
        revisions.append(column(database, ContainerRow, "revision"))
        assert revisions == [[1], [2], [3]]
