"""An audit asks for few pictures, the same until they are answered, and its intervals hold."""

import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import insert

from shared.database.decisions import InForce
from shared.database.engine import open_database
from shared.database.labels import LABELS_FILE, Label, note_labels, open_labels
from shared.database.tables import (
    ClassifierRow,
    ContainerRow,
    MemberRow,
    ThresholdRow,
    ZipScoreCache,
)
from shared.errors import Fate, RunError
from shared.progress import Silence
from shared.training.auditing import (
    FIRST_DECIDED,
    N_STRATA,
    Audit,
    AuditRequest,
    _audited,
    _spread,
    _Stratum,
    audit,
)
from shared.training.suggesting import Suggestion, SuggestionRequest
from tests.shared.training.world import STARTED

CAT = InForce("cat", 1, b"version", 0.5, "recommended")
NOVELTIES = (None, 0.0, 0.99, 0.995, 1.0)
TRAINED, LATER = "2026-01-01, 00:00:00", "2026-02-02, 00:00:00"


def collection(n_tag: int, n_other: int, seed: int) -> tuple[list[Suggestion], set[str]]:
    """Pictures by their score, and those that have the tag; scores tell less than they promise."""
    rng = np.random.default_rng(seed)
    log_odds = np.concatenate([rng.normal(2, 2, n_tag), rng.normal(-4, 2, n_other)])
    scores = 1 / (1 + np.exp(-log_odds))
    pictures = [Suggestion(f"{seed}-{i}", f"{i}.png", s) for i, s in enumerate(scores.tolist())]
    return pictures, {one.hash_id for one in pictures[:n_tag]}


def audited(pictures: list[Suggestion], answers: dict[str, bool], within: float = 0.05) -> Audit:
    strata = [_Stratum() for _ in range(N_STRATA)]
    _spread(strata, pictures, CAT)
    return _audited("cat", strata, answers, within)


def answered(pictures: list[Suggestion], truth: set[str], within: float = 0.05) -> Audit:
    """Ask, answer all, and look again."""
    asked = audited(pictures, {}, within).asked
    return audited(pictures, {one.hash_id: one.hash_id in truth for one in asked}, within)


def test_a_sample_is_small_beside_what_it_is_drawn_from() -> None:
    pictures, _ = collection(2000, 20_000, 0)
    found = audited(pictures, {})
    assert (found.n_pictures, found.precision, found.recall) == (22_000, None, None)
    assert len(found.asked) == found.n_sampled < 800
    assert found.n_decided == sum(one.score >= 0.5 for one in pictures)


def test_a_wider_interval_takes_fewer_pictures() -> None:
    pictures, _ = collection(500, 5000, 0)
    sizes = [audited(pictures, {}, within).n_sampled for within in (0.03, 0.1, 0.3)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] >= N_STRATA


def test_precision_and_recall_are_within_their_intervals_about_as_often_as_promised() -> None:
    held = {"precision": 0, "recall": 0}
    widths = []
    for seed in range(40):
        pictures, truth = collection(300, 6000, seed)
        found = answered(pictures, truth)
        assert (found.asked, found.precision is None, found.recall is None) == ([], False, False)
        decided = {one.hash_id for one in pictures if one.score >= 0.5}
        n_right = len(decided & truth)
        for name, told, true in (
            ("precision", found.precision, n_right / len(decided)),
            ("recall", found.recall, n_right / len(truth)),
        ):
            assert told
            held[name] += told.low <= true <= told.high
            widths += [told.high - told.low] if name == "precision" else []
    assert held["precision"] >= 35
    assert held["recall"] >= 35
    assert np.mean(widths) < 0.12


def test_where_all_decided_pictures_are_answered_their_precision_is_known() -> None:
    found = answered(*collection(5, 30, 0), 0.01)
    assert found.precision
    assert found.precision.low == found.precision.value == found.precision.high


def test_half_an_answer_tells_precision_before_recall() -> None:
    pictures, truth = collection(300, 3000, 0)
    decided = [one for one in audited(pictures, {}).asked if one.score >= 0.5]
    found = audited(pictures, {one.hash_id: one.hash_id in truth for one in decided})
    assert found.precision
    assert found.recall is None
    assert all(one.score < 0.5 for one in found.asked)


def test_the_same_pictures_are_asked_for_until_they_are_answered() -> None:
    pictures, truth = collection(300, 3000, 0)
    asked = audited(pictures, {}).asked
    assert audited(pictures[::-1], {}).asked == asked
    first = {one.hash_id: one.hash_id in truth for one in asked[:10]}
    assert audited(pictures, first).asked == asked[10:]


def test_answers_that_were_not_asked_for_do_not_count() -> None:
    pictures, _ = collection(300, 3000, 0)
    asked = {one.hash_id for one in audited(pictures, {}).asked}
    others = {one.hash_id: True for one in pictures if one.hash_id not in asked}
    assert audited(pictures, others).precision is None
    assert len(audited(pictures, others).asked) == len(asked)


def test_the_threshold_parts_decided_pictures_from_others_to_the_digit() -> None:
    strata = [_Stratum() for _ in range(N_STRATA)]
    on_it, below = Suggestion("a", "a", 0.3), Suggestion("b", "b", np.nextafter(0.3, 0))
    _spread(strata, [on_it, below], replace(CAT, threshold=0.3))
    assert sum(one.count for one in strata[FIRST_DECIDED:]) == 1
    assert sum(one.count for one in strata[:FIRST_DECIDED]) == 1


