"""Many classifiers fused into few matrix products: vectors to one probability per classifier."""

from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.classifiers.estimators import Estimator, NaiveBayes, Standardized, Trusted
from shared.classifiers.fused.kernels import KernelColumn, kernel_column, kernel_scorer
from shared.classifiers.fused.linear import LinearColumn, linear_column, linear_scorer
from shared.classifiers.fused.products import TILE, TiledMatrix, iter_pairs, tiled, whole_tiles
from shared.records import Floats

# The log-odds' error, as a part of the sum of their terms' sizes, and up to where it is borne.
LOG_ODDS_ERROR = 1e-15
MAX_SIZE = 10_000.0
# Beyond these log-odds the probability is 0 or 1 to 17 digits.
DECIDED = 40.0
MAX_PAIRS = 4096
BATCH_ROWS = 4 * TILE
Form: TypeAlias = LinearColumn | KernelColumn | NaiveBayes | Standardized | Trusted


@dataclass(frozen=True, eq=False, slots=True)
class Terms:
    """The classifiers as they are defined: arrays (2, n_classifiers, n_features), the tag first.

    ``log_prior`` and ``log_peak``, the log-density at the mean, are (2, n_classifiers).
    """

    mean: Floats
    variance: Floats
    log_prior: Floats
    log_peak: Floats

    def tag_probability(self, vectors: Floats, columns: NDArray[np.intp]) -> Floats:
        """P(tag), one vector and one classifier each, rounded as scikit-learn rounds it."""
        tag, other = (
            self.log_prior[label, columns]
            + (self.log_peak[label, columns] - 0.5 * self._squares(vectors, label, columns))
            for label in (0, 1)
        )
        most = np.maximum(tag, other)
        total = most + np.log(np.exp(tag - most) + np.exp(other - most))
        return np.asarray(np.exp(tag - total))

    def _squares(self, vectors: Floats, label: int, columns: NDArray[np.intp]) -> Floats:
        difference = vectors - self.mean[label, columns]
        return np.asarray((difference**2 / self.variance[label, columns]).sum(axis=1))


@dataclass(frozen=True, eq=False, slots=True)
class BayesScorer:
    """Naive Bayes classifiers side by side.

    ``centre`` is (n_features,), ``constant`` and ``constant_size`` are (n_classifiers,). ``size``
    and ``constant_size`` give the sum of the sizes of all terms, which bounds rounding.
    """

    centre: Floats
    square: TiledMatrix
    linear: TiledMatrix
    constant: Floats
    size: TiledMatrix
    constant_size: Floats
    terms: Terms

    def score(self, rows: Floats) -> Floats:
        """P(tag), shape (n_rows, n_classifiers), of whole tiles of rows."""
        centred = rows - self.centre
        squares = np.square(centred)
        log_odds = self.square.product(squares) + self.linear.product(centred) + self.constant
        size = self.size.product(squares) + self.constant_size
        probability = 1 / (1 + np.exp(log_odds))
        # Said by "not", so that what overflowed to NaN is computed again too.
        decided = np.abs(log_odds) > DECIDED + LOG_ODDS_ERROR * size
        for row, column in iter_pairs(~decided & ~(size <= MAX_SIZE), MAX_PAIRS):
            probability[row, column] = self.terms.tag_probability(rows[row], column)
        return probability


def bayes_scorer(estimators: Sequence[NaiveBayes]) -> BayesScorer:
    """Put naive Bayes classifiers side by side."""
    mean = np.stack([estimator.mean for estimator in estimators], axis=1)
    variance = np.stack([estimator.variance for estimator in estimators], axis=1)
    log_prior = np.stack([estimator.log_prior for estimator in estimators], axis=1)
    log_peak = -0.5 * np.log(2 * np.pi * variance).sum(axis=2)
    centre = mean.mean(axis=(0, 1))
    shift, precision = mean - centre, 1 / variance
    squared_shift = (shift**2 * precision).sum(axis=2)
    return BayesScorer(
        centre=centre,
        square=tiled(-0.5 * _other_less_tag(precision).T),
        linear=tiled(_other_less_tag(shift * precision).T),
        constant=_other_less_tag(log_prior + log_peak - 0.5 * squared_shift),
        size=tiled(precision.sum(axis=0).T),
        constant_size=(squared_shift + np.abs(log_peak)).sum(axis=0),
        terms=Terms(mean, variance, log_prior, log_peak),
    )


def _other_less_tag(pair: Floats) -> Floats:
    tag, other = pair
    return np.asarray(other - tag)


class FusedScorer(Protocol):
    """Some classifiers that are computed together."""

    def score(self, rows: Floats) -> Floats:
        """P(tag), shape (n_rows, n_classifiers), of whole tiles of rows."""
        ...


