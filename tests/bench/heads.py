"""Which kind of classifier learns best from few labels.

Each learns from some pictures of a tag and 300 others, and ranks pictures never seen; the same ones
for all. What is told is mean average precision, and by how much each is better than today's SVM,
with the standard error over seeds.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from scipy.special import softmax
from sklearn.covariance import LedoitWolf
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler
from sklearn.svm import SVC

from shared.records import Floats
from shared.training.fitting import SVM_PENALTY, Labels, fitted, reproducible, usual_scale
from shared.training.ranking import average_precision, ranked
from tests.bench.kinds import Kinds

N_TAGGED = (5, 10, 20)
N_OTHERS = 300
N_SEEDS = 20
N_TAGS = 5
N_UNSEEN = 600
PENALTIES = (0.1, 1.0, 10.0, 100.0, 1000.0)
N_STEPS = 300
MOMENTUM = 0.9
Head = Callable[[Floats, Labels, Floats], Floats]


def svm(vectors: Floats, labels: Labels, unseen: Floats) -> Floats:
    """Decide as today's SVM."""
    return -np.asarray(SVC(C=SVM_PENALTY).fit(vectors, labels).decision_function(unseen))


def regression(vectors: Floats, labels: Labels, unseen: Floats) -> Floats:
    """Decide as today's logistic regression."""
    if min(np.bincount(labels)) < 10:
        estimator = fitted("ovr-logistic-regression", vectors, labels, 0).estimator
        return np.asarray(estimator.predict_proba(unseen)[:, 0])
    scale = usual_scale(vectors)
    line = LogisticRegression(max_iter=1000).fit(vectors * scale, labels)
    return -np.asarray(line.decision_function(unseen * scale))


def standardised_svm(vectors: Floats, labels: Labels, unseen: Floats) -> Floats:
    """Give each feature the same spread first."""
    pipeline = make_pipeline(StandardScaler(), SVC(C=SVM_PENALTY)).fit(vectors, labels)
    return -np.asarray(pipeline.decision_function(unseen))


def unit_regression(vectors: Floats, labels: Labels, unseen: Floats) -> Floats:
    """Learn from vectors of length 1, the penalty chosen by putting aside one or two of the tag."""
    middle = vectors.mean(axis=0)
    unit = Normalizer().fit_transform(vectors - middle)
    # The same lines in fewer dimensions, those of the vectors.
    span = np.linalg.svd(unit, full_matrices=False)[2].T
    n_folds = min(10, int(np.bincount(labels).min()))
    line = LogisticRegression(max_iter=200)
    search = GridSearchCV(line, {"C": PENALTIES}, scoring="neg_log_loss", cv=n_folds)
    search.fit(unit @ span, labels)
    return -np.asarray(search.decision_function(Normalizer().fit_transform(unseen - middle) @ span))


def prototype(vectors: Floats, labels: Labels, unseen: Floats) -> Floats:
    """Begin a regression at the difference of the means, and end it after a few steps."""
    middle = vectors.mean(axis=0)
    unit = Normalizer().fit_transform(vectors - middle)
    line = LogisticRegression(max_iter=5, warm_start=True)
    line.classes_ = np.array([0, 1])
    line.coef_ = (unit[labels == 1].mean(axis=0) - unit[labels == 0].mean(axis=0))[np.newaxis]
    line.intercept_ = np.zeros(1)
    line.fit(unit, labels)
    return -np.asarray(line.decision_function(Normalizer().fit_transform(unseen - middle)))


def discriminant(vectors: Floats, labels: Labels, unseen: Floats) -> Floats:
    """Gaussians with one shrunk covariance."""
    means = [vectors[labels == side].mean(axis=0) for side in (0, 1)]
    spread = LedoitWolf(store_precision=False, assume_centered=True)
    spread.fit(vectors - np.array(means)[labels])
    return np.asarray(unseen @ np.linalg.solve(spread.covariance_, means[0] - means[1]))


def lp_plus_plus(vectors: Floats, labels: Labels, unseen: Floats) -> Floats:
    """Descend from the means by steps of a size that the vectors tell.

    What needs no text of LP++ (Y. Huang, F. Shakeri, J. Dolz, M. Boudiaf, H. Bahig, I. Ben Ayed,
    "LP++: a surprisingly strong linear probe for few-shot CLIP", 2024).
    """
    unit = Normalizer().fit_transform(vectors)
    sides = np.eye(2)[labels]
    weights, offsets = (sides.T @ unit) / sides.sum(axis=0)[:, np.newaxis], np.zeros(2)
    step = 4 * len(unit) / float(np.linalg.norm(unit, 2)) ** 2
    speeds = np.zeros_like(weights), np.zeros_like(offsets)
    for _ in range(N_STEPS):
        errors = (softmax(unit @ weights.T + offsets, axis=1) - sides) / len(unit)
        speeds = MOMENTUM * speeds[0] + errors.T @ unit, MOMENTUM * speeds[1] + errors.sum(axis=0)
        weights, offsets = weights - step * speeds[0], offsets - step * speeds[1]
    return np.asarray(Normalizer().fit_transform(unseen) @ (weights[0] - weights[1]))


HEADS: dict[str, Head] = {
    "SVM (now)": svm,
    "regression (now)": regression,
    "standardised SVM": standardised_svm,
    "unit-length regression": unit_regression,
    "regression from a prototype": prototype,
    "Gaussian discriminant": discriminant,
    "LP++ without text": lp_plus_plus,
}
HEAD = ("set", "with the tag", *HEADS)


def measured(kinds: Kinds, seed: int) -> list[list[float]]:
    """Average precision of all heads, for each number of pictures, the mean over tags."""
    rng = np.random.default_rng(seed)
    found = []
    for n_tagged in N_TAGGED:
        by_tag = []
        for tag in kinds.tags[:N_TAGS]:
            with_tag = rng.permutation(np.flatnonzero(kinds.kinds == tag))
            others = rng.permutation(np.flatnonzero(kinds.kinds != tag))
            rows = np.append(with_tag[:n_tagged], others[:N_OTHERS])
            left = np.append(with_tag[n_tagged:], others[N_OTHERS : N_OTHERS + N_UNSEEN])
            labels = (kinds.kinds[rows] != tag).astype(np.int64)
            truth = kinds.kinds[left] == tag
            with reproducible():
                scores = [
                    head(kinds.vectors[rows], labels, kinds.vectors[left])
                    for head in HEADS.values()
                ]
            by_tag.append([average_precision(ranked(one, truth)) for one in scores])
        found.append(np.mean(by_tag, axis=0).tolist())
    return found


def rows(name: str, found: Sequence[list[list[float]]]) -> Iterator[tuple[str, ...]]:
    """Yield a row of the table for each number of pictures."""
    for n_tagged, quality in zip(N_TAGGED, np.array(found).swapaxes(0, 1), strict=True):
        gain = quality - quality[:, :1]
        error = gain.std(axis=0, ddof=1) / np.sqrt(len(quality))
        cells = (
            f"{one:+.3f} ± {other:.3f}"
            for one, other in zip(gain.mean(axis=0)[1:], error[1:], strict=True)
        )
        yield name, str(n_tagged), f"{quality[:, 0].mean():.3f}", *cells
