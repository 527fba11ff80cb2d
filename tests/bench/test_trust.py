"""The tables of TRUST.md: what goes into them, and where they go."""

import numpy as np
import pytest

from tests.bench.kinds import Kinds
from tests.bench.promise import HEAD, Kept, iter_kept, rows
from tests.bench.trust import PARTS, TRUST, replaced


@pytest.mark.parametrize("name", PARTS)
def test_each_table_has_its_place_in_the_document(name: str) -> None:
    text = replaced(TRUST.read_text(), name, "| new |")
    assert f"<!-- {name} -->\n| new |\n<!-- end of {name} -->" in text
    assert replaced(text, name, "| newer |").count("<!--") == TRUST.read_text().count("<!--")


def test_a_row_tells_means_over_those_that_were_reached_and_recall_over_all() -> None:
    reached = [Kept(20, 0.95, True, True, precision, 0.5) for precision in (1.0, 0.88)]
    missed = [Kept(20, 0.95, True, False, None, 0.0)] * 2
    found = next(row for row in rows("x", [*reached, *missed, *likely()]) if row[3] == "sure")
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


@pytest.mark.training
def test_kinds_that_are_apart_keep_every_promise() -> None:
    rng = np.random.default_rng(0)
    kinds = np.arange(400) % 4
    vectors = rng.normal(size=(400, 8)) + 9 * np.eye(8)[kinds]
    found = list(iter_kept(Kinds("apart", vectors, kinds, (0,)), seed=0))
    sure = [one for one in found if one.is_sure and one.n_tag == 0]
    assert all(one.is_reached and one.precision == 1 for one in sure)
    assert not any(
        one.is_reached for one in found if one.is_sure and one.n_tag == 20 and one.target == 0.95
    )
