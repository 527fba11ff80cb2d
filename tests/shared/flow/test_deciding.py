"""The better classifier of a tag decides, at the threshold that is asked for."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from shared.classifiers.estimators import Classifier
from shared.database.decisions import InForce, estimates_told, has_old_estimates
from shared.database.engine import Connection, Database
from shared.database.labels import Label
from shared.database.tables import ZipScoreCache
from shared.flow.deciding import Decider, WantedThresholds, answers_of, chosen
from shared.flow.scoring import Team
from shared.flow.threshold_files import Wish
from shared.records import THRESHOLD_NAMES
from shared.training.thresholds import TARGETS
from tests.shared.database.world import A, found, judged, pictures, read, score, survey
from tests.shared.flow.scenes import Told, classifier

TOLD = {"recommended": 0.25, "precision_90": 0.75}
FAIR = replace(
    classifier("cat", model_type="a"), average_precision=0.8, thresholds={"recommended": 0.1}
)
GOOD = replace(classifier("cat", model_type="b"), average_precision=0.9, thresholds=TOLD)
SILENT = classifier("cat", model_type="0")
DOG = replace(classifier("dog"), average_precision=0.5, thresholds=TOLD)


def decided(
    *classifiers: Classifier, wish: Wish = "recommended", wishes: Mapping[str, Wish] | None = None
) -> list[tuple[int, float | None, str]]:
    """Which classifier decides each tag, by its place, at which threshold, and why that."""
    team = Team(dict(enumerate(classifiers)), dict.fromkeys(range(len(classifiers)), b"v"))
    rows = chosen(team, wish, wishes or {})
    return [(one.classifier_id, one.threshold, one.chosen_by) for one in rows]


@pytest.mark.parametrize("order", [(SILENT, FAIR, GOOD), (GOOD, FAIR, SILENT)])
def test_the_classifier_of_the_best_average_precision_decides(
    order: tuple[Classifier, ...],
) -> None:
    assert decided(*order) == [(order.index(GOOD), 0.25, "recommended")]


def test_of_classifiers_that_tell_nothing_the_first_by_name_decides_at_a_half() -> None:
    other = classifier("cat", model_type="1")
    assert decided(other, SILENT) == [(1, 0.5, "default")]


def test_each_tag_is_decided() -> None:
    assert decided(DOG, GOOD) == [(1, 0.25, "recommended"), (0, 0.25, "recommended")]


def test_a_threshold_is_taken_by_its_name() -> None:
    assert decided(GOOD, wish="precision_90") == [(0, 0.75, "precision_90")]


def test_what_no_score_reaches_decides_nothing() -> None:
    assert decided(GOOD, wish="precision_95") == [(0, None, "precision_95")]


@pytest.mark.parametrize("one", [GOOD, SILENT])
def test_a_number_counts_for_all(one: Classifier) -> None:
    assert decided(one, wish=0.4) == [(0, 0.4, "number")]


def test_a_single_tags_wish_counts_more() -> None:
    wishes: dict[str, Wish] = {"cat": 0.0, "dog": "precision_90"}
    assert decided(GOOD, DOG, wish=0.4, wishes=wishes) == [
        (0, 0.0, "number"),
        (1, 0.75, "precision_90"),
    ]


def test_the_names_of_thresholds_are_those_that_stage_2_tells() -> None:
    assert set(THRESHOLD_NAMES) == set(TARGETS)


def test_an_answer_that_was_taken_back_is_none() -> None:
    labels = [Label("1", "cat", True, "", ""), Label("2", "cat", None, "", "")]
    assert answers_of(labels) == {("1", "cat"): True}


def test_one_limit_of_novelty_holds_for_all_tags() -> None:
    team = Team({0: GOOD, 1: DOG}, dict.fromkeys(range(2), b"v"))
    assert [one.max_novelty for one in chosen(team, "recommended", {}, 0.99)] == [0.99, 0.99]
    assert [one.max_novelty for one in chosen(team, "recommended", {})] == [1.0, 1.0]


class TestDecider:
    def decider(
        self, database: Database, threshold: float, told: Told, max_novelty: float = 1.0
    ) -> Decider:
        row = InForce("cat", 1, b"version", threshold, "number", max_novelty)
        return Decider(database, ZipScoreCache, WantedThresholds([row]), {}, told)

    def test_what_changes_is_said_once(self, database: Database) -> None:
        survey(database, found())
        score(database, read(database, A, *pictures(A, 3)), "cat")
        told = Told()
        for threshold in (0.1, 0.5, 0.6, 0.6):
            self.decider(database, threshold, told).decide()
        assert told.said == ["cat: 0 gained, 3 lost"]

    def test_a_limit_of_before_is_lifted_where_there_is_none(self, database: Database) -> None:
        survey(database, found())
        score(database, read(database, A, *pictures(A, 3)), "cat")
        lifted = []
        for max_novelty in (1.0, 0.99, 0.9, 0.95, 1.0, 1.0):
            decider = self.decider(database, 0.5, Told(), max_novelty)
            lifted.append(decider.lifted())
            decider.decide()
        assert lifted == [None, None, None, None, 0.95, None]

    def test_scores_are_told_of_what_is_not_too_novel(self, database: Database) -> None:
        survey(database, found())
        score(database, read(database, A, *pictures(A, 3)), "cat")
        judged(database, _0=1.0)
        row = InForce("cat", 1, b"version", 0.5, "number", 0.99)
        wanted = WantedThresholds([row], {1: None})
        Decider(database, ZipScoreCache, wanted, {}, Told()).decide()
        [told] = database.run(estimates_told)
        assert (told.n_pictures, told.n_too_novel, told.decided_share) == (3, 1, 2 / 3)
        assert not database.run(has_old_estimates, {1: "cat"})

    def test_where_nothing_is_new_nothing_is_written(self, database: Database) -> None:
        survey(database, found())
        score(database, read(database, A, *pictures(A, 3)), "cat")
        first = self.decider(database, 0.5, Told()).decide()
        before = database.run(n_written)
        assert self.decider(database, 0.5, Told()).decide() == first
        assert database.run(n_written) == before


def n_written(connection: Connection) -> object:
    """How many rows this connection has written so far."""
    return connection.exec_driver_sql("SELECT total_changes()").scalar()
