"""Vectors of two precisions of one tower may be scored together, because scores hardly differ."""

import pytest

from shared.pictures.embedders.runtimes import has_bfloat16
from tests.bench.precision import Difference, Labelled, difference, digits, faces
from tests.clip_models.plans import Plan

PLAN = Plan(side=32, patch=8, hidden=64, n_heads=4, n_layers=4, n_features=48)
BOUNDS = {
    "bfloat16": Difference(0.999, 0.1, 0.03, 0.04),
    "int8": Difference(0.99, 0.3, 0.06, 0.15),
}


@pytest.mark.training
@pytest.mark.parametrize("precision", BOUNDS)
@pytest.mark.parametrize("labelled", [digits(400), faces()], ids=lambda labelled: labelled.name)
def test_scores_are_nearly_the_same_in_both_precisions(labelled: Labelled, precision: str) -> None:
    if precision == "bfloat16" and not has_bfloat16():
        pytest.skip("this processor computes in no bfloat16")
    found, bound = difference(PLAN, labelled, precision), BOUNDS[precision]
    assert bound.least_cosine < found.least_cosine < 1
    assert found.score < bound.score
    assert found.average_precision < bound.average_precision
    assert found.share_of_bins < bound.share_of_bins
