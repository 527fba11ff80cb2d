"""The tables of TRUST.md and HEADS.md: what goes into them, and where they go."""

import json
from pathlib import Path

import numpy as np
import pytest

from shared.flow.dataset import TAG_TO_HASHES_FILE
from shared.training.fitting import reproducible
from tests.bench import novel
from tests.bench.collection import SHARES, Scored, estimated
from tests.bench.heads import HEADS
from tests.bench.kinds import Kinds, read
from tests.bench.novel import LIMITS, WISHES, Decided
from tests.bench.promise import HEAD, Kept, measured, rows
from tests.bench.trust import DOCUMENTS, PARTS, replaced
from tests.shared.training.digits import Digits, write_digits


@pytest.mark.parametrize("name", PARTS)
def test_each_table_has_its_place_in_the_document(name: str) -> None:
    before = "".join(path.read_text() for path in DOCUMENTS)
    text = replaced(before, name, "| new |")
    assert f"<!-- {name} -->\n| new |\n<!-- end of {name} -->" in text
    assert replaced(text, name, "| newer |").count("<!--") == before.count("<!--")


def test_a_row_tells_means_over_those_that_were_reached_and_recall_over_all() -> None:
    reached = [Kept(20, 0.95, True, True, precision, 0.5) for precision in (1.0, 0.88)]
    missed = [Kept(20, 0.95, True, False, None, 0.0)] * 2
    found = next(row for row in rows("x", [reached, missed, likely()]) if row[3] == "sure")
    assert found == ("x", "0.95", "20", "sure", "50%", "0.940 ± 0.042", "50.0%", "0.250")
    assert len(found) == len(HEAD)


def likely() -> list[Kept]:
    """All that a table has room for, once."""
    return [
        Kept(n_tag, target, is_sure, False, None, 0.0)
        for target in (0.95, 0.9, 0.8)
        for n_tag in (20, 50, 0)
        for is_sure in (False, True)
        if (n_tag, target, is_sure) != (20, 0.95, True)
    ]


def test_pictures_that_stage_1_has_read_are_of_a_kind_where_they_have_one_tag(
    tmp_path: Path,
) -> None:
    vectors = np.random.default_rng(0).normal(size=(100, 4)).astype(np.float32)
    write_digits(tmp_path, Digits(vectors.astype(np.float64), np.zeros(100, np.int64)))
    lists = {"many": [*map(str, range(61))], "few": [*map(str, range(60, 70))]}
    (tmp_path / TAG_TO_HASHES_FILE).write_text(json.dumps(lists))
    found = read(tmp_path)
    assert sorted(map(int, found.hashes)) == [*range(60), *range(61, 70)]
    assert (found.vectors == vectors[[*map(int, found.hashes)]]).all()
    assert [int(one) < 60 for one in found.hashes] == [*(found.kinds == found.tags[0])]
    assert len(found.tags) == 1


@pytest.mark.parametrize("name", HEADS)
def test_each_head_ranks_what_is_apart(name: str) -> None:
    rng = np.random.default_rng(0)
    labels = np.append(np.zeros(5, np.int64), np.ones(40, np.int64))
    vectors = rng.normal(size=(45, 8)) + np.outer(labels == 0, 6 * np.eye(8)[0])
    unseen = rng.normal(size=(20, 8)) + np.outer(np.arange(20) < 10, 6 * np.eye(8)[0])
    with reproducible():
        scores = HEADS[name](vectors, labels, unseen)
    assert scores[:10].min() > scores[10:].max()


def test_no_collection_is_made_that_would_need_less_than_half_a_picture_of_the_tag() -> None:
    scores = np.append(np.linspace(0.9, 1, 50), np.linspace(0, 0.1, 250))
    one = Scored(scores, scores > 0.5, scores, scores > 0.5)
    told = [estimated(one, share, np.random.default_rng(0)) for share in SHARES]
    assert [row is None for row in told] == [True, *[False] * 6]


def test_a_row_of_novelty_has_the_means_of_a_limit() -> None:
    found = [
        [Decided(wish, limit, wrong_new, 3, 100) for wish in WISHES for limit in LIMITS]
        for wrong_new in (40, 20)
    ]
    first, second, *_ = lines = list(novel.rows("x", found))
    assert first == ("x", WISHES[0], "none", "30.0", "3.0", "100.0")
    assert second[2] == "0.99"
    assert {len(line) for line in lines} == {len(novel.HEAD)}


@pytest.mark.training
def test_a_limit_of_novelty_takes_away_what_nobody_has_labelled() -> None:
    rng = np.random.default_rng(0)
    kinds = np.arange(300) % 3
    centres = np.array([[9, 0, 0, 0], [0, 9, 0, 0], [14, 0, 9, 0]], float)
    apart = Kinds("apart", rng.normal(size=(300, 4)) + centres[kinds], kinds, (2,))
    found = novel.measured(apart, 0)
    without, beside = ([one for one in found if one.max_novelty == limit] for limit in LIMITS[:2])
    for one, other in zip(without, beside, strict=True):
        assert other.wrong_new <= one.wrong_new / 10
        assert other.right >= 0.9 * one.right
    assert without[0].wrong_new > 20


@pytest.mark.training
def test_kinds_that_are_apart_keep_every_promise() -> None:
    rng = np.random.default_rng(0)
    kinds = np.arange(400) % 4
    vectors = rng.normal(size=(400, 8)) + 9 * np.eye(8)[kinds]
    found = measured(Kinds("apart", vectors, kinds, (0,)), seed=0)
    sure = [one for one in found if one.is_sure and one.n_tag == 0]
    assert all(one.is_reached and one.precision == 1 for one in sure)
    assert not any(
        one.is_reached for one in found if one.is_sure and one.n_tag == 20 and one.target == 0.95
    )