def test_what_is_too_novel_is_not_among_the_decided() -> None:
    strata = [_Stratum() for _ in range(N_STRATA)]
    pictures = [Suggestion(str(at), "", 0.9, novelty) for at, novelty in enumerate(NOVELTIES)]
    _spread(strata, pictures, replace(CAT, max_novelty=0.99))
    assert sum(one.count for one in strata[FIRST_DECIDED:]) == 3
    assert sum(one.count for one in strata[:FIRST_DECIDED]) == 2


@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_any_threshold_has_strata(threshold: float) -> None:
    strata = [_Stratum() for _ in range(N_STRATA)]
    pictures, _ = collection(5, 50, 0)
    _spread(strata, pictures, replace(CAT, threshold=threshold))
    assert sum(one.count for one in strata) == 55
    decided = sum(one.count for one in strata[FIRST_DECIDED:])
    assert decided == sum(one.score >= threshold for one in pictures)


class TestDatabase:
    @pytest.fixture
    def request_for_cats(self, tmp_path: Path) -> AuditRequest:
        """A database of stage 4 with a hundred pictures, of which three were labelled."""
        output = tmp_path / "output"
        output.mkdir()
        (tmp_path / "tags.json").write_text('{"cat": ["0"], "other-training": ["1"]}')
        place = output / "zip_score_cache.sqlite"
        with open_database(place, ZipScoreCache) as database, database.transaction() as connection:
            container = {"address": "/a.zip", "stamp": b"", "read_under": b"", "revision": 1}
            connection.execute(insert(ContainerRow).values(id=1, reason="", **container))
            connection.execute(insert(ClassifierRow).values(id=1, model_name="svm"))
            row = {"tag": "cat", "classifier_id": 1, "version": b"", "threshold": 0.5}
            connection.execute(insert(ThresholdRow).values(**row, chosen_by="number"))
            for number in range(100):
                path = f"/a.zip!/{number}.png"
                member = {"id": number + 1, "container_id": 1, "entry": str(number)}
                connection.execute(
                    insert(MemberRow).values(
                        **member,
                        file_path=path,
                        parent="/a.zip",
                        file_name=f"{number}.png",
                        fate=Fate.SCORED,
                        reason="",
                    )
                )
                connection.execute(
                    insert(ZipScoreCache).values(
                        member_id=number + 1,
                        classifier_id=1,
                        file_name=f"{number}.png",
                        file_path=path,
                        archive_path="/a.zip",
                        type=".png",
                        hash_id=str(number),
                        model_name="svm",
                        model_type="svm",
                        model_train_date=TRAINED,
                        tag="cat",
                        tag_score=number / 100,
                    )
                )
        none = tmp_path / "none"
        asked = SuggestionRequest(none, tmp_path / "tags.json", "cat", none, output, None, 20)
        return AuditRequest(asked, 0.05, STARTED)

    def say(self, request: AuditRequest, date: str, **said: bool) -> None:
        with open_labels(request.of.output / LABELS_FILE) as labels:
            new = [Label(name[1:], "cat", has, "", date) for name, has in said.items()]
            labels.run(note_labels, new)

    def test_up_to_the_limit_of_novelty_pictures_are_decided(
        self, request_for_cats: AuditRequest
    ) -> None:
        place = request_for_cats.of.output / "zip_score_cache.sqlite"
        n_before = audit(request_for_cats, Silence()).n_decided
        with sqlite3.connect(place) as database:
            database.execute("UPDATE thresholds SET max_novelty = 0.99")
            database.execute(
                "INSERT INTO pictures (id, content_sha256, hash_id, mode, width, height, format,"
                " n_bytes) VALUES (1, x'', '90', 'L', 1, 1, 'PNG', 1)"
            )
            database.execute("INSERT INTO novelties VALUES (1, x'', 1.0)")
            database.execute("UPDATE members SET picture_id = 1 WHERE file_name = '90.png'")
        assert audit(request_for_cats, Silence()).n_decided == n_before - 1

    def test_pictures_that_were_learnt_from_are_left_out(
        self, request_for_cats: AuditRequest
    ) -> None:
        self.say(request_for_cats, TRAINED, _2=True)
        found = audit(request_for_cats, Silence())
        assert found.n_pictures == 97
        assert found.n_decided == 50
        assert not {"0", "1", "2"} & {one.hash_id for one in found.asked}

    def test_answers_of_after_training_count(self, request_for_cats: AuditRequest) -> None:
        asked = audit(request_for_cats, Silence()).asked
        self.say(request_for_cats, LATER, **{f"_{one.hash_id}": one.score >= 0.4 for one in asked})
        found = audit(request_for_cats, Silence())
        assert (found.asked, found.n_pictures) == ([], 98)
        assert found.precision
        assert found.precision.value == 1
        assert found.recall
        assert found.recall.value == pytest.approx(50 / 60, abs=0.1)
        assert found.recall.low <= found.recall.value <= found.recall.high

    def test_a_picture_that_two_stages_have_scored_is_one(
        self, request_for_cats: AuditRequest
    ) -> None:
        before = audit(request_for_cats, Silence())
        output = request_for_cats.of.output
        shutil.copy(output / "zip_score_cache.sqlite", output / "score_cache.sqlite")
        assert audit(request_for_cats, Silence()) == before

    def test_a_tag_that_nothing_has_decided_is_told(self, request_for_cats: AuditRequest) -> None:
        dogs = replace(request_for_cats, of=replace(request_for_cats.of, tag="dog"))
        with pytest.raises(RunError, match="holds no decisions about the tag 'dog'"):
            audit(dogs, Silence())
        nowhere = replace(request_for_cats.of, output=request_for_cats.of.models)
        with pytest.raises(RunError, match="holds no decisions"):
            audit(replace(request_for_cats, of=nowhere), Silence())
