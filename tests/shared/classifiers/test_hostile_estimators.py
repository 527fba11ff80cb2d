"""What scikit-learn could not have fitted, or is not read here, is refused by name."""

import pytest

from shared.classifiers.files import decoded_classifier
from shared.classifiers.pickles.stream import RefusedError
from tests.shared.classifiers import hostile_composites, hostile_estimators
from tests.shared.classifiers.hostile_cases import Case

CASES = [
    *hostile_estimators.SVCS,
    *hostile_estimators.LOGISTICS,
    *hostile_estimators.BAYES,
    *hostile_estimators.OTHERS,
    *hostile_composites.PIPELINES,
    *hostile_composites.CALIBRATED,
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_unfit_estimator_is_refused_by_name(case: Case) -> None:
    with pytest.raises(RefusedError) as caught:
        decoded_classifier("model-a-tag-b", case.content())
    assert case.expected in caught.value.reason


def test_every_case_is_told_from_the_others_by_its_name() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
