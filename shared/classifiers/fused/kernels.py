"""All SVMs of one kernel at once: support vectors are stored once and multiplied once.

The product of images and support vectors serves every gamma, coef0 and degree. For rbf,
``|x|**2 + |s|**2 - 2 * x @ s`` cancels where x and s are close together and far from the origin: so
both are taken from a common centre, and where that is not enough the few pairs that matter are
computed from their difference.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.classifiers.estimators import Calibrated, Kernel, SupportVectors
from shared.classifiers.fused.linear import Link, Links, link_of, stacked
from shared.classifiers.fused.products import TiledMatrix, iter_pairs, tiled
from shared.records import Floats

BLOCK_VECTORS = 512
# The exponent's error, as a part of gamma * (|x|**2 + |s|**2), and up to where it is borne.
EXPONENT_ERROR = 1e-15
MAX_EXPONENT_TERMS = 1000.0
# exp(-64) is 2e-28: beyond it a kernel value cannot show in a decision.
NEGLIGIBLE = 64.0
MAX_PAIRS = 4096


class KernelNumbers(NamedTuple):
    """What a kernel depends on besides its two vectors; what it ignores is 0."""

    gamma: float
    coef0: float
    degree: int


class KernelColumn(NamedTuple):
    """One SVM and its link."""

    svm: SupportVectors
    link: Link


@dataclass(frozen=True, eq=False, slots=True)
class BlockUse:
    """Classifiers with the same numbers that use support vectors of one block.

    ``used`` spans those vectors, ``dual_coefs`` is (n_used, n_columns), and ``columns`` are the
    places of the classifiers.
    """

    numbers: KernelNumbers
    used: slice
    dual_coefs: TiledMatrix
    columns: NDArray[np.intp]


@dataclass(frozen=True, eq=False, slots=True)
class KernelBlock:
    """Up to 512 support vectors: (n_features, n_vectors), less the centre for rbf."""

    vectors: TiledMatrix
    squared_norms: Floats
    uses: tuple[BlockUse, ...]


@dataclass(frozen=True, eq=False, slots=True)
class CentredRows:
    """Vectors less the centre, (n_rows, n_features), and their squared norms, (n_rows, 1)."""

    centred: Floats
    squared_norms: Floats


@dataclass(frozen=True, eq=False, slots=True)
class Distances:
    """Squared distances of rows and support vectors, shape (n_rows, n_vectors), for any gamma.

    ``vectors`` are the support vectors less the same centre, ``terms`` the largest
    ``|x|**2 + |s|**2`` of each row, (n_rows, 1). `kernel` betters ``squares`` in place.
    """

    rows: CentredRows
    vectors: TiledMatrix
    terms: Floats
    squares: Floats

    def kernel(self, gamma: float, used: slice) -> Floats:
        """Kernel values from 0 to 1 of the rows and the support vectors ``used``."""
        terms = gamma * self.terms
        # Said by "not" throughout, so that what overflowed to NaN is computed again too.
        doubtful = ~(terms <= MAX_EXPONENT_TERMS)
        if doubtful.any():
            far = gamma * self.squares[:, used] > NEGLIGIBLE + EXPONENT_ERROR * terms
            for row, place in iter_pairs(doubtful & ~far, MAX_PAIRS):
                column = place + used.start
                difference = self.rows.centred[row] - self.vectors.columns(column)
                self.squares[row, column] = np.square(difference).sum(axis=1)
        exponents = -gamma * self.squares[:, used]
        return np.exp(exponents, out=exponents)


@dataclass(frozen=True, eq=False, slots=True)
class KernelScorer:
    """SVMs that share a kernel; ``centre`` is (n_features,), ``intercepts`` (n_classifiers,)."""

    kernel: Kernel
    centre: Floats
    blocks: tuple[KernelBlock, ...]
    intercepts: Floats
    links: Links

    def score(self, rows: Floats) -> Floats:
        """P(tag), shape (n_rows, n_classifiers), of whole tiles of rows."""
        decisions = np.tile(self.intercepts, (len(rows), 1))
        iter_values = self._iter_rbf if self.kernel == "rbf" else self._iter_of_products
        for use, values in iter_values(rows):
            decisions[:, use.columns] += use.dual_coefs.product(values)
        return self.links.tag_probability(decisions)

    def _iter_rbf(self, rows: Floats) -> Iterator[tuple[BlockUse, Floats]]:
        centred = centred_rows(rows, self.centre)
        for block in self.blocks:
            squared = distances(centred, block.vectors, block.squared_norms)
            for use in block.uses:
                yield use, squared.kernel(use.numbers.gamma, use.used)

    def _iter_of_products(self, rows: Floats) -> Iterator[tuple[BlockUse, Floats]]:
        for block in self.blocks:
            products = block.vectors.product(rows)
            for use in block.uses:
                base = use.numbers.gamma * products[:, use.used] + use.numbers.coef0
                is_poly = self.kernel == "poly"
                yield use, _power(base, use.numbers.degree) if is_poly else np.tanh(base)


def kernel_column(estimator: object) -> KernelColumn | None:
    """Kernel form of an SVM, calibrated or not; None for anything else and for linear SVMs."""
    svm = estimator.base if isinstance(estimator, Calibrated) else estimator
    if not isinstance(svm, SupportVectors) or svm.kernel == "linear":
        return None
    assert isinstance(estimator, SupportVectors | Calibrated)
    return KernelColumn(svm, link_of(estimator))


def kernel_scorer(columns: Sequence[KernelColumn]) -> KernelScorer:
    """Put SVMs of one and the same kernel side by side."""
    svms = [column.svm for column in columns]
    vectors, entries = _stored_once(svms)
    kernel = svms[0].kernel
    centre = centre_of(vectors) if kernel == "rbf" else np.zeros(vectors.shape[1])
    return KernelScorer(
        kernel,
        centre,
        tuple(_iter_blocks(vectors - centre, entries, [_numbers(svm) for svm in svms])),
        np.array([svm.intercept for svm in svms]),
        stacked([column.link for column in columns]),
    )


def _numbers(svm: SupportVectors) -> KernelNumbers:
    coef0 = 0.0 if svm.kernel == "rbf" else svm.coef0
    return KernelNumbers(svm.gamma, coef0, svm.degree if svm.kernel == "poly" else 0)


@dataclass(frozen=True, eq=False, slots=True)
class _Entries:
    """Dual coefficients as triples: place of the support vector, of the classifier, and value."""

    vector: NDArray[np.intp]
    column: NDArray[np.intp]
    dual_coef: Floats

    def only(self, chosen: NDArray[np.bool_]) -> "_Entries":
        return _Entries(self.vector[chosen], self.column[chosen], self.dual_coef[chosen])


def _stored_once(svms: Sequence[SupportVectors]) -> tuple[Floats, _Entries]:
    """Distinct support vectors in order of appearance, and who uses them."""
    index: dict[bytes, int] = {}
    distinct: list[Floats] = []
    places: list[int] = []
    for svm in svms:
        for vector in svm.support_vectors:
            place = index.setdefault(vector.tobytes(), len(index))
            if place == len(distinct):
                distinct.append(vector)
            places.append(place)
    column = np.repeat(np.arange(len(svms)), [len(svm.support_vectors) for svm in svms])
    dual_coef = np.concatenate([svm.dual_coef for svm in svms])
    return np.stack(distinct), _Entries(np.array(places, dtype=np.intp), column, dual_coef)


def _iter_blocks(
    vectors: Floats, entries: _Entries, numbers: Sequence[KernelNumbers]
) -> Iterator[KernelBlock]:
    kinds = {kind: place for place, kind in enumerate(dict.fromkeys(numbers))}
    kind_of = np.array([kinds[kind] for kind in numbers])
    for start in range(0, len(vectors), BLOCK_VECTORS):
        members = vectors[start : start + BLOCK_VECTORS]
        mine = entries.only((entries.vector >= start) & (entries.vector < start + BLOCK_VECTORS))
        present = np.unique(kind_of[mine.column])
        uses = (mine.only(kind_of[mine.column] == kind) for kind in present)
        yield KernelBlock(
            tiled(members.T),
            np.square(members).sum(axis=1),
            tuple(_use(use, start, numbers[use.column[0]]) for use in uses),
        )


def _use(entries: _Entries, start: int, numbers: KernelNumbers) -> BlockUse:
    columns, column = np.unique(entries.column, return_inverse=True)
    row = entries.vector - start
    used = slice(int(row.min()), int(row.max()) + 1)
    dual_coefs = np.zeros((used.stop - used.start, len(columns)))
    # One SVM may hold the same vector twice.
    np.add.at(dual_coefs, (row - used.start, column), entries.dual_coef)
    return BlockUse(numbers, used, tiled(dual_coefs), columns)


def _power(base: Floats, degree: int) -> Floats:
    """Whole power by squaring, as libsvm does and many times as fast as `numpy.power`."""
    power = np.ones_like(base)
    while degree:
        if degree % 2:
            power *= base
        base = base * base
        degree //= 2
    return power


def centre_of(vectors: Floats) -> Floats:
    """Mean of the vectors, in float32 so that float32 vectors less it are exact in float64."""
    with np.errstate(over="ignore", invalid="ignore"):
        mean = vectors.mean(axis=0).astype(np.float32).astype(np.float64)
    return np.where(np.isfinite(mean), mean, 0.0)


def centred_rows(rows: Floats, centre: Floats) -> CentredRows:
    """Take rows from their centre."""
    centred = rows - centre
    return CentredRows(centred, np.square(centred).sum(axis=1, keepdims=True))


def distances(rows: CentredRows, vectors: TiledMatrix, squared_norms: Floats) -> Distances:
    """Squared distances to support vectors whose squared norms are (n_vectors,)."""
    squares = vectors.product(rows.centred)
    squares *= -2
    squares += rows.squared_norms
    squares += squared_norms
    np.maximum(squares, 0, out=squares)
    return Distances(rows, vectors, rows.squared_norms + squared_norms.max(), squares)
