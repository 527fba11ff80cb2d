import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from shared.training.ranking import average_precision, ranked

PAIRS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.booleans(), st.integers(0, 3)), max_size=30
)


@given(PAIRS)
def test_average_precision_is_that_of_scikit_learn(pairs: list[tuple[float, bool, int]]) -> None:
    scores, truth, weights = (np.array(one) for one in zip(*pairs, (0.5, True, 1), strict=True))
    ranking = ranked(scores, truth)
    assert average_precision(ranking) == pytest.approx(average_precision_score(truth, scores))
    expected = average_precision_score(truth, scores, sample_weight=weights)
    assert average_precision(ranking, weights[ranking.order]) == pytest.approx(expected)


def test_where_no_picture_with_the_tag_counts_it_is_none() -> None:
    ranking = ranked(np.array([0.9, 0.1]), np.array([True, False]))
    assert average_precision(ranking, np.array([0, 2])) == 0


@given(PAIRS)
def test_no_cut_elsewhere_finds_as_many_among_as_few(pairs: list[tuple[float, bool, int]]) -> None:
    scores, truth, weights = (np.array(one) for one in zip(*pairs, (0.5, True, 1), strict=True))
    ranking = ranked(scores, truth)
    n_found, hits = ranking.taken(weights[ranking.order])
    for least in scores:
        taken = scores >= least
        as_many = hits >= weights[taken & truth].sum()
        assert n_found[as_many].min() <= weights[taken].sum()
    assert (n_found[-1], hits[-1]) == (weights.sum(), weights[truth].sum())
