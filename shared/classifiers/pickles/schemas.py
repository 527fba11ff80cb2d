"""What each estimator of scikit-learn 1.0 to 1.9 stores, checked and turned into plain arrays.

One function per class; the numbers, signs and names follow scikit-learn's ``predict_proba`` and
libsvm. Nothing is computed here beyond a sign, a logarithm or a doubling.
"""

from collections.abc import Callable
from typing import TypeAlias, cast, get_args

import numpy as np

from shared.classifiers.estimators import (
    Calibrated,
    Kernel,
    Logistic,
    NaiveBayes,
    Standardized,
    SupportVectors,
)
from shared.classifiers.pickles.arrays import Numbers
from shared.classifiers.pickles.fields import Fields, fields, kind
from shared.classifiers.pickles.stream import NotDataError, quoted
from shared.records import Floats

MAX_DEGREE = 100
MAX_ROWS = 2**31

Decision: TypeAlias = Logistic | SupportVectors
Final: TypeAlias = Logistic | SupportVectors | NaiveBayes | Calibrated


def estimator(described: object) -> Final | Standardized:
    """Turn a fitted estimator, as `machine.contents` read it, into the arrays that score.

    Raises
    ------
    RefusedError
        If it is none of the estimators that are read here, has not two classes, or does not fit
        together.
    """
    found = fields(described)
    if found.class_name == "Pipeline":
        scaler, final = _steps(found)
        return _standardized(scaler, _final(final))
    return _final(found)


def _final(found: Fields) -> Final | Standardized:
    read = _FINALS.get(found.class_name)
    if read is None:
        raise NotDataError(f"a {found.class_name} alone, or where it is not expected, is not read")
    found.check_two_classes()
    return read(found)


def _logistic(found: Fields) -> Logistic:
    """Read the decision function of a logistic regression."""
    _, n_features = _table(found, "coef_")
    found.check_n_features(n_features)
    return Logistic(found.floats((1, n_features), "coef_")[0], found.number_in("intercept_"))


def _logistic_probability(found: Fields) -> Logistic:
    """Read a logistic regression whose decision is the log-odds.

    Up to scikit-learn 1.7, ``multi_class="multinomial"`` made the probability the softmax of minus
    and plus the decision, so its log-odds are twice the decision.
    """
    base = _logistic(found)
    if found.values.get("multi_class") != "multinomial":
        return base
    return Logistic(2 * base.coef, 2 * base.intercept)


def _platt(found: Fields) -> tuple[float, float]:
    if found.array("_probA", "probA_").shape == (0,):
        raise found.refusal("no probabilities: fit it with probability=True, or calibrate it")
    return found.number_in("_probA", "probA_"), found.number_in("_probB", "probB_")


def _platt_probability(found: Fields) -> SupportVectors:
    return _support_vectors(found, _platt(found))


def _support_vectors(found: Fields, platt: tuple[float, float] | None = None) -> SupportVectors:
    """Read a two-class SVM.

    ``predict_proba`` uses the private ``_dual_coef_`` and ``_intercept_``, which have libsvm's
    sign: positive for the first class. `SupportVectors` has the opposite one.
    """
    if found.values.get("_sparse", False) is not False:
        raise found.unread("fitted on sparse vectors, which is not read")
    n_support, n_features = _table(found, "support_vectors_")
    found.check_n_features(n_features)
    _check_support(found, n_support)
    return SupportVectors(
        support_vectors=found.floats((n_support, n_features), "support_vectors_"),
        dual_coef=-found.floats((1, n_support), "_dual_coef_")[0],
        intercept=-found.number_in("_intercept_"),
        kernel=_kernel(found),
        gamma=_gamma(found),
        coef0=found.number("coef0"),
        degree=found.whole("degree", MAX_DEGREE),
        platt=platt,
    )


def _check_support(found: Fields, n_support: int) -> None:
    """Check what libsvm would take on trust as counts and indices."""
    counts = found.integers((2,), "_n_support", "n_support_").tolist()
    if min(counts) < 0 or sum(counts) != n_support:
        raise found.refusal(f"_n_support is {counts} for {n_support} support vectors")
    rows = found.integers((n_support,), "support_")
    shape = found.values.get("shape_fit_", (MAX_ROWS,))
    n_rows = shape[0] if isinstance(shape, tuple) and shape else 0
    if not isinstance(n_rows, int) or rows.min() < 0 or int(rows.max()) >= n_rows:
        raise found.refusal("support_ names rows that it was not fitted on")


def _kernel(found: Fields) -> Kernel:
    kernel = found.text("kernel")
    if kernel not in get_args(Kernel):
        raise found.unread(f"the kernel {quoted(kernel)} is not read")
    return cast("Kernel", kernel)


def _gamma(found: Fields) -> float:
    gamma = found.number("_gamma")
    if gamma < 0:
        raise found.refusal("_gamma is below 0")
    return gamma


