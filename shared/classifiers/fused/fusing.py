"""Many classifiers fused into few matrix products: vectors to one probability per classifier."""

from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.classifiers.estimators import Estimator, NaiveBayes, Standardized, Trusted
from shared.classifiers.fused.bayes import bayes_scorer
from shared.classifiers.fused.kernels import KernelColumn, kernel_column, kernel_scorer
from shared.classifiers.fused.linear import LinearColumn, linear_column, linear_scorer
from shared.classifiers.fused.products import TILE, whole_tiles
from shared.records import Floats

BATCH_ROWS = 4 * TILE

Form: TypeAlias = LinearColumn | KernelColumn | NaiveBayes | Standardized | Trusted


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
        if n_threads == 1:
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
