"""Each estimator yields the arrays of its own ``predict_proba``, in every form it was written in.

The sums are done by a plain oracle here; `shared.classifiers.fused` does the same ones fast.
"""

import pickle
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC

from shared.classifiers.estimators import (
    Calibrated,
    Classifier,
    Estimator,
    Logistic,
    Standardized,
    SupportVectors,
)
from shared.classifiers.files import decoded_classifier
from shared.classifiers.fused.fusing import fuse
from shared.records import Floats
from tests.shared.classifiers.oracle import tag_scores
from tests.shared.classifiers.samples import (
    IS_OTHER,
    KINDS,
    N_FEATURES,
    TRAINING,
    VECTORS,
    changed,
    dumped,
    dumped_before_joblib_1_2,
    fitted,
    in_old_layout,
    sample,
)

FORMS: dict[str, Callable[[BaseEstimator], bytes]] = {
    "joblib": dumped,
    "joblib, zlib": partial(dumped, compress=3),
    "joblib, xz": partial(dumped, compress=("xz", 3)),
    "old layout": lambda estimator: dumped_before_joblib_1_2(in_old_layout(estimator)),
    "pickle, 2": partial(pickle.dumps, protocol=2),
    "pickle, 5": partial(pickle.dumps, protocol=5),
}


def _read(content: bytes) -> Classifier:
    return decoded_classifier("model-ovr-a-tag-b", content)


def _estimator(kind: str) -> Estimator:
    return _read(dumped(sample(kind))).estimator


def _predicted(estimator: BaseEstimator) -> Floats:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return np.asarray(estimator.predict_proba(VECTORS)[:, 0], np.float64)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_read_scores_as_scikit_learn_does(kind: str, form: str) -> None:
    estimator = sample(kind)
    scores = tag_scores(_read(FORMS[form](estimator)), VECTORS)
    np.testing.assert_allclose(scores, _predicted(estimator), rtol=0, atol=1e-12)


def test_all_kinds_fused_score_as_scikit_learn_does() -> None:
    scores = fuse([_estimator(kind) for kind in KINDS]).score(VECTORS)
    expected = np.stack([_predicted(sample(kind)) for kind in KINDS], axis=1)
    np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-12)


LABELS = {
    "numbers": IS_OTHER,
    "truths": IS_OTHER.astype(bool),
    "texts": np.array(["a", "b"])[IS_OTHER],
    "texts as objects": np.array(["a", "b"], object)[IS_OTHER],
}


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("make", [LogisticRegression, GaussianNB, lambda: SVC(probability=True)])
def test_column_0_counts_whatever_the_labels(
    make: Callable[[], BaseEstimator], labels: str
) -> None:
    estimator = fitted(make(), LABELS[labels])
    scores = tag_scores(_read(dumped(estimator)), VECTORS)
    np.testing.assert_allclose(scores, _predicted(estimator), rtol=0, atol=1e-12)


@pytest.mark.parametrize("training", [np.asfortranarray(TRAINING), TRAINING.astype(np.float32)])
@pytest.mark.parametrize("make", [LogisticRegression, GaussianNB, lambda: SVC(probability=True)])
def test_training_in_another_order_or_precision_changes_nothing_here(
    make: Callable[[], BaseEstimator], training: Floats
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        estimator = make().fit(training, IS_OTHER)
    scores = tag_scores(_read(dumped(estimator)), VECTORS)
    np.testing.assert_allclose(scores, _predicted(estimator), rtol=0, atol=1e-12)


def test_a_multinomial_of_two_classes_has_twice_the_decision_for_log_odds() -> None:
    # Up to 1.7 its probabilities were the softmax of (-decision, decision).
    old = changed("logistic", multi_class="multinomial")
    decision = old.decision_function(VECTORS)
    softmax = np.exp(-decision) / (np.exp(-decision) + np.exp(decision))
    scores = tag_scores(_read(dumped(old)), VECTORS)
    np.testing.assert_allclose(scores, softmax, rtol=0, atol=1e-12)


def test_a_calibrated_multinomial_is_calibrated_on_the_decision_alone() -> None:
    calibrated = sample("calibrated logistic")
    calibrated.calibrated_classifiers_[0].estimator.multi_class = "multinomial"
    scores = tag_scores(_read(dumped(calibrated)), VECTORS)
    np.testing.assert_allclose(scores, _predicted(calibrated), rtol=0, atol=1e-12)


@pytest.mark.parametrize("multi_class", ["auto", "ovr", "deprecated", "warn"])
def test_any_other_word_for_two_classes_means_the_plain_decision(multi_class: str) -> None:
    found = _read(dumped(changed("logistic", multi_class=multi_class))).estimator
    plain = _estimator("logistic")
    assert isinstance(found, Logistic)
    assert isinstance(plain, Logistic)
    np.testing.assert_array_equal(found.coef, plain.coef)


def test_the_private_coefficients_of_an_svc_count_as_they_do_in_predict_proba() -> None:
    estimator = sample("svc, rbf")
    estimator.dual_coef_ = estimator.dual_coef_ * 99
    found = _read(dumped(estimator)).estimator
    assert isinstance(found, SupportVectors)
    np.testing.assert_array_equal(found.dual_coef, -estimator._dual_coef_[0])


def test_the_decision_of_an_svc_is_positive_for_other() -> None:
    found = _estimator("svc, linear")
    assert isinstance(found, SupportVectors)
    decision = VECTORS @ found.support_vectors.T @ found.dual_coef + found.intercept
    np.testing.assert_allclose(decision, sample("svc, linear").decision_function(VECTORS))


def test_an_svc_that_is_calibrated_outside_brings_no_probability_of_its_own() -> None:
    found = _estimator("calibrated svc with Platt")
    assert isinstance(found, Calibrated)
    assert isinstance(found.base, SupportVectors)
    assert found.base.platt is None


def test_scaling_within_a_calibration_comes_first() -> None:
    found = _estimator("calibrated pipeline")
    assert isinstance(found, Standardized)
    assert isinstance(found.final, Calibrated)


def test_the_variance_of_gaussian_naive_bayes_was_called_sigma() -> None:
    estimator = sample("bayes")
    estimator.sigma_ = estimator.__dict__.pop("var_")
    scores = tag_scores(_read(dumped(estimator)), VECTORS)
    np.testing.assert_allclose(scores, _predicted(sample("bayes")), rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_tells_its_width(kind: str) -> None:
    assert _estimator(kind).n_features == N_FEATURES


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_width_is_told_by_the_arrays(kind: str) -> None:
    estimator = sample(kind)
    estimator.__dict__.pop("n_features_in_", None)
    assert _read(dumped(estimator)).estimator.n_features == N_FEATURES