def _naive_bayes(found: Fields) -> NaiveBayes:
    _, n_features = _table(found, "theta_")
    found.check_n_features(n_features)
    found.positives((2,), "class_prior_")
    variance = found.positives((2, n_features), "var_", "sigma_")
    mean = found.floats((2, n_features), "theta_")
    return NaiveBayes(mean, variance, _log_prior(found, variance))


def _log_prior(found: Fields, variance: Floats) -> Floats:
    """Take the logarithms as ``predict_proba`` does: in the precision of the file's own arrays.

    From scikit-learn 1.9 on that is float32 where the training vectors were. What is rounded off
    the sums of the variances' logarithms then is made up for here.
    """
    prior = np.log(found.array("class_prior_").numbers())
    with np.errstate(over="ignore"):
        rounded = _log_norms(found.array("var_", "sigma_").numbers())
    if not np.all(np.isfinite(rounded)):
        raise found.refusal("var_ holds numbers that are too large for float32")
    return np.asarray(prior + (rounded - _log_norms(variance)), np.float64)


def _log_norms(variance: Numbers) -> Floats:
    return np.array([-0.5 * np.log(2 * np.pi * row).sum() for row in variance], np.float64)


def _calibrated(found: Fields) -> Calibrated | Standardized:
    """Read a decision function with one sigmoid over it.

    Where the decision is a pipeline's, its scaling can as well come first.
    """
    pair = _single(found, "calibrated_classifiers_", "fit with ensemble=False")
    method = pair.text("method")
    if method != "sigmoid":
        raise found.unread(f"the method {quoted(method)} is not read, only sigmoid is")
    sigmoid = _single(pair, "calibrators", "two classes have one")
    if sigmoid.class_name != "_SigmoidCalibration":
        raise found.unread(f"calibrated by a {sigmoid.class_name}, only sigmoid is read")
    base = _thawed(fields(pair.value("estimator", "base_estimator")))
    scaler, base = _steps(base) if base.class_name == "Pipeline" else (None, base)
    calibrated = Calibrated(_decision(base), sigmoid.number("a_"), sigmoid.number("b_"))
    found.check_n_features(calibrated.n_features)
    return calibrated if scaler is None else _standardized(scaler, calibrated)


def _decision(found: Fields) -> Decision:
    read = _DECISIONS.get(found.class_name)
    if read is None:
        raise NotDataError(f"a calibrated {found.class_name} is not read")
    found.check_two_classes()
    return read(found)


def _thawed(found: Fields) -> Fields:
    return fields(found.value("estimator")) if found.class_name == "FrozenEstimator" else found


def _single(found: Fields, name: str, advice: str) -> Fields:
    items = found.value(name)
    if not isinstance(items, list) or len(items) != 1:
        n_items = len(items) if isinstance(items, list) else 0
        raise found.refusal(f"{name} has {n_items} items, needed: 1 ({advice})")
    return fields(items[0])


def _steps(found: Fields) -> tuple[Fields, Fields]:
    """Read the two steps of a pipeline: a scaler, and what it scales for."""
    steps = found.value("steps")
    pairs = steps if isinstance(steps, list) else []
    if any(not isinstance(pair, tuple) or len(pair) != 2 for pair in pairs):
        raise found.refusal("steps are no pairs of name and step")
    names = [kind(step) for _, step in pairs]
    if len(pairs) != 2 or names[0] != "StandardScaler":
        found_steps = quoted(", ".join(names)) or "none"
        raise found.unread(f"steps are {found_steps}; needed: StandardScaler and a classifier")
    return fields(pairs[0][1]), fields(pairs[1][1])


def _standardized(scaler: Fields, final: Final | Standardized) -> Standardized:
    if isinstance(final, Standardized):
        raise scaler.refusal("another one follows it")
    n_features = final.n_features
    scaler.check_n_features(n_features)
    return Standardized(
        mean=_scaling(scaler, "with_mean", "mean_", n_features),
        scale=_scaling(scaler, "with_std", "scale_", n_features),
        final=final,
    )


def _scaling(scaler: Fields, switch: str, name: str, n_features: int) -> Floats:
    if not scaler.flag(switch):
        return np.zeros(n_features) if name == "mean_" else np.ones(n_features)
    read = scaler.floats if name == "mean_" else scaler.positives
    return read((n_features,), name)


def _table(found: Fields, name: str) -> tuple[int, int]:
    """Return the shape of an array that has to have rows and columns."""
    shape = found.array(name).shape
    if len(shape) != 2 or 0 in shape:
        raise found.refusal(f"{name} has shape {shape}: rows and columns are needed")
    return shape[0], shape[1]


_DECISIONS: dict[str, Callable[[Fields], Decision]] = {
    "LogisticRegression": _logistic,
    "SVC": _support_vectors,
}
_FINALS: dict[str, Callable[[Fields], Final | Standardized]] = {
    "LogisticRegression": _logistic_probability,
    "SVC": _platt_probability,
    "GaussianNB": _naive_bayes,
    "CalibratedClassifierCV": _calibrated,
}