@dataclass(frozen=True, eq=False, slots=True)
class FusedClassifiers:
    """Classifiers ready to score; make one with `fuse`.

    Each of ``parts`` is a scorer with the columns of its classifiers.
    """

    n_features: int
    n_classifiers: int
    parts: tuple[tuple[NDArray[np.intp], FusedScorer], ...]

    def score(self, vectors: NDArray[np.float32] | Floats, n_threads: int = 1) -> Floats:
        """Probability of each tag for each image.

        Parameters
        ----------
        vectors : ndarray of float32 or float64, shape (n_images, n_features)
            Finite numbers: vectors with NaN or infinity are kept out by whoever loads them.
        n_threads : int
            Threads that share the work. Results do not depend on it.

        Returns
        -------
        ndarray of float64, shape (n_images, n_classifiers)
            P(tag) from 0 to 1, columns in the order of the estimators. The numbers of an image do
            not depend on the images beside it, to the last bit. NaN where vectors are so large
            (beyond about 1e100) that the classifier's own numbers overflow.

        Raises
        ------
        ValueError
            If the vectors are not as wide as the classifiers.
        """
        if vectors.ndim != 2 or vectors.shape[1] != self.n_features:
            message = f"vectors of shape {vectors.shape}; classifiers take {self.n_features} wide"
            raise ValueError(message)
        scores = np.empty((len(vectors), self.n_classifiers))

        def fill(start: int) -> None:
            some = vectors[start : start + BATCH_ROWS]
            scores[start : start + BATCH_ROWS] = self.score_tiles(whole_tiles(some))[: len(some)]

        starts = range(0, len(vectors), BATCH_ROWS)
        if min(n_threads, len(starts)) <= 1:
            for start in starts:
                fill(start)
        else:
            with ThreadPoolExecutor(n_threads) as pool:
                list(pool.map(fill, starts))
        return scores

    def score_tiles(self, rows: Floats) -> Floats:
        """Score whole tiles of rows: `score` for classifiers behind a standardization."""
        scores = np.empty((len(rows), self.n_classifiers))
        # Each thread has its own; infinity is the right value of an exponential that overflows.
        with np.errstate(over="ignore", invalid="ignore"):
            for columns, scorer in self.parts:
                scores[:, columns] = scorer.score(rows)
        return scores


@dataclass(frozen=True, eq=False, slots=True)
class StandardizedScorer:
    """Classifiers behind one and the same standardization."""

    mean: Floats
    scale: Floats
    finals: FusedClassifiers

    def score(self, rows: Floats) -> Floats:
        """P(tag), shape (n_rows, n_classifiers), of whole tiles of rows."""
        return self.finals.score_tiles((rows - self.mean) / self.scale)


@dataclass(frozen=True, eq=False, slots=True)
class TrustedScorer:
    """Somebody's own code, called with 64 rows at a time: the same shape whatever the batch."""

    predict_proba: Callable[[Floats], Floats]

    def score(self, rows: Floats) -> Floats:
        """P(tag), shape (n_rows, 1), of whole tiles of rows."""
        starts = range(0, len(rows), TILE)
        tiles = [self.predict_proba(rows[start : start + TILE])[:, :1] for start in starts]
        return np.concatenate(tiles)


def fuse(estimators: Sequence[Estimator]) -> FusedClassifiers:
    """Make one `FusedClassifiers` of classifiers that take vectors of the same width.

    Scores equal each estimator's ``predict_proba(vectors)[:, 0]`` in float64 within 1e-10.

    Parameters
    ----------
    estimators : sequence of Estimator
        At least one; the scores' columns keep their order.

    Raises
    ------
    ValueError
        If there is none, if widths differ, or if an SVM has no probability.
    """
    widths = sorted({estimator.n_features for estimator in estimators})
    if len(widths) != 1:
        message = f"classifiers take vectors of {widths or 'no'} features; one width is needed"
        raise ValueError(message)
    groups: dict[Hashable, dict[int, Form]] = {}
    for column, estimator in enumerate(estimators):
        form = linear_column(estimator) or kernel_column(estimator) or _other(estimator)
        groups.setdefault(_group(form, column), {})[column] = form
    parts = ((np.array(list(group)), _scorer(list(group.values()))) for group in groups.values())
    return FusedClassifiers(widths[0], len(estimators), tuple(parts))


def _other(estimator: Estimator) -> NaiveBayes | Standardized | Trusted:
    assert isinstance(estimator, NaiveBayes | Standardized | Trusted)
    return estimator


def _group(form: Form, column: int) -> Hashable:
    """Equal for forms that are computed together."""
    match form:
        case KernelColumn():
            return form.svm.kernel
        case Standardized():
            return form.mean.tobytes(), form.scale.tobytes()
        case Trusted():
            return column
        case _:
            return type(form).__name__


def _scorer(forms: Sequence[Form]) -> FusedScorer:
    match forms[0]:
        case LinearColumn():
            return linear_scorer([form for form in forms if isinstance(form, LinearColumn)])
        case KernelColumn():
            return kernel_scorer([form for form in forms if isinstance(form, KernelColumn)])
        case NaiveBayes():
            return bayes_scorer([form for form in forms if isinstance(form, NaiveBayes)])
        case Standardized(mean=mean, scale=scale):
            finals = [form.final for form in forms if isinstance(form, Standardized)]
            return StandardizedScorer(mean, scale, fuse(finals))
        case Trusted(predict_proba=predict_proba):
            return TrustedScorer(predict_proba)
