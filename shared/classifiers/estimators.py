"""Fitted binary estimators as plain arrays: what scoring needs and nothing that could run code.

In every class here column 0 of the probabilities is the tag and column 1 is "other", as in the
classifier files. All arrays are float64 and finite; their shapes have been checked by whoever
made them, so the maths in `fused` does not check again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from shared.records import EmbedderName, Floats

Kernel = Literal["linear", "poly", "rbf", "sigmoid"]


@dataclass(frozen=True, eq=False, slots=True)
class Logistic:
    """P(other) is the logistic function of ``x @ coef + intercept``; ``coef`` is (n_features,)."""

    coef: Floats
    intercept: float

    @property
    def n_features(self) -> int:
        """Width of the vectors that it scores."""
        return len(self.coef)


@dataclass(frozen=True, eq=False, slots=True)
class SupportVectors:
    """A two-class SVM's decision function, positive for "other" (scikit-learn's sign).

    ``decision(x) = sum_i dual_coef[i] * kernel(support_vectors[i], x) + intercept`` with
    ``support_vectors`` (n_support, n_features) and ``dual_coef`` (n_support,).
    ``platt`` are libsvm's ``(probA, probB)`` where the SVM was fitted with ``probability=True``,
    for libsvm's own decision, which is positive for the tag: libsvm couples the pairwise
    ``1 / (1 + exp(-probA * decision + probB))``. None where it has no probability of its own and is
    calibrated outside.
    """

    support_vectors: Floats
    dual_coef: Floats
    intercept: float
    kernel: Kernel
    gamma: float
    coef0: float
    degree: int
    platt: tuple[float, float] | None

    @property
    def n_features(self) -> int:
        """Width of the vectors that it scores."""
        return int(self.support_vectors.shape[1])


@dataclass(frozen=True, eq=False, slots=True)
class NaiveBayes:
    """Gaussian naive Bayes: ``mean`` and ``variance`` are (2, n_features), ``log_prior`` (2,)."""

    mean: Floats
    variance: Floats
    log_prior: Floats

    @property
    def n_features(self) -> int:
        """Width of the vectors that it scores."""
        return int(self.mean.shape[1])


@dataclass(frozen=True, eq=False, slots=True)
class Calibrated:
    """Platt's sigmoid over a decision: ``P(other) = 1 / (1 + exp(slope * decision + offset))``.

    That is scikit-learn's ``CalibratedClassifierCV(method="sigmoid")`` with one calibrated pair.
    """

    base: "Logistic | SupportVectors"
    slope: float
    offset: float

    @property
    def n_features(self) -> int:
        """Width of the vectors that it scores."""
        return self.base.n_features


@dataclass(frozen=True, eq=False, slots=True)
class Standardized:
    """``(x - mean) / scale`` and then ``final``; ``mean`` and ``scale`` are (n_features,)."""

    mean: Floats
    scale: Floats
    final: "Logistic | SupportVectors | NaiveBayes | Calibrated"

    @property
    def n_features(self) -> int:
        """Width of the vectors that it scores."""
        return self.final.n_features


@dataclass(frozen=True, eq=False, slots=True)
class Trusted:
    """Somebody's own estimator, loaded as code under ``--trust_models``.

    ``predict_proba`` takes float64 (n, n_features) and returns (n, 2).
    """

    predict_proba: Callable[[Floats], Floats]
    n_features: int


Estimator: TypeAlias = Logistic | SupportVectors | NaiveBayes | Calibrated | Standardized | Trusted


@dataclass(frozen=True, slots=True)
class ScoreCounts:
    """Cross-validated scores of what a classifier has learnt from, by the bin of their odds.

    ``tag`` counts pictures with the tag, ``other`` those without; there are some of both.
    """

    tag: tuple[int, ...]
    other: tuple[int, ...]

    @property
    def share(self) -> float:
        """How many of the pictures had the tag."""
        return sum(self.tag) / (sum(self.tag) + sum(self.other))


@dataclass(frozen=True, eq=False, slots=True)
class Classifier:
    """One classifier file: what it is called, what it decides, and the arrays to do it with.

    ``name`` is the file's stem; ``train_date`` is ``YYYY-MM-DD, HH:MM:SS`` or None where the file
    does not tell; ``digest`` is the SHA-256 of the file, so that a retrained one is noticed.
    ``embedder`` made the vectors that it was trained on, None where the file does not tell.
    ``average_precision`` was found by cross-validation, and so were the ``thresholds``, by name;
    older files tell none, and none is told that no score reaches. ``score_counts`` are of
    cross-validation too.
    """

    name: str
    model_type: str
    tag: str
    train_date: str | None
    digest: bytes
    estimator: Estimator
    embedder: EmbedderName | None = None
    average_precision: float | None = None
    thresholds: Mapping[str, float] = field(default_factory=dict)
    score_counts: ScoreCounts | None = None
