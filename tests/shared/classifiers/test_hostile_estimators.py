"""What scikit-learn could not have fitted, or is not read here, is refused by name."""

import pytest

from shared.classifiers import RefusedError, decoded_classifier
from tests.shared.classifiers.hostile_estimators import CASES
from tests.shared.classifiers.hostile_pickles import Case


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_unfit_estimator_is_refused_by_name(case: Case) -> None:
    with pytest.raises(RefusedError) as caught:
        decoded_classifier("model-a-tag-b", case.content())
    assert case.expected in caught.value.reason


def test_every_case_is_told_from_the_others_by_its_name() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
