"""Vectors of two precisions of one tower may be scored together, because scores hardly differ."""

import pytest

from shared.pictures.embedders.runtimes import has_bfloat16
from tests.bench.precision import Labelled, difference, digits, faces
from tests.clip_models.plans import Plan

PLAN = Plan(side=32, patch=8, hidden=64, n_heads=4, n_layers=4, n_features=48)


@pytest.mark.training
@pytest.mark.skipif(not has_bfloat16(), reason="this processor computes in one precision only")
@pytest.mark.parametrize("labelled", [digits(400), faces()], ids=lambda labelled: labelled.name)
def test_scores_are_nearly_the_same_in_both_precisions(labelled: Labelled) -> None:
    found = difference(PLAN, labelled)
    assert 0.999 < found.least_cosine < 1
    assert found.score < 0.1
    assert found.average_precision < 0.03
    assert found.share_of_bins < 0.04
